//! Queries made of parts of others: figures try many excerpts that overlap, and hash what they share once.

use std::ops::Range;

use super::{VideoQuery, WIDE_WAYS};
use crate::params::WIDE_EVERY;

impl VideoQuery {
    /// Frames of several queries, one after another. A range is cut down to multiples of `WIDE_EVERY`, since only such
    /// frames are looked at in further ways, and to the frames that there are. Crops stay those of the shots that were
    /// seen whole.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = (&'a Self, Range<usize>)>) -> Self {
        let mut joined = Self::default();
        for (query, range) in parts {
            joined.append(query, range);
        }
        joined
    }

    fn append(&mut self, query: &Self, range: Range<usize>) {
        let wide = |at: usize| at.min(query.frames()) / WIDE_EVERY;
        let (from, to) = (wide(range.start), wide(range.end).max(wide(range.start)));
        let frames = from * WIDE_EVERY..to * WIDE_EVERY;
        let code = |frame: usize| {
            let first = query.firsts.get(frame);
            first.map_or(query.codes.len(), |first| *first as usize)
        };
        let (first, here) = (code(frames.start), self.codes.len());
        let moved = |at: &u32| *at - first as u32 + here as u32;
        self.firsts
            .extend(query.firsts[frames.clone()].iter().map(moved));
        self.codes.extend(&query.codes[first..code(frames.end)]);
        self.crops.extend(&query.crops[frames]);
        self.wide
            .extend(&query.wide[from * WIDE_WAYS..to * WIDE_WAYS]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn parts_are_the_query_of_their_frames() {
        // One frame has no hash, so that places of hashes and of frames differ.
        let codes: Vec<Code> = (0..20)
            .map(|at| Code([u64::from(at != 4) * (at + 1); 4]))
            .collect();
        let whole = VideoQuery::of_codes(codes.iter().copied());
        let check = |ranges: &[(usize, usize)], frames: &[usize]| {
            let parts = ranges.iter().map(|(from, to)| (&whole, *from..*to));
            let wanted = VideoQuery::of_codes(frames.iter().map(|at| codes[*at]));
            let made = VideoQuery::of_parts(parts);
            assert_eq!(made.to_bytes(), wanted.to_bytes(), "{ranges:?}");
            assert_eq!(made.firsts, wanted.firsts, "{ranges:?}");
        };
        check(&[(3, 9)], &[3, 4, 5, 6, 7, 8]);
        check(&[(6, 9), (0, 6)], &[6, 7, 8, 0, 1, 2, 3, 4, 5]);
        // Not to the last frame that there is, but to the last multiple of three.
        check(&[(16, 40)], &[15, 16, 17]);
        check(&[(9, 9)], &[]);
    }
}
