//! Live streams with a real FFmpeg, its guard and its sandbox. This program is the guard too.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they are called from"
)]

mod certificates;
mod guard;
mod network;
mod peers;
mod streams;
mod support;

/// Runs before the test harness: with the guard's argument this process is the guard.
#[used]
#[unsafe(link_section = ".init_array")]
static GUARD: extern "C" fn() = reelgate_media::guard_if_asked;
