//! The one HTTP client for addresses that others name: guarded against ones that are not theirs to reach.
//!
//! Whoever names an address can name one inside the operator's network, in many spellings and through
//! names that resolve to it. So it is the address that a connection is made to that is judged, each
//! time: of a name, every address that it resolves to is looked at, and only good ones are handed to
//! the connection. Nothing here looks at proxies or follows a redirect.

mod client;
mod guard;

pub use client::{Answer, Client, FetchError, Limits};
pub use guard::{Guard, Refused};
