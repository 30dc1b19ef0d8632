//! Every order in which things can happen to one job: two workers, two cancels, a pause, leases that run
//! out, crashes and lost answers at every point. Small enough to look at all of it, and it decides with
//! [`Lifecycle::after`], as the engines do.
//!
//! Time has no date here. A lease or a delay is known by how much of it is left, so the same situation
//! later is the same state.

mod moves;
mod state;

use std::collections::{HashMap, VecDeque};

use reelgate_domain::job::StateName;

use self::state::State;

/// A rule that the model may lack, to show that it would be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A report counts for the newest attempt, whoever makes it.
    NoFencing,
    /// A cancel looks, and writes later what follows from what it saw.
    CancelWithoutCompareAndSet,
    /// A claim looks at the pause, and starts later.
    PauseCached,
    /// A lease that runs out while its job is being stopped is left alone.
    SweepIgnoresStopping,
    /// An attempt wins although it was asked to stop.
    StopIgnoredAtPublish,
    /// Outputs get their names before the store has decided.
    NamesBeforeWin,
    /// A job is claimed while another worker holds it.
    LeaseNotChecked,
}

impl Flaw {
    pub const ALL: [Self; 7] = [
        Self::NoFencing,
        Self::CancelWithoutCompareAndSet,
        Self::PauseCached,
        Self::SweepIgnoresStopping,
        Self::StopIgnoredAtPublish,
        Self::NamesBeforeWin,
        Self::LeaseNotChecked,
    ];
}

/// What there was to see.
#[derive(Debug)]
pub struct Explored {
    pub states: usize,
    pub transitions: usize,
    /// A promise that is broken, and how it comes to that; the shortest way.
    pub broken: Option<(&'static str, Vec<String>)>,
}

/// Looks at everything that can happen, or at all up to the first broken promise.
pub fn explore(flaw: Option<Flaw>) -> Explored {
    let start = State::start();
    let mut known: HashMap<State, usize> = HashMap::from([(start, 0)]);
    // Each state with where it was first come from, and by what.
    let mut seen: Vec<(State, usize, &'static str)> = vec![(start, 0, "start")];
    let mut backwards: Vec<Vec<u32>> = vec![Vec::new()];
    let mut waiting = VecDeque::from([0]);
    let mut transitions = 0;
    while let Some(index) = waiting.pop_front() {
        for (name, outcome) in moves::of(&seen[index].0, flaw) {
            transitions += 1;
            let next = match outcome {
                Ok(next) => next,
                Err(promise) => {
                    let mut way = way_to(&seen, index);
                    way.push(name.to_owned());
                    let broken = Some((promise, way));
                    let states = seen.len();
                    return Explored {
                        states,
                        transitions,
                        broken,
                    };
                }
            };
            let to = *known.entry(next).or_insert_with(|| {
                seen.push((next, index, name));
                backwards.push(Vec::new());
                waiting.push_back(seen.len() - 1);
                seen.len() - 1
            });
            backwards[to].push(index as u32);
        }
    }
    let broken = without_end(&seen, &backwards);
    Explored {
        states: seen.len(),
        transitions,
        broken,
    }
}

/// From every state the job can come to an end, or something has been forgotten for ever.
fn without_end(
    seen: &[(State, usize, &'static str)],
    backwards: &[Vec<u32>],
) -> Option<(&'static str, Vec<String>)> {
    let mut ends = vec![false; seen.len()];
    let mut waiting: Vec<usize> = Vec::new();
    for (index, (state, ..)) in seen.iter().enumerate() {
        if state.job.name.is_final() {
            ends[index] = true;
            waiting.push(index);
        }
    }
    while let Some(index) = waiting.pop() {
        for before in &backwards[index] {
            let before = *before as usize;
            if !std::mem::replace(&mut ends[before], true) {
                waiting.push(before);
            }
        }
    }
    let stuck = ends.iter().position(|ends| !ends)?;
    Some(("every job can end", way_to(seen, stuck)))
}

fn way_to(seen: &[(State, usize, &'static str)], mut index: usize) -> Vec<String> {
    let mut way = Vec::new();
    while index != 0 {
        let (state, from, name) = &seen[index];
        let job = &state.job;
        let name_of: fn(StateName) -> &'static str = StateName::as_str;
        way.push(format!("{name}: {}/{}", name_of(job.name), job.attempt));
        index = *from;
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_can_happen_breaks_a_promise() {
        let explored = explore(None);
        assert_eq!(explored.broken, None);
        // Otherwise it has not looked at much.
        assert!(explored.states > 10_000, "{}", explored.states);
    }

    #[test]
    fn every_flaw_is_noticed() {
        for flaw in Flaw::ALL {
            let explored = explore(Some(flaw));
            assert!(explored.broken.is_some(), "{flaw:?} goes unnoticed");
        }
    }
}
