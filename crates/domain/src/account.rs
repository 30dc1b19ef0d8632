//! Accounts and their keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An account: 16 decimal digits, the first not zero. It owns everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(u64);

impl AccountId {
    const FIRST: u64 = 1_000_000_000_000_000;
    const LAST: u64 = 9_999_999_999_999_999;

    /// The account with this number, if it has 16 digits.
    pub fn new(number: u64) -> Option<Self> {
        (Self::FIRST..=Self::LAST)
            .contains(&number)
            .then_some(Self(number))
    }

    /// Spreads 64 random bits over the valid numbers.
    pub fn from_random(bits: u64) -> Self {
        Self(Self::FIRST + bits % (Self::LAST - Self::FIRST + 1))
    }

    /// The number; it always fits a signed 64-bit integer.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        text.parse()
            .ok()
            .and_then(Self::new)
            .ok_or(InvalidAccountId)
    }
}

/// The text is not an account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id is 16 decimal digits")]
pub struct InvalidAccountId;

/// A key pair of an account, for signed calls.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    pub account: AccountId,
    pub active: bool,
}

// The secret must not reach a log by way of `{:?}`.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}
