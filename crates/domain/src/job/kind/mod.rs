//! One module per kind of job: what its spec holds.

pub mod ingest;
pub mod snapshot;
pub mod transcode;
