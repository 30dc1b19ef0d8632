//! What running a job means, one module per kind.

mod complexity;
mod fingerprint;
mod ingest;
mod media_info;
mod remux;
mod snapshot;
mod source;
mod survey;
mod transcode;

use std::path::{Path, PathBuf};

use reelgate_domain::ObjectRef;
use reelgate_domain::job::{Fault, Job};
use reelgate_domain::media::OutputResult;
use reelgate_media::Limits;

pub(crate) use fingerprint::Printed;
pub(crate) use ingest::{fetched_dir, fetched_folder, fetched_for, pieces_dir};
pub(crate) use snapshot::Pictures;
pub use source::Source;
pub(crate) use source::{FurtherSource, Sources};
pub(crate) use source::{bucket_fault, fetched_name, find_bucket, source_fault};
pub(crate) use survey::Look;
pub use transcode::{Outcome, Planned, Process};

use crate::Tools;
use crate::opening::Opening;

/// A job of a kind that shares nothing with others, and what it is run with. `S` is the kind's spec.
pub(crate) struct Alone<'a, S> {
    pub(crate) tools: &'a Tools,
    pub(crate) opening: Opening,
    pub(crate) job: &'a Job,
    pub(crate) spec: &'a S,
    /// The directory of unfinished files, which does not outlive the attempt.
    pub(crate) scratch: &'a Path,
    pub(crate) limits: Limits,
    /// Hears the index of a result and 0 to 100.
    pub(crate) on_progress: &'a (dyn Fn(usize, u8) + Send + Sync),
}

/// One output of an attempt, complete and not yet published.
#[derive(Clone, Debug)]
pub struct Made {
    pub result: OutputResult,
    /// Where each of the result's files is now, in their order.
    pub files: Vec<PathBuf>,
    /// The output's own directory in scratch, if it got that far.
    pub dir: Option<PathBuf>,
}

impl Made {
    /// An output that there will not be.
    pub fn failed(object: &ObjectRef, fault: Fault) -> Self {
        let object = object.clone();
        Self {
            result: OutputResult::Failed { object, fault },
            files: Vec::new(),
            dir: None,
        }
    }
}
