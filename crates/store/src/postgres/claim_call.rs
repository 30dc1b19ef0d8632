//! Those who wait for jobs: what they want, what they have got, and where their answers go.

use reelgate_domain::job::Lease;
use reelgate_domain::node::Kinds;
use reelgate_domain::{Timestamp, WorkerId};
use tokio::sync::oneshot;

use super::intention::{Wish, settled};
use crate::contract::{Claim, Result};

/// The most turns that a claim loses to queued jobs that cannot be read: everybody who writes waits
/// for it, and there may be a whole backlog of them. Each rings for work, so the worker comes again.
pub(super) const LOST_TURNS: usize = 64;

/// What a claim starts.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) slots: u32,
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) wants: Wants,
}

/// What a claim takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// Publishers that were lost, and jobs of these kinds.
    Jobs(Kinds),
    /// Only publishers that were lost; starts nothing.
    Winners,
}

/// Somebody who waits for jobs.
pub(super) struct ClaimCall {
    pub(super) wanted: Wanted,
    pub(super) claims: Vec<Claim>,
    pub(super) lost_turns: usize,
    pub(super) outcome: Option<Result<()>>,
    reply: oneshot::Sender<Result<Vec<Claim>>>,
}

pub(super) fn call(
    worker: &WorkerId,
    slots: u32,
    (until, now): (Timestamp, Timestamp),
    wants: Wants,
) -> (Wish, oneshot::Receiver<Result<Vec<Claim>>>) {
    let worker = worker.clone();
    let (reply, answer) = oneshot::channel();
    let wanted = Wanted {
        slots,
        lease: Lease { worker, until },
        now,
        wants,
    };
    let call = ClaimCall {
        wanted,
        claims: Vec::new(),
        lost_turns: 0,
        outcome: None,
        reply,
    };
    (Wish::Claim(call), answer)
}

impl ClaimCall {
    /// Forgets what an attempt has found that was not written.
    pub(super) fn reset(&mut self) {
        self.claims.clear();
        self.lost_turns = 0;
        self.outcome = None;
    }

    pub(super) fn answer(self, commit: &Result<()>) {
        let claims = self.claims;
        let outcome = self.outcome.map(|outcome| outcome.map(|()| claims));
        let _ = self.reply.send(settled(outcome, commit));
    }

    /// For how many turns there is room.
    pub(super) fn turns(&self) -> i64 {
        match self.wanted.wants {
            Wants::Winners => 0,
            Wants::Jobs(_) => self.room() as i64,
        }
    }

    pub(super) fn room(&self) -> usize {
        (self.wanted.slots as usize).saturating_sub(self.claims.len())
    }

    /// Whether it is to have more turns.
    pub(super) fn goes_on(&self) -> bool {
        self.wanted.wants != Wants::Winners && self.room() > 0 && self.lost_turns < LOST_TURNS
    }
}
