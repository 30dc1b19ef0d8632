//! A store with an account and its bucket, and workers of live streams that come and go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Activity, Stream, StreamId, StreamName, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, WorkerId};
use reelgate_fetch::Guard;
use reelgate_media::{Engine, Runner};
use reelgate_service::{Caller, Clock, RandomIds, Service, SystemClock};
use reelgate_store::{
    NewStream, PostgresOptions, PostgresStore, SqliteStore, Store, StreamChange, StreamOutcome,
};
use reelgate_worker::live::{LiveConfig, LiveTools, LiveWorker};
use serde_json::{Value, json};

/// On the busiest of machines everything that happens has happened by then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) struct House {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) service: Service,
    pub(crate) caller: Caller,
    pub(crate) tools: LiveTools,
    next: AtomicU8,
}

impl House {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        Self::over(dir, store).await
    }

    /// On a store that other processes use too.
    pub(crate) async fn shared(url: &str) -> Self {
        let store = PostgresStore::open(PostgresOptions::new(url)).await;
        Self::over(tempfile::tempdir().unwrap(), Arc::new(store.unwrap())).await
    }

    async fn over(dir: tempfile::TempDir, store: Arc<dyn Store>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let settings = reelgate_service::Settings {
            data_dir: dir.path().canonicalize().unwrap(),
            max_object_bytes: 1 << 30,
            free_space_floor: 0,
        };
        let ids = Arc::new(RandomIds::default());
        let service = Service::new(Arc::clone(&store), Arc::clone(&clock), ids, settings);
        let credentials = service.invent_credentials();
        assert!(service.create_first_account(&credentials).await.unwrap());
        let caller = service.api_key_caller(&credentials.api_key).await;
        let caller = caller.unwrap().unwrap();
        let tools = tools(Arc::clone(&store), &service).await;
        Self {
            dir,
            store,
            service,
            caller,
            tools,
            next: AtomicU8::new(1),
        }
    }

    pub(crate) fn account(&self) -> AccountId {
        self.caller.account
    }

    pub(crate) fn worker(&self, name: &str) -> LiveWorker {
        self.worker_with(name, |_| {})
    }

    pub(crate) fn worker_with(&self, name: &str, set: impl FnOnce(&mut LiveConfig)) -> LiveWorker {
        let cluster = ClusterName::default();
        let mut config = LiveConfig::new(WorkerId(name.to_owned()), cluster, self.folder(name));
        config.thumbnail_every = Duration::from_secs(1);
        // What must not run out on a slow machine does not.
        config.lease = Duration::from_secs(30);
        set(&mut config);
        LiveWorker::start(config, self.tools.clone()).unwrap()
    }

    /// Where a worker of this name writes.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("live-{name}"))
    }

    /// Where the account's bucket has its files.
    pub(crate) fn bucket(&self) -> PathBuf {
        let account = self.account().to_string();
        self.dir.path().join("buckets").join(account).join("media")
    }

    /// A stream that runs from now on; each target is encoded as the source is.
    pub(crate) async fn started(&self, input: &str, targets: &[Value]) -> StreamId {
        self.started_with(input, targets, json!("keep_trying"))
            .await
    }

    pub(crate) async fn started_with(
        &self,
        input: &str,
        targets: &[Value],
        on_source_lost: Value,
    ) -> StreamId {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        let id = StreamId::from_bytes([n; 16]);
        let (spec, plan) = spec_and_plan(input, targets, &on_source_lost, 1);
        let new = NewStream {
            id,
            account: self.account(),
            cluster: ClusterName::default(),
            name: StreamName::new(format!("s-{n}")).unwrap(),
            spec: spec.clone(),
            created_at: SystemClock.now(),
            most: 100,
        };
        let made = self.store.create_stream(new, None).await.unwrap();
        assert!(matches!(made, StreamOutcome::Done(_)), "{made:?}");
        self.start(id, spec, plan).await;
        id
    }

    pub(crate) async fn start(&self, id: StreamId, spec: StreamSpec, plan: StreamPlan) {
        let now = SystemClock.now();
        let started = self
            .store
            .start_stream(self.account(), id, spec, plan, now, None);
        let started = started.await.unwrap();
        assert!(matches!(started, StreamOutcome::Done(_)), "{started:?}");
    }

    /// Starts what was stopped, as it was.
    pub(crate) async fn start_again(&self, id: StreamId) {
        let stream = self.stream(id).await;
        let mut plan = stream.plan.unwrap();
        plan.revision += 1;
        self.start(id, stream.spec, plan).await;
    }

    pub(crate) async fn stop(&self, id: StreamId) {
        let stopped = self
            .store
            .stop_stream(self.account(), id, SystemClock.now(), None)
            .await
            .unwrap();
        assert!(matches!(stopped, StreamOutcome::Done(_)), "{stopped:?}");
    }

    /// Changes what a running stream runs.
    pub(crate) async fn switch(&self, id: StreamId, targets: &[Value]) {
        let stream = self.stream(id).await;
        let input = stream.spec.input.address.expose().to_owned();
        let revision = stream.plan.unwrap().revision + 1;
        let (spec, plan) = spec_and_plan(&input, targets, &json!("keep_trying"), revision);
        let change = StreamChange {
            may_run: true,
            spec: Some(spec),
            plan: Some(plan),
            ..StreamChange::default()
        };
        let changed = self
            .store
            .change_stream(self.account(), id, change, SystemClock.now(), None);
        let changed = changed.await.unwrap();
        assert!(matches!(changed, StreamOutcome::Done(_)), "{changed:?}");
    }

    pub(crate) async fn stream(&self, id: StreamId) -> Stream {
        let found = self.store.stream(self.account(), id).await.unwrap();
        found.unwrap()
    }

    /// Waits until the stream is as `wanted` says.
    pub(crate) async fn until(
        &self,
        id: StreamId,
        what: &str,
        wanted: impl Fn(&Stream) -> bool,
    ) -> Stream {
        let began = tokio::time::Instant::now();
        loop {
            let stream = self.stream(id).await;
            if wanted(&stream) {
                return stream;
            }
            if began.elapsed() > PATIENCE {
                let notes = self.store.stream_notes(self.account(), id, None, 100).await;
                panic!("never {what}: {stream:#?} {:#?}", notes.unwrap());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits for output of an attempt later than this one.
    pub(crate) async fn live_after(&self, id: StreamId, attempt: u32) -> Stream {
        self.until(id, "live", |it| {
            it.standing.attempt > attempt && is(it, Activity::Live)
        })
        .await
    }

    /// Waits until nobody holds it.
    pub(crate) async fn let_go(&self, id: StreamId) -> Stream {
        self.until(id, "let go", |it| it.standing.held.is_none())
            .await
    }

    /// Waits until something is so.
    pub(crate) async fn comes(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = tokio::time::Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// What a worker on this store needs, which may talk to this machine.
pub(crate) async fn tools(store: Arc<dyn Store>, service: &Service) -> LiveTools {
    let runner = Arc::new(Runner::start(tokio::runtime::Handle::current()).unwrap());
    let path = std::env::var_os("PATH").unwrap();
    let engine = Engine::discover(&runner, None, None, &path).await.unwrap();
    LiveTools {
        store,
        clock: Arc::new(SystemClock),
        engine: Arc::new(engine),
        runner,
        buckets: service.bucket_opener(),
        guard: Guard::new(vec!["127.0.0.0/8".parse().unwrap()]),
    }
}

/// Whether the worker that holds it says so of its own attempt.
pub(crate) fn is(stream: &Stream, activity: Activity) -> bool {
    let since = stream.standing.last_start_at;
    let told = stream.health.as_ref().filter(|it| Some(it.since) == since);
    stream.standing.held.is_some() && told.is_some_and(|it| it.activity == activity)
}

pub(crate) fn hls(window: u32) -> Value {
    json!({"to": "hls", "bucket": "media", "playlist": "live/show.m3u8", "segment_seconds": 1, "window": window})
}

pub(crate) fn recording() -> Value {
    json!({"to": "recording", "bucket": "media", "folder": "recordings"})
}

fn spec_and_plan(
    input: &str,
    targets: &[Value],
    on_source_lost: &Value,
    revision: u32,
) -> (StreamSpec, StreamPlan) {
    let outputs = |rest: Value| -> Vec<Value> {
        let with = |target: &Value| {
            let mut output = rest.clone();
            output["target"] = target.clone();
            output
        };
        targets.iter().map(with).collect()
    };
    let input = json!({"address": input, "frozen_after_ms": 2000});
    let spec = json!({
        "input": input,
        "outputs": outputs(json!({"template": "0".repeat(32)})),
        "on_source_lost": on_source_lost,
    });
    let plan = json!({
        "revision": revision,
        "input": input,
        "outputs": outputs(json!({"settings": {"codec": "copy"}})),
        "on_source_lost": on_source_lost,
        "latency": "low",
    });
    (
        serde_json::from_value(spec).unwrap(),
        serde_json::from_value(plan).unwrap(),
    )
}

/// The names of the files below a directory, in order; none if it is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found.sort();
    found
}
