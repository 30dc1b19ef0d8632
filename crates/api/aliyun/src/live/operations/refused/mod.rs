//! The documented actions of this product that are refused, by families: all of one have the same reason, which says what
//! there is instead if there is something.

mod delivery;
mod interaction;
mod keeping;
mod production;
mod statistics;
mod streams;

use reelgate_api_kit::operation::{Handling, Operation};

use super::comes_before;

/// Actions that are refused for the same reason.
struct Family {
    /// A sentence for whoever calls one of them.
    reason: &'static str,
    /// Sorted.
    actions: &'static [&'static str],
}

const FAMILIES: [&[Family]; 6] = [
    delivery::FAMILIES,
    interaction::FAMILIES,
    keeping::FAMILIES,
    production::FAMILIES,
    statistics::FAMILIES,
    streams::FAMILIES,
];

/// By the names of their actions.
pub(super) const ROWS: &[Operation] = &rows::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut subject) = (0, 0);
    while subject < FAMILIES.len() {
        let mut at = 0;
        while at < FAMILIES[subject].len() {
            count += FAMILIES[subject][at].actions.len();
            at += 1;
        }
        subject += 1;
    }
    count
}

const fn rows<const N: usize>() -> [Operation; N] {
    let mut rows = [refused("", ""); N];
    let (mut filled, mut subject) = (0, 0);
    while subject < FAMILIES.len() {
        let mut at = 0;
        while at < FAMILIES[subject].len() {
            let family = &FAMILIES[subject][at];
            add(&mut rows, filled, family);
            filled += family.actions.len();
            at += 1;
        }
        subject += 1;
    }
    rows
}

/// Puts a family among as many rows as there are: from the last one on, so that each row moves once.
const fn add(rows: &mut [Operation], filled: usize, family: &Family) {
    let (mut before, mut left) = (filled, family.actions.len());
    while left > 0 {
        let action = family.actions[left - 1];
        if before > 0 && comes_before(action, rows[before - 1].action) {
            rows[before + left - 1] = rows[before - 1];
            before -= 1;
        } else {
            rows[before + left - 1] = refused(action, family.reason);
            left -= 1;
        }
    }
}

const fn refused(action: &'static str, reason: &'static str) -> Operation {
    Operation {
        action,
        handling: Handling::Refused(reason),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_reason_has_one_family_in_order() {
        let mut reasons = HashSet::new();
        for family in FAMILIES.into_iter().flatten() {
            assert!(family.actions.is_sorted(), "{}", family.reason);
            assert!(reasons.insert(family.reason), "{} repeats", family.reason);
        }
        let actions: Vec<_> = ROWS.iter().map(|row| row.action).collect();
        assert!(actions.is_sorted_by(|one, next| one < next), "{actions:?}");
    }
}
