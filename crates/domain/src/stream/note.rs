//! What has happened to a stream, as people are told of it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One thing that has happened to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamNote {
    pub at: Timestamp,
    pub what: Happening,
    /// The start it belongs to.
    pub run: u32,
    /// Whose attempt it was, or 0.
    pub attempt: u32,
    /// Why, for people; empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What has happened. The store notes what its writes decide, the worker what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Somebody asked for a start.
    Started,
    /// A worker took it.
    Taken,
    /// The first output of an attempt went out.
    Live,
    /// The source, an output or the process was lost; it is tried again.
    Interrupted,
    /// A worker was lost with it.
    WorkerLost,
    /// Somebody changed it while it ran.
    Changed,
    /// Somebody asked for a stop.
    Stopped,
    /// It was given up; the message says why.
    Ended,
    /// Its processes are gone.
    Gone,
}
