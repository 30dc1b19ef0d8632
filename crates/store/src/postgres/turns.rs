//! Whose turn it is to start a job: all that claims know of pipelines.

use std::collections::VecDeque;

use reelgate_domain::job::Job;
use tokio_postgres::Row;

use crate::contract::Result;

/// The most siblings that start together.
pub(super) const MOST_SIBLINGS: i64 = 10_000;

/// A job that a turn may go to.
pub(super) struct Picked {
    pub(super) number: i64,
    pub(super) job: Result<Job>,
    pub(super) kin: Option<i64>,
}

/// A pipeline's place among those that take turns.
pub(super) struct Line {
    pub(super) pipeline: i64,
    pub(super) paused: bool,
    pub(super) concurrency: Option<i64>,
    pub(super) ready: i64,
    pub(super) running: i64,
    pub(super) served: i64,
    /// Its next jobs, as far as they were picked.
    pub(super) jobs: VecDeque<Picked>,
    /// It has nothing more as far as is known.
    pub(super) dry: bool,
    /// It had fewer jobs than were looked for: what else it counts is of other kinds, or somebody else's.
    pub(super) spent: bool,
    /// How many jobs were looked for, and how many were there.
    pub(super) asked: i64,
    pub(super) got: i64,
}

impl Line {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            pipeline: row.get(0),
            paused: row.get(1),
            concurrency: row.get(2),
            ready: row.get(3),
            running: row.get(4),
            served: row.get(5),
            jobs: VecDeque::new(),
            dry: false,
            spent: false,
            asked: 0,
            got: 0,
        }
    }

    fn has_turns(&self) -> bool {
        let below = self.concurrency.is_none_or(|limit| self.running < limit);
        !self.paused && self.ready > 0 && below && !self.dry
    }

    /// How many jobs it may start beside the next one.
    pub(super) fn room(&self) -> i64 {
        self.concurrency
            .map_or(MOST_SIBLINGS, |limit| limit - self.running - 1)
    }
}

/// Which of these has the next turn: the one with the fewest running jobs, of several the one that was
/// not served for longest.
pub(super) fn next_turn(lines: &[Line]) -> Option<usize> {
    let turns = lines.iter().enumerate();
    let turns = turns.filter(|(_, line)| line.has_turns());
    turns
        .min_by_key(|(_, line)| (line.running, line.served))
        .map(|(place, _)| place)
}

/// How many jobs each pipeline may have to give for so many slots: as many as if every job started alone,
/// and some to spare. Tells how many turns that are.
pub(super) fn plan(lines: &mut [Line], slots: usize, spare: i64) -> i64 {
    let before: Vec<_> = lines
        .iter()
        .map(|line| (line.running, line.ready, line.served))
        .collect();
    for line in lines.iter_mut() {
        line.spent |= line.got < line.asked;
        (line.asked, line.got, line.dry) = (0, 0, line.spent);
        line.jobs.clear();
    }
    let mut turns = 0;
    while (turns as usize) < slots
        && let Some(place) = next_turn(lines)
    {
        let line = &mut lines[place];
        turns += 1;
        line.asked += 1;
        line.ready -= 1;
        line.running += 1;
        line.served = i64::MAX / 2 + turns;
    }
    for (line, (running, ready, served)) in lines.iter_mut().zip(before) {
        (line.running, line.ready, line.served) = (running, ready, served);
        if line.asked > 0 {
            line.asked += spare;
        }
    }
    turns
}
