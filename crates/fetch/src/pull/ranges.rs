//! Sets of byte ranges.

use std::ops::Range;

/// Which bytes are there: ranges in order, with gaps between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Reads what was kept of one, if it can be one.
    pub(super) fn from_pairs(pairs: &[(u64, u64)]) -> Option<Self> {
        let mut at = None;
        for (start, end) in pairs {
            if start >= end || at.is_some_and(|at| *start <= at) {
                return None;
            }
            at = Some(*end);
        }
        Some(Self(
            pairs.iter().map(|(start, end)| *start..*end).collect(),
        ))
    }

    /// At most so many: the longest.
    pub(super) fn to_pairs(&self, most: usize) -> Vec<(u64, u64)> {
        let mut kept = self.0.clone();
        if kept.len() > most {
            kept.sort_by_key(|range| std::cmp::Reverse(range.end - range.start));
            kept.truncate(most);
            kept.sort_by_key(|range| range.start);
        }
        kept.into_iter()
            .map(|range| (range.start, range.end))
            .collect()
    }

    pub(super) fn add(&mut self, new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        let first = self.0.partition_point(|range| range.end < new.start);
        let last = self.0.partition_point(|range| range.start <= new.end);
        let merged = match self.0.get(first..last) {
            Some([start, .., end]) => start.start.min(new.start)..end.end.max(new.end),
            Some([only]) => only.start.min(new.start)..only.end.max(new.end),
            _ => new,
        };
        self.0.splice(first..last, [merged]);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Up to where everything is there from the start.
    pub(super) fn prefix(&self) -> u64 {
        match self.0.first() {
            Some(first) if first.start == 0 => first.end,
            _ => 0,
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |last| last.end)
    }

    /// What is missing of so many bytes.
    pub(super) fn gaps(&self, total: u64) -> Vec<Range<u64>> {
        let (mut at, mut gaps) = (0, Vec::new());
        for range in &self.0 {
            if at < range.start.min(total) {
                gaps.push(at..range.start.min(total));
            }
            at = range.end;
        }
        if at < total {
            gaps.push(at..total);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_of_ranges_is_the_set_of_its_bytes(
            added in proptest::collection::vec((0u64..60, 0u64..20), 0..12)
        ) {
            let (mut ranges, mut bytes) = (Ranges::default(), [false; 100]);
            for (start, length) in added {
                ranges.add(start..start + length);
                bytes[start as usize..(start + length) as usize].fill(true);
            }
            prop_assert_eq!(ranges.bytes(), bytes.iter().filter(|it| **it).count() as u64);
            let prefix = bytes.iter().take_while(|it| **it).count() as u64;
            prop_assert_eq!(ranges.prefix(), prefix);
            let missing: u64 = ranges.gaps(100).iter().map(|gap| gap.end - gap.start).sum();
            prop_assert_eq!(missing, 100 - ranges.bytes());
            for gap in ranges.gaps(100) {
                let there = bytes[gap.start as usize..gap.end as usize].contains(&true);
                prop_assert!(!there);
            }
            let again = Ranges::from_pairs(&ranges.to_pairs(100));
            prop_assert_eq!(again.as_ref(), Some(&ranges));
            let few = Ranges::from_pairs(&ranges.to_pairs(2)).unwrap();
            prop_assert!(few.0.len() <= 2 && few.bytes() <= ranges.bytes());
        }
    }

    #[test]
    fn what_is_no_set_of_ranges_is_not_read() {
        for pairs in [
            &[(1, 1)][..],
            &[(2, 1)],
            &[(0, 5), (5, 6)],
            &[(4, 6), (0, 2)],
        ] {
            assert_eq!(Ranges::from_pairs(pairs), None, "{pairs:?}");
        }
    }
}
