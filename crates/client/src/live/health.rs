//! What was seen of a stream and what has happened to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    Connecting,
    Live,
    Interrupted,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
        })
    }
}

/// What a worker sees of a stream. Rates are those of the last few seconds, counts of the current start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamHealth {
    pub at: String,
    pub activity: Activity,
    pub since: String,
    pub first_output_at: Option<String>,
    pub in_kbps: f64,
    pub out_kbps: f64,
    pub fps: f64,
    /// Media time per wall time.
    pub speed: f64,
    pub dropped_frames: u64,
    pub duplicated_frames: u64,
    pub lag_ms: u64,
    pub reconnects: u32,
    pub keyframe_interval_ms: Option<u64>,
    pub last_error: Option<String>,
    pub thumbnail_at: Option<String>,
}

/// Kept samples of a stream's health, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamSamples {
    pub samples: Vec<StreamHealth>,
    /// What `after` is for those that follow; absent while there is nothing to go on from.
    pub next_after: Option<String>,
}

/// One thing that has happened to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamNote {
    pub at: String,
    pub what: String,
    pub run: u32,
    pub attempt: u32,
    pub message: String,
}

/// What has happened to a stream, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamNotes {
    pub notes: Vec<StreamNote>,
    /// What `before` is for earlier ones; absent if there are none.
    pub next_before: Option<String>,
}
