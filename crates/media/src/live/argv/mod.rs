//! From plans of live streams to FFmpeg's arguments. Pure.
//!
//! Every distinct setting is one encoder, whose packets go to all targets that want it. FFmpeg decodes once for all.
//! A stream with one output fails with it; where there are several, those that push do so from threads of their own,
//! which connect again by themselves, so that one that is broken or slow does not touch the others.

mod encode;
mod input;
mod targets;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::time::Duration;

use reelgate_domain::stream::{
    Latency, LiveCodec, LiveSettings, PlannedOutput, Scheme, StreamAddress, StreamPlan,
    StreamTarget,
};

use super::{AUTHORITIES, SourceFacts, THUMBNAIL, Unfit};
use crate::argv::Args;
use crate::engine::{Capabilities, Part};

/// What the arguments are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    pub(crate) plan: &'a StreamPlan,
    pub(crate) source: Option<&'a SourceFacts>,
    pub(crate) first_segment: u64,
    pub(crate) thumbnail_every: Option<Duration>,
    pub(crate) may_listen: bool,
    pub(crate) capabilities: &'a Capabilities,
}

/// One encoder, or copy, and all that it feeds.
struct Group<'a> {
    settings: &'a LiveSettings,
    audio: Audio,
    /// With their places in the plan.
    outputs: Vec<(usize, &'a PlannedOutput)>,
}

/// What becomes of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audio {
    Copy,
    Aac { kbps: u32 },
}

/// The sound where it cannot be passed through and nobody said how it is to be.
const AUDIO_KBPS: u32 = 128;
/// The first release of libavcodec that came with a muxer that sends H.265 over RTMP.
const H265_IN_FLV: (u32, u32) = (60, 31);
const THUMBNAIL_WIDTH: u32 = 640;

/// The arguments of the one FFmpeg that runs a plan; it has to run in the scratch directory, where the directories
/// of the outputs that are no push are there already.
pub(crate) fn argv(live: Live<'_>) -> Result<Vec<OsString>, Unfit> {
    let groups = groups(live)?;
    check_parts(live, &groups)?;
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+info"])
        .add(&["-progress", "pipe:1", "-stats_period", "1", "-y"]);
    let has_video = live.source.is_none_or(|source| source.video.is_some());
    let shows = live.thumbnail_every.filter(|_| has_video);
    let decodes = groups.iter().any(|group| !group.copies());
    if !decodes && shows.is_some() {
        // Thumbnails are all that is decoded for.
        args.add(&["-skip_frame:v", "nokey"]);
    }
    input::add(&mut args, live.plan);
    let is_alone = live.plan.outputs.len() == 1;
    for group in &groups {
        encode::add(&mut args, group, live);
        targets::add(&mut args, group, live, is_alone);
    }
    if let Some(every) = shows {
        add_thumbnails(&mut args, every);
    }
    Ok(args.0)
}

/// Outputs that can share an encoder, in the plan's order.
fn groups(live: Live<'_>) -> Result<Vec<Group<'_>>, Unfit> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (index, output) in live.plan.outputs.iter().enumerate() {
        check_codecs(live, output)?;
        let audio = audio(live, output);
        // H.265 in segments has another tag than elsewhere.
        let fits = |group: &&mut Group<'_>| {
            *group.settings == output.settings
                && group.audio == audio
                && is_fragmented(live, group.outputs[0].1) == is_fragmented(live, output)
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.outputs.push((index, output)),
            None => groups.push(Group {
                settings: &output.settings,
                audio,
                outputs: vec![(index, output)],
            }),
        }
    }
    Ok(groups)
}

impl Group<'_> {
    fn copies(&self) -> bool {
        self.settings.codec == LiveCodec::Copy
    }
}

/// Whether the video of an output is H.265, as far as is known.
fn is_h265(live: Live<'_>, output: &PlannedOutput) -> bool {
    match output.settings.codec {
        LiveCodec::H265 => true,
        LiveCodec::H264 => false,
        LiveCodec::Copy => video_codec(live) == Some("hevc"),
    }
}

/// Whether an output is HLS in fragments, which players want H.265 in.
fn is_fragmented(live: Live<'_>, output: &PlannedOutput) -> bool {
    matches!(output.target, StreamTarget::Hls { .. }) && is_h265(live, output)
}

fn video_codec(live: Live<'_>) -> Option<&str> {
    let video = live.source?.video.as_ref()?;
    Some(&video.codec)
}

/// What can be pushed over RTMP, in transport streams, or written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Flv,
    Ts,
    Matroska,
}

impl Container {
    fn of(target: &StreamTarget) -> Self {
        match target {
            StreamTarget::Push { address } if address.scheme().word() == "srt" => Self::Ts,
            StreamTarget::Push { .. } => Self::Flv,
            StreamTarget::Hls { .. } => Self::Ts,
            StreamTarget::Recording { .. } => Self::Matroska,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Flv => "RTMP",
            Self::Ts => "a transport stream",
            Self::Matroska => "a recording",
        }
    }

    fn takes_video(self, codec: &str) -> bool {
        match self {
            Self::Flv => matches!(codec, "h264" | "hevc"),
            Self::Ts => matches!(codec, "h264" | "hevc" | "mpeg2video"),
            Self::Matroska => true,
        }
    }

    fn takes_audio(self, codec: &str) -> bool {
        match self {
            Self::Flv => matches!(codec, "aac" | "mp3"),
            Self::Ts => matches!(codec, "aac" | "mp3" | "mp2" | "ac3"),
            Self::Matroska => true,
        }
    }
}

fn check_codecs(live: Live<'_>, output: &PlannedOutput) -> Result<(), Unfit> {
    let container = Container::of(&output.target);
    let pushes_flv = container == Container::Flv;
    if pushes_flv && is_h265(live, output) && live.capabilities.libavcodec < H265_IN_FLV {
        return Err(Unfit::H265OverRtmp);
    }
    match (live.source, video_codec(live)) {
        (Some(source), None) if source.audio.is_none() => Err(Unfit::Nothing),
        (_, Some(codec))
            if output.settings.codec == LiveCodec::Copy && !container.takes_video(codec) =>
        {
            Err(Unfit::Copy {
                codec: codec.to_owned(),
                target: container.name(),
            })
        }
        _ => Ok(()),
    }
}

/// Sound passes through where the container takes it. What an unseen source has is guessed from its protocol.
fn audio(live: Live<'_>, output: &PlannedOutput) -> Audio {
    if let Some(kbps) = output.settings.audio_kbps {
        return Audio::Aac { kbps };
    }
    let guess = match live.plan.input.address.scheme().word() {
        // Cameras; mostly G.711 if it is not AAC.
        "rtsp" | "rtsps" => "pcm_alaw",
        _ => "aac",
    };
    let codec = match live.source {
        Some(source) => source.audio.as_ref().map_or("aac", |it| it.codec.as_str()),
        None => guess,
    };
    match Container::of(&output.target).takes_audio(codec) {
        true => Audio::Copy,
        false => Audio::Aac { kbps: AUDIO_KBPS },
    }
}

fn check_parts(live: Live<'_>, groups: &[Group<'_>]) -> Result<(), Unfit> {
    let mut parts = input::parts(live.plan);
    for group in groups {
        match group.settings.codec {
            LiveCodec::H264 => parts.push(Part::Encoder("libx264")),
            LiveCodec::H265 => parts.push(Part::Encoder("libx265")),
            LiveCodec::Copy => {}
        }
        if group.audio != Audio::Copy {
            parts.extend([Part::Encoder("aac"), Part::Filter("aresample")]);
        }
        parts.extend(targets::parts(group));
    }
    if live.thumbnail_every.is_some() {
        parts.extend([Part::Encoder("mjpeg"), Part::Muxer("image2")]);
    }
    if live.plan.outputs.len() > 1 {
        parts.extend([Part::Muxer("tee"), Part::Muxer("fifo")]);
    }
    if live.plan.listens() && !live.may_listen {
        return Err(Unfit::Listening);
    }
    match parts.into_iter().find(|part| !live.capabilities.has(*part)) {
        Some(part) => Err(Unfit::Lacks(part)),
        None => Ok(()),
    }
}

/// A picture of the newest keyframe every few seconds. Each keyframe is told of in the log.
fn add_thumbnails(args: &mut Args, every: Duration) {
    let seconds = every.as_secs_f64();
    let filters = [
        "select=eq(key\\,1)".to_owned(),
        "showinfo=checksum=0".to_owned(),
        format!("select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,{seconds})"),
        format!("scale=w=min({THUMBNAIL_WIDTH}\\,iw):h=-2:out_color_matrix=bt601:out_range=pc"),
        "format=yuvj420p".to_owned(),
    ];
    args.add(&["-map", "0:v:0?"])
        .pair("-filter:v", filters.join(","))
        .add(&["-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", "5"])
        .add(&["-f", "image2", "-update", "1", "-atomic_writing", "1"])
        .0
        .push(THUMBNAIL.into());
}

/// What has FFmpeg hold servers to certificates of the authorities in the scratch directory, where a protocol can:
/// RTSPS has no such option before FFmpeg 7, and the HLS reader keeps it to the first playlist.
fn verifying(address: &StreamAddress) -> &'static [(&'static str, &'static str)] {
    match address.scheme() {
        Scheme::Rtmps | Scheme::Https => &[("tls_verify", "1"), ("ca_file", AUTHORITIES)],
        _ => &[],
    }
}

/// Whether anything in the plan is verified, so that the authorities have to be there.
pub(crate) fn verifies(plan: &StreamPlan) -> bool {
    plan.addresses().any(|it| !verifying(it).is_empty())
}

fn is_low(plan: &StreamPlan) -> bool {
    plan.latency == Latency::Low
}
