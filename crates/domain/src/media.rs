//! Facts about media files, as a probe reports them, and the results of outputs.

use serde::{Deserialize, Serialize};

use crate::job::Fault;
use crate::names::{ObjectKey, ObjectRef};

/// What a probe found in one file. Texts are as ffprobe writes them; absent means not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaFacts {
    pub format: FormatFacts,
    pub streams: Vec<StreamFacts>,
    /// Of what a job has measured it of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Complexity>,
}

/// How many bits a picture takes at a constant quality of H.264, measured on samples of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Complexity {
    /// The quality, 1 (best) to 51.
    pub crf: u32,
    /// How much of the picture was encoded.
    pub sampled_seconds: f64,
    /// The widest first.
    pub sizes: Vec<SizeComplexity>,
}

/// The same at one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SizeComplexity {
    pub width: u32,
    pub height: u32,
    /// Kilobits of a second.
    pub kbps: f64,
    /// Bits of each pixel of each frame.
    pub bits_per_pixel: f64,
}

/// The file as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormatFacts {
    /// Names that share a demuxer, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    pub name: String,
    pub long_name: String,
    pub programs: u32,
    pub start_seconds: Option<f64>,
    pub duration_seconds: Option<f64>,
    /// Bytes of all files of the output.
    pub size_bytes: u64,
    /// Bits a second over the whole file.
    pub bit_rate: Option<u64>,
    /// 32 hex digits, where it is known: of files that a job looked at or remuxed as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
}

/// One stream of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamFacts {
    pub index: u32,
    pub codec_name: Option<String>,
    pub codec_long_name: Option<String>,
    pub codec_tag: Option<String>,
    pub codec_tag_string: Option<String>,
    pub profile: Option<String>,
    pub time_base: Option<String>,
    pub start_seconds: Option<f64>,
    pub duration_seconds: Option<f64>,
    pub bit_rate: Option<u64>,
    pub frames: Option<u64>,
    pub language: Option<String>,
    pub detail: StreamDetail,
}

/// What depends on the type of stream.
#[expect(
    clippy::large_enum_variant,
    reason = "a file has a few streams, and most of them are of the largest kind"
)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamDetail {
    Video(VideoFacts),
    Audio(AudioFacts),
    Subtitle,
    /// Data, attachments, and what the probe does not know.
    #[default]
    Other,
}

/// A video stream. Width and height are as coded, before rotation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoFacts {
    pub width: u32,
    pub height: u32,
    pub has_b_frames: u32,
    /// Sample aspect ratio, `num:den`.
    pub sar: Option<String>,
    /// Display aspect ratio, `num:den`.
    pub dar: Option<String>,
    pub pixel_format: Option<String>,
    pub level: Option<i32>,
    /// The base frame rate, as `num/den`.
    pub base_rate: Option<String>,
    /// The average frame rate, as `num/den`.
    pub average_rate: Option<String>,
    /// Degrees clockwise a player turns the picture: 0, 90, 180 or 270.
    pub rotation: u32,
    pub color_range: Option<String>,
    pub color_space: Option<String>,
    pub color_transfer: Option<String>,
    pub color_primaries: Option<String>,
    /// `progressive`, or the order of fields: `tt`, `bb`, `tb` or `bt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_order: Option<String>,
    /// How a picture of high dynamic range was mastered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mastering: Option<Mastering>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    /// Cover art rather than moving pictures.
    pub is_picture: bool,
}

/// The display that a picture was mastered on, by SMPTE ST 2086.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mastering {
    /// x and y of each colour, in 0.00002.
    pub red: [u32; 2],
    pub green: [u32; 2],
    pub blue: [u32; 2],
    pub white: [u32; 2],
    /// In 0.0001 cd/m2.
    pub most_luminance: u32,
    pub least_luminance: u32,
}

/// How bright a picture gets, by CTA-861.3, in cd/m2; 0 is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Light {
    /// Of any pixel.
    pub most: u32,
    /// Of any frame's mean.
    pub most_average: u32,
}

/// An audio stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AudioFacts {
    pub sample_format: Option<String>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u32>,
    pub channel_layout: Option<String>,
}

impl MediaFacts {
    /// The first moving picture: cover art does not count.
    pub fn video(&self) -> Option<(&StreamFacts, &VideoFacts)> {
        self.streams.iter().find_map(|stream| match &stream.detail {
            StreamDetail::Video(video) if !video.is_picture => Some((stream, video)),
            _ => None,
        })
    }

    /// Every audio stream, in the file's order.
    pub fn sounds(&self) -> impl Iterator<Item = (&StreamFacts, &AudioFacts)> {
        self.streams
            .iter()
            .filter_map(|stream| match &stream.detail {
                StreamDetail::Audio(audio) => Some((stream, audio)),
                _ => None,
            })
    }

    /// The first audio stream.
    pub fn audio(&self) -> Option<(&StreamFacts, &AudioFacts)> {
        self.sounds().next()
    }
}

/// A file that an output consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    pub key: ObjectKey,
    pub bytes: u64,
    /// 64 hex digits, where it is known: of files that were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl OutputFile {
    pub const fn new(key: ObjectKey, bytes: u64) -> Self {
        Self {
            key,
            bytes,
            sha256: None,
        }
    }
}

/// What became of one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OutputResult {
    /// The main file is the last of `files`.
    Done {
        object: ObjectRef,
        files: Vec<OutputFile>,
        facts: Box<MediaFacts>,
        /// What the job's source is, with the first output of a transcode that was made. Earlier releases did
        /// not keep it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<Box<MediaFacts>>,
    },
    Failed {
        object: ObjectRef,
        fault: Fault,
    },
}

/// The complete outputs of the attempt that won, under the names they were staged with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    /// The attempt that made them: part of the staged files' names.
    pub attempt: u32,
    /// One entry per output of the spec, in its order.
    pub results: Vec<OutputResult>,
}
