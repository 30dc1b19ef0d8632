//! The native API over HTTP, on a real service with SQLite in a temporary directory.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

mod access;
mod bad_input;
mod buckets;
mod cancel;
mod health;
mod history;
mod jobs;
mod objects;
mod pipelines;
mod playlists;
mod ranges;
mod retry;
mod server;
mod submit;
mod waiting;
