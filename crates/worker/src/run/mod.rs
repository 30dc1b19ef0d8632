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

use std::path::PathBuf;

use reelgate_domain::ObjectRef;
use reelgate_domain::job::Fault;
use reelgate_domain::media::OutputResult;

pub(crate) use fingerprint::{Print, Printed};
pub(crate) use ingest::{Ingest, fetched_dir, fetched_folder, fetched_for, pieces_dir};
pub(crate) use media_info::MediaInfo;
pub(crate) use remux::Remux;
pub(crate) use snapshot::{Pictures, Snapshot};
pub use source::Source;
pub(crate) use source::{FurtherSource, Sources};
pub(crate) use source::{bucket_fault, fetched_name, find_bucket, source_fault};
pub(crate) use survey::Look;
pub use transcode::{Outcome, Planned, Process};

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
