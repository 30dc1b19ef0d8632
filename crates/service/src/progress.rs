//! Progress of the jobs that run in this process, as it is right now.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use reelgate_domain::JobId;
use reelgate_domain::job::Job;

/// Where the worker of this process puts its jobs' progress for readers to see at once. The store
/// learns of it too, but seldom, because progress must not cost writes.
#[derive(Clone, Debug, Default)]
pub struct LiveProgress(Arc<RwLock<HashMap<JobId, Entry>>>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    attempt: u32,
    percent: u8,
}

impl LiveProgress {
    /// Notes how far an attempt is, 0 to 100.
    pub fn set(&self, job: JobId, attempt: u32, percent: u8) {
        let entry = Entry { attempt, percent };
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(job, entry);
    }

    /// How far an attempt is; 0 if it is not known here.
    pub fn of(&self, job: JobId, attempt: u32) -> u8 {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(&job)
            .filter(|entry| entry.attempt == attempt)
            .map_or(0, |entry| entry.percent)
    }

    /// Forgets a job whose attempt is over.
    pub fn clear(&self, job: JobId) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&job);
    }

    /// Brings a job that was read from the store up to date.
    pub(crate) fn refresh(&self, job: &mut Job) {
        // A job that was just queued again has the number of an attempt that may still be here.
        if job.lifecycle.state.lease().is_none() {
            return;
        }
        job.progress = job.progress.max(self.of(job.id, job.lifecycle.attempt));
    }
}
