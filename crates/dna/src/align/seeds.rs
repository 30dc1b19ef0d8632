//! Seeds are places where a query and a reference look alike; those on one line vote for it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::params::{SPEED_STEP, SPEEDS};

/// Hashes bins, of which there are many and which nobody chooses to make them collide.
#[derive(Default)]
struct Mixed(u64);

type Quick = BuildHasherDefault<Mixed>;

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// A place of a query that is like a place of a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    /// The fingerprint, in whatever way the caller counts them.
    pub(crate) part: u32,
    pub(crate) query: u32,
    pub(crate) reference: u32,
    /// How the query was looked at and which of the reference's views it was; runs have one kind.
    pub(crate) kind: u16,
    pub(crate) weight: u32,
}

/// Where in the reference each place of the query is: `reference = speed * query + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) speed: f32,
    pub(crate) offset: f32,
}

impl Line {
    #[inline]
    pub(crate) fn at(&self, query: usize) -> i64 {
        (self.speed * query as f32 + self.offset).round() as i64
    }

    pub(crate) fn through(seed: &Seed, speed: f32) -> Self {
        Self {
            speed,
            offset: seed.reference as f32 - speed * seed.query as f32,
        }
    }

    /// Whether a seed is on it, or next to it.
    pub(crate) fn passes(&self, seed: &Seed, within: f32) -> bool {
        (Self::through(seed, self.speed).offset - self.offset).abs() <= within
    }
}

/// A line to be tried, with the seeds that voted for it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) part: u32,
    pub(crate) line: Line,
    pub(crate) weight: u32,
    /// One of its seeds, the heaviest.
    pub(crate) seed: Seed,
}

/// All speeds that are tried, the plain one first.
pub(crate) fn speeds() -> Vec<f32> {
    let steps = ((SPEEDS.1 - 1.0) / SPEED_STEP).round() as i32;
    let mut speeds: Vec<f32> = (-steps..=steps)
        .map(|step| 1.0 + step as f32 * SPEED_STEP)
        .collect();
    speeds.retain(|speed| *speed >= SPEEDS.0 - 0.001);
    speeds.sort_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs()));
    speeds
}

/// The lines with the most votes, best first, at most `most`. A line needs `least` seeds; bins are `bin` places wide,
/// and two bins in a row vote together so that no line falls between them.
pub(crate) fn vote(seeds: &[Seed], bin: f32, least: usize, most: usize) -> Vec<Candidate> {
    let mut by_part: HashMap<u32, Vec<Seed>> = HashMap::new();
    for seed in seeds {
        by_part.entry(seed.part).or_default().push(*seed);
    }
    let speeds = speeds();
    let mut candidates = Vec::new();
    for (part, seeds) in by_part {
        if seeds.len() < least {
            continue;
        }
        let mut bins: HashMap<(u16, i64), (u32, u32, Seed), Quick> = HashMap::default();
        for (number, speed) in (0..).zip(&speeds) {
            for seed in &seeds {
                let place = (Line::through(seed, *speed).offset / bin).floor() as i64;
                for place in [place, place - 1] {
                    let (weight, count, best) =
                        bins.entry((number, place)).or_insert((0, 0, *seed));
                    *weight += seed.weight;
                    *count += 1;
                    if seed.weight > best.weight {
                        *best = *seed;
                    }
                }
            }
        }
        let voted = bins
            .into_iter()
            .filter(|(_, (_, count, _))| *count as usize >= least);
        candidates.extend(voted.map(|((number, place), (weight, _, seed))| {
            let line = Line {
                speed: speeds[usize::from(number)],
                offset: (place as f32 + 1.0) * bin,
            };
            Candidate {
                part,
                line,
                weight,
                seed,
            }
        }));
    }
    // Of equals the speed nearest to the plain one; the rest only so that the answer is always the same.
    candidates.sort_by(|a, b| {
        let slow = |candidate: &Candidate| (candidate.line.speed - 1.0).abs();
        (b.weight.cmp(&a.weight))
            .then(slow(a).total_cmp(&slow(b)))
            .then(a.part.cmp(&b.part))
            .then(a.line.offset.total_cmp(&b.line.offset))
    });
    thin(candidates, bin, most)
}

/// Leaves out lines that pass their best seed where a better line of the same part passes it too.
fn thin(candidates: Vec<Candidate>, bin: f32, most: usize) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    let mut of_part: HashMap<u32, Vec<usize>> = HashMap::new();
    for candidate in candidates {
        if kept.len() == most {
            break;
        }
        let others = of_part.entry(candidate.part).or_default();
        let is_told = others
            .iter()
            .any(|other| kept[*other].line.passes(&candidate.seed, bin));
        // A part with very many lines repeats itself: more of them tell nothing.
        if !is_told && others.len() < 64 {
            others.push(kept.len());
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(part: u32, query: u32, reference: u32) -> Seed {
        Seed {
            part,
            query,
            reference,
            kind: 0,
            weight: 1,
        }
    }

    #[test]
    fn the_line_that_most_seeds_are_on_comes_first_with_its_speed() {
        let mut seeds: Vec<Seed> = (0..200)
            .map(|query| seed(3, query, (query as f32 * 1.04 + 50.0).round() as u32))
            .collect();
        let mut random = fastrand::Rng::with_seed(5);
        seeds.extend(
            (0..300).map(|_| seed(random.u32(0..9), random.u32(0..200), random.u32(0..5_000))),
        );
        let best = &vote(&seeds, 2.0, 1, 10)[0];
        assert_eq!(best.part, 3);
        assert!((best.line.speed - 1.04).abs() < 0.011, "{best:?}");
        assert!((best.line.at(100) - 154).abs() <= 2, "{best:?}");
    }

    #[test]
    fn a_repetition_is_a_line_of_its_own() {
        let seeds: Vec<Seed> = (0..40)
            .flat_map(|query| [seed(0, query, query + 10), seed(0, query, query + 400)])
            .collect();
        let lines: Vec<i64> = vote(&seeds, 2.0, 2, 2)
            .iter()
            .map(|found| found.line.at(20))
            .collect();
        assert!(lines.iter().any(|at| (at - 30).abs() <= 1), "{lines:?}");
        assert!(lines.iter().any(|at| (at - 420).abs() <= 1), "{lines:?}");
    }

    #[test]
    fn speeds_begin_with_the_plain_one_and_reach_both_ends() {
        let speeds = speeds();
        assert_eq!((speeds.len(), speeds[0]), (13, 1.0));
        assert!(speeds.iter().any(|speed| (speed - 0.94).abs() < 1e-4));
        assert!(speeds.iter().any(|speed| (speed - 1.06).abs() < 1e-4));
    }
}
