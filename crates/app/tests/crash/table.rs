//! Which moments the kills fell into.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;

use crate::moment::Phase;

/// How many kills there are at least, and how many at most to hit what was missed before.
const KILLS: usize = 56;
const MOST_KILLS: usize = 240;
/// How often each phase is to be hit.
const HITS: usize = 4;

/// The kills so far, for several who kill at the same time.
#[derive(Default)]
pub(crate) struct Table(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    begun: usize,
    /// By what was aimed at, then by what was found.
    hits: BTreeMap<Phase, BTreeMap<Option<Phase>, usize>>,
    longest: Duration,
}

impl Table {
    /// What to aim at next; `None` when it is enough.
    pub(crate) fn next(&self, rng: &mut Rng) -> Option<Phase> {
        let mut counts = self.counts();
        let drawn = rng.choice(Phase::ALL).expect("there are phases");
        let wanted = if counts.begun < KILLS {
            drawn
        } else {
            let rare = |phase: &Phase| counts.found(*phase) < HITS;
            Phase::ALL.into_iter().find(rare)?
        };
        counts.begun += 1;
        (counts.begun <= MOST_KILLS).then_some(wanted)
    }

    /// No more kills, because something did not hold.
    pub(crate) fn give_up(&self) {
        self.counts().begun = MOST_KILLS;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap()
    }

    /// Takes down a kill, and when a process of the dead service was last seen alive.
    pub(crate) fn killed(&self, aim: Phase, found: Option<Phase>, lived: Duration) {
        let mut counts = self.counts();
        *counts
            .hits
            .entry(aim)
            .or_default()
            .entry(found)
            .or_default() += 1;
        counts.longest = counts.longest.max(lived);
    }

    /// Fails unless there were enough kills in every phase.
    pub(crate) fn check(&self) {
        let counts = self.counts();
        let kills: usize = counts.hits.values().flat_map(BTreeMap::values).sum();
        assert!(kills >= KILLS, "{kills} kills");
        for phase in Phase::ALL {
            let hits = counts.found(phase);
            assert!(hits >= HITS, "{phase:?} was hit {hits} times\n{}", *counts);
        }
    }
}

impl Counts {
    fn found(&self, phase: Phase) -> usize {
        let found = self
            .hits
            .values()
            .filter_map(|found| found.get(&Some(phase)));
        found.sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts().fmt(f)
    }
}

/// A row for each phase that was aimed at, a column for each that was found.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = || Phase::ALL.into_iter().map(Some).chain([None]);
        let name = |phase: Option<Phase>| {
            phase.map_or_else(
                || "none".to_owned(),
                |phase| format!("{phase:?}").to_lowercase(),
            )
        };
        write!(f, "{:>16}", "aimed at \\ found")?;
        for column in columns() {
            write!(f, "{:>9}", name(column))?;
        }
        writeln!(f)?;
        for (aim, found) in &self.hits {
            write!(f, "{:>16}", name(Some(*aim)))?;
            for column in columns() {
                write!(f, "{:>9}", found.get(&column).copied().unwrap_or(0))?;
            }
            writeln!(f)?;
        }
        write!(f, "{:>16}", "all")?;
        for column in columns() {
            let found = self.hits.values().filter_map(|found| found.get(&column));
            write!(f, "{:>9}", found.sum::<usize>())?;
        }
        writeln!(f)?;
        let millis = self.longest.as_millis();
        writeln!(
            f,
            "a process of a dead service was seen alive {millis} ms after the kill at the latest"
        )
    }
}
