//! Nodes: the processes that share a store, what each of them runs, and the clusters they stand in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::JobKind;
use crate::{Timestamp, WorkerId};

/// Why the name of a node or a cluster was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 63 letters (A-Z, a-z), digits, '.', '_' and '-', and neither '.' nor '..'")]
pub struct InvalidNodeName;

// A macro because the name types share every line but must not be mixed up.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidNodeName> {
                let name = name.into();
                if fits(&name) { Ok(Self(name)) } else { Err(InvalidNodeName) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidNodeName;

            fn from_str(text: &str) -> Result<Self, InvalidNodeName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidNodeName;

            fn try_from(text: String) -> Result<Self, InvalidNodeName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name! {
    /// What people call a node. Several may have one name, such as processes of one machine.
    NodeName
}
name! {
    /// The name of a cluster: a group of nodes, such as those of a data centre.
    ClusterName
}

/// The cluster that always exists: live streams that were given no other run there.
impl Default for ClusterName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

fn fits(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    // In the path of an address these two mean the place itself and the one above it.
    let is_dots = matches!(name, "." | "..");
    (1..=63).contains(&name.len()) && name.bytes().all(allowed) && !is_dots
}

/// A named group of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub name: ClusterName,
    pub created_at: Timestamp,
}

/// Which kinds of jobs a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kinds(u32);

impl Kinds {
    /// All that there are, those of later releases too.
    pub const ALL: Self = Self(u32::MAX);
    pub const NONE: Self = Self(0);

    /// These and this one.
    #[must_use]
    pub const fn and(self, kind: JobKind) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    pub const fn has(self, kind: JobKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether nothing has to be looked at to know that a job is of one of these.
    pub fn is_all(self) -> bool {
        JobKind::ALL.iter().all(|kind| self.has(*kind))
    }

    /// A bit for each, at the place of its code.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Those of this release.
    pub fn each(self) -> impl Iterator<Item = JobKind> {
        JobKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// By name, in a fixed order.
    pub fn words(self) -> Vec<&'static str> {
        let kinds = JobKind::ALL.iter().filter(|kind| self.has(**kind));
        kinds.map(|kind| kind.word()).collect()
    }

    const fn bit(kind: JobKind) -> u32 {
        1 << kind.code()
    }
}

impl Default for Kinds {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}

/// The names of the kinds that are stored and were not by this release are left out.
impl From<&str> for Kinds {
    fn from(words: &str) -> Self {
        let known = JobKind::ALL
            .iter()
            .filter(|kind| words.split(',').any(|word| word == kind.word()));
        known.fold(Self::NONE, |kinds, kind| kinds.and(*kind))
    }
}

/// A process that shares a store with others, as it says of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Unique per start of the process.
    pub id: WorkerId,
    pub name: NodeName,
    /// What tells the directory that it keeps its own files in, which one process has at a time.
    pub home: String,
    /// Whether it answers the APIs.
    pub serves: bool,
    pub cluster: Option<ClusterName>,
    pub kinds: Kinds,
    /// How many jobs it runs at once; 0 if it runs none.
    pub slots: u32,
    /// The release that it is of.
    pub version: String,
    /// The names of the master keys that it can open secrets with, newest first.
    pub master_keys: Vec<String>,
    /// What tells the directory that it shares with the other nodes; absent if it shares none.
    pub shared_buckets: Option<String>,
    pub started_at: Timestamp,
}

/// What went wrong last, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub at: Timestamp,
    pub message: String,
}

/// A node as the others know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    pub node: Node,
    /// Slots that are taken.
    pub taken: u32,
    pub trouble: Option<Trouble>,
    /// Whether it has been told to start nothing more.
    pub draining: bool,
    /// When it last gave a sign of life.
    pub seen_at: Timestamp,
    /// How many jobs it holds, by the record.
    pub leases: u32,
}

impl NodeState {
    /// How often a node gives a sign of life.
    pub const BEAT_EVERY: Duration = Duration::from_secs(5);
    /// After this long without one a node counts as lost.
    pub const LIVE_FOR: Duration = Duration::from_secs(15);

    pub fn is_live(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) < Self::LIVE_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_digits_and_a_few_signs() {
        for good in ["a", "node-1.example.org", "A_b", &"x".repeat(63)] {
            assert_eq!(NodeName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a b", "a/b", "ä", "a\n", &"x".repeat(64)] {
            assert_eq!(ClusterName::new(bad), Err(InvalidNodeName), "{bad:?}");
        }
    }

    #[test]
    fn kinds_read_back_as_they_are_written() {
        assert!(Kinds::ALL.is_all());
        assert!(Kinds::from(&*Kinds::ALL.to_string()).is_all());
        assert_eq!(Kinds::from("").words(), [] as [&str; 0]);
        let some = Kinds::from("transcode,something-of-a-later-release");
        assert_eq!(some.words(), ["transcode"]);
        assert!(!Kinds::NONE.has(JobKind::Transcode));
    }
}
