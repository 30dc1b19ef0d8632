//! Which connection fetches which bytes.

use std::ops::Range;

/// What a further connection takes at once.
pub(super) const SHARE: u64 = 16 << 20;

/// What is to be fetched: gaps that nobody is at, and spans that a connection is at.
#[derive(Debug, Default)]
pub(super) struct Work {
    gaps: Vec<Range<u64>>,
    spans: Vec<Span>,
    next: u64,
}

/// What one connection is to fetch.
#[derive(Debug)]
struct Span {
    id: u64,
    /// What is still to come.
    rest: Range<u64>,
    /// Up to where its answer reaches: beyond what is to come, if another connection has taken the end.
    reach: u64,
}

impl Work {
    pub(super) fn new(gaps: Vec<Range<u64>>) -> Self {
        Self {
            gaps,
            ..Self::default()
        }
    }

    /// Everything up to here.
    pub(super) fn all(end: u64) -> Self {
        Self::new(std::iter::once(0..end).collect())
    }

    /// Takes a piece of work: a gap, or the end of what another connection is at, if that is worth it.
    pub(super) fn take(&mut self) -> Option<(u64, Range<u64>)> {
        let range = self.take_gap().or_else(|| self.split())?;
        let id = self.next;
        self.next += 1;
        self.spans.push(Span {
            id,
            rest: range.clone(),
            reach: range.end,
        });
        Some((id, range))
    }

    /// The first connection takes a gap as it is, others a share of it.
    fn take_gap(&mut self) -> Option<Range<u64>> {
        let alone = self.spans.is_empty();
        let gap = self.gaps.first_mut()?;
        if alone || gap.end - gap.start <= SHARE {
            return Some(self.gaps.remove(0));
        }
        let share = gap.start..gap.start + SHARE;
        gap.start = share.end;
        Some(share)
    }

    fn split(&mut self) -> Option<Range<u64>> {
        let longest = self
            .spans
            .iter_mut()
            .max_by_key(|span| span.rest.end - span.rest.start)?;
        let Range { start, end } = longest.rest;
        if end - start < 2 * SHARE {
            return None;
        }
        longest.rest.end = end - SHARE;
        Some(end - SHARE..end)
    }

    /// Whether another connection would find something to do.
    pub(super) fn has_more(&self) -> bool {
        let splits = |span: &Span| span.rest.end - span.rest.start >= 2 * SHARE;
        !self.gaps.is_empty() || self.spans.iter().any(splits)
    }

    /// How many bytes of those that have come are for this connection's piece; how far it has got.
    pub(super) fn came(&mut self, id: u64, bytes: u64) -> Came {
        let Some(span) = self.spans.iter_mut().find(|span| span.id == id) else {
            return Came::default();
        };
        let at = span.rest.start;
        let taken = bytes.min(span.rest.end - at);
        span.rest.start += taken;
        Came {
            at,
            taken,
            is_done: span.rest.is_empty(),
            over: bytes > span.reach - at,
            is_cut: span.rest.end < span.reach,
        }
    }

    /// How long the content is, now that it is known.
    pub(super) fn ends(&mut self, id: u64, end: u64) {
        if let Some(span) = self.spans.iter_mut().find(|span| span.id == id) {
            span.rest.end = end.max(span.rest.start);
            span.reach = span.rest.end;
        }
    }

    /// What a connection has not fetched is for others; nothing if it has fetched all.
    pub(super) fn leave(&mut self, id: u64) {
        let Some(index) = self.spans.iter().position(|span| span.id == id) else {
            return;
        };
        let rest = self.spans.remove(index).rest;
        if rest.is_empty() {
            return;
        }
        // Whoever it was taken from still gets it with its answer.
        let before = |span: &&mut Span| span.rest.end == rest.start && span.reach >= rest.end;
        if let Some(span) = self.spans.iter_mut().find(before) {
            span.rest.end = rest.end;
            return;
        }
        let place = self.gaps.partition_point(|gap| gap.start < rest.start);
        self.gaps.insert(place, rest);
    }

    /// What is left when nobody is at it.
    pub(super) fn is_done(&self) -> bool {
        self.gaps.is_empty() && self.spans.is_empty()
    }
}

/// What came of bytes that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// Where they belong.
    pub(super) at: u64,
    /// How many of them.
    pub(super) taken: u64,
    /// Whether that was all that is to come.
    pub(super) is_done: bool,
    /// Whether it was more than the answer was to bring.
    pub(super) over: bool,
    /// Whether the answer goes on, for the rest has been taken by others.
    pub(super) is_cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: u64 = 10 * SHARE;

    #[test]
    fn further_connections_take_the_end_of_the_first_ones_piece() {
        let mut work = Work::all(TOTAL);
        let (first, all) = work.take().unwrap();
        assert_eq!(all, 0..TOTAL);
        let (_, end) = work.take().unwrap();
        assert_eq!(end, 9 * SHARE..TOTAL);
        let came = work.came(first, 7 * SHARE);
        assert!(!came.is_done);
        // Two shares are left, which the first keeps once one has been taken.
        assert_eq!(work.take().unwrap().1, 8 * SHARE..9 * SHARE);
        assert!(!work.has_more());
        assert_eq!(work.take(), None);
        let came = work.came(first, 3 * SHARE);
        assert_eq!((came.at, came.taken), (7 * SHARE, SHARE));
        assert!(came.is_done && came.is_cut && !came.over);
    }

    #[test]
    fn what_one_connection_leaves_another_takes() {
        let mut work = Work::all(TOTAL);
        let (first, _) = work.take().unwrap();
        let (second, share) = work.take().unwrap();
        work.came(second, 10);
        work.leave(second);
        // Part of it has come, so it does not follow on what the first is at.
        assert_eq!(work.take().unwrap().1, share.start + 10..share.end);
        work.came(first, 9 * SHARE);
        work.leave(first);
        assert!(!work.is_done(), "somebody is still at the rest");
    }

    #[test]
    fn a_piece_that_was_not_begun_goes_back_to_whom_it_was_taken_from() {
        let mut work = Work::all(TOTAL);
        let (first, _) = work.take().unwrap();
        let (second, _) = work.take().unwrap();
        work.leave(second);
        let came = work.came(first, TOTAL);
        assert_eq!((came.taken, came.is_cut), (TOTAL, false));
        work.leave(first);
        assert!(work.is_done());
    }

    #[test]
    fn an_answer_that_goes_on_too_long_is_told_from_one_that_was_cut() {
        let mut work = Work::all(10);
        let (id, _) = work.take().unwrap();
        let came = work.came(id, 11);
        assert!(came.over && came.taken == 10 && !came.is_cut);
    }
}
