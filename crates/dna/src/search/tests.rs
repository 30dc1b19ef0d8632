//! Copies are found where they are, and nothing else is.

use super::*;
use crate::code::Code;
use crate::index::Change;
use crate::params::{QUERY_DENSITY, TERM_SECONDS};
use crate::print::Fingerprint;
use crate::text::Piece;
use crate::video::{VIEWS, VideoPrint};
use crate::{AudioPrint, AudioQuery};

/// Frames as films have them: shots in which each frame is a little different from the one before.
fn film(seed: u64, frames: usize) -> Vec<Code> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut code = Code::default();
    (0..frames)
        .map(|at| {
            if at == 0 || random.u32(0..12) == 0 {
                code = Code([0; 4].map(|_: i32| random.u64(..)));
            }
            code = noisy(code, 16, &mut random);
            code
        })
        .collect()
}

fn noisy(mut code: Code, bits: u32, random: &mut fastrand::Rng) -> Code {
    for _ in 0..bits {
        let bit = random.usize(0..256);
        code.0[bit / 64] ^= 1 << (bit % 64);
    }
    code
}

fn print(film: &[Code]) -> Fingerprint {
    let mut video = VideoPrint::default();
    film.iter().for_each(|code| video.push([*code; VIEWS]));
    Fingerprint {
        video: Some(video),
        ..Fingerprint::default()
    }
}

fn library(films: &[Vec<Code>]) -> Index {
    let index = Index::in_memory();
    let adds = (0..)
        .zip(films)
        .map(|(id, film)| Change::Add(id, Box::new(print(film))));
    index.apply(1, adds.collect());
    index
}

fn search(index: &Index, frames: Vec<Code>) -> Vec<Found> {
    let query = Query {
        video: Some(VideoQuery::of_codes(
            frames.into_iter().flat_map(|code| [code; QUERY_DENSITY]),
        )),
        ..Query::default()
    };
    index.search(&query)
}

fn near(a: (f64, f64), b: (f64, f64)) -> bool {
    (a.0 - b.0).abs() <= 0.5 && (a.1 - b.1).abs() <= 0.5
}

#[test]
fn an_excerpt_is_found_with_its_place_speed_and_likeness() {
    let films: Vec<_> = (0..8).map(|seed| film(seed, 2_400)).collect();
    let index = library(&films);
    let mut random = fastrand::Rng::with_seed(99);
    for (speed, bits) in [(1.0, 0), (1.0, 45), (0.96, 30), (1.05, 30)] {
        let excerpt = (0..60).map(|at| films[5][800 + (at as f64 * speed).round() as usize]);
        let mut frames = film(77, 100);
        frames.extend(excerpt.map(|code| noisy(code, bits, &mut random)));
        frames.extend(film(78, 60));
        let found = search(&index, frames);
        assert_eq!(found.len(), 1, "{speed} {bits}: {found:?}");
        let segment = &found[0].segments[..];
        assert_eq!((found[0].id, segment.len()), (5, 1), "{found:?}");
        let reference = (200.0, 200.0 + 15.0 * speed);
        assert!(near(segment[0].query, (25.0, 40.0)), "{segment:?}");
        assert!(near(segment[0].reference, reference), "{segment:?}");
        assert!((segment[0].speed - speed).abs() < 0.02, "{segment:?}");
        assert!(segment[0].similarity > 0.6 && !segment[0].mirrored && !segment[0].is_tie);
    }
}

#[test]
fn a_compilation_is_taken_apart_and_a_reference_may_be_shorter_than_the_query() {
    let mut films: Vec<_> = (0..4).map(|seed| film(seed, 1_200)).collect();
    films.push(film(9, 40));
    let index = library(&films);
    let mut frames = Vec::new();
    for (id, from) in [(2, 100), (0, 600), (3, 40)] {
        frames.extend(film(50 + id as u64, 20));
        frames.extend(&films[id][from..from + 40]);
    }
    frames.extend(&films[4]);
    let found = search(&index, frames);
    let mut places: Vec<_> = found
        .iter()
        .flat_map(|found| {
            found
                .segments
                .iter()
                .map(|s| (found.id, s.query, s.reference))
        })
        .collect();
    places.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    let expected = [
        (2, (5.0, 15.0), (25.0, 35.0)),
        (0, (20.0, 30.0), (150.0, 160.0)),
        (3, (35.0, 45.0), (10.0, 20.0)),
        (4, (45.0, 55.0), (0.0, 10.0)),
    ];
    assert_eq!(places.len(), 4, "{places:?}");
    for (place, wanted) in places.iter().zip(expected) {
        assert!(
            place.0 == wanted.0 && near(place.1, wanted.1) && near(place.2, wanted.2),
            "{places:?}"
        );
    }
}

#[test]
fn material_that_is_not_there_is_not_found() {
    let films: Vec<_> = (0..10).map(|seed| film(seed, 2_400)).collect();
    let index = library(&films);
    for seed in 100..110 {
        assert_eq!(search(&index, film(seed, 240)), []);
    }
    assert_eq!(search(&index, Vec::new()), []);
    assert_eq!(search(&Index::in_memory(), film(1, 50)), []);
}

#[test]
fn a_repetition_in_the_reference_is_told_as_a_tie() {
    let mut twice = film(1, 400);
    let jingle = film(2, 48);
    twice.splice(100..100, jingle.clone());
    twice.splice(300..300, jingle.clone());
    let found = search(&library(&[twice]), jingle);
    let places: Vec<_> = found[0]
        .segments
        .iter()
        .map(|s| (s.reference.0, s.is_tie))
        .collect();
    assert_eq!(places.len(), 2, "{found:?}");
    assert!(places.iter().all(|(_, tie)| *tie), "{found:?}");
    assert!(
        (places[0].0 - 25.0).abs() < 0.6 && (places[1].0 - 75.0).abs() < 0.6,
        "{found:?}"
    );
}

#[test]
fn deleted_fingerprints_are_not_found() {
    let films: Vec<_> = (0..3).map(|seed| film(seed, 400)).collect();
    let index = library(&films);
    let excerpt = films[1][100..180].to_vec();
    assert_eq!(search(&index, excerpt.clone())[0].id, 1);
    index.apply(2, vec![Change::Remove(1)]);
    assert_eq!(search(&index, excerpt), []);
}

fn sound(seed: u64, terms: usize) -> Vec<u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut term = random.u32(..);
    let step = |_| {
        // Terms overlap: few bits change from one to the next.
        (0..random.u32(1..8)).for_each(|_| term ^= 1 << random.u32(0..32));
        term
    };
    (0..terms).map(step).collect()
}

#[test]
fn sound_is_found_by_the_variant_that_undoes_its_speed() {
    let index = Index::in_memory();
    let stored: Vec<Vec<u32>> = (0..6).map(|seed| sound(seed, 3_000)).collect();
    let adds = (0..).zip(&stored).map(|(id, terms)| {
        let audio = AudioPrint {
            terms: terms.clone(),
            millis: (3_020.0 * TERM_SECONDS * 1_000.0) as u64,
        };
        Change::Add(
            id,
            Box::new(Fingerprint {
                audio: Some(audio),
                ..Fingerprint::default()
            }),
        )
    });
    index.apply(1, adds.collect());
    let mut random = fastrand::Rng::with_seed(7);
    let excerpt = stored[4][1_000..1_100]
        .iter()
        .map(|term| term ^ (1 << random.u32(0..32)));
    let undone: Vec<u32> = sound(50, 60)
        .into_iter()
        .chain(excerpt)
        .chain(sound(51, 60))
        .collect();
    let query = Query {
        audio: Some(AudioQuery {
            variants: vec![(1.0, sound(52, 225)), (0.96, undone)],
            millis: 30_000,
        }),
        ..Query::default()
    };
    let found = index.search(&query);
    assert_eq!(
        (found.len(), found[0].id, found[0].segments.len()),
        (1, 4, 1),
        "{found:?}"
    );
    let segment = &found[0].segments[0];
    assert!((segment.speed - 1.0 / 0.96).abs() < 0.01, "{segment:?}");
    let length = (segment.query.1 - segment.query.0) / (100.0 * TERM_SECONDS * 0.96);
    assert!((0.95..1.05).contains(&length), "{segment:?}");
    let begins = 1_000.0 * TERM_SECONDS + 1.36;
    assert!((segment.reference.0 - begins).abs() < 0.5, "{segment:?}");
    let foreign = AudioQuery {
        variants: vec![(1.0, sound(60, 400))],
        millis: 50_000,
    };
    let query = Query {
        audio: Some(foreign),
        ..Query::default()
    };
    assert_eq!(index.search(&query), []);
}

#[test]
fn a_quotation_is_found_with_its_words_on_both_sides() {
    let index = Index::in_memory();
    let long = "It was a bright cold day in April, and the clocks were striking thirteen. Nobody looked up; \
                the lift was out of order and the stairs smelt of boiled cabbage and old rag mats.";
    let other =
        "A completely different page about boats, harbours, ropes and the weather on a Tuesday.";
    let text = |words: &str| Fingerprint {
        text: Some(TextPrint::plain(words)),
        ..Fingerprint::default()
    };
    index.apply(
        1,
        vec![
            Change::Add(1, Box::new(text(long))),
            Change::Add(2, Box::new(text(other))),
        ],
    );
    let line = |from: u64, words: &str| Piece {
        millis: Some((from, from + 2_000)),
        text: words.to_owned(),
    };
    let spoken = TextPrint {
        pieces: vec![
            line(0, "so then he said"),
            line(
                2_000,
                "the clocks were striking thirteen nobody looked up the lift",
            ),
            line(
                4_000,
                "was totally out of order and the stairs smelt of boiled fish",
            ),
        ],
    };
    let query = Query {
        text: Some(spoken.clone()),
        ..Query::default()
    };
    let found = index.search(&query);
    assert_eq!(
        (found.len(), found[0].id, found[0].segments.len()),
        (1, 1, 1),
        "{found:?}"
    );
    let passage = found[0].segments[0].passage.unwrap();
    let words = spoken.between(&passage.query.0, &passage.query.1);
    assert!(
        words.starts_with("the clocks were") && words.ends_with("smelt of boiled"),
        "{words}"
    );
    let stored = TextPrint::plain(long);
    let words = stored.between(&passage.reference.0, &passage.reference.1);
    assert_eq!(
        words,
        "the clocks were striking thirteen. Nobody looked up; the lift was out of order and the stairs smelt of boiled"
    );
    assert!((0.9..1.0).contains(&found[0].segments[0].similarity));
}

#[test]
fn a_picture_is_found_among_pictures_and_in_a_video_turned_too() {
    let pixels = |seed: u64| -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let coarse: Vec<u8> = (0..64).map(|_| random.u8(..)).collect();
        (0..128 * 128)
            .map(|at: usize| coarse[at / 128 / 16 * 8 + at % 128 / 16])
            .collect()
    };
    let picture = |seed| Fingerprint {
        video: Some(VideoPrint::of_picture(pixels(seed)).unwrap()),
        ..Fingerprint::default()
    };
    let index = Index::in_memory();
    let mut video = crate::VideoExtractor::to_store();
    for seed in (20..30).flat_map(|seed| [seed; 4]) {
        video.push(pixels(seed)).unwrap();
    }
    let film = Fingerprint {
        video: Some(video.finish().0),
        ..Fingerprint::default()
    };
    let adds = (0..5).map(|id| Change::Add(id, Box::new(picture(id))));
    index.apply(1, adds.chain([Change::Add(9, Box::new(film))]).collect());
    let look = |pixels: Vec<u8>| {
        let query = Query {
            picture: Some(PictureQuery::new(pixels).unwrap()),
            ..Query::default()
        };
        index.search(&query)
    };
    let found = look(pixels(3));
    assert_eq!(
        (found.len(), found[0].id, found[0].similarity),
        (1, 3, 1.0),
        "{found:?}"
    );
    let original = pixels(3);
    let mirrored = (0..128 * 128)
        .map(|at: usize| original[at / 128 * 128 + 127 - at % 128])
        .collect();
    let found = look(mirrored);
    assert_eq!(
        (found.len(), found[0].id, found[0].segments[0].mirrored),
        (1, 3, true),
        "{found:?}"
    );
    let found = look(pixels(25));
    assert_eq!(
        (found.len(), found[0].id, found[0].segments[0].reference),
        (1, 9, (5.0, 6.0)),
        "{found:?}"
    );
    assert_eq!(look(pixels(99)), []);
}
