//! Access: who calls, and the first account of a new store.

mod authenticate;
mod first_start;

pub use authenticate::Caller;
pub(crate) use authenticate::KeyCache;
pub use first_start::Credentials;
