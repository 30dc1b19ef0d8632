//! Which outputs of one source one process can make.

use super::{Plan, Size};

/// What the pictures of all outputs of one process may come to, which an encoder keeps some sixty
/// of: as much as a single output may have.
const MOST_PIXELS: u64 = super::geometry::MOST_OUTPUT_PIXELS;

/// Whether one process can make both from the same source, each exactly as it would be made alone.
///
/// What they show has to start at the same moment, for the source is positioned once. How long they
/// are, which streams they take and what becomes of those is each one's own.
pub fn shareable(a: &Plan, b: &Plan) -> bool {
    (a.window.start_ms, a.window.seek) == (b.window.start_ms, b.window.seek)
        && a.pixels() + b.pixels() <= MOST_PIXELS
}

/// Puts outputs of one source, by their indices, into as few processes as they can share in the
/// order given.
pub fn groups(plans: &[&Plan]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let fits = |group: &&mut Vec<usize>| {
            let together: u64 = group.iter().map(|&member| plans[member].pixels()).sum();
            shareable(plans[group[0]], plan) && together + plan.pixels() <= MOST_PIXELS
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

impl Plan {
    fn pixels(&self) -> u64 {
        self.video.as_ref().map_or(0, |video| video.size.pixels())
    }
}

impl Size {
    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}
