//! What was found in windows of one input, as if it had been looked for at once.

use std::collections::BTreeMap;

use reelgate_dna::{Found, Segment};

/// How far apart two parts of one run may be, and how far off its line the second may begin, in seconds.
const NEAR: f64 = 1.0;

/// Joins what each window found, given where it begins in the input, in their order.
pub(super) fn windows(parts: Vec<(f64, Vec<Found>)>) -> Vec<Found> {
    let mut all: BTreeMap<u64, Vec<Segment>> = BTreeMap::new();
    for (start, found) in parts {
        for entry in found {
            let kept = all.entry(entry.id).or_default();
            for segment in entry.segments {
                add(kept, moved(segment, start));
            }
        }
    }
    let found = all.into_iter().map(|(id, segments)| entry(id, segments));
    let mut found: Vec<Found> = found.collect();
    let weight = |found: &Found| {
        let own = found.segments.iter().filter(|it| !it.is_tie);
        found.similarity * own.map(length).sum::<f64>()
    };
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    found
}

fn moved(segment: Segment, by: f64) -> Segment {
    Segment {
        query: (segment.query.0 + by, segment.query.1 + by),
        ..segment
    }
}

fn length(segment: &Segment) -> f64 {
    (segment.query.1 - segment.query.0).max(0.001)
}

/// A segment of a later window goes on with the one of an earlier window that it lies on the line of.
fn add(kept: &mut Vec<Segment>, next: Segment) {
    let goes_on = |last: &&mut Segment| {
        let expected = last.reference.1 + last.speed * (next.query.0 - last.query.1);
        last.channel == next.channel
            && last.mirrored == next.mirrored
            && next.query.0 >= last.query.0
            && next.query.0 <= last.query.1 + NEAR
            && (expected - next.reference.0).abs() <= NEAR
    };
    let Some(last) = kept.iter_mut().find(goes_on) else {
        kept.push(next);
        return;
    };
    // What both have counts once.
    let more = (next.query.1 - last.query.1).max(0.0);
    if more == 0.0 {
        return;
    }
    let before = length(last);
    last.similarity = (last.similarity * before + next.similarity * more) / (before + more);
    last.query.1 = next.query.1;
    last.reference.1 = next.reference.1.max(last.reference.1);
    last.speed = (last.reference.1 - last.reference.0) / length(last);
    last.is_tie &= next.is_tie;
}

fn entry(id: u64, mut segments: Vec<Segment>) -> Found {
    segments.sort_by(|a, b| {
        let places = a.query.0.total_cmp(&b.query.0);
        places.then(a.reference.0.total_cmp(&b.reference.0))
    });
    let total: f64 = segments.iter().map(length).sum();
    let weighted: f64 = segments.iter().map(|it| length(it) * it.similarity).sum();
    Found {
        id,
        similarity: weighted / total,
        segments,
    }
}

#[cfg(test)]
mod tests {
    use reelgate_dna::Channel;

    use super::*;

    fn segment(query: (f64, f64), reference: (f64, f64), similarity: f64) -> Segment {
        Segment {
            channel: Channel::Video,
            query,
            reference,
            similarity,
            speed: (reference.1 - reference.0) / (query.1 - query.0),
            mirrored: false,
            is_tie: false,
            passage: None,
        }
    }

    fn found(id: u64, segments: Vec<Segment>) -> Found {
        entry(id, segments)
    }

    #[test]
    fn a_run_that_goes_over_windows_is_one() {
        let parts = vec![
            (
                0.0,
                vec![found(4, vec![segment((100.0, 600.0), (0.0, 500.0), 0.8)])],
            ),
            (
                570.0,
                vec![found(4, vec![segment((0.0, 600.0), (470.2, 1070.2), 0.9)])],
            ),
            (
                1140.0,
                vec![found(4, vec![segment((0.0, 40.0), (1040.0, 1080.0), 0.9)])],
            ),
        ];
        let all = windows(parts);
        let [whole] = &all[0].segments[..] else {
            panic!("{all:?}");
        };
        assert_eq!(
            (whole.query, whole.reference),
            ((100.0, 1180.0), (0.0, 1080.0))
        );
        assert!((whole.similarity - 0.854).abs() < 0.01, "{whole:?}");
        assert!((whole.speed - 1.0).abs() < 0.001);
    }

    #[test]
    fn what_lies_in_the_overlap_is_told_once_and_other_lines_stay_apart() {
        let twice = [
            segment((575.0, 590.0), (10.0, 25.0), 0.9),
            segment((5.0, 20.0), (10.0, 25.0), 0.9),
        ];
        let [first, again] = twice;
        let elsewhere = segment((5.0, 20.0), (60.0, 75.0), 0.9);
        let other = found(9, vec![segment((100.0, 200.0), (0.0, 100.0), 0.9)]);
        let parts = vec![
            (0.0, vec![found(4, vec![first])]),
            (570.0, vec![found(4, vec![again, elsewhere]), other]),
        ];
        let all = windows(parts);
        let ids: Vec<_> = all.iter().map(|it| (it.id, it.segments.len())).collect();
        assert_eq!(ids, [(9, 1), (4, 2)]);
        assert_eq!(all[0].segments[0].query, (670.0, 770.0));
    }
}
