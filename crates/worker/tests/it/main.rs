//! Journeys of jobs through service, store, worker and the real FFmpeg.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod complexity;
mod dna;
mod faults;
mod faulty;
mod gate;
mod groups;
mod house;
mod ingest;
mod journeys;
mod kinds;
mod limits;
mod object_store;
mod quality;
mod recovery;
mod room;
mod same;
mod web;
