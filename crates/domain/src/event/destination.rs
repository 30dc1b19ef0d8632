//! Who is told of events.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::name::EventName;
use crate::access::AccountId;
use crate::ids::hex_id;
use crate::time::Timestamp;

hex_id! {
    /// A destination.
    DestinationId
}

/// A receiver of events: a webhook, or what receives the messages of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub id: DestinationId,
    pub account: AccountId,
    /// The name that a vendor's pipelines use for it; none for a webhook.
    pub topic: Option<TopicName>,
    pub url: String,
    /// Which events a webhook gets.
    pub names: NameSet,
    /// What signs the messages.
    pub secret: Sealed,
    /// What it was before, and until when both sign.
    pub old_secret: Option<(Sealed, Timestamp)>,
    /// One that is not gets nothing new, and what is unsent waits.
    pub enabled: bool,
    pub created_at: Timestamp,
}

impl Destination {
    /// The most that an account may have, of webhooks and topics together.
    pub const MOST: u32 = 100;
}

/// A stored secret: sealed, under the id that it was sealed for.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    pub id: String,
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Some of the events' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameSet(u32);

impl NameSet {
    pub const ALL: Self = Self((1 << EventName::ALL.len()) - 1);

    /// As it is stored: a bit for each name, by its code.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// None if a bit is that of no name.
    pub fn from_bits(bits: u32) -> Option<Self> {
        (bits & !Self::ALL.0 == 0).then_some(Self(bits))
    }

    pub const fn has(self, name: EventName) -> bool {
        self.0 & (1 << name.code()) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = EventName> {
        EventName::ALL
            .into_iter()
            .filter(move |name| self.has(*name))
    }
}

impl FromIterator<EventName> for NameSet {
    fn from_iter<I: IntoIterator<Item = EventName>>(names: I) -> Self {
        Self(
            names
                .into_iter()
                .fold(0, |bits, name| bits | 1 << name.code()),
        )
    }
}

/// The name of a topic or queue, as a vendor's pipelines use it: 1 to 256 letters, digits, hyphens,
/// underscores, dots, slashes and colons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(String);

/// The text cannot name a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a topic's name has 1 to 256 letters, digits, '-', '_', '.', '/' and ':'")]
pub struct InvalidTopic;

impl TopicName {
    /// What the names of dialects' own topics begin with: no text that somebody gives is such a name.
    const OWN: char = '~';

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The topic of all that a dialect tells an account, where it is the account and not its pipelines that says so.
    pub fn of_dialect(dialect: &str) -> Self {
        Self(format!("{}{dialect}", Self::OWN))
    }

    /// Whether a dialect keeps it for itself.
    pub fn is_of_dialect(&self) -> bool {
        self.0.starts_with(Self::OWN)
    }

    /// Reads what is stored: a name that somebody gave, or a dialect's own.
    pub fn stored(text: &str) -> Result<Self, InvalidTopic> {
        match text.strip_prefix(Self::OWN) {
            Some(dialect) => dialect.parse().map(|it: Self| Self::of_dialect(&it.0)),
            None => text.parse(),
        }
    }
}

impl FromStr for TopicName {
    type Err = InvalidTopic;

    fn from_str(text: &str) -> Result<Self, InvalidTopic> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
        if !(1..=256).contains(&text.len()) || !text.bytes().all(fits) {
            return Err(InvalidTopic);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TopicName {
    type Error = InvalidTopic;

    fn try_from(text: String) -> Result<Self, InvalidTopic> {
        text.parse()
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_names_has_what_it_was_made_of() {
        let set: NameSet = [EventName::Failed, EventName::Queued].into_iter().collect();
        let names: Vec<_> = set.iter().collect();
        assert_eq!(names, [EventName::Queued, EventName::Failed]);
        assert_eq!(NameSet::from_bits(set.bits()), Some(set));
        assert_eq!(NameSet::from_bits(1 << EventName::ALL.len()), None);
        assert!(
            EventName::ALL
                .into_iter()
                .all(|name| NameSet::ALL.has(name))
        );
    }

    #[test]
    fn topic_names_are_what_vendors_use() {
        for name in ["mts-topic", "mns-endpoint-model/a.b:c_d", "x"] {
            assert_eq!(name.parse::<TopicName>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "ä", "a\n", &"x".repeat(257)] {
            assert!(name.parse::<TopicName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_dialects_own_topic_is_nobody_elses() {
        let own = TopicName::of_dialect("vod");
        assert!(own.is_of_dialect());
        assert_eq!(TopicName::stored(own.as_str()), Ok(own.clone()));
        assert_eq!(own.as_str().parse::<TopicName>(), Err(InvalidTopic));
        let named = TopicName::stored("vod").unwrap();
        assert!(!named.is_of_dialect() && named != own);
        assert_eq!(TopicName::stored("~a b"), Err(InvalidTopic));
    }
}
