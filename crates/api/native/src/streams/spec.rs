//! How this API writes where a stream comes from and where it goes.

use reelgate_domain::stream::{
    Latency, OnSourceLost, StreamAddress, StreamInput, StreamOutput, StreamTarget,
};
use reelgate_domain::{BucketName, ObjectKey};
use serde::{Deserialize, Serialize};

use crate::http::Problem;

/// `{"address", "frozen_after_ms"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputJson {
    address: String,
    #[serde(default = "frozen_after_ms")]
    frozen_after_ms: u32,
}

const fn frozen_after_ms() -> u32 {
    StreamInput::DEFAULT_FROZEN_MS
}

/// `{"target", "template"}`: the template by id or name where it is read, by id where it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputJson {
    pub(super) target: TargetJson,
    pub(super) template: String,
}

/// `{"to": "push", "address"}`, `{"to": "hls", "bucket", "playlist", "segment_seconds", "window"}` or
/// `{"to": "recording", "bucket", "folder"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum TargetJson {
    Push {
        address: String,
    },
    Hls {
        bucket: String,
        playlist: String,
        #[serde(default = "segment_seconds")]
        segment_seconds: u32,
        #[serde(default = "window")]
        window: u32,
    },
    Recording {
        bucket: String,
        folder: String,
    },
}

const fn segment_seconds() -> u32 {
    4
}

const fn window() -> u32 {
    6
}

/// `"keep_trying"`, or `{"stop_after_minutes": 5}`.
pub(super) type OnSourceLostJson = OnSourceLost;
/// `"low"` or `"normal"`.
pub(super) type LatencyJson = Latency;

impl InputJson {
    pub(super) fn of(input: &StreamInput) -> Self {
        Self {
            address: input.address.expose().to_owned(),
            frozen_after_ms: input.frozen_after_ms,
        }
    }

    pub(super) fn input(self) -> Result<StreamInput, Problem> {
        Ok(StreamInput {
            address: address("input.address", self.address)?,
            frozen_after_ms: self.frozen_after_ms,
        })
    }
}

impl OutputJson {
    pub(super) fn of(output: &StreamOutput) -> Self {
        Self {
            target: TargetJson::of(&output.target),
            template: output.template.to_string(),
        }
    }
}

impl TargetJson {
    pub(super) fn of(target: &StreamTarget) -> Self {
        match target {
            StreamTarget::Push { address } => Self::Push {
                address: address.expose().to_owned(),
            },
            StreamTarget::Hls {
                bucket,
                playlist,
                segment_seconds,
                window,
            } => Self::Hls {
                bucket: bucket.to_string(),
                playlist: playlist.to_string(),
                segment_seconds: *segment_seconds,
                window: *window,
            },
            StreamTarget::Recording { bucket, folder } => Self::Recording {
                bucket: bucket.to_string(),
                folder: folder.to_string(),
            },
        }
    }

    /// The target, `at` being its path in the body.
    pub(super) fn target(self, at: &str) -> Result<StreamTarget, Problem> {
        Ok(match self {
            Self::Push { address } => StreamTarget::Push {
                address: self::address(&format!("{at}.address"), address)?,
            },
            Self::Hls {
                bucket,
                playlist,
                segment_seconds,
                window,
            } => StreamTarget::Hls {
                bucket: self::bucket(at, bucket)?,
                playlist: key(&format!("{at}.playlist"), playlist)?,
                segment_seconds,
                window,
            },
            Self::Recording { bucket, folder } => StreamTarget::Recording {
                bucket: self::bucket(at, bucket)?,
                // A folder may be written with its slash.
                folder: key(&format!("{at}.folder"), folder.trim_end_matches('/'))?,
            },
        })
    }
}

fn address(at: &str, text: String) -> Result<StreamAddress, Problem> {
    let address = StreamAddress::new(text);
    address.map_err(|wrong| Problem::invalid_field(at, wrong.to_string()))
}

fn bucket(at: &str, name: String) -> Result<BucketName, Problem> {
    let bucket = BucketName::new(name);
    bucket.map_err(|wrong| Problem::invalid_field(format!("{at}.bucket"), wrong.to_string()))
}

fn key(at: &str, key: impl Into<String>) -> Result<ObjectKey, Problem> {
    let key = ObjectKey::new(key);
    key.map_err(|wrong| Problem::invalid_field(at, wrong.to_string()))
}
