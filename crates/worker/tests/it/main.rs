//! Journeys of jobs through service, store, worker and the real FFmpeg.

mod house;
mod journeys;
mod recovery;
