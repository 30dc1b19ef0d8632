//! The worker: claims jobs from the store, runs them under leases and reports how they ended.
//!
//! The claim loop is the dispatcher: there is no other process that decides what starts. Everything
//! it knows it reads from the store; hints only make it look sooner.

mod attempt;
mod dispatch;
mod run;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reelgate_domain::{Timestamp, WorkerId};
use reelgate_media::{Engine, Runner};
use reelgate_service::{Clock, LiveProgress};
use reelgate_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a worker behaves.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Unique per start of the process.
    pub worker: WorkerId,
    /// How many jobs run at once.
    pub slots: u32,
    /// Where attempts keep their unfinished files; emptied at start.
    pub scratch: PathBuf,
    /// How long a lease holds without a sign of life.
    pub lease: Duration,
    /// How often signs of life are given.
    pub renew_every: Duration,
    /// How often to look for work without a hint.
    pub poll_every: Duration,
    /// The longest one attempt may take.
    pub max_run: Duration,
    /// The largest file an attempt may write.
    pub max_file_bytes: u64,
    /// The most memory one process may map, most of which it never touches.
    pub max_memory_bytes: u64,
    /// How long a process may take to end after it was asked to.
    pub stop_grace: Duration,
}

impl WorkerConfig {
    /// The defaults for a worker of this name with this many slots.
    pub fn new(worker: WorkerId, slots: u32, scratch: PathBuf) -> Self {
        Self {
            worker,
            slots,
            scratch,
            lease: Duration::from_secs(30),
            renew_every: Duration::from_secs(8),
            poll_every: Duration::from_secs(1),
            max_run: Duration::from_secs(24 * 60 * 60),
            max_file_bytes: 100 << 30,
            // An encoder of 8K pictures maps about a third of this.
            max_memory_bytes: 32 << 30,
            // What a stopped FFmpeg would still write is thrown away, so little patience is enough.
            stop_grace: Duration::from_millis(300),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Tools {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub engine: Arc<Engine>,
    pub runner: Arc<Runner>,
    pub progress: LiveProgress,
}

/// A running worker.
pub struct Worker {
    stop: watch::Sender<bool>,
    turned: Arc<Turned>,
    dispatcher: JoinHandle<()>,
}

impl Worker {
    /// Starts the claim loop on the current runtime. Fails if the scratch directory cannot be made.
    pub fn start(config: WorkerConfig, tools: Tools) -> std::io::Result<Self> {
        if config.scratch.exists() {
            std::fs::remove_dir_all(&config.scratch)?;
        }
        std::fs::create_dir_all(&config.scratch)?;
        let (stop, stopped) = watch::channel(false);
        let turned = Arc::new(Turned::new(tools.clock.now()));
        let dispatcher = dispatch::Dispatcher::new(config, tools, Arc::clone(&turned));
        let dispatcher = tokio::spawn(dispatcher.run(stopped));
        Ok(Self {
            stop,
            turned,
            dispatcher,
        })
    }

    /// When the claim loop last went round.
    pub fn turned(&self) -> Arc<Turned> {
        Arc::clone(&self.turned)
    }

    /// Claims nothing more, hands back what runs and returns when its processes are gone.
    pub async fn shut_down(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.dispatcher.await {
            tracing::error!(%error, "the claim loop ended by a panic");
        }
    }
}

/// The time of the claim loop's last turn.
#[derive(Debug)]
pub struct Turned(AtomicI64);

impl Turned {
    fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    fn now(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::Relaxed);
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}
