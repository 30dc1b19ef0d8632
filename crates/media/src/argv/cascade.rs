//! Ladders as one graph: the picture that one output's filters scaled goes on to those of smaller outputs.

use super::video::{finished, scaled, scaled_further};
use crate::plan::{Plan, VideoPlan, Window, cascade};

/// Where an output is in the ladder of its process.
#[derive(Clone, Debug, Default)]
pub(super) struct Rung {
    is_below: bool,
    /// The places of those that are scaled from its picture.
    below: Vec<usize>,
}

/// Those of all outputs of a process.
pub(super) fn rungs(plans: &[&Plan]) -> Vec<Rung> {
    let mut rungs = vec![Rung::default(); plans.len()];
    for (below, above) in cascade::above(plans).into_iter().enumerate() {
        if let Some(above) = above {
            rungs[below].is_below = true;
            rungs[above].below.push(below);
        }
    }
    rungs
}

impl Rung {
    pub(super) const fn is_alone(&self) -> bool {
        !self.is_below && self.below.is_empty()
    }

    /// Where the picture of the output at this place comes from, and what is left to be done to it. What goes on to
    /// others is taken before anything is cut off or put around.
    pub(super) fn picture(
        &self,
        (part, source): (usize, String),
        (video, window): (&VideoPlan, &Window),
        graph: &mut Vec<String>,
    ) -> (String, Vec<String>) {
        let (from, mut filters) = match self.is_below {
            true => (handed_on(part), scaled_further(video)),
            false => (source, scaled(video, window)),
        };
        if self.below.is_empty() {
            filters.extend(finished(video));
            return (from, filters);
        }
        let own = format!("u{part}");
        let ends: String = self
            .below
            .iter()
            .map(|below| format!("[{}]", handed_on(*below)))
            .collect();
        graph.push(format!(
            "[{from}]{},split={}[{own}]{ends}",
            filters.join(","),
            1 + self.below.len()
        ));
        (own, finished(video))
    }
}

fn handed_on(part: usize) -> String {
    format!("w{part}")
}
