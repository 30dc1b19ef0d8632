//! What a stream is made of: where it comes from, where it goes, and what is done about trouble.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{StreamAddress, TemplateId};
use crate::job::kind::transcode::OutOfRange;
use crate::names::{BucketName, ObjectKey};

/// What people call a stream: letters of any script, digits, `-` and `_`, 1 to 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

/// The text is no name of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stream's name is 1 to 255 letters, digits, '-' and '_'")]
pub struct InvalidStreamName;

impl StreamName {
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidStreamName> {
        let name = name.into();
        let allowed = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_');
        let fits = (1..=255).contains(&name.chars().count()) && name.chars().all(allowed);
        if fits {
            Ok(Self(name))
        } else {
            Err(InvalidStreamName)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for StreamName {
    type Error = InvalidStreamName;

    fn try_from(text: String) -> Result<Self, InvalidStreamName> {
        Self::new(text)
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.0
    }
}

/// What is asked of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSpec {
    pub input: StreamInput,
    /// 1 to 16, all made from one decode.
    pub outputs: Vec<StreamOutput>,
    #[serde(default)]
    pub on_source_lost: OnSourceLost,
    #[serde(default)]
    pub latency: Latency,
}

/// Where a stream comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamInput {
    pub address: StreamAddress,
    /// A source that sends nothing for this long counts as lost; 1,000 to 600,000 ms.
    #[serde(default = "default_frozen_ms")]
    pub frozen_after_ms: u32,
}

const fn default_frozen_ms() -> u32 {
    5_000
}

impl StreamInput {
    pub const DEFAULT_FROZEN_MS: u32 = default_frozen_ms();
}

/// One thing that is made of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamOutput {
    pub target: StreamTarget,
    pub template: TemplateId,
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", deny_unknown_fields)]
pub enum StreamTarget {
    /// An RTMP, RTMPS or SRT address.
    Push { address: StreamAddress },
    /// An HLS playlist in a bucket, with its segments beside it.
    Hls {
        bucket: BucketName,
        /// The playlist's key, which ends in `.m3u8`.
        playlist: ObjectKey,
        /// 1 to 60.
        segment_seconds: u32,
        /// How many of the newest segments the playlist names; older ones are removed. 0: all are kept.
        window: u32,
    },
    /// Files in a bucket, a new one for each run of the stream: `folder/<time>.mkv`.
    Recording {
        bucket: BucketName,
        folder: ObjectKey,
    },
}

/// What is done when the source is gone and does not come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSourceLost {
    /// It is tried again and again; the stream counts as running.
    #[default]
    KeepTrying,
    /// It is stopped after so many minutes without it, 1 to 10,080.
    StopAfterMinutes(u32),
}

/// What comes first: little delay, or a smooth stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    #[default]
    Low,
    Normal,
}

impl StreamSpec {
    /// The most outputs of a stream.
    pub const MOST_OUTPUTS: usize = 16;

    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        let check = |fits, field, expected| match fits {
            true => Ok(()),
            false => Err(OutOfRange { field, expected }),
        };
        let frozen = (1_000..=600_000).contains(&self.input.frozen_after_ms);
        check(frozen, "input.frozen_after_ms", "1000 to 600000")?;
        let count = (1..=Self::MOST_OUTPUTS).contains(&self.outputs.len());
        check(count, "outputs", "1 to 16 of them")?;
        let lost = match self.on_source_lost {
            OnSourceLost::KeepTrying => true,
            OnSourceLost::StopAfterMinutes(minutes) => (1..=10_080).contains(&minutes),
        };
        check(lost, "on_source_lost.stop_after_minutes", "1 to 10080")?;
        for output in &self.outputs {
            output.target.validate()?;
        }
        let mut places: Vec<String> = self.outputs.iter().map(|it| it.target.identity()).collect();
        places.sort_unstable();
        let all = places.len();
        places.dedup();
        check(places.len() == all, "outputs", "different places")?;
        let StreamInput { address, .. } = &self.input;
        let loops = self
            .outputs
            .iter()
            .any(|it| it.target.identity() == address.identity());
        check(!loops, "outputs", "other places than the input")
    }
}

impl StreamTarget {
    /// What tells this place from others, within the account for what is in a bucket.
    pub fn identity(&self) -> String {
        match self {
            Self::Push { address } => address.identity(),
            Self::Hls {
                bucket, playlist, ..
            } => format!("bucket:{bucket}/{playlist}"),
            // Each run has a file of its own.
            Self::Recording { bucket, folder } => format!("bucket:{bucket}/{folder}/"),
        }
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let check = |fits, field, expected| match fits {
            true => Ok(()),
            false => Err(OutOfRange { field, expected }),
        };
        match self {
            Self::Push { address } => check(
                address.scheme().takes_streams(),
                "outputs.target.address",
                "an rtmp, rtmps or srt address",
            ),
            Self::Hls {
                playlist,
                segment_seconds,
                window,
                ..
            } => {
                let named = playlist.as_str().ends_with(".m3u8");
                check(
                    named,
                    "outputs.target.playlist",
                    "a key that ends in '.m3u8'",
                )?;
                let seconds = (1..=60).contains(segment_seconds);
                check(seconds, "outputs.target.segment_seconds", "1 to 60")?;
                let window = *window == 0 || (3..=10_000).contains(window);
                check(window, "outputs.target.window", "0, or 3 to 10000")
            }
            Self::Recording { .. } => Ok(()),
        }
    }
}
