//! Which connection fetches which bytes.

use std::ops::Range;

/// What a further connection takes at once.
pub(super) const SHARE: u64 = 16 << 20;

/// What is to be fetched: gaps that nobody is at, and spans that a connection is at.
///
/// Who takes the end of what another connection is at has it only once the server has answered: until then that other
/// one goes on as if nobody had asked, so a server that turns further connections away, or lets them wait, costs nothing
/// but their questions. There may be no second answer to ask for the rest with.
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
    /// Whose it is as long as nothing has been answered.
    of: Option<u64>,
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

    /// Takes a piece of work: a gap, or the end of what another connection is at, if that is worth it. It is there
    /// to be asked for, and is to be fetched if it is still of use when the answer comes.
    pub(super) fn take(&mut self) -> Option<(u64, Range<u64>)> {
        let (of, range) = match self.take_gap() {
            Some(gap) => (None, gap),
            None => self.spare().map(|(of, end)| (Some(of), end))?,
        };
        let id = self.next;
        self.next += 1;
        self.spans.push(Span {
            id,
            rest: range.clone(),
            reach: range.end,
            of,
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

    /// The end of the longest span, and whose that is.
    fn spare(&self) -> Option<(u64, Range<u64>)> {
        let own = self.spans.iter().filter(|span| span.of.is_none());
        let left = own.map(|span| {
            let asked = self.spans.iter().filter(|it| it.of == Some(span.id));
            let asked = asked.map(|it| it.rest.start).min();
            (span, asked.unwrap_or(span.rest.end))
        });
        let (span, end) = left.max_by_key(|(span, end)| end.saturating_sub(span.rest.start))?;
        let is_worth_it = end.saturating_sub(span.rest.start) >= 2 * SHARE;
        is_worth_it.then(|| (span.id, end - SHARE..end))
    }

    /// Whether another connection would find something to do.
    pub(super) fn has_more(&self) -> bool {
        !self.gaps.is_empty() || self.spare().is_some()
    }

    /// The server has answered, so that the piece may be begun. Whether that is of use: whom it was taken from may have
    /// got there, or may have gone.
    pub(super) fn begin(&mut self, id: u64) -> bool {
        let Some(span) = self.spans.iter().find(|span| span.id == id) else {
            return false;
        };
        let Some(of) = span.of else {
            return true;
        };
        let start = span.rest.start;
        let mut owners = self.spans.iter_mut();
        let owner = owners.find(|owner| owner.id == of && owner.rest.start < start);
        let Some(owner) = owner else {
            return false;
        };
        let end = std::mem::replace(&mut owner.rest.end, start);
        self.hand_on(of, start..end);
        true
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
        let left = self.spans.remove(index);
        // What was another's until now has stayed with it.
        if left.of.is_none() {
            self.hand_on(id, left.rest);
        }
    }

    /// What is not this connection's any more is for those who have asked for parts of it, and for anybody else.
    fn hand_on(&mut self, of: u64, rest: Range<u64>) {
        let mut asked: Vec<&mut Span> = (self.spans.iter_mut())
            .filter(|span| span.of == Some(of) && span.rest.start >= rest.start)
            .collect();
        asked.sort_by_key(|span| span.rest.start);
        let (mut at, mut gaps) = (rest.start, Vec::new());
        for span in asked {
            span.of = None;
            gaps.push(at..span.rest.start);
            at = span.rest.end;
        }
        gaps.push(at..rest.end);
        for gap in gaps {
            self.give_back(gap);
        }
    }

    /// Nobody is at these bytes any more.
    fn give_back(&mut self, gap: Range<u64>) {
        if gap.is_empty() {
            return;
        }
        let place = self.gaps.partition_point(|it| it.start < gap.start);
        self.gaps.insert(place, gap);
        self.gaps.dedup_by(|gap, before| {
            let follows = gap.start == before.end;
            if follows {
                before.end = gap.end;
            }
            follows
        });
        // Somebody may get them with an answer that goes on.
        let spans = self.spans.iter_mut();
        for span in spans.filter(|span| span.of.is_none() && !span.rest.is_empty()) {
            let follows = |gap: &&mut Range<u64>| gap.start == span.rest.end;
            if let Some(gap) = self.gaps.iter_mut().find(follows) {
                gap.start = gap.end.min(span.reach).max(gap.start);
                span.rest.end = gap.start;
            }
        }
        self.gaps.retain(|gap| !gap.is_empty());
    }

    /// Whether all has come that anybody has been at. Who still waits for an answer may be left alone.
    pub(super) fn is_done(&self) -> bool {
        self.gaps.is_empty() && self.spans.iter().all(|span| span.of.is_some())
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
    use proptest::prelude::*;

    use super::*;
    use crate::pull::ranges::Ranges;

    const TOTAL: u64 = 10 * SHARE;

    #[test]
    fn further_connections_take_the_end_of_the_first_ones_piece() {
        let mut work = Work::all(TOTAL);
        let (first, all) = work.take().unwrap();
        assert_eq!(all, 0..TOTAL);
        assert!(work.begin(first));
        let (second, end) = work.take().unwrap();
        assert_eq!(end, 9 * SHARE..TOTAL);
        assert!(work.begin(second));
        let came = work.came(first, 7 * SHARE);
        assert!(!came.is_done);
        // Two shares are left, of which the first keeps one.
        let (third, end) = work.take().unwrap();
        assert_eq!(end, 8 * SHARE..9 * SHARE);
        assert!(!work.has_more());
        assert_eq!(work.take(), None);
        assert!(work.begin(third));
        let came = work.came(first, 3 * SHARE);
        assert_eq!((came.at, came.taken), (7 * SHARE, SHARE));
        assert!(came.is_done && came.is_cut && !came.over);
    }

    #[test]
    fn what_one_connection_leaves_another_takes() {
        let mut work = Work::all(TOTAL);
        let (first, _) = work.take().unwrap();
        let (second, share) = work.take().unwrap();
        assert!(work.begin(second));
        work.came(second, 10);
        work.leave(second);
        // Part of it has come, so it does not follow on what the first is at.
        assert_eq!(work.take().unwrap().1, share.start + 10..share.end);
        work.came(first, 9 * SHARE);
        work.leave(first);
        assert!(!work.is_done(), "somebody is still at the rest");
    }

    #[test]
    fn what_broke_off_before_its_first_byte_comes_with_the_answer_that_goes_on() {
        let mut work = Work::all(TOTAL);
        let (first, _) = work.take().unwrap();
        let (second, _) = work.take().unwrap();
        assert!(work.begin(second));
        work.leave(second);
        let came = work.came(first, TOTAL);
        assert_eq!((came.taken, came.is_cut), (TOTAL, false));
        work.leave(first);
        assert!(work.is_done());
    }

    /// Of two that were turned away the one that had asked first kept its piece from the first connection, and no other
    /// was given it.
    #[test]
    fn those_that_are_turned_away_in_whatever_order_take_nothing() {
        for backwards in [false, true] {
            let mut work = Work::all(TOTAL);
            let (first, _) = work.take().unwrap();
            let mut asked = [(); 3].map(|()| work.take().unwrap().0);
            if backwards {
                asked.reverse();
            }
            for id in asked {
                work.leave(id);
            }
            let came = work.came(first, TOTAL);
            assert_eq!((came.taken, came.is_cut), (TOTAL, false));
            work.leave(first);
            assert!(work.is_done());
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_is_of_no_use() {
        let mut work = Work::all(2 * SHARE);
        let (first, _) = work.take().unwrap();
        let (second, _) = work.take().unwrap();
        let came = work.came(first, SHARE);
        assert!(!came.is_done, "nobody else has begun the rest");
        assert!(!work.begin(second));
        assert!(work.came(first, SHARE).is_done);
        work.leave(first);
        assert!(work.is_done(), "nothing is missing but a late answer");
    }

    #[test]
    fn whoever_has_asked_for_the_end_of_a_broken_answer_has_it() {
        let mut work = Work::all(TOTAL);
        let (first, _) = work.take().unwrap();
        let (second, share) = work.take().unwrap();
        work.came(first, 10);
        work.leave(first);
        assert!(!work.is_done());
        assert!(work.begin(second));
        assert_eq!(work.came(second, SHARE).at, share.start);
        assert_eq!(work.take().unwrap().1, 10..10 + SHARE);
    }

    /// What a connection does next: the number says how much comes of what it is at.
    #[derive(Clone, Debug)]
    enum Act {
        Take,
        Begin,
        Come(u64),
        Leave,
    }

    fn act() -> impl Strategy<Value = (usize, Act)> {
        let act = prop_oneof![
            Just(Act::Take),
            Just(Act::Begin),
            (1..=SHARE).prop_map(Act::Come),
            Just(Act::Leave),
        ];
        (0..4_usize, act)
    }

    proptest! {
        /// Whatever connections are refused, break off or come late: all comes, and nothing twice.
        #[test]
        fn each_byte_comes_once(acts in proptest::collection::vec(act(), 0..200)) {
            let mut work = Work::all(TOTAL);
            let (mut came, mut bytes) = (Ranges::default(), 0);
            let mut held: [Option<(u64, bool)>; 4] = [None; 4];
            let last = (0..4)
                .map(|at| (at, Act::Leave))
                .chain((0..1000).flat_map(|_| [(0, Act::Take), (0, Act::Begin), (0, Act::Come(SHARE))]));
            for (at, act) in acts.into_iter().chain(last) {
                let slot = &mut held[at];
                match (act, *slot) {
                    (Act::Take, None) => *slot = work.take().map(|(id, _)| (id, false)),
                    (Act::Begin, Some((id, false))) => {
                        *slot = work.begin(id).then_some((id, true));
                        if slot.is_none() {
                            work.leave(id);
                        }
                    }
                    (Act::Come(more), Some((id, true))) => {
                        let now = work.came(id, more);
                        came.add(now.at..now.at + now.taken);
                        bytes += now.taken;
                        if now.is_done {
                            work.leave(id);
                            *slot = None;
                        }
                    }
                    (Act::Leave, Some((id, _))) => {
                        work.leave(id);
                        *slot = None;
                    }
                    _ => {}
                }
                let all_came = bytes == TOTAL;
                prop_assert_eq!(work.is_done(), all_came, "{:?}", work);
            }
            prop_assert_eq!((came.bytes(), bytes), (TOTAL, TOTAL));
        }
    }

    #[test]
    fn an_answer_that_goes_on_too_long_is_told_from_one_that_was_cut() {
        let mut work = Work::all(10);
        let (id, _) = work.take().unwrap();
        let came = work.came(id, 11);
        assert!(came.over && came.taken == 10 && !came.is_cut);
    }
}
