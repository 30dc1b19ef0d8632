//! What others may know and want of a running worker: how busy it is, what troubles it, whether it may
//! start anything.

use std::sync::{Arc, Mutex, PoisonError};

use reelgate_domain::Timestamp;
use reelgate_domain::node::Trouble;
use tokio::sync::watch;

use crate::roster::Roster;

/// A view of a worker that outlives it.
#[derive(Clone, Debug)]
pub struct Overview {
    pub(crate) roster: Arc<Roster>,
    pub(crate) draining: Arc<watch::Sender<bool>>,
}

impl Overview {
    /// How many of its slots are taken.
    pub fn taken(&self) -> u32 {
        *self.roster.slots().borrow()
    }

    /// How many jobs it holds: a slot may have several.
    pub fn jobs(&self) -> usize {
        self.roster.jobs()
    }

    /// What went wrong last.
    pub fn trouble(&self) -> Option<Trouble> {
        self.roster.troubles.last()
    }

    /// Has the worker start nothing more, or lets it start again. What runs goes on.
    pub fn set_draining(&self, draining: bool) {
        self.draining.send_if_modified(|before| {
            let is_new = *before != draining;
            *before = draining;
            is_new
        });
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}

/// The last thing that went wrong.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Option<Trouble>>);

impl Troubles {
    pub(crate) fn note(&self, at: Timestamp, message: String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Trouble { at, message });
    }

    pub(crate) fn last(&self) -> Option<Trouble> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}
