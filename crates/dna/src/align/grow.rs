//! Follows a line both ways from a seed for as long as both sides are alike.

use super::seeds::Line;

/// What is compared along a line.
pub(crate) trait Pair {
    /// Places of the query.
    fn query_len(&self) -> usize;
    /// Places of the reference.
    fn reference_len(&self) -> usize;
    /// How unlike two places are, or nothing if neither tells anything.
    fn distance(&self, query: usize, reference: usize) -> Option<f32>;
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// The distance that neither helps nor hurts.
    pub(crate) even: f32,
    /// How much may be lost on the way to something better.
    pub(crate) drop: f32,
}

/// A part of a line on which both sides are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) line: Line,
    /// Places of the query, the second exclusive.
    pub(crate) query: (usize, usize),
    /// By how much it is better than nothing, altogether.
    pub(crate) score: f32,
    pub(crate) mean: f32,
}

impl Run {
    /// Places of the reference, the second exclusive.
    pub(crate) fn reference(&self) -> (usize, usize) {
        let first = self.line.at(self.query.0).max(0) as usize;
        let last = self.line.at(self.query.1 - 1).max(0) as usize;
        (first, last + 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.query.1 - self.query.0
    }
}

/// The best run through a place of the query, if there is one.
pub(crate) fn grow(pair: &impl Pair, line: Line, seed: usize, limit: Limit) -> Option<Run> {
    let reach = |step: i64| {
        let mut at = seed as i64 + step.min(0);
        let (mut score, mut best, mut end) = (0.0_f32, 0.0_f32, at - step);
        loop {
            let inside = at >= 0 && (at as usize) < pair.query_len();
            let reference = line.at(at.max(0) as usize);
            if !inside || reference < 0 || reference as usize >= pair.reference_len() {
                break;
            }
            if let Some(distance) = pair.distance(at as usize, reference as usize) {
                score += limit.even - distance;
            }
            if score > best {
                (best, end) = (score, at);
            }
            if score < best - limit.drop {
                break;
            }
            at += step;
        }
        (best, end)
    };
    let (after, last) = reach(1);
    let (before, first) = reach(-1);
    let (first, last) = (first.max(0), last);
    if last < first || after + before <= 0.0 {
        return None;
    }
    let query = (first as usize, last as usize + 1);
    let (mut sum, mut count) = (0.0, 0);
    for at in query.0..query.1 {
        if let Some(distance) = pair.distance(at, line.at(at) as usize) {
            sum += distance;
            count += 1;
        }
    }
    (count > 0).then(|| Run {
        line,
        query,
        score: after + before,
        mean: sum / count as f32,
    })
}

/// The best run near a line: the line itself, and then whatever slight turn or shift makes it better.
pub(crate) fn fit(
    pair: &impl Pair,
    line: Line,
    seed: usize,
    limit: Limit,
    bin: f32,
) -> Option<Run> {
    let pivot = seed as f32;
    let moved = |line: Line, turn: f32, shift: f32| Line {
        speed: line.speed + turn,
        offset: line.offset - turn * pivot + shift,
    };
    let shifts = [0.0, -0.5 * bin, 0.5 * bin, -bin, bin];
    let mut best: Option<Run> = None;
    for shift in shifts {
        let run = grow(pair, moved(line, 0.0, shift), seed, limit);
        best = better(best, run);
    }
    // Where little moves, many speeds get the same votes, and the plain one is by far the likeliest.
    if line.speed != 1.0 {
        for shift in shifts {
            best = better(
                best,
                grow(pair, moved(line, 1.0 - line.speed, shift), seed, limit),
            );
        }
    }
    let mut best = best?;
    for (turn, shift) in [(0.01, 0.5), (0.005, 0.25), (0.0025, 0.25)] {
        loop {
            let pivot = (best.query.0 + best.query.1) as f32 / 2.0;
            let around = |turn: f32, shift: f32| Line {
                speed: best.line.speed + turn,
                offset: best.line.offset - turn * pivot + shift,
            };
            let middle = (best.query.0 + best.query.1) / 2;
            let tries = [(turn, 0.0), (-turn, 0.0), (0.0, shift), (0.0, -shift)];
            let next = tries
                .into_iter()
                .filter_map(|(turn, shift)| grow(pair, around(turn, shift), middle, limit))
                .filter(|run| (0.93..=1.07).contains(&run.line.speed))
                .max_by(|a, b| a.score.total_cmp(&b.score));
            match next {
                // A hair's breadth better is noise, and the plain speed is by far the likeliest.
                Some(run) if run.score > best.score * 1.002 + 1.0 => best = run,
                _ => break,
            }
        }
    }
    Some(best)
}

fn better(a: Option<Run>, b: Option<Run>) -> Option<Run> {
    match (a, b) {
        (Some(a), Some(b)) if b.score > a.score => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rows {
        query: Vec<u64>,
        reference: Vec<u64>,
    }

    impl Pair for Rows {
        fn query_len(&self) -> usize {
            self.query.len()
        }

        fn reference_len(&self) -> usize {
            self.reference.len()
        }

        fn distance(&self, query: usize, reference: usize) -> Option<f32> {
            Some((self.query[query] ^ self.reference[reference]).count_ones() as f32)
        }
    }

    const LIMIT: Limit = Limit {
        even: 22.0,
        drop: 80.0,
    };

    /// A reference, and a query that has a part of it in its middle, at a speed and with some bits wrong.
    fn rows(speed: f32, wrong: u32) -> Rows {
        let mut random = fastrand::Rng::with_seed(11);
        let reference: Vec<u64> = (0..400).map(|_| random.u64(..)).collect();
        let mut query: Vec<u64> = (0..200).map(|_| random.u64(..)).collect();
        for at in 60..140 {
            let mut value = reference[(100.0 + (at - 60) as f32 * speed).round() as usize];
            for _ in 0..wrong {
                value ^= 1 << random.u32(0..64);
            }
            query[at] = value;
        }
        Rows { query, reference }
    }

    #[test]
    fn a_run_is_found_with_its_ends_and_its_speed() {
        for (speed, wrong) in [(1.0, 0), (1.0, 14), (0.95, 8), (1.05, 8)] {
            let rows = rows(speed, wrong);
            let start = Line {
                speed: (speed * 100.0).round() / 100.0,
                offset: 100.0 + 40.0 * speed - 100.0 * speed,
            };
            let run = fit(&rows, start, 100, LIMIT, 2.0).unwrap();
            assert!(
                run.query.0.abs_diff(60) <= 1 && run.query.1.abs_diff(140) <= 1,
                "{run:?}"
            );
            assert!(run.reference().0.abs_diff(100) <= 2, "{run:?}");
            assert!((run.line.speed - speed).abs() < 0.006, "{run:?}");
            assert!(run.mean <= wrong as f32 + 3.0, "{run:?}");
        }
    }

    #[test]
    fn unrelated_rows_have_no_run_worth_telling() {
        let rows = rows(1.0, 0);
        let run = grow(
            &rows,
            Line {
                speed: 1.0,
                offset: 200.0,
            },
            100,
            LIMIT,
        );
        assert!(run.is_none_or(|run| run.len() < 4), "{run:?}");
    }
}
