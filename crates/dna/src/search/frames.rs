//! Video in video: candidates from the bands, runs along their lines, and what is believed of them.

use std::cell::Cell;

use super::{Channel, Library, Segment};
use crate::align::grow::{Limit, Pair, Run, fit};
use crate::align::runs::{self, Claim};
use crate::align::seeds::{Seed, vote};
use crate::code::Code;
use crate::index::{Reach, Segment as Stored, begins};
use crate::params::{
    BAND_TURNS, BELIEVED, BLANK_DISTANCE, CHECK_BITS, FRAMES_PER_SECOND, MAX_CANDIDATES,
    MIN_FRAMES, NEW_FRAME, PROBES_OF_SHORT, PROBES_PER_SECOND, QUERY_DENSITY, RUN_DISTANCE,
    RUN_DROP, SAME_FRAME, SEED_DISTANCE, SHORT_QUERY_SLOTS, TIE, WIDE_EVERY,
    WIDE_PROBES_PER_SECOND,
};
use crate::video::{CROPS, VIEWS, VideoQuery, WAYS, WIDE_WAYS};

/// A way of looking at a query's frame and a stored view.
#[derive(Clone, Copy, PartialEq)]
struct Kind {
    way: usize,
    view: usize,
}

impl Kind {
    /// Those that a run found in this way may have as well.
    fn all(mirrored: usize, is_wide: bool) -> impl Iterator<Item = Self> {
        let ways = if is_wide { WAYS + WIDE_WAYS } else { WAYS };
        (0..ways)
            .filter(move |way| way % 2 == mirrored)
            .flat_map(|way| (0..VIEWS).map(move |view| Self { way, view }))
    }

    fn number(self) -> u16 {
        (self.way * VIEWS + self.view) as u16
    }

    fn of(number: u16) -> Self {
        Self {
            way: usize::from(number) / VIEWS,
            view: usize::from(number) % VIEWS,
        }
    }
}

/// A query's frames beside those of a stored video.
struct Frames<'a> {
    query: &'a VideoQuery,
    stored: &'a Stored,
    part: usize,
    starts: &'a [[u8; 4]],
    kind: Kind,
    /// The kept frame that was looked at last: the next one is near.
    last: Cell<usize>,
}

impl Frames<'_> {
    fn kept(&self, frame: u32) -> usize {
        let start = |at: usize| begins(&self.starts[at]);
        let last = self.last.get();
        let ends_after = |at: usize| at + 1 == self.starts.len() || frame < start(at + 1);
        let found = if start(last) <= frame && ends_after(last) {
            last
        } else if start(last) <= frame && ends_after(last + 1) {
            last + 1
        } else {
            self.starts.partition_point(|word| begins(word) <= frame) - 1
        };
        self.last.set(found);
        found
    }

    /// How far a frame is from a stored one in the crop that fits best; nothing if it is blank.
    #[inline]
    fn nearest(&self, frame: usize, stored: &Code) -> Option<u32> {
        let crops = (0..CROPS).filter(|crop| self.query.has(frame, *crop));
        crops
            .filter_map(|crop| self.query.code(frame, crop, self.kind.way))
            .map(|code| stored.distance(&code))
            .min()
    }

    /// Begin and end of a run in frames of the query, which come closer than the slots it was grown by.
    fn edges(&self, run: &Run) -> (usize, usize) {
        let near = |slot: usize| {
            let reference = run.line.at(slot).max(0) as u32;
            let kept = self.stored.kept(self.part).start + self.kept(reference);
            let stored = self.stored.code(kept, self.kind.view);
            let mut frames = self.query.around(slot).filter(move |frame| {
                let distance = stored.and_then(|stored| self.nearest(*frame, &stored));
                distance.is_some_and(|distance| distance < RUN_DISTANCE)
            });
            let first = frames.next();
            (first, frames.last().or(first))
        };
        let (first, last) = (run.query.0, run.query.1 - 1);
        (
            near(first).0.unwrap_or(first * QUERY_DENSITY),
            near(last).1.unwrap_or(last * QUERY_DENSITY) + 1,
        )
    }
}

impl Pair for Frames<'_> {
    fn query_len(&self) -> usize {
        self.query.len()
    }

    fn reference_len(&self) -> usize {
        self.stored.entry(self.part).frames as usize
    }

    fn distance(&self, query: usize, reference: usize) -> Option<f32> {
        let kept = self.stored.kept(self.part).start + self.kept(reference as u32);
        let stored = self.stored.code(kept, self.kind.view);
        let around = self.query.around(query);
        // A view that is not stored of this frame says nothing, other than a frame that has none because it is blank.
        if stored.is_none() && self.stored.code(kept, 0).is_some() {
            return None;
        }
        let Some(stored) = stored else {
            let tells = around.into_iter().any(|frame| self.query.has(frame, 0));
            return tells.then_some(BLANK_DISTANCE as f32);
        };
        let nearest = around
            .filter_map(|frame| self.nearest(frame, &stored))
            .min();
        Some(nearest.unwrap_or(BLANK_DISTANCE) as f32)
    }
}

pub(super) fn search(library: Library<'_>, query: &VideoQuery) -> Vec<(u64, Segment)> {
    let is_short = query.len() <= SHORT_QUERY_SLOTS;
    let reach = Reach {
        radius: SEED_DISTANCE,
        flips: is_short,
        checked: CHECK_BITS,
        // A short query cannot count on another frame for the bands that one leaves out.
        turns: if is_short { 1 } else { BAND_TURNS },
        turn: 0,
    };
    let mut claims = claims(library, query, &probes(query, is_short), reach);
    let further = wide_probes(query, is_short, &claims);
    if !further.is_empty() {
        let reach = Reach {
            flips: false,
            ..reach
        };
        claims.extend(self::claims(library, query, &further, reach));
    }
    segments(library, claims)
}

/// The runs that lookups lead to.
fn claims(library: Library<'_>, query: &VideoQuery, probes: &[Probe], reach: Reach) -> Vec<Claim> {
    let seeds = seeds(library, query, probes, reach);
    let limit = Limit {
        even: RUN_DISTANCE as f32,
        drop: RUN_DROP as f32,
    };
    let mut claims = Vec::new();
    let mut told = Vec::new();
    for candidate in vote(&seeds, 2.0, 1, MAX_CANDIDATES) {
        let (number, mirrored) = (candidate.part / 2, candidate.part % 2 == 1);
        // Frames of a shot are alike: lines beside a good one get some votes too, and a repetition about as many as it.
        let is_beside = told.iter().any(|(part, (from, to), weight)| {
            *part == candidate.part
                && (*from..*to).contains(&(candidate.seed.query as usize))
                && candidate.weight * 2 < *weight
        });
        if is_beside {
            continue;
        }
        let (live, part) = library.part(number);
        let mut frames = Frames {
            query,
            stored: &live.segment,
            part,
            starts: live.segment.starts(part),
            kind: Kind::of(candidate.seed.kind),
            last: Cell::new(0),
        };
        let seed = candidate.seed.query as usize;
        let Some(mut run) = fit(&frames, candidate.line, seed, limit, 2.0) else {
            continue;
        };
        let best = best_kind(&mut frames, &run, mirrored);
        if best != frames.kind {
            frames.kind = best;
            let middle = (run.query.0 + run.query.1) / 2;
            run = fit(&frames, run.line, middle, limit, 2.0).unwrap_or(run);
        }
        if is_believed(&frames, &run) {
            told.push((candidate.part, run.query, candidate.weight));
            claims.push(Claim {
                part: number,
                mirrored,
                edges: frames.edges(&run),
                run,
            });
        }
    }
    claims
}

fn segments(library: Library<'_>, claims: Vec<Claim>) -> Vec<(u64, Segment)> {
    let rate = f64::from(FRAMES_PER_SECOND);
    let told = runs::resolve(claims, TIE.0, 2 * FRAMES_PER_SECOND as usize);
    let segment = |(claim, is_tie): (Claim, bool)| {
        let (live, part) = library.part(claim.part);
        let edges =
            [claim.edges.0, claim.edges.1].map(|frame| frame as f64 / rate / QUERY_DENSITY as f64);
        // In the reference's time, but never before its begin or behind its end.
        let line = claim.run.line;
        let length = f64::from(live.segment.entry(part).frames) / rate;
        let there = edges.map(|at| {
            (f64::from(line.speed) * at + f64::from(line.offset) / rate).clamp(0.0, length)
        });
        let segment = Segment {
            channel: Channel::Video,
            query: (edges[0], edges[1]),
            reference: (there[0], there[1]),
            similarity: f64::from(1.0 - claim.run.mean / 128.0).clamp(0.0, 1.0),
            speed: f64::from(claim.run.line.speed),
            mirrored: claim.mirrored,
            is_tie,
            passage: None,
        };
        (live.segment.entry(part).id, segment)
    };
    told.into_iter().map(segment).collect()
}

/// A frame that is looked up, in which crop and way, and which turn it is of those to read the bands.
#[derive(Clone, Copy)]
struct Probe {
    frame: usize,
    crop: usize,
    way: usize,
    turn: usize,
}

/// Frames that are looked up, in which crop and way. Those of a way read the bands in turn: frames of a shot are alike,
/// so that two of them with half of the bands each find as much as one with all. So do those of a crop.
fn in_turn(all: impl Iterator<Item = (usize, usize, usize)>) -> Vec<Probe> {
    let mut turns = [[0; CROPS]; WAYS + WIDE_WAYS];
    all.map(|(frame, crop, way)| {
        let turn = turns[way][crop];
        turns[way][crop] += 1;
        Probe {
            frame,
            crop,
            way,
            turn,
        }
    })
    .collect()
}

fn seeds(library: Library<'_>, query: &VideoQuery, probes: &[Probe], reach: Reach) -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut found = Vec::new();
    for (first, live) in library.segments() {
        let stored = &live.segment;
        for probe in probes {
            let (frame, way) = (probe.frame, probe.way);
            let Some(code) = query.code(frame, probe.crop, way) else {
                continue;
            };
            let reach = Reach {
                turn: probe.turn % reach.turns,
                ..reach
            };
            found.clear();
            stored.probe(&code, reach, &mut found);
            for (hash, distance) in &found {
                let (kept, view) = stored.place_of(*hash);
                let part = stored.part_of_kept(kept);
                if live.dead[part] {
                    continue;
                }
                let kept_here = stored.kept(part);
                let end = match kept as usize + 1 < kept_here.end {
                    true => stored.start(kept as usize + 1),
                    false => stored.entry(part).frames,
                };
                let start = stored.start(kept as usize);
                let mut places = vec![start];
                // A frame that stands for long may be met anywhere.
                if end - start > 2 {
                    places.push(end - 1);
                }
                seeds.extend(places.into_iter().map(|reference| Seed {
                    part: (first + part as u32) * 2 + (way % 2) as u32,
                    query: (frame / QUERY_DENSITY) as u32,
                    reference,
                    kind: Kind { way, view }.number(),
                    weight: SEED_DISTANCE + 8 - distance,
                }));
            }
        }
    }
    seeds
}

/// Frames that are not like the last one that was taken.
fn differing(query: &VideoQuery, every: usize) -> Vec<usize> {
    let mut frames = Vec::new();
    let mut last = None;
    for frame in (0..query.frames()).step_by(every) {
        let Some(code) = query.code(frame, 0, 0) else {
            continue;
        };
        let stands = last.is_some_and(|(before, at)| {
            code.distance(&before) <= SAME_FRAME && frame < at + 20 * QUERY_DENSITY
        });
        if !stands {
            last = Some((code, frame));
            frames.push(frame);
        }
    }
    frames
}

/// How many lookups a query has that may have so many in a second, unless it is short.
fn most_probes(query: &VideoQuery, is_short: bool, per_second: usize) -> usize {
    match is_short {
        true => PROBES_OF_SHORT,
        false => per_second * query.len().div_ceil(FRAMES_PER_SECOND as usize),
    }
}

/// What is looked up beyond that: frames that no run has explained, in further ways, each in as many in turn as there
/// is room for.
fn wide_probes(query: &VideoQuery, is_short: bool, claims: &[Claim]) -> Vec<Probe> {
    let explained = |frame: &usize| {
        let slot = frame / QUERY_DENSITY;
        let mut ranges = claims.iter().map(|claim| claim.run.query);
        ranges.any(|(from, to)| (from..to).contains(&slot))
    };
    let mut frames = differing(query, WIDE_EVERY);
    frames.retain(|frame| !explained(frame));
    if frames.is_empty() {
        return Vec::new();
    }
    let most = most_probes(query, is_short, WIDE_PROBES_PER_SECOND);
    let each = (most / frames.len()).clamp(1, WIDE_WAYS);
    let stride = (frames.len() * each).div_ceil(most).max(1);
    let frames = frames.into_iter().step_by(stride).enumerate();
    in_turn(frames.flat_map(|(number, frame)| {
        // A step that has no divisor in common with their number, so that neighbours in time are far apart here.
        (number * each..(number + 1) * each).map(move |way| (frame, 0, WAYS + way * 7 % WIDE_WAYS))
    }))
}

/// Which frames are looked up, in which crop and way. A short query is looked at in every way; of a longer one each
/// frame is looked at as it is and in one other way in turn, since a run has many frames and one seed is enough.
fn probes(query: &VideoQuery, is_short: bool) -> Vec<Probe> {
    let frames = differing(query, 1);
    // Of a long query each frame in two ways of one view, plain and mirrored, and as it is.
    let ways = |number: usize| {
        let turn = number % (WAYS / 2) * 2;
        (0..WAYS).filter(move |way| is_short || *way == 0 || *way == turn || *way == turn + 1)
    };
    let crops = |frame: usize| (0..CROPS).filter(move |crop| query.has(frame, *crop));
    let each = if is_short { WAYS } else { 3 };
    let all: usize = frames
        .iter()
        .map(|frame| crops(*frame).count() * each)
        .sum();
    let most = most_probes(query, is_short, PROBES_PER_SECOND);
    let stride = all.div_ceil(most.max(1)).max(1);
    let frames = frames.into_iter().step_by(stride).enumerate();
    in_turn(frames.flat_map(|(number, frame)| {
        crops(frame).flat_map(move |crop| ways(number).map(move |way| (frame, crop, way)))
    }))
}

/// The pair of views in which a run's frames are nearest: the copy was cropped by what they differ in.
fn best_kind(frames: &mut Frames<'_>, run: &Run, mirrored: bool) -> Kind {
    let own = frames.kind;
    let mut best = (f32::MAX, own);
    for kind in Kind::all(usize::from(mirrored), own.way >= WAYS) {
        frames.kind = kind;
        let (mut sum, mut count) = (0.0, 0.0);
        let distances = (run.query.0..run.query.1)
            .filter_map(|at| frames.distance(at, run.line.at(at).max(0) as usize));
        for distance in distances {
            sum += distance;
            count += 1.0;
        }
        if count > 0.0 && sum / count < best.0 {
            best = (sum / count, kind);
        }
    }
    frames.kind = own;
    best.1
}

/// Whether a run is too good for chance: the more its frames tell, the farther they may be.
fn is_believed(frames: &Frames<'_>, run: &Run) -> bool {
    let shortest = MIN_FRAMES
        .min(frames.query_len())
        .min(frames.reference_len());
    if run.len() < shortest {
        return false;
    }
    let mut last = None;
    let mut new = 0;
    for at in run.query.0..run.query.1 {
        let Some(code) = frames.query.code(at * QUERY_DENSITY, 0, frames.kind.way) else {
            continue;
        };
        if last.is_none_or(|last| code.distance(&last) >= NEW_FRAME) {
            last = Some(code);
            new += 1;
        }
    }
    farthest_believed(new).is_some_and(|farthest| run.mean <= farthest)
}

/// The mean distance up to which a run is believed that has so many frames which tell something new.
fn farthest_believed(new: usize) -> Option<f32> {
    let above = BELIEVED.iter().rev().find(|(frames, _)| *frames > new);
    let (frames, distance) = *BELIEVED.iter().find(|(frames, _)| *frames <= new)?;
    let distance = distance as f32;
    Some(match above {
        Some((more, farther)) => {
            let share = (new - frames) as f32 / (more - frames) as f32;
            distance + share * (*farther as f32 - distance)
        }
        None => distance,
    })
}
