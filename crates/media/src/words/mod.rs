//! Subtitles as texts: what their files are written in, and what becomes of them on their way into an output.
//! Pure.

pub(crate) mod ass;
pub(crate) mod charset;
pub(crate) mod timed;
