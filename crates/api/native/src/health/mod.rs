//! Health: is the process alive, and should it get requests.

mod check;
mod live;
mod ready;

pub use check::Check;
pub(crate) use live::live;
pub(crate) use ready::ready;
