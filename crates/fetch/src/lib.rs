//! The one HTTP client for addresses that others name: guarded against ones that are not theirs to reach.
//!
//! Whoever names an address can name one inside the operator's network, in many spellings and through
//! names that resolve to it. So it is the address that a connection is made to that is judged, each
//! time: of a name, every address that it resolves to is looked at, and only good ones are handed to
//! the connection. Nothing here looks at proxies, and a redirect is followed by hand or not at all: each address that
//! it leads to is judged as the first one was.
//!
//! `Client` posts small messages, such as events to webhooks. `pull` fetches files of any size:
//!
//! ```text
//! let puller = Puller::new(guard, PullLimits::default())?;      // one for the whole process
//! let url = SourceUrl::read(text)?;                             // shows scheme and host only
//! let pulled = puller.pull(Pull { expect, room, progress, ..Pull::new(&url, dir) }).await?;
//! ```

mod client;
mod guard;
pub mod pull;

pub use client::{Answer, Client, FetchError, Limits};
pub use guard::{Guard, Refused};
