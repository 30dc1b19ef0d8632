//! A picture among pictures, or in videos.

use std::collections::HashMap;

use super::{Channel, Library, Segment};
use crate::index::Reach;
use crate::params::{EXACT_RADIUS, FRAMES_PER_SECOND, SAME_PICTURE};
use crate::video::PictureQuery;

/// Up to so many hashes every one that is near enough is found; beyond, those within the exact radius for certain.
const ALL_COMPARED: usize = 200_000;

/// A kept frame that is like the picture.
struct Hit {
    from: u32,
    to: u32,
    distance: u32,
    mirrored: bool,
}

pub(super) fn search(library: Library<'_>, query: &PictureQuery) -> Vec<(u64, Segment)> {
    let mut told = Vec::new();
    let mut found = Vec::new();
    for (_, live) in library.segments() {
        let stored = &live.segment;
        let mut best: HashMap<u32, (u32, bool)> = HashMap::new();
        for (code, mirrored) in &query.codes {
            found.clear();
            if stored.codes().len() <= ALL_COMPARED {
                crate::code::scan(stored.codes(), code, SAME_PICTURE, &mut found);
            } else {
                let reach = Reach::exact(SAME_PICTURE.max(EXACT_RADIUS));
                stored.probe(code, reach, &mut found);
            }
            for (hash, distance) in &found {
                let place = best
                    .entry(stored.place_of(*hash).0)
                    .or_insert((*distance, *mirrored));
                *place = (*place).min((*distance, *mirrored));
            }
        }
        let mut hits: HashMap<usize, Vec<Hit>> = HashMap::new();
        for (kept, (distance, mirrored)) in best {
            let part = stored.part_of_kept(kept);
            let is_blank = stored.code(kept as usize, 0).is_none();
            if live.dead[part] || is_blank {
                continue;
            }
            let to = match (kept as usize + 1) < stored.kept(part).end {
                true => stored.start(kept as usize + 1),
                false => stored.entry(part).frames,
            };
            hits.entry(part).or_default().push(Hit {
                from: stored.start(kept as usize),
                to,
                distance,
                mirrored,
            });
        }
        for (part, mut hits) in hits {
            hits.sort_by_key(|hit| hit.from);
            let id = stored.entry(part).id;
            told.extend(joined(hits).into_iter().map(|hit| (id, segment(&hit))));
        }
    }
    told
}

/// Frames that follow each other within two seconds are one place.
fn joined(hits: Vec<Hit>) -> Vec<Hit> {
    let mut places: Vec<Hit> = Vec::new();
    for hit in hits {
        match places.last_mut() {
            Some(last) if hit.from <= last.to + 2 * FRAMES_PER_SECOND => {
                last.to = hit.to;
                if hit.distance < last.distance {
                    (last.distance, last.mirrored) = (hit.distance, hit.mirrored);
                }
            }
            _ => places.push(hit),
        }
    }
    places
}

fn segment(hit: &Hit) -> Segment {
    let rate = f64::from(FRAMES_PER_SECOND);
    Segment {
        channel: Channel::Picture,
        query: (0.0, 0.0),
        reference: (f64::from(hit.from) / rate, f64::from(hit.to) / rate),
        similarity: 1.0 - f64::from(hit.distance) / 128.0,
        speed: 1.0,
        mirrored: hit.mirrored,
        is_tie: false,
        passage: None,
    }
}
