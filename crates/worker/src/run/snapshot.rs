//! Snapshots: pictures of one source, stored beside each other.

use std::path::Path;
use std::sync::Arc;

use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Fault, FaultCode, Job};
use reelgate_domain::media::{OutputFile, OutputResult};
use reelgate_media::{Limits, Taken};

use super::Made;
use crate::opening::Opening;
use crate::scratch::Budget;
use crate::{Tools, WorkerConfig};

/// What a snapshot job needs.
pub(crate) struct Snapshot<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) config: &'a Arc<WorkerConfig>,
    pub(crate) budget: &'a Arc<Budget>,
    /// What could be free in scratch at most.
    pub(crate) capacity: u64,
    pub(crate) job: &'a Job,
    pub(crate) spec: &'a SnapshotSpec,
    /// The directory of unfinished files, which does not outlive the attempt.
    pub(crate) scratch: &'a Path,
    pub(crate) limits: Limits,
    /// Hears the index of a result and 0 to 100.
    pub(crate) on_progress: &'a (dyn Fn(usize, u8) + Send + Sync),
}

impl Snapshot<'_> {
    /// Takes the pictures. The result's files are the pictures in their order, then the sheets, then what says
    /// which part of a sheet is of when. Dropping the future kills what runs.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let opening = Opening {
            tools: self.tools.clone(),
            config: Arc::clone(self.config),
            budget: Arc::clone(self.budget),
            capacity: self.capacity,
            dir: self.scratch.join("source"),
            copies: 0,
            jobs: vec![self.job.id],
        };
        let (source, _bytes) = opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let dir = self.scratch.join("pictures");
        let mut on_progress = |percent: u8| (self.on_progress)(0, percent);
        let bench = &self.tools.bench;
        let taken = bench.snapshots(self.spec, &source, &dir, &self.limits, &mut on_progress);
        let Taken {
            pictures,
            sheets,
            cues,
        } = taken.await?;
        let pictures = pictures.into_iter().chain(sheets);
        let named = pictures.map(|picture| (picture.name, picture.bytes));
        let named = named.chain(cues.map(|cues| (cues.name, cues.bytes)));
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        for (name, bytes) in named {
            let key = self.spec.output.key.sibling(&name);
            let unfit = |error: reelgate_domain::InvalidName| {
                Fault::new(FaultCode::SpecUnfit, error.to_string())
            };
            files.push(OutputFile::new(key.map_err(unfit)?, bytes));
            paths.push(dir.join(name));
        }
        Ok(vec![Made {
            result: OutputResult::Done {
                object: self.spec.output.clone(),
                files,
                facts: Box::default(),
                source: None,
            },
            files: paths,
            dir: Some(dir),
        }])
    }
}
