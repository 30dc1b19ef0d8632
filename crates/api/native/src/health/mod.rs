//! Health: is the process alive, and should it get requests.

mod check;
mod live;
mod probes;
mod ready;

pub use check::Check;
pub(crate) use live::live;
pub(crate) use probes::metrics;
pub use probes::probes;
pub(crate) use ready::ready;
