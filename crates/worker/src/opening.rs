//! Opening an input: one that lies elsewhere is fetched first, once there is room for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reelgate_domain::job::{Fault, FaultCode, Job, JobSpec};
use reelgate_domain::{AccountId, JobId, ObjectRef};
use reelgate_media::Further;
use reelgate_service::ContentKeys;

use crate::run::{FurtherSource, Source, Sources, find_bucket};
use crate::scratch::{Amount, Budget};
use crate::{Tools, WorkerConfig};

/// What opening the input of a group needs. Dropped on the way it fetches nothing more, and the probe is
/// killed.
pub(crate) struct Opening {
    pub(crate) tools: Tools,
    pub(crate) config: Arc<WorkerConfig>,
    pub(crate) budget: Arc<Budget>,
    /// What could be free in scratch at most.
    pub(crate) capacity: u64,
    /// Where an input is fetched to.
    pub(crate) dir: PathBuf,
    /// How many times what the input has is written as well.
    pub(crate) copies: u64,
    /// Those that wait for it.
    pub(crate) jobs: Vec<JobId>,
}

impl Opening {
    /// The input of a job, and what it takes of scratch.
    pub(crate) async fn open(&self, job: Job) -> Result<(Source, u64), Fault> {
        let object = job
            .spec
            .input()
            .ok_or_else(|| Fault::new(FaultCode::SpecUnfit, "the job has no input in a bucket"))?;
        self.open_object(job.account, object).await
    }

    /// The input of a job and what is named besides, and what all of it takes of scratch.
    pub(crate) async fn open_all(
        &self,
        job: Job,
        further: BTreeSet<ObjectRef>,
    ) -> Result<(Sources, u64), Fault> {
        let account = job.account;
        let (main, mut bytes) = self.open(job).await?;
        let mut opened = Vec::with_capacity(further.len());
        for (number, object) in further.into_iter().enumerate() {
            let dir = self.dir.join(format!("further-{number}"));
            let (path, facts) = match self.open_into(account, &object, &dir).await {
                Ok((source, fetched)) => {
                    bytes = bytes.saturating_add(fetched);
                    (source.path, Ok(source.facts))
                }
                Err(fault) => (PathBuf::new(), Err(fault)),
            };
            let known = Further { object, facts };
            opened.push(FurtherSource { path, known });
        }
        let further = opened;
        Ok((Sources { main, further }, bytes))
    }

    /// An object, and what it takes of scratch.
    pub(crate) async fn open_object(
        &self,
        account: AccountId,
        object: &ObjectRef,
    ) -> Result<(Source, u64), Fault> {
        self.open_into(account, object, &self.dir).await
    }

    async fn open_into(
        &self,
        account: AccountId,
        object: &ObjectRef,
        dir: &Path,
    ) -> Result<(Source, u64), Fault> {
        let bucket = find_bucket(&self.tools, account, &object.bucket).await?;
        let bytes = self.tools.bench.fetched_bytes(&bucket, object).await?;
        if bytes > 0 {
            self.check(bytes, object)?;
            let all = bytes.saturating_mul(1 + self.copies);
            self.wait_for_scratch(all).await;
        }
        let source = self.tools.bench.open(&bucket, object, dir).await?;
        if bytes == 0 && self.copies > 0 {
            let copied = source.facts.format.size_bytes.saturating_mul(self.copies);
            self.wait_for_scratch(copied).await;
        }
        Ok((source, bytes))
    }

    fn check(&self, bytes: u64, object: &ObjectRef) -> Result<(), Fault> {
        let most = self.config.max_file_bytes.min(self.capacity);
        if bytes <= most {
            return Ok(());
        }
        let (bytes, most) = (Amount(bytes), Amount(most));
        let message = format!("input {object} has {bytes}, and no more than {most} can be fetched");
        Err(Fault::new(FaultCode::OverBudget, message))
    }

    async fn wait_for_scratch(&self, bytes: u64) {
        let mut changes = self.budget.changes();
        let needed = bytes.saturating_add(self.config.scratch_per_job);
        let needed = needed.min(self.capacity);
        let mut is_told = false;
        loop {
            changes.mark_unchanged();
            let Err(shortage) = self.budget.ask(needed).await else {
                return;
            };
            for job in &self.jobs {
                self.tools.holdups.set(*job, shortage.to_string());
            }
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!(
                    jobs = self.jobs.len(),
                    "jobs wait for room for their input or its copy: {shortage}"
                );
            }
            tokio::select! {
                biased;
                _ = changes.changed() => {}
                () = tokio::time::sleep(self.config.poll_every) => {}
            }
        }
    }
}

/// Opens the keys that a job's outputs are encrypted with. An output whose keys stay sealed cannot be planned.
pub(crate) async fn open_keys(keys: &ContentKeys, job: &mut Job) {
    let id = job.id;
    let JobSpec::Transcode(spec) = &mut job.spec else {
        return;
    };
    for output in &mut spec.outputs {
        if let Err(error) = keys.open(id, output).await {
            tracing::error!(job.id = %id, %error, "the keys of an output of job {id} stay sealed");
        }
    }
}
