//! What running a job means, one module per kind.

mod transcode;

use std::path::PathBuf;

use reelgate_domain::media::OutputResult;

pub(crate) use transcode::transcode;

/// One output of an attempt, complete and not yet published.
pub(crate) struct Made {
    pub(crate) result: OutputResult,
    /// Where each of the result's files is now, in their order.
    pub(crate) files: Vec<PathBuf>,
}

/// The attempt was ended from outside, and its processes are gone.
pub(crate) struct Interrupted;
