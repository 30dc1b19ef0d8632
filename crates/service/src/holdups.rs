//! Why jobs that could start do not: what the worker of this process knows and the store does not.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

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

    /// Says what keeps one job from starting.
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

    /// What keeps this job from starting, if the worker knows of something.
    pub(crate) fn of(&self, job: JobId) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.jobs.get(&job).or(known.all.as_ref()).cloned()
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
