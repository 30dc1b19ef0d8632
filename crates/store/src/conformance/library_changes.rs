//! How copies of fingerprint libraries catch up.

use reelgate_domain::dna::LibraryId;

use super::Home;
use super::dice::Dice;
use super::shelf::{Replica, Shelf, entry, key};
use crate::LibraryChange;

fn added(changes: &[LibraryChange]) -> Vec<u64> {
    let numbers = changes.iter().filter_map(|change| match change {
        LibraryChange::Added { number, .. } => Some(*number),
        LibraryChange::Removed { .. } => None,
    });
    numbers.collect()
}

fn removed(changes: &[LibraryChange]) -> Vec<u64> {
    let numbers = changes.iter().filter_map(|change| match change {
        LibraryChange::Removed { number } => Some(*number),
        LibraryChange::Added { .. } => None,
    });
    numbers.collect()
}

pub async fn changes_are_told_in_order_and_in_steps(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for name in ["a", "b", "c", "d"] {
        it.add(id, entry(name, 10)).await;
    }
    let all = it.changes(id, 0, 1000).await;
    assert_eq!((all.reached, all.more), (4, false));
    assert_eq!(added(&all.changes), [1, 2, 3, 4]);
    assert_eq!(
        all.changes[1],
        LibraryChange::Added {
            number: 2,
            key: key("b"),
            fingerprint: entry("b", 10).fingerprint
        }
    );
    for (most, numbers, reached, more) in [
        (0, &[1][..], 1, true),
        (19, &[1], 1, true),
        (20, &[1, 2], 2, true),
        (39, &[1, 2, 3], 3, true),
        (40, &[1, 2, 3, 4], 4, false),
    ] {
        let told = it.changes(id, 0, most).await;
        assert_eq!(added(&told.changes), numbers, "{most}");
        assert_eq!((told.reached, told.more), (reached, more), "{most}");
    }
    let none = it.changes(id, 4, 0).await;
    assert_eq!(
        (none.reached, none.more, none.changes),
        (4, false, Vec::new())
    );
    // A copy that is ahead is one of another history.
    let ahead = it.changes(id, 9, 1000).await;
    assert_eq!((ahead.reached, ahead.more), (4, false));
    assert_eq!(ahead.changes, []);
    let unknown = LibraryId::from_bytes([9; 16]);
    assert_eq!(it.changes(unknown, 3, 9).await.changes, []);
}

pub async fn what_was_added_and_removed_again_is_not_told(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for name in ["a", "b"] {
        it.add(id, entry(name, 10)).await;
    }
    it.add(id, entry("c", 10)).await;
    it.remove(id, &["a", "c"]).await;
    let told = it.changes(id, 2, 1000).await;
    assert_eq!((told.reached, told.more), (4, false));
    assert_eq!(
        (added(&told.changes), removed(&told.changes)),
        (vec![], vec![1])
    );
    let fresh = it.changes(id, 0, 1000).await;
    assert_eq!((fresh.reached, fresh.more), (4, false));
    assert_eq!(
        (added(&fresh.changes), removed(&fresh.changes)),
        (vec![2], vec![])
    );
    // The newest change is a removal that a step with additions does not reach.
    it.add(id, entry("d", 10)).await;
    it.add(id, entry("e", 10)).await;
    it.remove(id, &["b"]).await;
    let step = it.changes(id, 4, 10).await;
    assert_eq!((step.reached, step.more), (5, true));
    assert_eq!(
        (added(&step.changes), removed(&step.changes)),
        (vec![5], vec![])
    );
    let rest = it.changes(id, 5, 10).await;
    assert_eq!((rest.reached, rest.more), (7, false));
    assert_eq!(
        (added(&rest.changes), removed(&rest.changes)),
        (vec![6], vec![2])
    );
    assert!(matches!(
        rest.changes[..],
        [LibraryChange::Added { .. }, LibraryChange::Removed { .. }]
    ));
}

pub async fn many_small_changes_are_told_in_steps_too(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for n in 0..30 {
        it.add(id, entry(&format!("k{n}"), 0)).await;
    }
    let mut copy = Replica::default();
    assert_eq!(copy.catch_up(&it, id, 3).await, 10);
    assert_eq!(copy.entries.len(), 30);
}

/// Copies of all ages, in steps of all sizes, come to what the library holds, whatever has happened to it.
pub async fn a_copy_that_catches_up_has_what_the_library_has(home: &dyn Home) {
    let it = Shelf::new(home).await;
    for seed in 0..4 {
        let id = it.made(&format!("l{seed}")).await;
        let mut dice = Dice::new(seed);
        let mut copies = vec![Replica::default()];
        let mut expected: Vec<String> = Vec::new();
        for round in 0..60 {
            match dice.below(10) {
                0..5 => {
                    let name = format!("k{}", dice.below(20));
                    if !expected.contains(&name) {
                        let bytes = dice.below(50) as usize;
                        it.add(id, entry(&name, bytes)).await;
                        expected.push(name);
                    }
                }
                5..7 => {
                    let names: Vec<String> =
                        (0..3).map(|_| format!("k{}", dice.below(20))).collect();
                    let named: Vec<&str> = names.iter().map(String::as_str).collect();
                    it.remove(id, &named).await;
                    expected.retain(|name| !names.contains(name));
                }
                7 => {
                    it.prune_once().await;
                }
                8 => {
                    let copy = Replica::of(&it, id).await;
                    copies.push(copy);
                }
                _ if dice.below(3) == 0 => {
                    it.empty(id, false).await;
                    expected.clear();
                }
                _ => {
                    let at = dice.below(copies.len() as u64) as usize;
                    let most = dice.below(120);
                    let id_of = &mut copies[at];
                    id_of.catch_up(&it, id, most).await;
                }
            }
            if round % 10 == 9 {
                check(&it, id, &copies, &mut expected, dice.below(120)).await;
            }
        }
        it.prune().await;
        check(&it, id, &copies, &mut expected, 1).await;
    }
}

async fn check(
    it: &Shelf,
    id: LibraryId,
    copies: &[Replica],
    expected: &mut Vec<String>,
    most_bytes: u64,
) {
    expected.sort_unstable();
    assert_eq!(it.keys(id).await, *expected);
    let library = it.library(id).await;
    assert_eq!(library.entries, expected.len() as u64);
    let there = Replica::of(it, id).await;
    assert_eq!(there.version, library.version);
    let listed = it.entries(id).await.into_iter();
    let mut listed: Vec<_> = listed.map(|it| (it.number, it.key.to_string())).collect();
    listed.sort_unstable();
    let held = there.entries.iter();
    let held: Vec<_> = held
        .map(|(number, (key, _))| (*number, key.clone()))
        .collect();
    assert_eq!(held, listed);
    for copy in copies {
        let mut late = copy.clone();
        late.catch_up(it, id, most_bytes).await;
        assert_eq!(late, there, "a copy of version {}", copy.version);
    }
}
