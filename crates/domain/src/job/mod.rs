//! Jobs: what they are made of, their states, and what may happen to them.

mod cancel;
mod fault;
mod history;
pub mod kind;
mod lifecycle;

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

pub use cancel::{CancelOutcome, CancelPolicy, CancelVerdict, Named, Selector, StopMode};
pub use fault::{Fault, FaultCode};
pub use history::{Happening, HistoryEntry};
pub use lifecycle::{
    Event, Illegal, JobState, Lease, Lifecycle, MAX_LOSSES, StateName, retry_delay,
};

use crate::access::AccountId;
use crate::asset::AssetId;
use crate::ids::{JobId, JobNumber, PipelineId, SubmissionId};
use crate::media::OutputResult;
use crate::names::ObjectRef;
use crate::time::Timestamp;

/// What a job does, with all its settings. Stored as tagged JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobSpec {
    Transcode(kind::transcode::TranscodeSpec),
    Ingest(kind::ingest::IngestSpec),
    Snapshot(kind::snapshot::SnapshotSpec),
    MediaInfo(kind::media_info::MediaInfoSpec),
    Remux(kind::remux::RemuxSpec),
    Fingerprint(kind::fingerprint::FingerprintSpec),
}

impl JobSpec {
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Transcode(_) => JobKind::Transcode,
            Self::Ingest(_) => JobKind::Ingest,
            Self::Snapshot(_) => JobKind::Snapshot,
            Self::MediaInfo(_) => JobKind::MediaInfo,
            Self::Remux(_) => JobKind::Remux,
            Self::Fingerprint(_) => JobKind::Fingerprint,
        }
    }

    /// What the job reads from a bucket, if jobs of its kind that read the same start together.
    pub const fn shared_input(&self) -> Option<&ObjectRef> {
        match self {
            Self::Transcode(spec) => Some(&spec.input),
            Self::Ingest(_)
            | Self::Snapshot(_)
            | Self::MediaInfo(_)
            | Self::Remux(_)
            | Self::Fingerprint(_) => None,
        }
    }

    /// What the job reads from a bucket.
    pub const fn input(&self) -> Option<&ObjectRef> {
        match self {
            Self::Transcode(spec) => Some(&spec.input),
            Self::Snapshot(spec) => Some(&spec.input),
            Self::MediaInfo(spec) => Some(&spec.input),
            Self::Remux(spec) => Some(&spec.input),
            Self::Fingerprint(spec) => Some(&spec.input),
            Self::Ingest(spec) => match &spec.source {
                kind::ingest::IngestSource::Url { .. } => None,
                kind::ingest::IngestSource::Object => Some(&spec.output),
            },
        }
    }

    /// What the job reads from buckets besides its input, each as often as it is named.
    pub fn further_inputs(&self) -> Vec<&ObjectRef> {
        match self {
            Self::Transcode(spec) => spec.further_inputs().collect(),
            Self::Ingest(_)
            | Self::Snapshot(_)
            | Self::MediaInfo(_)
            | Self::Remux(_)
            | Self::Fingerprint(_) => Vec::new(),
        }
    }

    /// What the job writes, one entry for each of its results. What writes nothing has a result about its input.
    pub fn targets(&self) -> Vec<&ObjectRef> {
        match self {
            Self::Transcode(spec) => {
                let outputs = spec.outputs.iter().map(|it| &it.object);
                outputs
                    .chain(spec.pictures.iter().map(|it| &it.output))
                    .collect()
            }
            Self::Ingest(spec) => std::iter::once(&spec.output).chain(&spec.cover).collect(),
            Self::Snapshot(spec) => vec![&spec.output],
            Self::MediaInfo(spec) => vec![spec.target()],
            Self::Remux(spec) => vec![&spec.output],
            Self::Fingerprint(spec) => vec![spec.target()],
        }
    }

    /// The transcode that it is, if it is one.
    pub const fn transcode(&self) -> Option<&kind::transcode::TranscodeSpec> {
        match self {
            Self::Transcode(spec) => Some(spec),
            Self::Ingest(_)
            | Self::Snapshot(_)
            | Self::MediaInfo(_)
            | Self::Remux(_)
            | Self::Fingerprint(_) => None,
        }
    }

    /// Where its file comes from, if it comes from elsewhere.
    pub const fn source_url(&self) -> Option<&kind::ingest::SourceUrl> {
        match self {
            Self::Ingest(kind::ingest::IngestSpec {
                source: kind::ingest::IngestSource::Url { url, .. },
                ..
            }) => Some(url),
            Self::Ingest(_)
            | Self::Transcode(_)
            | Self::Snapshot(_)
            | Self::MediaInfo(_)
            | Self::Remux(_)
            | Self::Fingerprint(_) => None,
        }
    }
}

/// The kinds of job there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    Transcode,
    Ingest,
    Snapshot,
    MediaInfo,
    Remux,
    Fingerprint,
}

impl JobKind {
    /// Each at the place of its code.
    pub const ALL: [Self; 6] = [
        Self::Transcode,
        Self::Ingest,
        Self::Snapshot,
        Self::MediaInfo,
        Self::Remux,
        Self::Fingerprint,
    ];

    /// Its name outside of this program.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transcode => "transcode",
            Self::Ingest => "ingest",
            Self::Snapshot => "snapshot",
            Self::MediaInfo => "media_info",
            Self::Remux => "remux",
            Self::Fingerprint => "fingerprint",
        }
    }

    /// As it is stored.
    pub const fn code(self) -> u8 {
        match self {
            Self::Transcode => 0,
            Self::Ingest => 1,
            Self::Snapshot => 2,
            Self::MediaInfo => 3,
            Self::Remux => 4,
            Self::Fingerprint => 5,
        }
    }
}

/// How urgent a job is inside its pipeline: 1 to 10, 10 first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

impl Priority {
    pub fn new(level: u8) -> Option<Self> {
        (1..=10).contains(&level).then_some(Self(level))
    }

    pub const fn level(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(6)
    }
}

impl TryFrom<u8> for Priority {
    type Error = &'static str;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        Self::new(level).ok_or("a priority is a number from 1 to 10")
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> u8 {
        priority.0
    }
}

/// Which dialect made a thing, and that dialect's own copy of the request. Only that dialect reads
/// `request`; `version` lets it read what its earlier releases wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub dialect: String,
    pub version: u16,
    pub request: serde_json::Value,
}

impl Origin {
    /// The most bytes a stored request may have as JSON.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Whether the request is short enough to be stored.
    pub fn fits(&self) -> bool {
        let mut room = Room(Self::MAX_BYTES);
        write!(room, "{}", self.request).is_ok()
    }
}

/// Takes so many bytes of text and keeps none of them.
struct Room(usize);

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// The most bytes a caller's user data may have.
pub const MAX_USER_DATA_BYTES: usize = 1024;

/// A job that is about to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub id: JobId,
    pub submission: SubmissionId,
    pub account: AccountId,
    pub pipeline: PipelineId,
    pub priority: Priority,
    pub spec: JobSpec,
    pub origin: Option<Origin>,
    pub user_data: Option<String>,
    /// The asset that it is made for: the job can be found by it.
    pub asset: Option<AssetId>,
    pub created_at: Timestamp,
}

/// A stored job, as read at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub number: JobNumber,
    pub submission: SubmissionId,
    pub account: AccountId,
    pub pipeline: PipelineId,
    pub priority: Priority,
    pub spec: JobSpec,
    pub origin: Option<Origin>,
    pub user_data: Option<String>,
    pub lifecycle: Lifecycle,
    /// 0 to 100, the mean over the outputs. Not a state: it may lag and never goes back within an
    /// attempt.
    pub progress: u8,
    /// One entry per output of the spec, in its order; empty until the job has ended.
    pub results: Vec<OutputResult>,
    pub created_at: Timestamp,
    /// When the newest attempt started.
    pub started_at: Option<Timestamp>,
}

impl Job {
    /// When the job ended, if it has.
    pub fn finished_at(&self) -> Option<Timestamp> {
        match &self.lifecycle.state {
            JobState::Succeeded { finished_at }
            | JobState::Failed { finished_at, .. }
            | JobState::Cancelled { finished_at } => Some(*finished_at),
            JobState::Queued { .. }
            | JobState::Running { .. }
            | JobState::Publishing { .. }
            | JobState::Stopping { .. } => None,
        }
    }

    /// Why the job failed, if it has.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.lifecycle.state {
            JobState::Failed { fault, .. } => Some(fault),
            _ => None,
        }
    }
}
