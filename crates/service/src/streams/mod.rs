//! Live streams: create, look up, list, change, start, stop, delete; their templates, and the hosts that they may
//! come from and go to.
//!
//! Only those who may use edge transcoding create, change and start streams. Looking at them, stopping and deleting
//! is left to everybody, so that what runs can be ended when the right is taken away.

mod change;
mod check;
mod create;
mod delete;
mod error;
mod get;
mod hosts;
mod plan;
mod start;
mod stop;
mod templates;
mod wait;

pub use change::{ChangeStream, WhileRunning};
pub use create::CreateStream;
pub use error::StreamError;
pub use templates::{ChangeLiveTemplate, NewLiveTemplate, built_in_templates};

/// The most streams that an account may have.
const MOST_STREAMS: u32 = 200_000;

/// How often a write is tried again that met a change of what it was made of.
const TRIES: usize = 5;

use reelgate_domain::access::Once;

/// The identity of a call for one more write after one that was answered that nothing was changed. That answer has
/// used up one without a note, which a write cannot show again.
fn again(once: Option<Once>) -> Option<Once> {
    once.filter(|once| once.note.is_some())
}
