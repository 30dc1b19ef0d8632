//! Sound in sound: candidates from terms that are equal but for a bit, runs by the wrong bits of their terms.

use super::{Channel, Library, Segment};
use crate::align::grow::{Limit, Pair, Run, fit};
use crate::align::runs::{self, Claim};
use crate::align::seeds::{Seed, vote};
use crate::audio::AudioQuery;
use crate::index::{Lists, Live};
use crate::params::{
    COMMON_TERM, COMMON_TERM_LEAST, MAX_CANDIDATES, MIN_TERMS, SOUND_BELIEVED, SOUND_RUN_DISTANCE,
    SOUND_RUN_DROP, TERM_SECONDS, TIE,
};

/// Seconds of sound that one term is made of.
const TERM_SPAN: f64 = 2.72;
/// Terms in which nothing changes on either side: silence, or a tone.
const STILL: usize = 3;

struct Terms<'a> {
    query: &'a [u32],
    stored: &'a [[u8; 4]],
}

impl Pair for Terms<'_> {
    fn query_len(&self) -> usize {
        self.query.len()
    }

    fn reference_len(&self) -> usize {
        self.stored.len()
    }

    fn distance(&self, query: usize, reference: usize) -> Option<f32> {
        let term = self.query[query];
        let is_still = query >= STILL
            && self.query[query - STILL..query]
                .iter()
                .all(|other| *other == term);
        let wrong = (term ^ u32::from_le_bytes(self.stored[reference])).count_ones();
        (!is_still || wrong > 4).then_some(wrong as f32)
    }
}

pub(super) fn search(library: Library<'_>, query: &AudioQuery) -> Vec<(u64, Segment)> {
    let mut told: Vec<(u64, Segment)> = Vec::new();
    for (speed, terms) in &query.variants {
        let is_told = |term: usize| {
            let at = (term as f64 * TERM_SECONDS + TERM_SPAN / 2.0) * f64::from(*speed);
            told.iter()
                .any(|(_, segment)| segment.query.0 <= at && at <= segment.query.1)
        };
        let open: Vec<usize> = (0..terms.len()).filter(|term| !is_told(*term)).collect();
        // A variant is for what the ones before it have not explained.
        if open.len() < MIN_TERMS {
            continue;
        }
        let claims = claims(library, terms, &open);
        let further = runs::resolve(claims, TIE.1, (2.0 / TERM_SECONDS) as usize);
        told.extend(further.into_iter().map(|(claim, is_tie)| {
            let (live, part) = library.part(claim.part);
            let sound = Sound {
                query,
                speed: f64::from(*speed),
                terms: terms.len(),
            };
            sound.segment(live, part, &claim.run, is_tie)
        }));
    }
    without_weaker(told)
}

/// Variants next to each other find the same: the best of them is told.
fn without_weaker(mut told: Vec<(u64, Segment)>) -> Vec<(u64, Segment)> {
    let weight =
        |segment: &Segment| (segment.similarity - 0.6) * (segment.query.1 - segment.query.0);
    told.sort_by(|(_, a), (_, b)| weight(b).total_cmp(&weight(a)));
    let mut kept: Vec<(u64, Segment)> = Vec::new();
    for (id, segment) in told {
        let overlaps = |other: &Segment| {
            let both = segment.query.1.min(other.query.1) - segment.query.0.max(other.query.0);
            both > 0.5 * (segment.query.1 - segment.query.0).min(other.query.1 - other.query.0)
        };
        let is_told = kept.iter().any(|(other, better)| {
            *other == id && overlaps(better) && !(segment.is_tie && better.is_tie)
        });
        if !is_told {
            kept.push((id, segment));
        }
    }
    kept
}

fn claims(library: Library<'_>, terms: &[u32], open: &[usize]) -> Vec<Claim> {
    let mut seeds = Vec::new();
    for (first, live) in library.segments() {
        let stored = &live.segment;
        let common = (stored.listed(Lists::Sound) as f64 * COMMON_TERM) as usize;
        let most = common.max(COMMON_TERM_LEAST);
        for at in open {
            let term = terms[*at];
            if *at > 0 && terms[*at - 1] == term {
                continue;
            }
            let flipped = (0..32).map(|bit| (term ^ (1 << bit), 2));
            for (term, weight) in std::iter::once((term, 3)).chain(flipped) {
                let places = stored.places(Lists::Sound, term);
                if places.len() > most {
                    continue;
                }
                for place in places {
                    let place = u32::from_le_bytes(*place);
                    let part = stored.part_of_term(place);
                    if !live.dead[part] {
                        seeds.push(Seed {
                            part: first + part as u32,
                            query: *at as u32,
                            reference: place - stored.entry(part).first_term,
                            kind: 0,
                            weight,
                        });
                    }
                }
            }
        }
    }
    let limit = Limit {
        even: SOUND_RUN_DISTANCE,
        drop: SOUND_RUN_DROP,
    };
    let mut claims = Vec::new();
    for candidate in vote(&seeds, 2.0, 2, MAX_CANDIDATES) {
        let (live, part) = library.part(candidate.part);
        let pair = Terms {
            query: terms,
            stored: live.segment.terms(part),
        };
        let seed = candidate.seed.query as usize;
        if let Some(run) = fit(&pair, candidate.line, seed, limit, 2.0)
            && is_believed(terms, &run)
        {
            claims.push(Claim {
                part: candidate.part,
                mirrored: false,
                edges: run.query,
                run,
            });
        }
    }
    claims
}

fn is_believed(terms: &[u32], run: &Run) -> bool {
    let own = &terms[run.query.0..run.query.1];
    let new = own.windows(2).filter(|pair| pair[0] != pair[1]).count() + 1;
    run.len() >= MIN_TERMS
        && SOUND_BELIEVED
            .iter()
            .any(|(terms, wrong)| new >= *terms && run.mean <= *wrong)
}

struct Sound<'a> {
    query: &'a AudioQuery,
    speed: f64,
    terms: usize,
}

impl Sound<'_> {
    /// A term stands for the middle of its span; at the ends of a file there are none, so that a run that goes to the
    /// first or last one is taken to go on to the end.
    fn segment(&self, live: &Live, part: usize, run: &Run, is_tie: bool) -> (u64, Segment) {
        let entry = live.segment.entry(part);
        let speed = f64::from(run.line.speed) / self.speed;
        let reference = run.reference();
        let middle = |term: usize| term as f64 * TERM_SECONDS + TERM_SPAN / 2.0;
        let mut from = (middle(run.query.0) * self.speed, middle(reference.0));
        let mut to = (
            middle(run.query.1 - 1) * self.speed,
            middle(reference.1 - 1),
        );
        if run.query.0 <= 1 || reference.0 <= 1 {
            let more = from.0.min(from.1 / speed).min(TERM_SPAN);
            from = (from.0 - more, from.1 - more * speed);
        }
        let reaches_end = run.query.1 + 1 >= self.terms || reference.1 + 1 >= entry.terms as usize;
        if reaches_end {
            let left = self.query.millis as f64 / 1_000.0 - to.0;
            let left_there = (entry.millis as f64 / 1_000.0 - to.1) / speed;
            let more = left.min(left_there).clamp(0.0, TERM_SPAN);
            to = (to.0 + more, to.1 + more * speed);
        }
        let segment = Segment {
            channel: Channel::Audio,
            query: (from.0, to.0),
            reference: (from.1, to.1),
            similarity: f64::from(1.0 - run.mean / 32.0).clamp(0.0, 1.0),
            speed,
            mirrored: false,
            is_tie,
            passage: None,
        };
        (entry.id, segment)
    }
}
