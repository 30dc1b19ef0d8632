//! Why jobs that could start or go on do not: what the worker of this process knows and the store does not.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use reelgate_domain::JobId;

/// Where the worker of this process says what it waits for. Not stored: it is true as long as the
/// worker says so.
#[derive(Clone, Debug, Default)]
pub struct Holdups(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    all: Option<String>,
    jobs: HashMap<JobId, String>,
}

impl Holdups {
    /// Says what keeps the worker from starting anything, or that nothing does.
    pub fn set_all(&self, why: Option<String>) {
        self.write(|known| known.all = why);
    }

    /// Says what keeps one job from going on.
    pub fn set(&self, job: JobId, why: String) {
        self.write(|known| {
            known.jobs.insert(job, why);
        });
    }

    /// Nothing keeps this job any more.
    pub fn clear(&self, job: JobId) {
        self.write(|known| {
            known.jobs.remove(&job);
        });
    }

    /// What keeps the worker from starting anything.
    pub(crate) fn of_all(&self) -> Option<String> {
        self.read().all.clone()
    }

    /// What keeps this job from going on, if the worker knows of something.
    pub(crate) fn of(&self, job: JobId) -> Option<String> {
        self.read().jobs.get(&job).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
