//! From a spec and the source's facts to everything an output needs decided. Pure.

mod animation;
mod audio;
mod bits;
pub(crate) mod cascade;
mod chunks;
pub(crate) mod codec;
pub(crate) mod copy;
pub(crate) mod cover;
mod erase;
mod finish;
mod framing;
mod geometry;
mod hdr;
mod join;
mod level;
mod loudness;
mod mix;
mod moments;
mod overlay;
mod piece;
mod rate;
pub(crate) mod remux;
pub(crate) mod sample;
mod scan;
mod segmenting;
mod share;
pub(crate) mod snapshot;
#[cfg(test)]
mod snapshot_tests;
mod sources;
mod stall;
pub(crate) mod survey;
#[cfg(test)]
mod tests;
mod tone;
mod video;
pub(crate) mod window;
mod words;

use std::time::Duration;

use reelgate_domain::job::kind::transcode::{
    AudioCodec, Color, Container, ContentKey, EncoderPreset, Encryption, Fill, H264Level,
    JoinedPart, OutputSpec, PixelFormat, RateControl, SegmentFormat, SegmentKey, SegmentTags,
    SubtitleForm, VideoCodec, VideoProfile, VideoSettings,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::VideoFacts;

use crate::engine::{Capabilities, Part};
pub(crate) use animation::{MOST_PICTURES, too_long};
pub use chunks::ChunkPlan;
pub use cover::{CoverPlan, cover_plan};
pub use erase::Erased;
pub use finish::Finish;
pub use framing::{Framing, Padding, Turn};
pub(crate) use geometry::MOST_SOURCE_PIXELS;
pub use geometry::{Size, display_size};
pub use hdr::Hdr10;
pub use join::{Fade, PartPicture, PartPlan, PartSound};
pub use loudness::Level;
pub(crate) use loudness::{decibels, first_level, is_certain, next_level};
pub use mix::MixPlan;
pub use overlay::{At, OverlayPlan, Seen, Showing};
pub(crate) use piece::{Moment, Moments, Piece, pieces};
pub use rate::FrameRate;
pub(crate) use rate::gcd;
pub use remux::{Copied, RemuxPlan, remux_plan};
pub use sample::{SamplePlan, Wanted, sample_plan};
pub use share::{groups, shareable};
pub use snapshot::{
    Closing, FirstLook, Names, Pass, SheetPlan, SnapshotPlan, Tone, View, snapshot_plan,
};
pub use sources::{Further, Sources};
pub(crate) use survey::SEEN_SECONDS;
pub use survey::{Asked, Fields, Findings, Loudness, PictureLook, SurveyPlan, survey_plans};
pub use tone::ToneMap;
pub use video::KeyFrames;
pub(crate) use window::{MOST_SECONDS, window_of};
pub use window::{Seek, Window};
pub use words::{TextCodec, Words, WordsPlan};

/// An output, fully decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name the main file gets: the last segment of the object's key.
    pub file_name: String,
    pub container: Container,
    pub window: Window,
    pub video: Option<VideoPlan>,
    pub audio: Option<AudioPlan>,
    /// What it is joined from, the input first; empty: from the input alone.
    pub parts: Vec<PartPlan>,
    /// What is heard besides.
    pub mix: Vec<MixPlan>,
    /// Subtitles in all forms.
    pub words: Vec<WordsPlan>,
    /// What is laid over the picture, the last on top.
    pub overlays: Vec<OverlayPlan>,
    /// How the segments are encrypted, with keys that are open.
    pub encryption: Option<Encryption>,
    /// What the playlist says of the segments' bytes.
    pub segment_tags: SegmentTags,
    /// When segments begin, in seconds, where their length does not say it alone.
    pub segment_starts: Vec<f64>,
    /// Absent: the picture is made in one go.
    pub chunks: Option<ChunkPlan>,
    /// How sure the source's length is, and with it what a shorter output means.
    pub expected: Expected,
    /// The longest time that making it may go without progress.
    pub stall: Duration,
}

/// The video stream of an output.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoPlan {
    /// The source's stream, by its index in the file.
    pub stream: u32,
    pub codec: VideoCodec,
    /// The one of FFmpeg's that makes it.
    pub encoder: &'static str,
    /// What the probe calls the codec.
    pub codec_name: &'static str,
    pub size: Size,
    pub fps: FrameRate,
    /// In numbers: no rate of the source's.
    pub rate: RateControl,
    pub two_pass: bool,
    pub key_frames: KeyFrames,
    pub preset: EncoderPreset,
    pub profile: VideoProfile,
    pub level: Option<H264Level>,
    pub b_frames: Option<u32>,
    pub matrix: Matrix,
    pub range: Range,
    /// How the source's picture comes to `size`.
    pub framing: Framing,
    /// Whether other outputs of the process may be scaled from what it is scaled to, and it from theirs.
    pub cascades: bool,
    /// The size that every frame of the upright source has to have, where filters need that.
    pub steady: Option<Size>,
    /// What is painted over in the upright source.
    pub erased: Vec<Erased>,
    /// How frames of two fields become whole ones.
    pub deinterlace: Option<Deinterlace>,
    pub finish: Finish,
    pub tone: Option<ToneMap>,
    /// What the output says of the display it was mastered on.
    pub hdr10: Option<Hdr10>,
    pub pixel_format: PixelFormat,
}

/// What happens to the range of luma and colour, which is limited unless full range is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Whatever comes becomes limited.
    Limit,
    /// Whatever comes becomes full.
    Full,
    /// The source says that its pictures are what the output's have to be, in size and form: the
    /// scaler, not told of any range, then lets them pass without making a copy of each.
    Keep,
}

/// What happens to the matrix between RGB and YUV, which players guess from the size when untagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// As it comes from the decoder.
    Keep,
    /// Tagged by name: with the source's own tag, which FFmpeg 7.0 loses when it converts full range,
    /// or with what players take an untagged source for, where the output's size would make them
    /// guess another one.
    Tag(&'static str),
    /// The source is RGB.
    ConvertTo(&'static str),
}

/// The audio stream of an output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioPlan {
    pub stream: u32,
    pub codec: AudioCodec,
    /// What the probe calls the codec.
    pub codec_name: &'static str,
    /// As many as they take at most, where nothing is lost.
    pub kbps: u32,
    pub sample_rate: u32,
    pub channels: u32,
    /// Bits of each sample, where nothing is lost.
    pub sample_bits: u32,
    pub mix: Mix,
    /// Absent: as loud as it comes.
    pub level: Option<Level>,
}

/// Which frames are made whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deinterlace {
    /// Those that say that they are of two fields.
    Tagged,
    /// All, with the field of the upper line first or second.
    All { top_first: bool },
}

/// How the source's channels become the output's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// As FFmpeg does by itself.
    Spread,
    /// One becomes two as loud as it is, where FFmpeg would take 3 dB off.
    Double,
    /// More become fewer, without a sum above full scale.
    Down,
}

/// How long the output will be if the source holds what it promises. Absent: the source does not
/// say, or only guesses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    pub seconds: Option<f64>,
    pub video_seconds: Option<f64>,
    pub audio_seconds: Option<f64>,
}

/// Decides everything about one output of the sources: facts of the input alone, where there is nothing else, and
/// nothing had to be found out about it.
pub fn plan<'a>(
    spec: &OutputSpec,
    sources: impl Into<Sources<'a>>,
    capabilities: &Capabilities,
) -> Result<Plan, Fault> {
    plan_with(spec, sources, &Findings::default(), capabilities)
}

/// The same with what a survey found, where one was planned.
pub fn plan_with<'a>(
    spec: &OutputSpec,
    sources: impl Into<Sources<'a>>,
    findings: &Findings,
    capabilities: &Capabilities,
) -> Result<Plan, Fault> {
    let sources = sources.into();
    let facts = sources.main;
    let settings = &spec.settings;
    settings
        .validate()
        .map_err(|error| Fault::new(FaultCode::SpecUnfit, error.to_string()))?;
    let video_source = match (&settings.video, sources::video(facts, spec.streams)?) {
        (None, _) => None,
        (Some(_), None) => {
            let message = "the source has no video stream";
            return Err(Fault::new(FaultCode::NoVideoStream, message));
        }
        (Some(wanted), Some((stream, source))) => Some((wanted, stream, source)),
    };
    let audio_source = match (&settings.audio, sources::audio(facts, spec.streams)?) {
        (None, _) => None,
        (Some(_), None) if video_source.is_none() => {
            let message = "the source has no audio stream";
            return Err(Fault::new(FaultCode::NoAudioStream, message));
        }
        // What has no sound makes a silent output, not a failure.
        (Some(_), None) => None,
        (Some(wanted), Some((stream, source))) => Some((wanted, stream, source)),
    };
    let mapped = [
        video_source.map(|(_, stream, _)| stream),
        audio_source.map(|(_, stream, _)| stream),
    ];
    let window = window::window(join::own_clip(spec), facts)?;
    let way = |stream| copy::Way {
        container: settings.container,
        window: &window,
        facts,
        stream,
        findings,
    };
    let mut video = video_source
        .map(
            |(wanted, stream, source)| match copy::video(wanted, way(stream), source)? {
                Some(copied) if !changes_picture(spec) => Ok(copied),
                Some(_) if wanted.codec == VideoCodec::Copy => Err(Fault::new(
                    FaultCode::SpecUnfit,
                    "nothing can be laid over a picture that is copied, or joined to it",
                )),
                _ => video::video(wanted, way(stream), source, capabilities),
            },
        )
        .transpose()?;
    let audio = audio_source
        .map(
            |(wanted, stream, source)| match copy::sound(wanted, way(stream), source)? {
                Some(copied) if spec.append.is_empty() && spec.mix.is_empty() => Ok(copied),
                Some(_) if wanted.codec == AudioCodec::Copy => Err(Fault::new(
                    FaultCode::SpecUnfit,
                    "nothing can be mixed into sound that is copied, or joined to it",
                )),
                _ => audio::audio(wanted, way(stream), source),
            },
        )
        .transpose()?;
    let joined = match spec.append.is_empty() {
        true => join::Joined {
            parts: Vec::new(),
            window,
            expected: window::expected(&window, facts, mapped),
        },
        false => {
            let source = video_source.map(|(_, _, source)| source);
            let first = join::First {
                video: video.as_ref().zip(source),
                audio: audio.as_ref(),
                mapped,
                window,
            };
            join::join(spec, &first, &sources, capabilities)?
        }
    };
    let into = mix::Into {
        audio: audio.as_ref(),
        window: &joined.window,
        in_step: joined.of_input(),
        expected: joined.expected,
    };
    let (mix, expected) = mix::mix(spec, &into, &sources)?;
    let (parts, window) = (joined.parts, joined.window);
    window::check_length(&window, &expected)?;
    if let Some((wanted, _, source)) = video_source {
        check_kept_range(spec, wanted, source)?;
    }
    let overlays = match &video {
        Some(video) => {
            let picture = (video, expected.video_seconds.or(expected.seconds));
            overlay::overlays(&spec.overlays, picture, &sources, capabilities)?
        }
        None => Vec::new(),
    };
    let segment_starts = segmenting::starts(spec, video.as_ref(), expected)?;
    if let Some(video) = &mut video {
        animation::check(video, expected)?;
        segmenting::mark(spec, video);
    }
    let words = words::words(spec, &sources, (&window, &parts), &expected)?;
    let mut plan = Plan {
        file_name: file_name(spec)?,
        container: settings.container,
        window,
        video,
        audio,
        stall: stall::stall(settings.stall_seconds, &window)
            .saturating_add(Duration::from_millis(join::late_ms(&parts))),
        parts,
        mix,
        words,
        overlays,
        encryption: encryption(spec)?,
        segment_tags: spec.segment_tags,
        segment_starts,
        chunks: None,
        expected,
    };
    if let Some((wanted, _, source)) = video_source {
        plan.chunks = chunks::chunks(&plan, wanted.chunks, (facts, source), capabilities)?;
    }
    check_engine(&plan, capabilities)?;
    Ok(plan)
}

/// White of pictures, texts and borders would be as bright as anything can be.
fn check_kept_range(
    spec: &OutputSpec,
    wanted: &VideoSettings,
    source: &VideoFacts,
) -> Result<(), Fault> {
    let is_kept = tone::transfer(source).is_some() && tone::tone(wanted, source).is_none();
    let is_lit = |part: &JoinedPart| {
        part.background
            .is_some_and(|color| color != Color::default())
    };
    let is_black = wanted.fill == Fill::Black && !spec.append.iter().any(is_lit);
    if !is_kept || (spec.overlays.is_empty() && !draws(spec) && is_black) {
        return Ok(());
    }
    let message = "nothing but black can be put over or around high dynamic range that is kept: hdr_to_sdr brings it down";
    Err(Fault::new(FaultCode::SpecUnfit, message))
}

fn encryption(spec: &OutputSpec) -> Result<Option<Encryption>, Fault> {
    let is_open = |key: &SegmentKey| matches!(key.key, ContentKey::Open(_));
    match &spec.encryption {
        Some(encryption) if !encryption.keys.iter().all(is_open) => Err(Fault::new(
            FaultCode::StorageFailed,
            "the keys that the output is to be encrypted with could not be read",
        )),
        encryption => Ok(encryption.clone()),
    }
}

/// Whether more is done to the picture than its settings say.
fn changes_picture(spec: &OutputSpec) -> bool {
    !(spec.overlays.is_empty() && spec.append.is_empty() && !draws(spec))
}

fn draws(spec: &OutputSpec) -> bool {
    let mut forms = spec.subtitles.iter().map(|subtitles| subtitles.form);
    forms.any(|form| form == SubtitleForm::Drawn)
}

fn file_name(spec: &OutputSpec) -> Result<String, Fault> {
    let name = spec.object.key.file_name();
    let (what, suffix) = match spec.settings.container {
        Container::Hls { .. } => ("an HLS", PLAYLIST_SUFFIX),
        Container::Dash { .. } => ("an MPEG-DASH", MANIFEST_SUFFIX),
        _ => return Ok(name.to_owned()),
    };
    match name.strip_suffix(suffix) {
        None | Some("") => Err(Fault::new(
            FaultCode::SpecUnfit,
            format!("the object key of {what} output must name a file ending in {suffix}"),
        )),
        Some(_) => Ok(name.to_owned()),
    }
}

pub(crate) const PLAYLIST_SUFFIX: &str = ".m3u8";
pub(crate) const MANIFEST_SUFFIX: &str = ".mpd";

impl Plan {
    pub(crate) fn is_two_pass(&self) -> bool {
        self.video.as_ref().is_some_and(|video| video.two_pass)
    }

    /// Whether a stream is taken as it is.
    pub(crate) fn copies(&self) -> bool {
        let sound = self.audio.is_some_and(|audio| audio.encoder().is_none());
        sound || self.video.as_ref().is_some_and(VideoPlan::is_copied)
    }

    /// What of it has a playlist of its own where picture and sound lie apart.
    pub(crate) const fn rows(&self) -> &'static [&'static str] {
        match (&self.video, &self.audio) {
            (Some(_), Some(_)) => &["video", "audio"],
            (Some(_), None) => &["video"],
            (None, Some(_)) => &["audio"],
            (None, None) => &[],
        }
    }

    /// The filters that putting several inputs together needs.
    fn joining(&self) -> Vec<&'static str> {
        let mut needs = Vec::new();
        if !self.parts.is_empty() {
            needs.extend(["concat", "pad", "trim", "atrim", "aformat", "anullsrc"]);
        }
        if self.parts.iter().any(|part| part.fade.is_some()) {
            needs.extend(["split", "blend"]);
        }
        if !self.mix.is_empty() {
            needs.extend(["amix", "alimiter", "aformat", "atrim"]);
        }
        needs
    }

    /// The parts of FFmpeg this output needs.
    fn needs(&self) -> Vec<Part> {
        let mut parts = needs_of(self.container);
        if !self.segment_starts.is_empty() {
            parts.push(Part::Muxer("segment"));
        }
        if let Some(video) = self.video.as_ref().filter(|video| !video.is_copied()) {
            parts.push(Part::Encoder(video.encoder));
            parts.extend(["scale", "fps", "setsar", "setparams"].map(Part::Filter));
            parts.extend(video.framing.filters().into_iter().map(Part::Filter));
            parts.extend(video.deinterlace.map(|_| Part::Filter("bwdif")));
            parts.extend(video.finish.filters().iter().copied().map(Part::Filter));
            if !video.erased.is_empty() {
                parts.push(Part::Filter("delogo"));
            }
            if video.tone.is_some() {
                parts.extend(["zscale", "tonemap"].map(Part::Filter));
            }
            if video.cascades {
                parts.push(Part::Filter("split"));
            }
        }
        if let Some(audio) = &self.audio
            && let Some(encoder) = audio.encoder()
        {
            parts.push(Part::Encoder(encoder));
            parts.push(Part::Filter("aresample"));
            parts.extend(audio.filters().into_iter().map(Part::Filter));
        }
        if !self.words.is_empty() {
            parts.extend(["ass", "subrip"].map(Part::Encoder));
            parts.extend(["ass", "srt"].map(Part::Muxer));
        }
        if self.draws_words() {
            parts.push(Part::Filter("ass"));
        }
        if self
            .word_streams()
            .any(|(_, codec, _)| codec == TextCodec::MovText)
        {
            parts.push(Part::Encoder("mov_text"));
        }
        parts.extend(self.joining().into_iter().map(Part::Filter));
        if self.chunks.is_some() {
            parts.extend([
                Part::Muxer("ivf"),
                Part::Filter("trim"),
                Part::Filter("setpts"),
            ]);
        }
        parts.extend(self.overlays.iter().flat_map(OverlayPlan::needs));
        parts
    }
}

/// The parts of FFmpeg that writing a container needs.
fn needs_of(container: Container) -> Vec<Part> {
    let mut parts = vec![Part::Protocol("file"), Part::Protocol("pipe")];
    parts.extend(match container {
        Container::Mp4 => vec![Part::Muxer("mp4")],
        Container::Hls {
            segments: SegmentFormat::Ts,
            ..
        } => vec![Part::Muxer("hls"), Part::Muxer("mpegts")],
        Container::Hls {
            segments: SegmentFormat::Fmp4,
            ..
        } => vec![Part::Muxer("hls"), Part::Muxer("mp4")],
        Container::Dash { .. } => vec![Part::Muxer("hls"), Part::Muxer("mp4")],
        Container::Mp3 => vec![Part::Muxer("mp3")],
        Container::Adts => vec![Part::Muxer("adts")],
        Container::Mov => vec![Part::Muxer("mov")],
        Container::Mkv => vec![Part::Muxer("matroska")],
        Container::Webm => vec![Part::Muxer("webm")],
        Container::Ts => vec![Part::Muxer("mpegts")],
        Container::Flv => vec![Part::Muxer("flv")],
        Container::M4a => vec![Part::Muxer("ipod")],
        Container::Ogg => vec![Part::Muxer("ogg")],
        Container::Flac => vec![Part::Muxer("flac")],
        Container::Wav => vec![Part::Muxer("wav")],
        Container::Gif { .. } => vec![Part::Muxer("gif")],
        Container::Webp { .. } => vec![Part::Muxer("webp")],
    });
    parts
}

fn check_engine(plan: &Plan, capabilities: &Capabilities) -> Result<(), Fault> {
    match plan
        .needs()
        .into_iter()
        .find(|part| !capabilities.has(*part))
    {
        None => Ok(()),
        Some(part) => Err(Fault::new(
            FaultCode::EngineLacks,
            format!("the FFmpeg installed was built without the {part}"),
        )),
    }
}

/// A stream that no decoder will take.
fn undecodable(kind: &str, index: u32) -> Fault {
    Fault::new(
        FaultCode::SourceUnreadable,
        format!("{kind} stream {index} of the source has no known codec"),
    )
}
