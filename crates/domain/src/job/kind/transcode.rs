//! Transcode specs: one input, one or more outputs, and the settings of each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::ObjectRef;

/// What a transcode job reads and writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscodeSpec {
    pub input: ObjectRef,
    /// 1 to 30 outputs, each with a result of its own.
    pub outputs: Vec<OutputSpec>,
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

/// H.264 video.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VideoSettings {
    /// Pixels, 128 to 4096. One side alone keeps the display aspect; none keeps the source's size.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Frames a second, above 0 and at most 60; absent: the source's, at most 60.
    pub fps: Option<f64>,
    pub rate: RateControl,
    pub gop: Gop,
    pub preset: EncoderPreset,
    pub profile: H264Profile,
}

/// How bits are spent. Rates are in kbit/s, buffers in kbit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum RateControl {
    /// Constant quality, 0 (best) to 51, optionally capped.
    Crf {
        crf: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<RateCap>,
    },
    /// An average over the whole output, optionally capped.
    Average {
        kbps: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<RateCap>,
    },
    /// The same rate at all times; the buffer holds one second.
    Constant { kbps: u32 },
}

impl Default for RateControl {
    fn default() -> Self {
        Self::Crf {
            crf: 23.0,
            cap: None,
        }
    }
}

/// The most a variable rate may reach, and over which buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCap {
    pub maxrate_kbps: u32,
    pub bufsize_kbit: u32,
}

/// The distance between key frames. Groups of pictures are closed in every case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gop {
    Frames(u32),
    Seconds(f64),
}

impl Default for Gop {
    fn default() -> Self {
        Self::Seconds(10.0)
    }
}

/// The encoder's trade of time for size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderPreset {
    Veryfast,
    Fast,
    #[default]
    Medium,
    Slow,
    Slower,
}

impl fmt::Display for EncoderPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Veryfast => "veryfast",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
            Self::Slower => "slower",
        })
    }
}

/// What an H.264 decoder must be able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum H264Profile {
    Baseline,
    Main,
    #[default]
    High,
}

impl fmt::Display for H264Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline",
            Self::Main => "main",
            Self::High => "high",
        })
    }
}

/// AAC-LC audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioSettings {
    /// kbit/s, 8 to 1000.
    pub kbps: u32,
    /// 22050, 32000, 44100, 48000 or 96000 Hz.
    pub sample_rate: u32,
    /// 1, 2, 4, 5, 6 or 8.
    pub channels: u32,
}

impl Default for AudioSettings {
    fn default() -> Self {
        Self {
            kbps: 128,
            sample_rate: 44_100,
            channels: 2,
        }
    }
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

/// The sample rates AAC output may have.
pub const SAMPLE_RATES: [u32; 5] = [22_050, 32_000, 44_100, 48_000, 96_000];
/// The channel counts AAC output may have.
pub const CHANNEL_COUNTS: [u32; 6] = [1, 2, 4, 5, 6, 8];

impl OutputSpec {
    /// Checks the settings, and that the object can be what they make.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        self.settings.validate()?;
        check_playlist_name(self.settings.container, &self.object, "object.key")
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

impl VideoSettings {
    fn validate(&self) -> Result<(), OutOfRange> {
        let side = |side: Option<u32>| side.is_none_or(|px| (128..=4096).contains(&px));
        check(side(self.width), "video.width", "128 to 4096 pixels")?;
        check(side(self.height), "video.height", "128 to 4096 pixels")?;
        let fps = self.fps.is_none_or(|fps| fps > 0.0 && fps <= 60.0);
        check(fps, "video.fps", "above 0 and at most 60")?;
        match self.gop {
            Gop::Frames(frames) => {
                check(
                    (1..=100_000).contains(&frames),
                    "video.gop",
                    "1 to 100000 frames",
                )?;
            }
            Gop::Seconds(seconds) => {
                let fits = seconds > 0.0 && seconds <= 100_000.0;
                check(fits, "video.gop", "above 0 and at most 100000 seconds")?;
            }
        }
        self.rate.validate()
    }
}

impl RateControl {
    fn validate(&self) -> Result<(), OutOfRange> {
        let kbps = |kbps: u32| (10..=50_000).contains(&kbps);
        let (rate, cap) = match *self {
            Self::Crf { crf, cap } => ((0.0..=51.0).contains(&crf), cap),
            Self::Average { kbps: rate, cap } => (kbps(rate), cap),
            Self::Constant { kbps: rate } => (kbps(rate), None),
        };
        check(
            rate,
            "video.rate",
            "a crf of 0 to 51 or a rate of 10 to 50000 kbit/s",
        )?;
        let Some(cap) = cap else { return Ok(()) };
        check(
            kbps(cap.maxrate_kbps),
            "video.rate.cap.maxrate_kbps",
            "10 to 50000 kbit/s",
        )?;
        let fits = (1000..=128_000).contains(&cap.bufsize_kbit);
        check(fits, "video.rate.cap.bufsize_kbit", "1000 to 128000 kbit")
    }
}

impl AudioSettings {
    fn validate(&self) -> Result<(), OutOfRange> {
        check(
            (8..=1000).contains(&self.kbps),
            "audio.kbps",
            "8 to 1000 kbit/s",
        )?;
        let rate = SAMPLE_RATES.contains(&self.sample_rate);
        check(
            rate,
            "audio.sample_rate",
            "22050, 32000, 44100, 48000 or 96000 Hz",
        )?;
        let channels = CHANNEL_COUNTS.contains(&self.channels);
        check(channels, "audio.channels", "1, 2, 4, 5, 6 or 8")
    }
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
mod tests {
    use super::*;

    fn settings(video: VideoSettings) -> Settings {
        Settings {
            container: Container::Mp4,
            video: Some(video),
            audio: None,
            stall_seconds: None,
        }
    }

    #[test]
    fn the_defaults_are_in_range() {
        assert_eq!(settings(VideoSettings::default()).validate(), Ok(()));
        let audio = Some(AudioSettings::default());
        assert_eq!(
            Settings {
                container: Container::Mp4,
                video: None,
                audio,
                stall_seconds: Some(5),
            }
            .validate(),
            Ok(())
        );
    }

    /// Long numbers came back from the store as their neighbours.
    #[test]
    fn settings_read_back_as_they_were_written() {
        for fps in [29.400008407370958, 0.1, 1.0 / 3.0, 5e-324, 60.0] {
            let written = settings(VideoSettings {
                fps: Some(fps),
                ..VideoSettings::default()
            });
            let text = serde_json::to_string(&written).unwrap();
            assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), written);
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let cases = [
            (
                VideoSettings {
                    width: Some(127),
                    ..VideoSettings::default()
                },
                "video.width",
            ),
            (
                VideoSettings {
                    height: Some(4097),
                    ..VideoSettings::default()
                },
                "video.height",
            ),
            (
                VideoSettings {
                    fps: Some(0.0),
                    ..VideoSettings::default()
                },
                "video.fps",
            ),
            (
                VideoSettings {
                    fps: Some(f64::NAN),
                    ..VideoSettings::default()
                },
                "video.fps",
            ),
            (
                VideoSettings {
                    gop: Gop::Frames(0),
                    ..VideoSettings::default()
                },
                "video.gop",
            ),
            (
                VideoSettings {
                    rate: RateControl::Crf {
                        crf: 52.0,
                        cap: None,
                    },
                    ..VideoSettings::default()
                },
                "video.rate",
            ),
        ];
        for (video, field) in cases {
            assert_eq!(settings(video).validate().unwrap_err().field, field);
        }
    }

    #[test]
    fn patience_has_bounds() {
        for seconds in [0, 4, 3601] {
            let mut impatient = settings(VideoSettings::default());
            impatient.stall_seconds = Some(seconds);
            assert_eq!(impatient.validate().unwrap_err().field, "stall_seconds");
        }
    }

    #[test]
    fn settings_stored_before_there_was_a_stall_still_load() {
        let stored = r#"{"container":{"format":"mp4"},"audio":{"kbps":64,"sample_rate":48000,"channels":2}}"#;
        let loaded: Settings = serde_json::from_str(stored).unwrap();
        assert_eq!(loaded.stall_seconds, None);
        assert_eq!(serde_json::to_string(&loaded).unwrap(), stored);
    }

    #[test]
    fn an_output_without_any_stream_is_refused() {
        let empty = Settings {
            container: Container::Mp4,
            video: None,
            audio: None,
            stall_seconds: None,
        };
        assert_eq!(empty.validate().unwrap_err().field, "video");
    }
}
