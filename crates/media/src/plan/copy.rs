//! Streams that are taken as they are: because that was asked for, or because they already are what was.

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, Container, Gop, PixelFormat, RateControl, Scan, SegmentFormat,
    VideoCodec, VideoProfile, VideoSettings,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{AudioFacts, MediaFacts, StreamFacts, VideoFacts};

use super::framing::{Framing, framing};
use super::geometry::Size;
use super::remux::{holds, named};
use super::{
    AudioPlan, Findings, Finish, KeyFrames, Matrix, Mix, Range, VideoPlan, Window, audio, bits,
    rate, scan, tone,
};

/// Where a stream comes from and goes to.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) container: Container,
    pub(super) window: &'a Window,
    pub(super) facts: &'a MediaFacts,
    pub(super) stream: &'a StreamFacts,
    pub(super) findings: &'a Findings,
}

impl Way<'_> {
    /// The probe's name of the stream's codec, if it can go there as it is.
    fn codec(&self) -> Option<&'static str> {
        let own = self.stream.codec_name.as_deref()?;
        holds(self.container)
            .iter()
            .find(|name| **name == own)
            .copied()
    }

    /// The same, with a fault that says what stands in the way.
    fn copied(&self, what: &str) -> Result<&'static str, Fault> {
        let (index, unfit) = (self.stream.index, |message| {
            Fault::new(FaultCode::SpecUnfit, message)
        });
        let Some(own) = self.stream.codec_name.as_deref() else {
            return Err(super::undecodable(what, index));
        };
        if self.window.start_ms > 0 {
            return Err(unfit(format!(
                "the clip starts at {} ms, and {what} stream {index} cannot be copied from there on: only its beginning is sure \
                 to be where pictures and sound can start",
                self.window.start_ms
            )));
        }
        self.codec().ok_or_else(|| {
            unfit(format!(
                "{} cannot hold the source's {what} stream {index}, which is {own}, unless it is encoded anew",
                named(self.container)
            ))
        })
    }
}

/// The plan of a picture that is copied; `None` if it is to be encoded.
pub(super) fn video(
    wanted: &VideoSettings,
    way: Way<'_>,
    source: &VideoFacts,
) -> Result<Option<VideoPlan>, Fault> {
    let codec_name = match wanted.codec {
        VideoCodec::Copy => way.copied("video")?,
        _ if wanted.copy_if_compliant && video_complies(wanted, way, source) => match way.codec() {
            Some(codec) => codec,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let size = Size {
        width: source.width,
        height: source.height,
    };
    Ok(Some(VideoPlan {
        stream: way.stream.index,
        codec: VideoCodec::Copy,
        encoder: "copy",
        codec_name,
        size,
        fps: rate::source_rate(source),
        rate: RateControl::Average {
            kbps: bits::video_kbps(way.facts, way.stream).unwrap_or(0),
            cap: None,
        },
        two_pass: false,
        key_frames: KeyFrames {
            gop: Gop::default(),
            segment_seconds: None,
            most_frames: 0,
            guard_seconds: None,
            also_at: Vec::new(),
        },
        preset: wanted.preset,
        profile: wanted.profile,
        level: None,
        b_frames: None,
        matrix: Matrix::Keep,
        range: Range::Keep,
        framing: Framing::plain(size),
        cascades: false,
        steady: None,
        erased: Vec::new(),
        deinterlace: None,
        finish: Finish::None,
        tone: None,
        hdr10: None,
        pixel_format: PixelFormat::default(),
    }))
}

/// The plan of sound that is copied; `None` if it is to be encoded.
pub(super) fn sound(
    wanted: &AudioSettings,
    way: Way<'_>,
    source: &AudioFacts,
) -> Result<Option<AudioPlan>, Fault> {
    let codec_name = match wanted.codec {
        AudioCodec::Copy => way.copied("audio")?,
        _ if wanted.copy_if_compliant && sound_complies(wanted, way, source) => match way.codec() {
            Some(codec) => codec,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let sample_rate = source.sample_rate.unwrap_or(0);
    // Its header of sound has room for these alone.
    if way.container == Container::Flv
        && codec_name == "mp3"
        && !matches!(sample_rate, 11_025 | 22_050 | 44_100)
    {
        let message = format!(
            "flv cannot hold the source's mp3 of {sample_rate} Hz unless it is encoded anew"
        );
        return Err(Fault::new(FaultCode::SpecUnfit, message));
    }
    Ok(Some(AudioPlan {
        stream: way.stream.index,
        codec: AudioCodec::Copy,
        codec_name,
        kbps: bits::audio_kbps(way.facts, way.stream).unwrap_or(0),
        sample_rate,
        channels: source.channels.unwrap_or(0),
        sample_bits: 16,
        mix: Mix::Spread,
        level: None,
    }))
}

/// Whether the source's picture is one that the settings could have made. How far its key frames are apart
/// nobody knows before reading it all, so that segments, which start with one, are always made anew.
fn video_complies(wanted: &VideoSettings, way: Way<'_>, source: &VideoFacts) -> bool {
    let stream = way.stream;
    let is_plain = source.rotation == 0
        && source.pixel_format.as_deref() == Some("yuv420p")
        && source.color_range.as_deref() != Some("pc")
        && matches!(source.sar.as_deref(), None | Some("1:1" | "0:1"));
    let is_codec = match (wanted.codec, stream.codec_name.as_deref()) {
        (VideoCodec::H264, Some("h264")) => {
            profile(stream).is_some_and(|own| own <= rank(wanted.profile))
        }
        (VideoCodec::H265, Some("hevc")) => stream.profile.as_deref() == Some("Main"),
        (VideoCodec::Vp9, Some("vp9")) => stream.profile.as_deref() == Some("Profile 0"),
        (VideoCodec::Av1, Some("av1")) => stream.profile.as_deref() == Some("Main"),
        _ => false,
    };
    let is_size = framing(wanted, source, way.findings.inside).is_ok_and(|framing| {
        let size = framing.size();
        framing.is_plain() && (size.width, size.height) == (source.width, source.height)
    });
    let is_plain = is_plain
        && wanted.pixel_format == PixelFormat::Yuv420p
        && wanted.erase.is_empty()
        && wanted.scan != Scan::Interlaced
        && scan::deinterlace(wanted.scan, source, way.findings.fields).is_none()
        && tone::tone(wanted, source).is_none();
    let is_constant = source.base_rate == source.average_rate;
    let is_rate = is_constant && rate::output_rate(wanted, source) == rate::source_rate(source);
    let level = wanted.level.map(|level| level.number());
    let is_level = level.is_none_or(|most| {
        (source.level).is_some_and(|own| u32::try_from(own).is_ok_and(|own| own <= most))
    });
    // A decoder tells how far it reorders, which says nothing of how many follow each other.
    let leans = wanted.b_frames.is_none_or(|_| source.has_b_frames == 0);
    way.container.segment_seconds().is_none()
        && wanted.gop == Gop::default()
        && way.window.start_ms == 0
        && is_plain
        && is_codec
        && is_size
        && is_rate
        && is_level
        && leans
        && fits_rate(wanted.rate, bits::video_kbps(way.facts, stream))
}

/// Whether a stream of so many kbit/s needs no more than is allowed. A rate that is not told may be any.
fn fits_rate(wanted: RateControl, own: Option<u32>) -> bool {
    let most = match wanted {
        RateControl::Average { kbps, .. } => Some(kbps),
        RateControl::Crf { cap, .. } => cap.map(|cap| cap.maxrate_kbps),
        RateControl::Source { most_kbps, .. } => most_kbps,
        // Nothing but an encoder holds these.
        RateControl::Constant { .. } | RateControl::Quantizer { .. } => return false,
    };
    most.is_none_or(|most| own.is_some_and(|own| own <= most))
}

fn profile(stream: &StreamFacts) -> Option<u8> {
    match stream.profile.as_deref()? {
        "Constrained Baseline" | "Baseline" => Some(rank(VideoProfile::Baseline)),
        "Main" => Some(rank(VideoProfile::Main)),
        "High" => Some(rank(VideoProfile::High)),
        _ => None,
    }
}

const fn rank(profile: VideoProfile) -> u8 {
    match profile {
        VideoProfile::Baseline => 0,
        VideoProfile::Main => 1,
        VideoProfile::High => 2,
    }
}

fn sound_complies(wanted: &AudioSettings, way: Way<'_>, source: &AudioFacts) -> bool {
    let stream = way.stream;
    let is_codec = match (wanted.codec, stream.codec_name.as_deref()) {
        (AudioCodec::Aac, Some("aac")) => stream.profile.as_deref() == Some("LC"),
        (AudioCodec::Pcm, Some("pcm_s16le"))
        | (AudioCodec::Mp3, Some("mp3"))
        | (AudioCodec::Opus, Some("opus"))
        | (AudioCodec::Vorbis, Some("vorbis"))
        | (AudioCodec::Flac, Some("flac"))
        | (AudioCodec::Ac3, Some("ac3")) => true,
        _ => false,
    };
    let own = bits::audio_kbps(way.facts, stream);
    let fits = wanted.codec.is_lossless() || own.is_some_and(|own| own <= wanted.kbps);
    is_codec
        && fits
        && wanted.volume.is_none()
        && way.window.start_ms == 0
        && source.sample_rate == Some(audio::sample_rate(wanted, source))
        && source.channels == Some(wanted.channels)
}

impl VideoPlan {
    pub fn is_copied(&self) -> bool {
        self.codec == VideoCodec::Copy
    }
}

/// Whether the codec of H.265 has to be called by the name that players of Apple's look for.
pub(crate) fn is_tagged(video: &VideoPlan, container: Container) -> bool {
    let is_mp4 = matches!(
        container,
        Container::Mp4
            | Container::Mov
            | Container::Dash { .. }
            | Container::Hls {
                segments: SegmentFormat::Fmp4,
                ..
            }
    );
    is_mp4 && video.codec_name == "hevc"
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::{OutputSpec, VideoCodec};
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Capabilities;
    use crate::fixtures;
    use crate::plan::{Plan, plan};

    fn planned(clip: &str, settings: Value, clipped: Value) -> Result<Plan, Fault> {
        let spec = json!({"object": {"bucket": "media", "key": "made.m3u8"}, "settings": settings, "clip": clipped});
        let spec: OutputSpec = serde_json::from_value(spec).unwrap();
        plan(&spec, &fixtures::facts(clip), &Capabilities::complete())
    }

    fn copied(format: &str) -> Value {
        json!({"container": {"format": format}, "video": {"codec": "copy"}, "audio": {"codec": "copy"}})
    }

    #[test]
    fn a_copy_goes_where_the_container_holds_it() {
        let plan = planned("bbb_720p25_aac51", copied("mkv"), json!(null)).unwrap();
        let (video, audio) = (plan.video.unwrap(), plan.audio.unwrap());
        assert_eq!((video.codec_name, audio.codec_name), ("h264", "aac"));
        assert_eq!((video.size.width, video.size.height), (1280, 720));
        for (clip, format, said) in [
            ("tos_battle_800x332_vp8", "mp4", "which is vp8"),
            ("bbb_720p25_aac51", "webm", "which is h264"),
            ("hdr10_av1_vertical_720x1280", "ts", "which is av1"),
        ] {
            let fault = planned(clip, copied(format), json!(null)).unwrap_err();
            assert_eq!(fault.code, FaultCode::SpecUnfit);
            assert!(fault.message.contains(said), "{}", fault.message);
        }
    }

    #[test]
    fn a_copy_starts_at_the_beginning_and_may_end_anywhere() {
        let late = json!({"start_ms": 1000});
        let fault = planned("bbb_720p25_aac51", copied("mp4"), late).unwrap_err();
        assert!(fault.message.contains("1000 ms"), "{}", fault.message);
        let short = json!({"start_ms": 0, "length": {"duration_ms": 1000}});
        planned("bbb_720p25_aac51", copied("mp4"), short).unwrap();
    }

    fn taken(settings: Value) -> (bool, bool) {
        let mut settings = settings;
        settings["container"] = match &settings["container"] {
            Value::Null => json!({"format": "mp4"}),
            other => other.clone(),
        };
        for part in ["video", "audio"] {
            settings[part]["copy_if_compliant"] = json!(true);
        }
        let plan = planned("bbb_720p25_aac51", settings, json!(null)).unwrap();
        let video = plan.video.unwrap().codec == VideoCodec::Copy;
        (video, plan.audio.unwrap().codec == AudioCodec::Copy)
    }

    #[test]
    fn what_already_is_what_is_asked_for_is_copied() {
        let sound = json!({"channels": 6, "kbps": 1000, "sample_rate": "source"});
        let with = |video: Value| taken(json!({"video": video, "audio": sound}));
        assert_eq!(with(json!({})), (true, true));
        assert_eq!(with(json!({"height": 720})), (true, true));
        assert_eq!(with(json!({"height": 480})), (false, true));
        assert_eq!(with(json!({"fps": 24})), (false, true));
        assert_eq!(with(json!({"profile": "baseline"})), (false, true));
        assert_eq!(with(json!({"level": "5.2"})), (true, true));
        assert_eq!(with(json!({"b_frames": 4})), (true, true));
        assert_eq!(with(json!({"gop": {"seconds": 2.0}})), (false, true));
        assert_eq!(
            with(json!({"rate": {"mode": "average", "kbps": 50000}})),
            (true, true)
        );
        assert_eq!(
            with(json!({"rate": {"mode": "average", "kbps": 10}})),
            (false, true)
        );
        assert_eq!(
            with(json!({"rate": {"mode": "constant", "kbps": 50000}})),
            (false, true)
        );
        assert_eq!(
            taken(json!({"video": {}, "audio": {"channels": 2}})),
            (true, false)
        );
        let hls = json!({"container": {"format": "hls"}, "video": {}, "audio": sound});
        assert_eq!(taken(hls), (false, true));
    }
}
