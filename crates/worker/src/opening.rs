//! Opening an input: one that lies elsewhere is fetched first, once there is room for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reelgate_domain::job::{Fault, FaultCode, Job, JobSpec};
use reelgate_domain::{AccountId, JobId, ObjectRef};
use reelgate_media::Further;
use reelgate_service::ContentKeys;
use reelgate_store::Bucket;

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

/// An object that was found.
struct Found {
    bucket: Bucket,
    /// What is fetched of it; nothing where it lies on this machine.
    bytes: u64,
}

fn input_of(job: &Job) -> Result<&ObjectRef, Fault> {
    let input = job.spec.input();
    input.ok_or_else(|| Fault::new(FaultCode::SpecUnfit, "the job has no input in a bucket"))
}

impl Opening {
    /// The input of a job, and what it takes of scratch.
    pub(crate) async fn open(&self, job: Job) -> Result<(Source, u64), Fault> {
        self.open_object(job.account, input_of(&job)?).await
    }

    /// The input of a job and what is named besides, and what all of it takes of scratch. Nothing is fetched before
    /// there is room for everything: who has fetched a part and waits for more would hold what others wait for.
    pub(crate) async fn open_all(
        &self,
        job: Job,
        further: BTreeSet<ObjectRef>,
    ) -> Result<(Sources, u64), Fault> {
        let account = job.account;
        let object = input_of(&job)?;
        let main = self.find(account, object).await?;
        let mut bytes = main.bytes;
        let mut found = Vec::with_capacity(further.len());
        for object in further {
            let fitting = self.find(account, &object).await.and_then(|it| {
                self.check_all(bytes.saturating_add(it.bytes), &object)?;
                bytes = bytes.saturating_add(it.bytes);
                Ok(it)
            });
            found.push((object, fitting));
        }
        if bytes > 0 {
            self.wait_for_scratch(bytes).await;
        }
        let main = self.fetch(&main, object, &self.dir).await?;
        let mut opened = Vec::with_capacity(found.len());
        for (number, (object, found)) in found.into_iter().enumerate() {
            let dir = self.dir.join(format!("further-{number}"));
            let source = match found {
                Ok(found) => self.fetch(&found, &object, &dir).await,
                Err(fault) => Err(fault),
            };
            let (path, facts) = match source {
                Ok(source) => (source.path, Ok(source.facts)),
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
        let found = self.find(account, object).await?;
        let bytes = found.bytes;
        if bytes > 0 {
            let all = bytes.saturating_mul(1 + self.copies);
            self.wait_for_scratch(all).await;
        }
        let source = self.fetch(&found, object, &self.dir).await?;
        if bytes == 0 && self.copies > 0 {
            let copied = source.facts.format.size_bytes.saturating_mul(self.copies);
            self.wait_for_scratch(copied).await;
        }
        Ok((source, bytes))
    }

    /// Where an object is, unless it could never be fetched.
    async fn find(&self, account: AccountId, object: &ObjectRef) -> Result<Found, Fault> {
        let bucket = find_bucket(&self.tools, account, &object.bucket).await?;
        let bytes = self.tools.bench.fetched_bytes(&bucket, object).await?;
        self.check(bytes, object)?;
        Ok(Found { bucket, bytes })
    }

    async fn fetch(&self, found: &Found, object: &ObjectRef, dir: &Path) -> Result<Source, Fault> {
        self.tools.bench.open(&found.bucket, object, dir).await
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

    /// Whether everything up to this object could be there at once.
    fn check_all(&self, bytes: u64, object: &ObjectRef) -> Result<(), Fault> {
        if bytes <= self.capacity {
            return Ok(());
        }
        let (bytes, most) = (Amount(bytes), Amount(self.capacity));
        let message = format!(
            "with input {object} there are {bytes} to fetch, and there is room for {most} at most"
        );
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
