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
    fetched: Option<Fetched>,
}

/// How much of a source has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: u64,
    /// As far as it is known.
    pub total: Option<u64>,
}

impl LiveProgress {
    /// Notes how far an attempt is, 0 to 100.
    pub fn set(&self, job: JobId, attempt: u32, percent: u8) {
        self.note(job, attempt, |entry| entry.percent = percent);
    }

    /// Notes how much of its source an attempt has fetched.
    pub fn set_bytes(&self, (job, attempt): (JobId, u32), bytes: u64, total: Option<u64>) {
        let fetched = Some(Fetched { bytes, total });
        self.note(job, attempt, |entry| entry.fetched = fetched);
    }

    /// How much of a job's source the newest attempt has fetched, if it does so here.
    pub fn fetched(&self, job: &Job) -> Option<Fetched> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&job.id)?;
        let is_current = entry.attempt == job.lifecycle.attempt;
        let is_at_work = job.lifecycle.state.lease().is_some();
        entry.fetched.filter(|_| is_current && is_at_work)
    }

    fn note(&self, job: JobId, attempt: u32, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let new = Entry {
            attempt,
            percent: 0,
            fetched: None,
        };
        let entry = entries.entry(job).or_insert(new);
        if entry.attempt != attempt {
            *entry = new;
        }
        change(entry);
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
