//! What a seed decides before anything happens: who there is, and what may go wrong how often.
//!
//! Not everything goes wrong in each seed. What goes wrong all the time hides what goes wrong after it.

use std::time::Duration;

use crate::dice::Dice;

/// How long a lease lasts in simulations: short, so that much happens in little time.
pub(crate) const LEASE: Duration = Duration::from_secs(6);
/// How often signs of life are given.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often nodes look for work without a hint.
pub(crate) const POLL_EVERY: Duration = Duration::from_secs(1);

/// The farthest that a clock is set ahead or back.
pub(crate) const FARTHEST_AHEAD_MS: i64 = 15_000;

/// What can go wrong from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A node dies at any moment and starts anew.
    Crash,
    /// A node is shut down in good order and starts anew.
    Drain,
    /// A node stands still as after SIGSTOP, and goes on.
    Freeze,
    /// A node does not reach the store.
    Partition,
    /// Nobody does.
    StoreAway,
    /// The bucket fails.
    BucketAway,
    /// A node's clock is set.
    ClockStep,
}

impl Trouble {
    const ALL: [Self; 7] = [
        Self::Crash,
        Self::Drain,
        Self::Freeze,
        Self::Partition,
        Self::StoreAway,
        Self::BucketAway,
        Self::ClockStep,
    ];
}

/// A seed's plan. Chances are in a thousand.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) slots: Vec<u32>,
    /// The limits of the pipelines.
    pub(crate) limits: Vec<Option<u32>>,
    pub(crate) clients: u64,
    /// Calls of each client.
    pub(crate) calls: u64,
    /// The longest pause between them.
    pub(crate) think_ms: u64,
    /// A client that cancels at once what it has just submitted.
    pub(crate) regrets: u64,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) trouble_every_ms: u64,
    /// How long things go wrong.
    pub(crate) turmoil: Duration,
    /// The longest way of a call to the store.
    pub(crate) latency_ms: u64,
    /// A call that takes much longer.
    pub(crate) slow_calls: u64,
    pub(crate) failing_calls: u64,
    pub(crate) lost_answers: u64,
    /// A node dies on the way to the store, or on the way back.
    pub(crate) crashing_calls: u64,
    pub(crate) lost_hints: u64,
    pub(crate) failing_storage: u64,
    pub(crate) slow_storage: u64,
    pub(crate) failing_processes: u64,
    pub(crate) longest_process_ms: u64,
    /// How far the clocks of nodes are apart in peace.
    pub(crate) skew_ms: u64,
    /// Who is told of events.
    pub(crate) receivers: usize,
    /// A way to or from a receiver that leads nowhere.
    pub(crate) failing_post: u64,
}

impl Plan {
    /// How far a node's clock is ahead at most.
    pub(crate) fn most_skew_ms(&self) -> i64 {
        if self.troubles.contains(&Trouble::ClockStep) {
            return FARTHEST_AHEAD_MS;
        }
        self.skew_ms as i64
    }

    /// `more` decides on what came later, so that seeds without that stay what they were.
    pub(crate) fn of(dice: &mut Dice, more: &mut Dice) -> Self {
        let nodes = dice.within(1, 4);
        let pipelines = dice.within(1, 3);
        let sometimes = |dice: &mut Dice, most: u64| match dice.below(2) {
            0 => 0,
            _ => dice.within(1, most),
        };
        let kinds = dice.pick(&[0, 1, 1, 1, 2, 3]);
        let troubles = (0..kinds).map(|_| dice.pick(&Trouble::ALL)).collect();
        Self {
            slots: (0..nodes).map(|_| dice.within(1, 3) as u32).collect(),
            limits: (0..pipelines)
                .map(|_| dice.pick(&[None, None, Some(1), Some(2)]))
                .collect(),
            clients: dice.within(1, 4),
            calls: dice.within(3, 12),
            think_ms: dice.pick(&[100, 1000, 3000]),
            regrets: dice.pick(&[0, 300, 800]),
            troubles,
            trouble_every_ms: dice.pick(&[1000, 4000, 8000]),
            turmoil: Duration::from_millis(dice.within(5_000, 30_000)),
            latency_ms: dice.pick(&[0, 1, 3, 40, 300]),
            slow_calls: sometimes(dice, 20),
            failing_calls: sometimes(dice, 60),
            lost_answers: sometimes(dice, 60),
            crashing_calls: sometimes(dice, 10),
            lost_hints: dice.pick(&[0, 0, 200, 1000]),
            failing_storage: sometimes(dice, 100),
            slow_storage: sometimes(dice, 100),
            failing_processes: sometimes(dice, 200),
            longest_process_ms: dice.pick(&[50, 2000, 9000, 12_000]),
            skew_ms: dice.pick(&[0, 20, 100]),
            receivers: more.pick(&[0, 0, 0, 1, 2]),
            failing_post: more.pick(&[0, 50, 200]),
        }
    }
}
