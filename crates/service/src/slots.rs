//! How many jobs can start right now.

use std::sync::{Arc, PoisonError, RwLock};

/// Where the worker of this process says how many of its slots are free. Not stored: it is true as
/// long as the worker says so.
#[derive(Clone, Debug, Default)]
pub struct Slots(Arc<RwLock<Option<(u32, u32)>>>);

impl Slots {
    /// Says how many slots are free, of how many.
    pub fn set(&self, free: u32, of: u32) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((free, of));
    }

    /// How many slots there are; 0 if there is no worker, or none yet.
    pub fn total(&self) -> u32 {
        self.known().map_or(0, |(_, of)| of)
    }

    /// What was said last, if there is a worker.
    pub(crate) fn known(&self) -> Option<(u32, u32)> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
