//! The whole crate against the real FFmpeg and real clips.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they are called from"
)]

mod animations;
mod broken;
mod cascade;
mod chunks;
mod clips;
mod clocks;
mod codecs;
mod colours;
mod containers;
mod copies;
mod covers;
mod dash;
mod encryption;
mod erasing;
mod fragments;
mod framing;
mod hdr10;
mod hls;
mod hostile;
mod interlaced;
mod join;
mod looks;
mod misbehaving;
mod mix;
mod odd;
mod outputs;
mod overlays;
mod processes;
mod properties;
mod quality;
mod remux;
mod sandbox;
mod segmenting;
mod shared;
mod snapshots;
mod stand_in;
mod strict;
mod subtitles;
mod support;
mod surveys;
mod volume;
