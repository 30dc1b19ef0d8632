//! That simulations repeat themselves, find nothing wrong, and would find what they are for.

use crate::{Met, Mutant, Simulator, post};

#[test]
fn the_same_seed_lets_the_same_happen() {
    let mut simulator = Simulator::default();
    let traces = |simulator: &mut Simulator| {
        let run = |seed| simulator.run(seed, None, true).unwrap();
        (40..52)
            .map(run)
            .map(|outcome| (outcome.hash, outcome.met, outcome.lines))
            .collect::<Vec<_>>()
    };
    let first = traces(&mut simulator);
    // On a database that was rewound, and on a new one.
    let again = traces(&mut simulator);
    let anew = traces(&mut Simulator::default());
    for ((one, other), third) in first.iter().zip(&again).zip(&anew) {
        assert_eq!(one, other);
        assert_eq!(one, third);
    }
    let mut hashes: Vec<u64> = first.iter().map(|(hash, ..)| *hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), first.len(), "seeds differ");
}

#[test]
fn nothing_is_broken_by_what_some_seeds_let_happen() {
    let mut simulator = Simulator::default();
    let mut met = Met::default();
    for seed in 1000..1080 {
        let outcome = simulator.run(seed, None, false).unwrap();
        assert_eq!(outcome.broken, [], "make simulate SEED={seed}");
        met.add(&outcome.met);
    }
    // Otherwise they met nothing that could have been broken.
    let rare = met
        .lost
        .min(met.failed)
        .min(met.cancelled)
        .min(met.takeovers);
    assert!(rare > 0 && met.jobs > 400 && met.receivers > 20, "{met:?}");
}

/// Each has to be noticed by what it breaks, in so many seeds from the first on.
#[test]
fn rules_of_deliveries_that_are_taken_away_are_missed() {
    let within = [
        (Mutant::DeliveriesOvertake, 150, post::IN_ORDER),
        (Mutant::DeliveriesTriedOnce, 150, post::AT_LEAST_ONCE),
        (Mutant::CancelsUnseen, 150, post::NOTHING_AFTER_A_CANCEL),
    ];
    let mut simulator = Simulator::default();
    for (mutant, seeds, promise) in within {
        let mut broken = |seed| {
            let outcome = simulator.run(seed, Some(mutant), false).unwrap();
            outcome.broken.iter().any(|it| it.promise == promise)
        };
        assert!((1..=seeds).any(&mut broken), "{mutant:?} goes unnoticed");
    }
}

/// Each has to be noticed in so many seeds, from the first on.
#[test]
fn rules_that_are_taken_away_are_missed() {
    let within = [
        (Mutant::CancelWithoutCompareAndSet, 150),
        (Mutant::StopIgnoredAtPublish, 150),
        (Mutant::NoFencingAtPublish, 400),
        (Mutant::PauseCached, 150),
        (Mutant::LimitCached, 150),
        (Mutant::OrderReversed, 150),
        (Mutant::SweepIgnoresStopping, 150),
        (Mutant::SlotLeaked, 150),
        (Mutant::LossesForgotten, 150),
        (Mutant::CancelForgotten, 150),
        (Mutant::EventLost, 150),
        (Mutant::NamesBeforeWin, 150),
        (Mutant::HintsOnly, 150),
    ];
    let mut simulator = Simulator::default();
    for (mutant, seeds) in within {
        let mut broken = |seed| {
            let outcome = simulator.run(seed, Some(mutant), false).unwrap();
            !outcome.broken.is_empty()
        };
        assert!((1..=seeds).any(&mut broken), "{mutant:?} goes unnoticed");
    }
}
