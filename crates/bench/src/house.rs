//! The service over a store of its own, with one account and jobs for it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use reelgate_domain::access::LimitRule;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, Job, JobSpec, Origin, Selector, StopMode,
};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, PipelineId, PipelineState};
use reelgate_fetch::Guard;
use reelgate_service::{
    Caller, Clock, Credentials, Ids, RandomIds, Service, Settings, Submission, SubmitJob,
    SystemClock,
};
use reelgate_store::{Ending, Fenced, PostgresOptions, PostgresStore, SqliteStore, Store};
use reelgate_testkit::{fetching, spec, worker};

use crate::bare::Id;
use crate::bare::rows::Texts;

/// Callers at once, workers at once.
pub(crate) const CALLERS: usize = 32;

/// Bytes of JSON that a job has in the database.
const PAYLOAD: usize = 500;

pub(crate) struct House {
    pub(crate) service: Arc<Service>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) credentials: Credentials,
    pub(crate) caller: Caller,
    pub(crate) pipeline: PipelineId,
}

impl House {
    /// A new store with its first account.
    pub(crate) async fn build(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        Self::found(Arc::new(SqliteStore::open(dir)?), dir).await
    }

    /// The same on an empty database.
    pub(crate) async fn build_on_postgres(dir: &Path, url: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let store = PostgresStore::open(PostgresOptions::new(url.to_owned())).await?;
        Self::found(Arc::new(store), dir).await
    }

    async fn found(store: Arc<dyn Store>, dir: &Path) -> Result<Self> {
        let service = service_over(&store, dir)?;
        let credentials = service.invent_credentials();
        service.create_first_account(&credentials).await?;
        Self::settle(service, store, credentials).await
    }

    /// The store that a program has made and left.
    pub(crate) async fn enter(dir: &Path) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir)?);
        let service = service_over(&store, dir)?;
        let text = std::fs::read_to_string(dir.join("credentials.json"))?;
        Self::settle(service, store, serde_json::from_str(&text)?).await
    }

    /// Another node on the same database.
    pub(crate) async fn beside(&self, dir: &Path, url: &str) -> Result<Self> {
        let store = PostgresStore::open(PostgresOptions::new(url.to_owned())).await?;
        let store: Arc<dyn Store> = Arc::new(store);
        let service = service_over(&store, dir)?;
        Self::settle(service, store, self.credentials.clone()).await
    }

    async fn settle(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        credentials: Credentials,
    ) -> Result<Self> {
        let caller = service.api_key_caller(&credentials.api_key).await?;
        let caller = caller.context("the key was just made")?;
        // What is measured is how fast calls are, not how many an account may make.
        for action in ["mts:CancelJob", "mts:QueryPipelineList", "mts:SubmitJobs"] {
            let unlimited = Some(LimitRule::Unlimited);
            service
                .set_limit(&caller, caller.account, action, unlimited)
                .await?;
        }
        Ok(Self {
            caller,
            pipeline: credentials.pipeline_id.parse()?,
            service,
            store,
            credentials,
        })
    }

    pub(crate) async fn submit(&self) -> Result<JobId> {
        let jobs = self.submit_all(vec![job(0)]).await?;
        Ok(jobs.first().context("one job was submitted")?.id)
    }

    async fn submit_all(&self, jobs: Vec<SubmitJob>) -> Result<Vec<Job>> {
        let submission = Submission {
            pipeline: Some(self.pipeline),
            jobs,
        };
        Ok(self.service.submit(&self.caller, submission).await?)
    }

    /// Queues so many by one call.
    pub(crate) async fn submit_together(&self, count: usize) -> Result<Vec<JobId>> {
        // Each of an input of its own: jobs of one submission and input would start together.
        let jobs = self.submit_all((0..count).map(job).collect()).await?;
        Ok(jobs.iter().map(|job| job.id).collect())
    }

    /// Queues many at once.
    pub(crate) async fn fill(&self, count: usize) -> Result<Vec<JobId>> {
        const AT_ONCE: usize = 5000;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            ids.extend(self.submit_together(AT_ONCE.min(count - ids.len())).await?);
        }
        Ok(ids)
    }

    /// Queues as many uploads, each of an address of its own.
    pub(crate) async fn fill_uploads(&self, count: usize) -> Result<Vec<JobId>> {
        const AT_ONCE: usize = 1000;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let some = AT_ONCE.min(count - ids.len());
            let names = RandomIds::default();
            let jobs = (0..some).map(|_| upload(&JobId::from_bytes(names.uuid(SystemClock.now()))));
            let made = self.submit_all(jobs.collect()).await?;
            ids.extend(made.iter().map(|job| job.id));
        }
        Ok(ids)
    }

    pub(crate) async fn get(&self, id: JobId) -> Result<Job> {
        Ok(self.service.job(&self.caller, id).await?)
    }

    pub(crate) async fn cancel(&self, id: JobId) -> Result<()> {
        let selector = Selector::ids(vec![id]);
        // Some were claimed and given back before.
        let policy = CancelPolicy::Any;
        let outcomes = self
            .service
            .cancel(&self.caller, selector, policy, StopMode::Graceful)
            .await?;
        ensure!(
            matches!(outcomes[..], [CancelOutcome::Cancelled { .. }]),
            "a cancel was refused"
        );
        Ok(())
    }

    pub(crate) async fn set_state(&self, state: PipelineState) -> Result<()> {
        let change = PipelineChange {
            state: Some(state),
            ..PipelineChange::default()
        };
        let service = &self.service;
        service
            .change_pipeline(&self.caller, self.pipeline, change)
            .await?;
        Ok(())
    }

    pub(crate) async fn claim(&self) -> Result<Job> {
        let now = SystemClock.now();
        let until = now.after(std::time::Duration::from_secs(30));
        let mut claims = self.store.claim(&worker("bench"), 1, until, now).await?;
        Ok(claims.pop().context("there was nothing to claim")?.job)
    }

    /// Claims a job and ends it without having done anything.
    pub(crate) async fn work(&self) -> Result<()> {
        let job = self.claim().await?;
        self.end(&job).await
    }

    /// Ends a claimed job without having done anything.
    pub(crate) async fn end(&self, job: &Job) -> Result<()> {
        let fault = Fault::new(FaultCode::SourceMissing, "nothing is run here");
        let ending = Ending::Failed {
            fault,
            results: Vec::new(),
        };
        self.finish(job, ending).await
    }

    pub(crate) async fn finish(&self, job: &Job, ending: Ending) -> Result<()> {
        let attempt = job.lifecycle.attempt;
        let now = SystemClock.now();
        let fenced = self.store.finish(job.id, attempt, ending, now).await?;
        ensure!(fenced == Fenced::Done, "the end of a job did not count");
        Ok(())
    }
}

fn service_over(store: &Arc<dyn Store>, dir: &Path) -> Result<Arc<Service>> {
    let settings = Settings {
        data_dir: dir.canonicalize()?,
        max_object_bytes: 1 << 20,
        free_space_floor: 0,
    };
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds::default()));
    let service = Service::new(Arc::clone(store), clock, ids, settings);
    // Events go to a receiver of the bench's own.
    let guard = Guard::new(vec!["127.0.0.0/8".parse()?]);
    Ok(Arc::new(service.with_guard(guard)))
}

fn job(number: usize) -> SubmitJob {
    SubmitJob {
        origin: Some(origin()),
        ..SubmitJob::new(transcode(number))
    }
}

fn upload(name: &JobId) -> SubmitJob {
    let url = format!("http://films.example.com/{name}.mp4");
    SubmitJob {
        origin: Some(origin()),
        ..SubmitJob::new(fetching(&url, &format!("{name}.mp4")))
    }
}

fn transcode(number: usize) -> JobSpec {
    spec(&format!("in-{number:04}.mp4"), "out.mp4")
}

/// Fills the job's JSON up to [`PAYLOAD`] bytes.
fn origin() -> Origin {
    let spec = serde_json::to_string(&transcode(0)).map_or(0, |json| json.len());
    Origin {
        dialect: "mps".into(),
        version: 1,
        request: "x".repeat(PAYLOAD.saturating_sub(spec + 50)).into(),
    }
}

/// What a job of these has in the database, for the baselines.
pub(crate) fn texts() -> Result<Texts> {
    let stored = |json: String| format!(r#"{{"v":1,"data":{json}}}"#);
    Ok(Texts {
        spec: stored(serde_json::to_string(&transcode(0))?),
        origin: stored(serde_json::to_string(&origin())?),
    })
}

/// The same as one value.
pub(crate) fn payload() -> Result<Vec<u8>> {
    let texts = texts()?;
    Ok([texts.spec, texts.origin].concat().into_bytes())
}

/// Ids as the service makes them.
pub(crate) fn ids(count: usize) -> Vec<Id> {
    let source = RandomIds::default();
    (0..count).map(|_| source.uuid(SystemClock.now())).collect()
}

/// The same in an order that jumps about, so that neighbours in time are not neighbours on disk.
pub(crate) fn scattered<T: Copy>(values: &[T]) -> Vec<T> {
    // A prime step visits every place once unless the length is a multiple of it.
    const STEP: usize = 7919;
    (0..values.len())
        .map(|n| values[n * STEP % values.len()])
        .collect()
}
