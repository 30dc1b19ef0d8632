//! Bringing what lies at one address into one file.
//!
//! A `Puller` is shared by all pulls of a process. A pull asks for the whole content with `Range: bytes=0-`, so that its
//! first answer brings the bytes and tells whether ranges can be had. What one connection brings slowly
//! is fetched over several, each of which takes the end of another's piece. What breaks off is gone on with, by
//! `Range` and `If-Range`; so is what an earlier pull of the same address has left in the same directory, however it ended.
//!
//! The directory is the pull's own. While it is at work it holds `pulled.part` and, once there is more in it than
//! one would fetch again, `pulled.state`; afterwards `pulled` and `pulled.state`. A fault that lasts leaves none of them.

mod answer;
mod ask;
mod fault;
mod folder;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
mod limits;
mod names;
mod pace;
mod part;
mod puller;
mod ranges;
mod run;
mod slots;
mod sniff;
mod source;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod work;
mod writing;

pub use answer::Validators;
pub use fault::PullFault;
pub use folder::discard;
pub use limits::PullLimits;
pub use puller::{Expected, Head, Judge, Look, Progress, Pull, Pulled, Puller};
pub use sniff::{HEAD_BYTES, Kind, sniff};
pub use source::SourceUrl;
