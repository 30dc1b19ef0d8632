//! The bucket of a simulation, and the processes that run: all that can be seen of attempts from outside.

use std::collections::{BTreeMap, BTreeSet};

use reelgate_domain::{JobId, Timestamp};

/// Whose work something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
}

/// A stage's files, by the keys that they are to have.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) files: BTreeSet<String>,
    pub(crate) modified: Timestamp,
}

/// What is stored.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    pub(crate) stages: BTreeMap<Origin, Stage>,
    pub(crate) objects: BTreeMap<String, Origin>,
    /// Who has won, as the store said: only they may put objects.
    pub(crate) winners: BTreeMap<JobId, u32>,
    /// Processes that run, by the life that started them.
    pub(crate) processes: BTreeMap<u64, (String, Vec<JobId>)>,
    pub(crate) started: u64,
}

impl Storage {
    /// The processes of a life are gone with it.
    pub(crate) fn end_life(&mut self, life: &str) {
        self.processes.retain(|_, (of, _)| of != life);
    }

    /// Stages a file.
    pub(crate) fn stage(&mut self, origin: Origin, key: &str, now: Timestamp) {
        let stage = self.stages.entry(origin).or_insert_with(|| Stage {
            files: BTreeSet::new(),
            modified: now,
        });
        stage.files.insert(key.to_owned());
        stage.modified = now;
    }

    /// Gives a staged file its name: true if it was staged, or else an object of this name is there, as
    /// the directories of real buckets have it.
    pub(crate) fn place(&mut self, origin: Origin, key: &str) -> bool {
        let staged = self.stages.get_mut(&origin);
        if staged.is_some_and(|stage| stage.files.remove(key)) {
            self.objects.insert(key.to_owned(), origin);
            return true;
        }
        self.objects.contains_key(key)
    }

    /// Removes what this and earlier attempts have staged.
    pub(crate) fn discard(&mut self, origin: Origin) {
        self.stages
            .retain(|it, _| it.job != origin.job || it.attempt > origin.attempt);
    }
}
