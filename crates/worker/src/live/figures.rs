//! Figures of the live streams that a worker runs, for whoever watches over it.

use std::time::Duration;

/// Counts since the worker was started, and what is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveFigures {
    /// How many may run at once.
    pub connecting: u32,
    pub live: u32,
    pub interrupted: u32,
    /// Processes that followed one that was lost.
    pub restarts: u64,
    /// How far the farthest of the outputs is behind, in ms.
    pub lag_ms: u64,
    pub stops: StopLatency,
}

/// How long it took from a decided stop until its processes were gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StopLatency {
    /// As many took no longer than the bound of their place among [`Self::BOUNDS_MS`].
    within: [u64; Self::BOUNDS_MS.len()],
    pub count: u64,
    pub sum: Duration,
}

impl StopLatency {
    pub const BOUNDS_MS: [u64; 8] = [50, 100, 200, 350, 500, 1_000, 2_000, 5_000];

    pub(crate) fn note(&mut self, took: Duration) {
        self.count += 1;
        self.sum += took;
        for (count, bound) in self.within.iter_mut().zip(Self::BOUNDS_MS) {
            *count += u64::from(took <= Duration::from_millis(bound));
        }
    }

    /// Each bound in ms with how many took no longer.
    pub fn cumulated(&self) -> impl Iterator<Item = (u64, u64)> {
        Self::BOUNDS_MS.into_iter().zip(self.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_counted_by_how_long_they_took() {
        let mut stops = StopLatency::default();
        for millis in [20, 50, 120, 9_000] {
            stops.note(Duration::from_millis(millis));
        }
        let cumulated: Vec<_> = stops.cumulated().map(|(_, count)| count).collect();
        assert_eq!(cumulated, [2, 2, 3, 3, 3, 3, 3, 3]);
        assert_eq!((stops.count, stops.sum.as_millis()), (4, 9_190));
    }
}
