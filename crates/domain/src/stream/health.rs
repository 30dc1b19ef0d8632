//! How a running stream is doing.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a stream's worker sees of it. Rates are those of the last few seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub at: Timestamp,
    pub activity: Activity,
    /// Of the current start, over all attempts.
    pub since: Timestamp,
    /// The first output of the current start; absent before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_output_at: Option<Timestamp>,
    pub in_kbps: f64,
    pub out_kbps: f64,
    pub fps: f64,
    /// Media time per wall time; 1.0 keeps up.
    pub speed: f64,
    /// Frames dropped and repeated to keep the rate, of the current start.
    pub dropped_frames: u64,
    pub duplicated_frames: u64,
    /// How far the output is behind where it was at best, in ms.
    pub lag_ms: u64,
    /// How often the source was connected to again, of the current start.
    pub reconnects: u32,
    /// The distance of the last two keyframes that went out, in ms; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyframe_interval_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the newest thumbnail was made; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_at: Option<Timestamp>,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Nothing has come out yet.
    Connecting,
    Live,
    /// Something was lost and is tried again.
    Interrupted,
}
