//! What makes a signed call count once.

use std::time::Duration;

use crate::time::Timestamp;

/// The identity of a signed call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once {
    /// Of the key's id and the nonce, by a cryptographic hash: a store may keep half of it, which is
    /// enough to tell any two calls of its lifetime apart.
    pub hash: [u8; 16],
    /// It has to be remembered until this time: a call with this signature is too old afterwards.
    pub until: Timestamp,
}

impl Once {
    /// How long after it was signed a call is remembered: for the 15 minutes that a signature holds, and
    /// one more.
    pub const KEPT: Duration = Duration::from_mins(16);
}
