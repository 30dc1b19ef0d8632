//! One module per kind of job: what its spec holds.

pub mod transcode;
