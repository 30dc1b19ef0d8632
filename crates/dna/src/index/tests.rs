//! An index finds all there is, forgets what is deleted, and knows after a crash what it still has.

use std::fs::{self, OpenOptions};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::code::Code;
use crate::params::EXACT_RADIUS;
use crate::text::TextPrint;
use crate::video::{VIEWS, VideoPrint};

fn code(random: &mut fastrand::Rng) -> Code {
    Code([0; 4].map(|_: i32| random.u64(..)))
}

/// A video of unrelated frames, each of its own hash in all views.
fn video(seed: u64, frames: usize) -> Fingerprint {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut print = VideoPrint::default();
    (0..frames).for_each(|_| print.push([0; VIEWS].map(|_: i32| code(&mut random))));
    Fingerprint {
        video: Some(print),
        ..Fingerprint::default()
    }
}

fn text(words: &str) -> Fingerprint {
    Fingerprint {
        text: Some(TextPrint::plain(words)),
        ..Fingerprint::default()
    }
}

fn add(id: u64, print: Fingerprint) -> Change {
    Change::Add(id, Box::new(print))
}

fn ids(index: &Index) -> Vec<u64> {
    let snapshot = index.snapshot();
    let mut ids: Vec<u64> = snapshot
        .segments
        .iter()
        .flat_map(|live| live.alive().map(|part| part.id).collect::<Vec<_>>())
        .collect();
    ids.sort_unstable();
    ids
}

fn open(dir: &TempDir) -> Opened {
    Index::open(dir.path(), true).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_within_the_exact_radius_is_missed(seed in any::<u64>(), stored in 1..900_usize) {
        let mut random = fastrand::Rng::with_seed(seed);
        let segment = Segment::of(&[(1, video(seed, stored)), (2, video(seed ^ 1, 3))]);
        for _ in 0..20 {
            // Not every frame has every view.
            let at = random.usize(0..segment.codes().len());
            let mut wanted = Code::from_bytes(&segment.codes()[at]);
            for _ in 0..random.u32(0..=EXACT_RADIUS) {
                let bit = random.usize(0..256);
                wanted.0[bit / 64] ^= 1 << (bit % 64);
            }
            let mut expected = Vec::new();
            crate::code::scan(segment.codes(), &wanted, EXACT_RADIUS, &mut expected);
            let mut found = Vec::new();
            segment.probe(&wanted, Reach::exact(EXACT_RADIUS), &mut found);
            prop_assert!(!expected.is_empty());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn every_place_of_a_term_is_listed(terms in proptest::collection::vec(0..40_u32, 0..300), spread in 0..3_u32) {
        let terms: Vec<u32> = terms.iter().map(|term| term.wrapping_mul([1, 0x0123_4567, 0x0700_0001][spread as usize])).collect();
        let audio = crate::audio::AudioPrint { terms: terms.clone(), millis: 5 };
        let segment = Segment::of(&[(1, Fingerprint { audio: Some(audio), ..Fingerprint::default() })]);
        for term in terms.iter().copied().chain([7, u32::MAX]) {
            let expected: Vec<u32> = (0..).zip(&terms).filter(|(_, other)| **other == term).map(|(at, _)| at).collect();
            let found: Vec<u32> = segment.places(Lists::Sound, term).iter().map(|place| u32::from_le_bytes(*place)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn any_history_of_changes_saves_and_merges_leaves_what_the_changes_say(
        steps in proptest::collection::vec((0..5_u8, 0..9_u64, any::<bool>()), 1..40),
    ) {
        let dir = TempDir::new().unwrap();
        let mut index = open(&dir).index;
        let mut expected = std::collections::BTreeSet::new();
        let mut saved = (0, expected.clone());
        // What was deleted or replaced since the last save may be gone from the files already.
        let mut touched = std::collections::BTreeSet::new();
        for (version, (step, id, both)) in (1..).zip(steps) {
            match step {
                0 | 1 => {
                    let mut changes = vec![add(id, video(id, 4))];
                    expected.insert(id);
                    touched.insert(id);
                    if both {
                        touched.insert(id + 20);
                        changes.push(add(id + 20, text("one two three four five six")));
                        expected.insert(id + 20);
                    }
                    index.apply(version, changes);
                }
                2 => {
                    index.apply(version, vec![Change::Remove(id)]);
                    expected.remove(&id);
                    touched.insert(id);
                }
                3 => {
                    index.save().unwrap();
                    saved = (index.version(), expected.clone());
                    touched.clear();
                }
                _ if both => {
                    index.merge().unwrap();
                }
                _ => {
                    // The process dies: what came after the last save has to be applied again.
                    index = open(&dir).index;
                    prop_assert_eq!(index.version(), saved.0);
                    let kept = ids(&index);
                    prop_assert!(kept.iter().all(|id| saved.1.contains(id)));
                    let mut untouched = saved.1.iter().filter(|id| !touched.contains(*id));
                    prop_assert!(untouched.all(|id| kept.contains(id)));
                    let again = expected.iter().map(|id| match *id {
                        20.. => add(*id, text("one two three four five six")),
                        _ => add(*id, video(*id, 4)),
                    });
                    let gone = kept.iter().filter(|id| !expected.contains(id)).map(|id| Change::Remove(*id));
                    let changes = again.chain(gone).collect();
                    touched.extend(expected.iter().copied().chain(kept));
                    index.apply(version, changes);
                }
            }
            prop_assert_eq!(ids(&index), expected.iter().copied().collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_is_removed_is_gone_for_the_next_search_and_from_the_disk_after_a_merge() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(1, (0..4).map(|id| add(id, video(id, 50))).collect());
    index.save().unwrap();
    let before = index.bytes();
    let earlier = index.snapshot();
    index.apply(2, vec![Change::Remove(1), Change::Remove(3)]);
    assert_eq!((ids(&index), index.len()), (vec![0, 2], 2));
    // A search that had begun still sees what there was.
    assert_eq!(earlier.segments[0].alive().count(), 4);
    index.save().unwrap();
    assert_eq!(ids(&open(&dir).index), [0, 2]);
    assert!(index.merge().unwrap());
    assert!(index.bytes() < before * 2 / 3);
    assert_eq!(ids(&index), [0, 2]);
    assert_eq!(ids(&open(&dir).index), [0, 2]);
    assert!(!index.merge().unwrap());
}

#[test]
fn an_index_opened_again_has_the_version_it_was_saved_with() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(7, vec![add(1, video(1, 10))]);
    index.save().unwrap();
    index.apply(8, vec![add(2, video(2, 10))]);
    drop(index);
    let opened = open(&dir);
    assert_eq!((opened.index.version(), ids(&opened.index)), (7, vec![1]));
    assert!(opened.lost.is_empty() && opened.damage.is_empty());
    opened.index.apply(8, vec![add(2, video(2, 10))]);
    // Files are joined without making what is only in memory part of what is saved.
    opened.index.save().unwrap();
    opened.index.apply(9, vec![add(3, video(3, 10))]);
    assert!(opened.index.merge().unwrap());
    let again = open(&dir);
    assert_eq!((again.index.version(), ids(&again.index)), (8, vec![1, 2]));
}

#[test]
fn a_file_that_is_cut_off_missing_or_altered_is_told_with_what_was_in_it() {
    for harm in ["cut", "missing", "head", "content"] {
        let dir = TempDir::new().unwrap();
        let index = open(&dir).index;
        index.apply(1, vec![add(1, video(1, 4_000))]);
        index.save().unwrap();
        index.apply(
            2,
            vec![add(2, video(2, 4)), add(3, video(3, 4)), Change::Remove(1)],
        );
        index.save().unwrap();
        index.apply(3, vec![Change::Remove(3)]);
        index.save().unwrap();
        drop(index);
        let files = || {
            fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
        };
        let small = files()
            .filter(|path| path.extension().is_some_and(|end| end == "segment"))
            .min_by_key(|path| fs::metadata(path).unwrap().len())
            .unwrap();
        let length = fs::metadata(&small).unwrap().len();
        match harm {
            "cut" => OpenOptions::new()
                .write(true)
                .open(&small)
                .unwrap()
                .set_len(length / 2)
                .unwrap(),
            "missing" => fs::remove_file(&small).unwrap(),
            _ => {
                let mut bytes = fs::read(&small).unwrap();
                let at = if harm == "head" { 30 } else { bytes.len() - 9 };
                bytes[at] ^= 4;
                fs::write(&small, bytes).unwrap();
            }
        }
        let opened = open(&dir);
        assert_eq!(opened.lost, [2], "{harm}");
        assert_eq!(opened.damage.len(), 1, "{harm}");
        assert_eq!(opened.damage[0].file, small, "{harm}");
        opened.index.apply(3, vec![add(2, video(2, 4))]);
        opened.index.save().unwrap();
        let mended = open(&dir);
        assert_eq!(ids(&mended.index), [2], "{harm}");
        assert!(mended.damage.is_empty(), "{harm}");
    }
}

#[test]
fn a_check_finds_what_went_bad_while_the_index_was_open() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(1, vec![add(1, video(1, 100)), add(2, video(2, 4))]);
    index.save().unwrap();
    assert_eq!(index.check().unwrap(), (Vec::new(), Vec::new()));
    let path = manifest::segment_path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // Under another name first: the file that is mapped stays as it was.
    fs::write(dir.path().join("other"), &bytes).unwrap();
    fs::rename(dir.path().join("other"), &path).unwrap();
    let (lost, damage) = index.check().unwrap();
    assert_eq!((lost, damage.len(), index.len()), (vec![1, 2], 1, 0));
}

#[test]
fn a_damaged_manifest_is_told_and_everything_starts_again() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(5, vec![add(1, video(1, 4))]);
    index.save().unwrap();
    drop(index);
    let path = dir.path().join("manifest");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let opened = open(&dir);
    assert_eq!(
        (
            opened.index.version(),
            opened.index.len(),
            opened.damage.len()
        ),
        (0, 0, 1)
    );
}

#[test]
fn files_that_a_process_left_when_it_died_are_removed() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(1, vec![add(1, video(1, 4))]);
    index.save().unwrap();
    drop(index);
    let left = manifest::segment_path(dir.path(), 9);
    fs::write(&left, b"half a segm").unwrap();
    fs::write(dir.path().join("manifest.new"), b"half").unwrap();
    let opened = open(&dir);
    assert_eq!((ids(&opened.index), left.exists()), (vec![1], false));
}

#[test]
fn changes_while_files_are_written_are_neither_lost_nor_saved_too_early() {
    let dir = TempDir::new().unwrap();
    let index = open(&dir).index;
    index.apply(1, (0..20).map(|id| add(id, video(id, 40))).collect());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for version in 2..40 {
                let added = add(100 + version, video(version, 6));
                index.apply(version, vec![added, Change::Remove(version - 2)]);
            }
        });
        while !writer.is_finished() {
            index.save().unwrap();
            index.merge().unwrap();
        }
    });
    index.save().unwrap();
    let expected: Vec<u64> = (102..140).collect();
    assert_eq!(ids(&index), expected);
    let opened = open(&dir);
    assert_eq!((opened.index.version(), ids(&opened.index)), (39, expected));
}
