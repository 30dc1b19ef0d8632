//! How soon a job starts after its pipeline was resumed, worker and all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use reelgate_domain::job::kind::transcode::{OutputSpec, TranscodeSpec};
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, ObjectRef, PipelineId, PipelineState, WorkerId, preset};
use reelgate_media::{Engine, Runner};
use reelgate_service::{Caller, Service, Submission, SubmitJob, SystemClock};
use reelgate_worker::{Tools, Worker, WorkerConfig};

use super::server::service;
use crate::figure::{Figure, Goal};
use crate::rounds::percentile;

const ROUNDS: usize = 40;

/// The promise: within this many milliseconds.
const PROMISED_MS: f64 = 100.0;

/// The 95th percentile beside what is promised. The jobs' input is missing, so they start, fail and
/// cost no encoding.
pub(super) async fn figure(dir: &Path) -> Result<Figure> {
    let (service, credentials, store) = service(dir).await?;
    let caller = service
        .authenticate_api_key(&credentials.api_key)
        .await?
        .context("the key was just made")?;
    let pipeline = credentials.pipeline_id.parse()?;
    let runner = Arc::new(Runner::start(tokio::runtime::Handle::current())?);
    #[expect(
        clippy::disallowed_methods,
        reason = "the bench has no configuration of its own"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let engine = Arc::new(Engine::discover(&runner, None, None, &path).await?);
    let progress = service.progress();
    let tools = Tools {
        store,
        clock: Arc::new(SystemClock),
        engine,
        runner,
        progress,
    };
    let config = WorkerConfig::new(WorkerId("bench".into()), 1, dir.join("scratch"));
    let worker = Worker::start(config, tools)?;
    let mut waits = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        waits.push(one(&service, &caller, pipeline).await?);
    }
    worker.shut_down().await;
    Ok(Figure {
        name: "resume to start, p95, beside what is promised".to_owned(),
        unit: "ms",
        ours: percentile(&mut waits, 0.95),
        baseline: PROMISED_MS,
        goal: Goal::Most(1.0),
    })
}

async fn one(service: &Service, caller: &Caller, pipeline: PipelineId) -> Result<f64> {
    set(service, caller, pipeline, PipelineState::Paused).await?;
    let job = submit(service, caller).await?;
    // Longer than the claim loop needs to fall asleep.
    tokio::time::sleep(Duration::from_millis(30)).await;
    set(service, caller, pipeline, PipelineState::Active).await?;
    let resumed = Instant::now();
    while service.job(caller, job).await?.lifecycle.attempt == 0 {
        tokio::task::yield_now().await;
    }
    Ok(resumed.elapsed().as_secs_f64() * 1e3)
}

async fn set(
    service: &Service,
    caller: &Caller,
    pipeline: PipelineId,
    state: PipelineState,
) -> Result<()> {
    let change = PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    };
    service.change_pipeline(caller, pipeline, change).await?;
    Ok(())
}

async fn submit(service: &Service, caller: &Caller) -> Result<JobId> {
    let object = |key: &str| -> Result<ObjectRef> {
        Ok(ObjectRef {
            bucket: "media".parse()?,
            key: key.parse()?,
        })
    };
    let preset = preset::find("web-240p").context("the preset ships")?;
    let output = OutputSpec {
        object: object("out.mp4")?,
        settings: preset.settings,
        clip: None,
    };
    let spec = TranscodeSpec {
        input: object("missing.mp4")?,
        outputs: vec![output],
    };
    let job = SubmitJob {
        spec: JobSpec::Transcode(spec),
        priority: Priority::default(),
        origin: None,
        user_data: None,
    };
    let jobs = service
        .submit(
            caller,
            Submission {
                pipeline: None,
                jobs: vec![job],
            },
        )
        .await?;
    Ok(jobs[0].id)
}
