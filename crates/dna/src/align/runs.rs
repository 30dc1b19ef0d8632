//! Which of many runs are told: the best for each place, those that tie with it, and pieces of one run as one.

use super::grow::Run;

/// A run in a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) part: u32,
    pub(crate) mirrored: bool,
    /// Begin and end in the query as exactly as the caller knows them, in its own unit.
    pub(crate) edges: (usize, usize),
    pub(crate) run: Run,
}

/// Settles claims on the same part of a query; says of each that is left whether it is one of several that fit as well.
pub(crate) fn resolve(mut claims: Vec<Claim>, tie: f32, gap: usize) -> Vec<(Claim, bool)> {
    claims.sort_by(|a, b| {
        let best = b.run.score.total_cmp(&a.run.score);
        best.then(a.part.cmp(&b.part))
            .then(a.run.query.cmp(&b.run.query))
    });
    let mut told: Vec<(Claim, bool)> = Vec::new();
    for claim in claims {
        let rivals: Vec<usize> = (0..told.len())
            .filter(|at| {
                let other = &told[*at].0;
                other.part == claim.part && share(other.run.query, claim.run.query) > 0.5
            })
            .collect();
        let is_same = rivals
            .iter()
            .any(|at| share(told[*at].0.run.reference(), claim.run.reference()) > 0.5);
        if is_same {
            continue;
        }
        let is_tie = rivals.iter().all(|at| {
            let best = told[*at].0.run;
            claim.run.mean <= best.mean + tie && claim.run.len() * 10 >= best.len() * 9
        });
        if rivals.is_empty() || is_tie {
            for at in &rivals {
                told[*at].1 = true;
            }
            told.push((claim, !rivals.is_empty()));
        }
    }
    join(told, gap)
}

/// The share of the shorter range that both have.
fn share(a: (usize, usize), b: (usize, usize)) -> f32 {
    let both = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    let shorter = (a.1 - a.0).min(b.1 - b.0).max(1);
    both as f32 / shorter as f32
}

/// Joins runs of one line that are interrupted for less than `gap`.
fn join(mut told: Vec<(Claim, bool)>, gap: usize) -> Vec<(Claim, bool)> {
    told.sort_by_key(|(claim, _)| (claim.part, claim.run.query));
    let mut joined: Vec<(Claim, bool)> = Vec::new();
    for (claim, is_tie) in told {
        let before = joined
            .iter_mut()
            .rev()
            .take_while(|(other, _)| other.part == claim.part)
            .find(|(other, _)| {
                let (a, b) = (other.run, claim.run);
                let start = b.query.0;
                other.mirrored == claim.mirrored
                    && b.query.0 >= a.query.0
                    && start <= a.query.1 + gap
                    && a.line.at(start).abs_diff(b.line.at(start)) <= 2
                    && (a.line.speed - b.line.speed).abs() <= 0.015
            });
        match before {
            Some((other, other_tie)) => {
                let (a, b) = (other.run, claim.run);
                let (long, short) = (a.len() as f32, b.len() as f32);
                other.run.query.1 = a.query.1.max(b.query.1);
                other.edges.1 = other.edges.1.max(claim.edges.1);
                other.run.mean = (a.mean * long + b.mean * short) / (long + short);
                other.run.score = a.score + b.score;
                *other_tie &= is_tie;
            }
            None => joined.push((claim, is_tie)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::align::seeds::Line;

    fn claim(query: (usize, usize), offset: f32, mean: f32) -> Claim {
        let line = Line { speed: 1.0, offset };
        let score = (query.1 - query.0) as f32 * (88.0 - mean);
        Claim {
            part: 0,
            mirrored: false,
            edges: query,
            run: Run {
                line,
                query,
                score,
                mean,
            },
        }
    }

    #[test]
    fn the_better_of_two_claims_stays_and_equals_are_ties() {
        let told = resolve(
            vec![claim((0, 40), 100.0, 20.0), claim((0, 40), 300.0, 60.0)],
            3.0,
            8,
        );
        assert_eq!((told.len(), told[0].1), (1, false));
        let told = resolve(
            vec![claim((0, 40), 100.0, 20.0), claim((0, 40), 300.0, 21.0)],
            3.0,
            8,
        );
        assert_eq!(
            told.iter().map(|(_, tie)| *tie).collect::<Vec<_>>(),
            [true, true]
        );
    }

    #[test]
    fn pieces_of_a_run_are_one_and_other_places_are_not() {
        let pieces = vec![
            claim((0, 40), 100.0, 20.0),
            claim((45, 90), 101.0, 30.0),
            claim((95, 120), 400.0, 20.0),
        ];
        let told = resolve(pieces, 3.0, 8);
        let ranges: Vec<_> = told.iter().map(|(claim, _)| claim.run.query).collect();
        assert_eq!(ranges, [(0, 90), (95, 120)]);
    }
}
