//! Why a job failed: a stable code, a message for its owner, and the engine's last words.

use serde::{Deserialize, Serialize};

use crate::ids::WorkerId;

/// What went wrong, in terms that stay the same from release to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The input object does not exist.
    SourceMissing,
    /// The address of the source may not be asked, or its server refuses to give it.
    SourceRefused,
    /// The server of the source could not be reached, or broke off.
    SourceUnreachable,
    /// What the server gave is not what it or the caller said it would be: its size, its checksum.
    SourceMismatch,
    /// The source is larger than one may be.
    SourceTooLarge,
    /// The input exists but is not media that can be decoded.
    SourceUnreadable,
    /// The spec wants video and the input has none.
    NoVideoStream,
    /// The spec wants nothing but audio and the input has none.
    NoAudioStream,
    /// A file that is to be joined lacks video or audio that the output has.
    PartIncomplete,
    /// The spec asks for what the input cannot give, such as a clip that starts after its end.
    SpecUnfit,
    /// An output's key cannot be stored under, such as one below another object.
    TargetUnfit,
    /// The FFmpeg found cannot do what the spec asks for.
    EngineLacks,
    /// FFmpeg failed for a reason that is not the input's.
    EngineFailed,
    /// The outputs could not be stored.
    StorageFailed,
    /// The job ran longer than it may.
    TimedOut,
    /// FFmpeg made no progress for longer than it may.
    Stalled,
    /// The job used more memory or disk than one may.
    OverBudget,
    /// Another entry of the library has the primary key.
    KeyTaken,
    /// The library is gone.
    LibraryGone,
    /// Every attempt's worker was lost.
    WorkerLost,
}

impl FaultCode {
    /// Whether another attempt could end differently.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::SourceUnreachable
            | Self::EngineFailed
            | Self::StorageFailed
            | Self::Stalled
            | Self::WorkerLost => true,
            Self::SourceMissing
            | Self::SourceRefused
            | Self::SourceMismatch
            | Self::SourceTooLarge
            | Self::SourceUnreadable
            | Self::NoVideoStream
            | Self::NoAudioStream
            | Self::PartIncomplete
            | Self::SpecUnfit
            | Self::TargetUnfit
            | Self::EngineLacks
            | Self::TimedOut
            | Self::OverBudget
            | Self::KeyTaken
            | Self::LibraryGone => false,
        }
    }
}

/// A job's failure, as stored with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: FaultCode,
    /// What failed, on which thing; lower case, no full stop; safe to show to the job's owner.
    pub message: String,
    /// The last lines the engine wrote, if it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
}

impl Fault {
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            log_tail: None,
        }
    }

    /// The fault of an attempt whose worker gave no sign of life any more.
    pub fn lost(worker: &WorkerId) -> Self {
        Self::new(FaultCode::WorkerLost, format!("worker {worker} was lost"))
    }

    #[must_use]
    pub fn with_log_tail(mut self, tail: impl Into<String>) -> Self {
        self.log_tail = Some(tail.into());
        self
    }
}
