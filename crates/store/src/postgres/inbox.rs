//! The writer's inbox: two lanes, so that what relieves a full queue never waits behind it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::intention::Wish;

/// How often the writer looks whether more has come, as long as each time some has.
const LOOKS: usize = 8;

/// Where a wish waits for the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Cancels, claims and what workers report: goes before everything that is normal.
    Urgent,
    /// Submits and other growth.
    Normal,
}

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Wish>,
    normal: VecDeque<Wish>,
    closed: bool,
}

#[derive(Default)]
pub(super) struct Inbox {
    lanes: Mutex<Lanes>,
    arrived: Notify,
}

impl Inbox {
    /// Adds a wish; gives it back if the writer has gone.
    pub(super) fn push(&self, lane: Lane, wish: Wish) -> Result<(), Box<Wish>> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(Box::new(wish));
        }
        match lane {
            Lane::Urgent => lanes.urgent.push_back(wish),
            Lane::Normal => lanes.normal.push_back(wish),
        }
        drop(lanes);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits until there is something, then hands out at most `most` of it, urgent first. Nothing
    /// when the inbox is closed and empty.
    ///
    /// Callers that were answered together come again together, but not before they have run: the
    /// first of them, taken at once, would have a batch to itself, which costs much the same as one of all.
    pub(super) async fn wait(&self, most: usize) -> Vec<Wish> {
        let (mut seen, mut looks) = (0, 0);
        loop {
            let (waiting, closed) = self.waiting();
            if closed || (waiting > 0 && (waiting == seen || looks == LOOKS)) {
                return self.take(most);
            }
            if waiting == 0 {
                self.arrived.notified().await;
            } else {
                (seen, looks) = (waiting, looks + 1);
                // Whoever can run does so meanwhile; if nobody can, this takes no time.
                tokio::task::yield_now().await;
            }
        }
    }

    fn waiting(&self) -> (usize, bool) {
        let lanes = self.lock();
        (lanes.urgent.len() + lanes.normal.len(), lanes.closed)
    }

    /// The same without waiting.
    pub(super) fn take(&self, most: usize) -> Vec<Wish> {
        let mut lanes = self.lock();
        let urgent = lanes.urgent.len().min(most);
        let mut batch: Vec<Wish> = lanes.urgent.drain(..urgent).collect();
        let normal = lanes.normal.len().min(most - urgent);
        batch.extend(lanes.normal.drain(..normal));
        batch
    }

    /// Takes nothing more; what is queued is still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    // A poisoned lock is used on: the lanes are whole after every line that holds it.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
