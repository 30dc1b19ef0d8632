//! Transcode specs: one input, one or more outputs, and the settings of each.

mod animation;
mod audio;
mod chunks;
mod encryption;
mod holds;
mod join;
mod level;
mod overlay;
mod picture;
mod segmenting;
mod streams;
mod subtitles;
mod video;
mod volume;

use serde::{Deserialize, Serialize};

use super::snapshot::SnapshotSpec;
use crate::names::ObjectRef;
use crate::quality::DOCUMENT_SUFFIX;

pub use animation::{GifColours, MOST_GIF_FPS};
pub use audio::{
    AudioCodec, AudioSettings, CHANNEL_COUNTS, SAMPLE_RATES, SampleRate, most_aac_kbps,
};
pub use chunks::Chunks;
pub use encryption::{ContentKey, Encryption, Iv, KEY_BYTES, SegmentKey, SegmentTags, sixteen};
pub use join::{JoinedPart, MixUntil, MixedSound, PartSide};
pub use level::H264Level;
pub use overlay::{Color, Corner, Edge, Length, Mark, Overlay, PictureMark, TextMark};
pub use picture::{Area, Erasing, Fill, Fit, PixelFormat, Scan, Sides, Spot, Upscale};
pub use streams::StreamChoice;
pub use subtitles::{SubtitleForm, Subtitles, TextEncoding};
pub use video::{
    AboveSource, EncoderPreset, Gop, RateCap, RateControl, VideoCodec, VideoProfile, VideoSettings,
};
pub use volume::Volume;

/// What a transcode job reads and writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscodeSpec {
    pub input: ObjectRef,
    /// 1 to 30 outputs, each with a result of its own.
    pub outputs: Vec<OutputSpec>,
    /// Pictures of the same input, at most 41 sets of them, each with a result of its own after those of the outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<SnapshotSpec>,
}

impl TranscodeSpec {
    /// The most sets of pictures.
    pub const MAX_PICTURES: usize = 41;

    /// What it reads besides its input, each as often as it is named.
    pub fn further_inputs(&self) -> impl Iterator<Item = &ObjectRef> {
        self.outputs.iter().flat_map(OutputSpec::further_inputs)
    }
}

/// One output of a transcode job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// Where it goes. For HLS this is the playlist; segments lie beside it.
    pub object: ObjectRef,
    pub settings: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Which of the input's streams it is made from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub streams: StreamChoice,
    /// What follows the input, in this order, at most 52 files. The output is then made of all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub append: Vec<JoinedPart>,
    /// Whether `clip` is one of the input alone, and not of all that is joined.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clip_first: bool,
    /// What is heard besides, at most 8 sounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mix: Vec<MixedSound>,
    /// Words that are shown with it, at most 32 files of them. Those that are drawn are below what is laid over it. Their
    /// times are those of what the output is a clip of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtitles: Vec<Subtitles>,
    /// What is laid over its picture, at most 22, the last on top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<Overlay>,
    /// How the segments of an HLS output are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// What an HLS output's playlist says of the bytes of its segments.
    #[serde(default, skip_serializing_if = "is_default")]
    pub segment_tags: SegmentTags,
    /// Where segments of an HLS output begin besides, in milliseconds of the output, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segment_at_ms: Vec<u64>,
}

/// How an output is made. A stream whose settings are absent is left out of the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub container: Container,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioSettings>,
    /// The longest time that making it may go without progress, 5 to 3600; absent: 120. What the
    /// source makes slow by itself comes on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_seconds: Option<u32>,
}

/// [`Settings::stall_seconds`] where nothing is said.
pub const DEFAULT_STALL_SECONDS: u32 = 120;

/// The file format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case", deny_unknown_fields)]
pub enum Container {
    /// One MP4 file, the index first.
    Mp4,
    /// A playlist and its segments.
    Hls {
        #[serde(default)]
        segments: SegmentFormat,
        /// 1 to 60. A key frame starts every segment.
        #[serde(default = "default_segment_seconds")]
        segment_seconds: u32,
    },
    /// One file of MP3 sound.
    Mp3,
    /// One file of AAC sound, each frame with its own header.
    Adts,
    /// One QuickTime file, the index first.
    Mov,
    /// One Matroska file, the index first.
    Mkv,
    /// One WebM file, the index first.
    Webm,
    /// One file of an MPEG-2 transport stream.
    Ts,
    /// One file of Flash video.
    Flv,
    /// One MP4 file of sound, branded as such.
    M4a,
    /// One Ogg file of sound.
    Ogg,
    /// One file of FLAC sound.
    Flac,
    /// One file of samples as they are.
    Wav,
    /// One animated GIF.
    Gif {
        /// How often it is shown in all, up to 65536; 0: for ever.
        #[serde(default)]
        plays: u32,
        /// How long the last picture stays, in hundredths of a second, up to 65535; absent: as any other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        final_delay_cs: Option<u32>,
        #[serde(default)]
        colours: GifColours,
    },
    /// One animated WebP picture.
    Webp {
        /// How often it is shown in all, up to 65535; 0: for ever.
        #[serde(default)]
        plays: u32,
    },
}

const fn default_segment_seconds() -> u32 {
    10
}

/// The file format of HLS segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentFormat {
    /// MPEG-2 transport stream.
    #[default]
    Ts,
    /// Fragmented MP4 with one init segment.
    Fmp4,
}

/// A part of the input, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    #[serde(default)]
    pub start_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<ClipLength>,
}

/// Where a clip ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipLength {
    /// This much after the clip's start.
    DurationMs(u64),
    /// This much before the input's end.
    CutTailMs(u64),
}

/// A setting outside what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {expected}")]
pub struct OutOfRange {
    /// The path of the setting, such as `video.width`.
    pub field: &'static str,
    pub expected: &'static str,
}

impl OutputSpec {
    /// An output of all of its source and of nothing else.
    pub fn new(object: ObjectRef, settings: Settings) -> Self {
        Self {
            object,
            settings,
            clip: None,
            streams: StreamChoice::default(),
            append: Vec::new(),
            clip_first: false,
            mix: Vec::new(),
            subtitles: Vec::new(),
            overlays: Vec::new(),
            encryption: None,
            segment_tags: SegmentTags::default(),
            segment_at_ms: Vec::new(),
        }
    }

    /// What it is made from besides the job's input, each as often as it is named.
    pub fn further_inputs(&self) -> impl Iterator<Item = &ObjectRef> {
        let joined = self.append.iter().map(|part| &part.object);
        let mixed = self.mix.iter().filter_map(|sound| sound.object.as_ref());
        let said = self.subtitles.iter().filter_map(|it| it.object.as_ref());
        let laid_over = self.overlays.iter().filter_map(Overlay::object);
        joined.chain(mixed).chain(said).chain(laid_over)
    }

    /// Checks the settings, and that the object can be what they make.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        self.settings.validate()?;
        self.streams.validate()?;
        self.check_join()?;
        Subtitles::check_all(&self.subtitles, &self.settings)?;
        self.check_overlays()?;
        self.check_segments()?;
        let video = self.settings.video.as_ref();
        check(
            self.encryption.is_none() || video.is_none_or(|video| !video.measure_quality),
            "video.measure_quality",
            "false beside encryption",
        )?;
        self.check_segment_at()?;
        check_playlist_name(self.settings.container, &self.object, "object.key")?;
        self.check_names_beside()
    }

    /// Whether there are names for the files that are named after the output, which come about when all work is done.
    fn check_names_beside(&self) -> Result<(), OutOfRange> {
        let video = self.settings.video.as_ref();
        let is_measured = video.is_some_and(|video| video.measure_quality);
        let is_told = self
            .subtitles
            .iter()
            .any(|it| it.form == SubtitleForm::WebVtt);
        let longest = [
            (is_measured, DOCUMENT_SUFFIX),
            (is_told, ".32.vtt"),
            // What a segment's name has beyond `.m3u8`.
            (
                matches!(self.settings.container, Container::Hls { .. }),
                "00000",
            ),
        ];
        let longest = longest.into_iter().filter(|(is_made, _)| *is_made);
        let longest = longest.map(|(_, more)| more).max_by_key(|more| more.len());
        let ObjectRef { key, .. } = &self.object;
        let fits =
            longest.is_none_or(|more| key.sibling(&format!("{}{more}", key.file_name())).is_ok());
        check(
            fits,
            "object.key",
            "a shorter name: there are files beside the output that are named after it",
        )
    }
}

impl Settings {
    /// Checks every range; a dialect whose ranges differ checks its own before.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        if self.video.is_none() && self.audio.is_none() {
            return Err(OutOfRange {
                field: "video",
                expected: "given when audio is left out",
            });
        }
        check_container(self.container)?;
        self.container.check_animation()?;
        self.check_scan()?;
        let codec = self.video.as_ref().map(|video| video.codec);
        self.container.check_streams(codec, self.audio.as_ref())?;
        let stall = self.stall_seconds;
        check(
            stall.is_none_or(|seconds| (5..=3600).contains(&seconds)),
            "stall_seconds",
            "5 to 3600 seconds",
        )?;
        self.video
            .as_ref()
            .map_or(Ok(()), VideoSettings::validate)?;
        self.audio.as_ref().map_or(Ok(()), AudioSettings::validate)
    }
}

/// What is as it was before there was a choice is stored as it was then.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether the ranges of a container are kept to.
pub(super) fn check_container(container: Container) -> Result<(), OutOfRange> {
    let Container::Hls {
        segment_seconds, ..
    } = container
    else {
        return Ok(());
    };
    check(
        (1..=60).contains(&segment_seconds),
        "container.segment_seconds",
        "1 to 60 seconds",
    )
}

/// Whether an object can be what a container makes.
pub(super) fn check_playlist_name(
    container: Container,
    object: &ObjectRef,
    field: &'static str,
) -> Result<(), OutOfRange> {
    let is_playlist = matches!(container, Container::Hls { .. });
    let stem = object.key.file_name().strip_suffix(".m3u8");
    let is_named = stem.is_some_and(|stem| !stem.is_empty());
    check(
        !is_playlist || is_named,
        field,
        "a name that ends in .m3u8 for HLS",
    )
}

pub(super) fn check(
    holds: bool,
    field: &'static str,
    expected: &'static str,
) -> Result<(), OutOfRange> {
    if holds {
        Ok(())
    } else {
        Err(OutOfRange { field, expected })
    }
}

#[cfg(test)]
mod tests;
