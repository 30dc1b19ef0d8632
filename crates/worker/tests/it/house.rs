//! A service with its store in a temporary directory, and workers that come and go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reelgate_domain::job::kind::transcode::{Container, OutputSpec, Settings, TranscodeSpec};
use reelgate_domain::job::{Job, JobSpec, StateName};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, ObjectRef, PipelineId, PipelineState, Timestamp, WorkerId};
use reelgate_fetch::Guard;
use reelgate_fetch::pull::{PullLimits, Puller};
use reelgate_media::{Engine, Runner};
use reelgate_service::{
    Caller, Clock, CreatePipeline, Credentials, RandomIds, Service, Submission, SubmitJob,
    SystemClock,
};
use reelgate_store::{SqliteStore, Store};
use reelgate_testkit::Misbehaviour;
use reelgate_worker::{Machine, Tools, Worker, WorkerConfig};

/// Everything but the worker.
pub(crate) struct House {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) service: Service,
    pub(crate) caller: Caller,
    pub(crate) credentials: Credentials,
    pub(crate) clock: Arc<HastyClock>,
    tools: Tools,
    engine: Arc<Engine>,
    runner: Arc<Runner>,
}

/// The machine's clock, which a test may put forward: so leases can be long enough for any machine, and end when
/// they are to.
#[derive(Debug, Default)]
pub(crate) struct HastyClock {
    ahead_millis: AtomicU64,
}

impl HastyClock {
    pub(crate) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.ahead_millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HastyClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::SeqCst);
        SystemClock.now().after(Duration::from_millis(ahead))
    }
}

/// How long leases are by default: too long to run out on a slow machine.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// One that may fetch from this machine.
fn puller() -> Puller {
    let loopback = "127.0.0.0/8".parse().unwrap();
    let limits = PullLimits {
        // The worker's own limit is what counts.
        largest: u64::MAX,
        ..PullLimits::default()
    };
    Puller::new(Guard::new(vec![loopback]), limits).unwrap()
}

/// Long enough for a loaded machine; no test waits this long unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

impl House {
    pub(crate) async fn new() -> Self {
        Self::over(None).await
    }

    /// The same with another program in the place of FFmpeg.
    pub(crate) async fn with(misbehaviour: Misbehaviour<'_>) -> Self {
        Self::over(Some(misbehaviour)).await
    }

    async fn over(misbehaviour: Option<Misbehaviour<'_>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let hasty = Arc::new(HastyClock::default());
        let clock: Arc<dyn Clock> = hasty.clone();
        let settings = reelgate_service::Settings {
            data_dir: dir.path().canonicalize().unwrap(),
            max_object_bytes: 1 << 30,
            free_space_floor: 0,
        };
        let ids = Arc::new(RandomIds::default());
        let service = Service::new(Arc::clone(&store), Arc::clone(&clock), ids, settings);
        let credentials = service.invent_credentials();
        assert!(service.create_first_account(&credentials).await.unwrap());
        let caller = service
            .api_key_caller(&credentials.api_key)
            .await
            .unwrap()
            .unwrap();
        let runner = Arc::new(Runner::start(tokio::runtime::Handle::current()).unwrap());
        let path = std::env::var_os("PATH").unwrap();
        let mut engine = Engine::discover(&runner, None, None, &path).await.unwrap();
        if let Some(misbehaviour) = misbehaviour {
            let programs = dir.path().join("programs");
            std::fs::create_dir(&programs).unwrap();
            let program = misbehaviour.install(&programs, engine.ffmpeg()).unwrap();
            let probe = Some(engine.ffprobe().to_owned());
            let found = Engine::discover(&runner, Some(program), probe, &path);
            engine = found.await.unwrap();
        }
        let engine = Arc::new(engine);
        let tools = Tools {
            store: Arc::clone(&store),
            clock,
            bench: Arc::new(Machine::new(
                Arc::clone(&engine),
                Arc::clone(&runner),
                service.bucket_opener(),
                puller(),
            )),
            progress: service.progress(),
            holdups: service.holdups(),
            slots: service.slots(),
            content_keys: service.content_keys(),
            documents: Vec::new(),
        };
        Self {
            dir,
            store,
            service,
            caller,
            credentials,
            clock: hasty,
            tools,
            engine,
            runner,
        }
    }

    /// A worker with this many slots.
    pub(crate) fn worker(&self, slots: u32) -> Worker {
        self.worker_with(slots, |_| {})
    }

    /// The same with other settings than the default ones.
    pub(crate) fn worker_with(&self, slots: u32, set: impl FnOnce(&mut WorkerConfig)) -> Worker {
        self.worker_on(Arc::clone(&self.store), slots, set)
    }

    /// A worker with one slot that waits so long for an object store that is away.
    pub(crate) fn worker_patient(&self, patience: Duration) -> Worker {
        let (engine, runner) = (Arc::clone(&self.engine), Arc::clone(&self.runner));
        let machine = Machine::new(engine, runner, self.service.bucket_opener(), puller());
        let tools = Tools {
            bench: Arc::new(machine.with_patience(patience)),
            ..self.tools.clone()
        };
        let scratch = self.dir.path().join("scratch");
        let config = WorkerConfig::new(WorkerId("worker-1".to_owned()), 1, scratch);
        Worker::start(config, tools).unwrap()
    }

    /// The same on another store.
    pub(crate) fn worker_on(
        &self,
        store: Arc<dyn Store>,
        slots: u32,
        set: impl FnOnce(&mut WorkerConfig),
    ) -> Worker {
        let scratch = self.dir.path().join("scratch");
        let name = WorkerId(format!("worker-{slots}"));
        let mut config = WorkerConfig::new(name, slots, scratch);
        set(&mut config);
        let tools = Tools {
            store,
            ..self.tools.clone()
        };
        Worker::start(config, tools).unwrap()
    }

    /// A new pipeline that starts nothing.
    pub(crate) async fn paused_pipeline(&self) -> PipelineId {
        let wanted = CreatePipeline {
            name: "paused".to_owned(),
            concurrency: None,
            origin: None,
        };
        let made = self.service.create_pipeline(&self.caller, wanted).await;
        let id = made.unwrap().id;
        self.pause(id).await;
        id
    }

    pub(crate) async fn pause(&self, pipeline: PipelineId) {
        self.set_state(pipeline, PipelineState::Paused).await;
    }

    pub(crate) async fn resume(&self, pipeline: PipelineId) {
        self.set_state(pipeline, PipelineState::Active).await;
    }

    async fn set_state(&self, pipeline: PipelineId, state: PipelineState) {
        let change = PipelineChange {
            state: Some(state),
            ..PipelineChange::default()
        };
        let service = &self.service;
        let changed = service.change_pipeline(&self.caller, pipeline, change);
        changed.await.unwrap();
    }

    pub(crate) fn pipeline(&self) -> PipelineId {
        self.credentials.pipeline_id.parse().unwrap()
    }

    /// Stores one of the repository's clips.
    pub(crate) async fn put_clip(&self, clip: &str, key: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../media")
            .join(clip);
        let content = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.put(key, Bytes::from(content)).await;
    }

    pub(crate) async fn put(&self, key: &str, content: Bytes) {
        let chunks = stream::iter([Ok::<_, String>(content)]);
        self.service
            .put_object(&self.caller, &object(key), chunks)
            .await
            .unwrap();
    }

    pub(crate) async fn submit(&self, input: &str, outputs: &[(&str, Settings)]) -> Job {
        self.submit_to(None, input, outputs).await
    }

    pub(crate) async fn submit_to(
        &self,
        pipeline: Option<PipelineId>,
        input: &str,
        outputs: &[(&str, Settings)],
    ) -> Job {
        let outputs = outputs
            .iter()
            .map(|(key, settings)| OutputSpec::new(object(key), settings.clone()));
        let spec = TranscodeSpec {
            input: object(input),
            pictures: Vec::new(),
            outputs: outputs.collect(),
        };
        let job = SubmitJob::new(JobSpec::Transcode(spec));
        let submission = Submission {
            pipeline,
            ..Submission::one(job)
        };
        self.service
            .submit(&self.caller, submission)
            .await
            .unwrap()
            .remove(0)
    }

    /// Submits several jobs at once, each with its outputs.
    pub(crate) async fn submit_group(&self, input: &str, jobs: Vec<Vec<OutputSpec>>) -> Vec<Job> {
        let jobs = jobs.into_iter().map(|outputs| {
            let spec = TranscodeSpec {
                input: object(input),
                pictures: Vec::new(),
                outputs,
            };
            SubmitJob::new(JobSpec::Transcode(spec))
        });
        let submission = Submission {
            pipeline: None,
            jobs: jobs.collect(),
        };
        self.service.submit(&self.caller, submission).await.unwrap()
    }

    pub(crate) async fn ended(&self, id: JobId) -> Job {
        let job = self
            .service
            .job_ended(&self.caller, id, PATIENCE)
            .await
            .unwrap();
        assert!(
            job.lifecycle.state.name().is_final(),
            "still {:?}",
            job.lifecycle.state
        );
        job
    }

    /// Waits until the job has this state.
    pub(crate) async fn reaches(&self, id: JobId, state: StateName) -> Job {
        let mut changes = self.store.hints().changes;
        let wait = async {
            loop {
                changes.mark_unchanged();
                let job = self.service.job(&self.caller, id).await.unwrap();
                if job.lifecycle.state.name() == state {
                    return job;
                }
                let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("never {state:?}"))
    }

    /// Every file of the bucket, the reserved folder's included, relative to it.
    pub(crate) fn files(&self) -> Vec<String> {
        files_below(&self.bucket_path())
    }

    /// The names of all files that the worker has in scratch.
    pub(crate) fn scratch_files(&self) -> Vec<String> {
        let files = files_below(&self.dir.path().join("scratch"));
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        files.iter().map(name).collect()
    }

    pub(crate) fn bucket_path(&self) -> PathBuf {
        let buckets = self.dir.path().canonicalize().unwrap().join("buckets");
        buckets
            .join(&self.credentials.account_id)
            .join(&self.credentials.bucket)
    }
}

/// Every file below a directory, relative to it.
fn files_below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn object(key: &str) -> ObjectRef {
    ObjectRef {
        bucket: "media".parse().unwrap(),
        key: key.parse().unwrap(),
    }
}

/// The settings of a preset, made as fast as they can be.
pub(crate) fn preset(name: &str) -> Settings {
    let mut settings = reelgate_domain::preset::find(name).unwrap().settings;
    if let Some(video) = &mut settings.video {
        video.preset = reelgate_domain::job::kind::transcode::EncoderPreset::Veryfast;
    }
    settings
}

/// An output that takes the encoder long enough to be caught at it.
pub(crate) fn slow() -> Settings {
    let mut settings = preset("web-1080p");
    settings.container = Container::Mp4;
    settings.stall_seconds = Some(600);
    if let Some(video) = &mut settings.video {
        video.width = Some(2560);
        video.height = Some(1440);
        video.preset = reelgate_domain::job::kind::transcode::EncoderPreset::Slower;
    }
    settings
}
