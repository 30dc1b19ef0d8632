//! The writer's inbox: two lanes, so that what relieves a full queue never waits behind it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::writer::Intention;

/// Where an intention waits for the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Cancels, pipeline changes and what workers report: goes before everything that is normal.
    Urgent,
    /// Submits and other growth.
    Normal,
}

pub(super) type Queued = (Lane, Box<dyn Intention>);

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Box<dyn Intention>>,
    normal: VecDeque<Box<dyn Intention>>,
    closed: bool,
    /// The writer sleeps and has to be woken.
    idle: bool,
}

#[derive(Default)]
pub(super) struct Inbox {
    lanes: Mutex<Lanes>,
    arrived: Condvar,
}

impl Inbox {
    /// Adds an intention; gives it back if the writer has gone.
    pub(super) fn push(
        &self,
        lane: Lane,
        intention: Box<dyn Intention>,
    ) -> Result<(), Box<dyn Intention>> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(intention);
        }
        match lane {
            Lane::Urgent => lanes.urgent.push_back(intention),
            Lane::Normal => lanes.normal.push_back(intention),
        }
        let wake = std::mem::take(&mut lanes.idle);
        drop(lanes);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits until there is something, then moves at most `most` of it to `batch`, urgent first.
    /// False when the inbox is closed and empty.
    pub(super) fn wait(&self, batch: &mut VecDeque<Queued>, most: usize) -> bool {
        let mut lanes = self.lock();
        while lanes.urgent.is_empty() && lanes.normal.is_empty() {
            if lanes.closed {
                return false;
            }
            lanes.idle = true;
            lanes = self
                .arrived
                .wait(lanes)
                .unwrap_or_else(PoisonError::into_inner);
        }
        lanes.idle = false;
        lanes.drain(batch, most);
        true
    }

    /// The same without waiting.
    pub(super) fn take(&self, batch: &mut VecDeque<Queued>, most: usize) {
        self.lock().drain(batch, most);
    }

    /// Takes nothing more; what is queued is still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    // A poisoned lock is used on: the lanes are whole after every line that holds it.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn drain(&mut self, batch: &mut VecDeque<Queued>, most: usize) {
        let urgent = self.urgent.len().min(most);
        batch.extend(self.urgent.drain(..urgent).map(|it| (Lane::Urgent, it)));
        let normal = self.normal.len().min(most - urgent);
        batch.extend(self.normal.drain(..normal).map(|it| (Lane::Normal, it)));
    }
}
