//! Live streams on workers: with the real store, FFmpeg and buckets, and peers on loopback. This program is the
//! guard beside each FFmpeg too.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and its peers are no processes of the crate's"
)]

mod house;
mod keeping;
mod several;
mod source;
mod streams;
mod takeover;

/// Runs before the test harness: with the guard's argument this process is the guard.
#[used]
#[unsafe(link_section = ".init_array")]
static GUARD: extern "C" fn() = reelgate_media::guard_if_asked;
