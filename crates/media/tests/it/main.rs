//! The whole crate against the real FFmpeg and real clips.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they are called from"
)]

mod broken;
mod clips;
mod hls;
mod misbehaving;
mod outputs;
mod processes;
mod sandbox;
mod stand_in;
mod support;
