//! How long what is over stays: finished jobs, events, deliveries, the audit, what attempts left.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

/// What is kept for a time that each account may have set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kept {
    /// Jobs that have ended, from their end on. Their outputs stay.
    Jobs,
    /// What happened to jobs, as it is told to those who listen.
    Events,
    /// Deliveries of events that have ended, and what came of each try.
    Deliveries,
    /// Records of calls.
    Audit,
    /// What attempts have left in buckets whose jobs are not known any more.
    Attempts,
}

impl Kept {
    pub const ALL: [Self; 5] = [
        Self::Jobs,
        Self::Events,
        Self::Deliveries,
        Self::Audit,
        Self::Attempts,
    ];

    /// The most days that anything can be kept for: a hundred years.
    pub const MOST_DAYS: u32 = 36_500;

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Events => "events",
            Self::Deliveries => "deliveries",
            Self::Audit => "audit",
            Self::Attempts => "attempts",
        }
    }

    /// Days, unless somebody sets others. Of the vendors' query windows for jobs (half a year, 180 days,
    /// a year) the longest, so that none shows less than it would there.
    pub const fn default_days(self) -> u32 {
        match self {
            Self::Jobs => 365,
            Self::Events | Self::Deliveries | Self::Audit => 30,
            Self::Attempts => 7,
        }
    }

    /// The fewest days: what is retried for three days is not taken away before, and an attempt of
    /// another store that writes to the same bucket has ended by then.
    pub const fn fewest_days(self) -> u32 {
        match self {
            Self::Jobs | Self::Audit => 1,
            Self::Events | Self::Deliveries => 4,
            Self::Attempts => 2,
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The text names nothing that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is kept for a time is jobs, events, deliveries, audit or attempts")]
pub struct InvalidKept;

impl FromStr for Kept {
    type Err = InvalidKept;

    fn from_str(text: &str) -> Result<Self, InvalidKept> {
        let found = Self::ALL.into_iter().find(|kept| kept.word() == text);
        found.ok_or(InvalidKept)
    }
}

/// How many days what is kept for: what was set for an account, and the installation's defaults for the
/// rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention(BTreeMap<Kept, u32>);

impl Retention {
    /// The defaults, but for what is given.
    pub fn new(days: impl IntoIterator<Item = (Kept, u32)>) -> Self {
        Self(days.into_iter().collect())
    }

    pub fn days(&self, kept: Kept) -> u32 {
        let given = self.0.get(&kept).copied();
        given.unwrap_or(kept.default_days())
    }

    /// The same with these in place of what it says itself.
    #[must_use]
    pub fn with(&self, days: &BTreeMap<Kept, u32>) -> Self {
        let mut both = self.0.clone();
        both.extend(days.iter().map(|(kept, days)| (*kept, *days)));
        Self(both)
    }

    /// What is older than this has been kept for long enough.
    pub fn kept_since(&self, kept: Kept, now: Timestamp) -> Timestamp {
        const DAY_MILLIS: i64 = 24 * 3600 * 1000;
        let millis = i64::from(self.days(kept)) * DAY_MILLIS;
        Timestamp::from_millis(now.as_millis().saturating_sub(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_as_it_is_written() {
        for kept in Kept::ALL {
            assert_eq!(kept.word().parse(), Ok(kept));
            let days = kept.fewest_days()..=Kept::MOST_DAYS;
            assert!(days.contains(&kept.default_days()), "{kept}");
        }
        assert_eq!("Jobs".parse::<Kept>(), Err(InvalidKept));
    }

    #[test]
    fn what_is_set_goes_before_the_default() {
        let installation = Retention::new([(Kept::Audit, 90)]);
        let of_account = installation.with(&BTreeMap::from([(Kept::Jobs, 2)]));
        let days = Kept::ALL.map(|kept| of_account.days(kept));
        assert_eq!(days, [2, 30, 30, 90, 7]);
        let now = Timestamp::from_millis(2 * 24 * 3600 * 1000 + 5);
        assert_eq!(of_account.kept_since(Kept::Jobs, now).as_millis(), 5);
    }
}
