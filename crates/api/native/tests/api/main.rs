//! The native API over HTTP, on a real service with SQLite in a temporary directory.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

mod access;
mod accounts;
mod audit;
mod authority;
mod bad_access;
mod bad_input;
mod bad_policies;
mod buckets;
mod cancel;
mod catalogue;
mod events;
mod health;
mod history;
mod idempotency;
mod jobs;
mod keeping;
mod keys;
mod kinds;
mod libraries;
mod manifests;
mod measured;
mod objects;
mod own_things;
mod pipelines;
mod playlists;
mod policies;
mod ranges;
mod retry;
mod seen_streams;
mod server;
mod shared;
mod stream_templates;
mod streams;
mod submit;
mod waiting;
