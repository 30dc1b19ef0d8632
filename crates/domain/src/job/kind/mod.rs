//! One module per kind of job: what its spec holds.

pub mod fingerprint;
pub mod ingest;
pub mod media_info;
pub mod remux;
pub mod snapshot;
pub mod transcode;
