//! Accounts, their projects and their features.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountName, ProjectName};
use crate::ids::hex_id;
use crate::time::Timestamp;

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

    /// One spelling each: a number's own parser would also take a sign, and zeros in front.
    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidAccountId);
        }
        let number = text.parse().ok();
        number.and_then(Self::new).ok_or(InvalidAccountId)
    }
}

/// The text is not an account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id is 16 decimal digits")]
pub struct InvalidAccountId;

hex_id! {
    /// A project: what some dialects divide an account into.
    ProjectId
}

/// Who everything belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: AccountName,
    pub created_at: Timestamp,
    /// Those that are switched on.
    pub features: BTreeSet<Feature>,
}

/// A project of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub account: AccountId,
    pub name: ProjectName,
    pub created_at: Timestamp,
}

impl Project {
    /// The most projects of an account.
    pub const MOST: u32 = 100;
}

/// What an account can have beyond what every account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Transcoding at the edge.
    Edge,
}

impl Feature {
    pub const ALL: [Self; 1] = [Self::Edge];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Edge => "edge",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Feature {
    type Err = InvalidFeature;

    fn from_str(text: &str) -> Result<Self, InvalidFeature> {
        let found = Self::ALL.into_iter().find(|it| it.word() == text);
        found.ok_or(InvalidFeature)
    }
}

/// The text names no feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the only feature is 'edge'")]
pub struct InvalidFeature;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_sixteen_digits() {
        let id: AccountId = "1000000000000001".parse().unwrap();
        assert_eq!(id.to_string(), "1000000000000001");
        for text in [
            "",
            "1",
            "0000000000000001",
            "10000000000000000",
            "01000000000000001",
            "+1000000000000001",
            "+100000000000001",
            "100000000000000x",
        ] {
            assert_eq!(text.parse::<AccountId>(), Err(InvalidAccountId), "{text:?}");
        }
    }

    #[test]
    fn a_feature_reads_back_its_word() {
        for feature in Feature::ALL {
            assert_eq!(feature.to_string().parse(), Ok(feature));
        }
        assert_eq!("Edge".parse::<Feature>(), Err(InvalidFeature));
    }
}
