//! The worker: claims jobs from the store, runs them under leases and reports how they ended.
//!
//! The claim loop is the dispatcher: there is no other process that decides what starts. Everything
//! it knows it reads from the store; hints only make it look sooner.

mod arrival;
mod attempt;
mod contact;
mod digest;
mod dispatch;
mod dna;
mod ends;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
mod group;
mod heartbeat;
mod leftovers;
pub mod live;
mod machine;
mod opening;
mod overview;
mod pack;
mod roster;
mod run;
mod scratch;
mod supervise;
mod sweeper;
mod tally;
mod workbench;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reelgate_domain::node::Kinds;
use reelgate_domain::{Timestamp, WorkerId};
use reelgate_service::{Clock, ContentKeys, Holdups, LiveProgress, Slots};
use reelgate_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::dispatch::Dispatcher;
use crate::dna::LibraryCopies;
use crate::roster::{EndReason, Roster};
use crate::scratch::{Ledger, Rules};
use crate::supervise::keep_going;

pub use crate::dna::{Extracted, Extraction, MatchesDocument, PreparedQuery};
pub use crate::machine::Machine;
pub use crate::overview::Overview;
pub use crate::run::{Made, Outcome, Planned, Process, Source};
pub use crate::workbench::{Picture, Place, Workbench};

/// How a worker behaves.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Unique per start of the process.
    pub worker: WorkerId,
    /// How many jobs run at once.
    pub slots: u32,
    /// Which kinds of jobs it runs.
    pub kinds: Kinds,
    /// Starts nothing until it is told otherwise.
    pub draining: bool,
    /// Where attempts keep their unfinished files; emptied at start.
    pub scratch: PathBuf,
    /// Where files that are fetched from elsewhere wait to be used: what is here is gone on with after a
    /// restart. On the file system of `scratch`.
    pub fetched: PathBuf,
    /// Where finished pieces of pictures stay for a later attempt. On the file system of `scratch`.
    pub pieces: PathBuf,
    /// Where the copies of fingerprint libraries are, which nobody else may use; what is here is gone on with after a
    /// restart.
    pub dna: PathBuf,
    /// How long a lease holds without a sign of life.
    pub lease: Duration,
    /// How often signs of life are given.
    pub renew_every: Duration,
    /// How often to look for work without a hint.
    pub poll_every: Duration,
    /// The longest one process may take.
    pub max_run: Duration,
    /// The largest file an attempt may write.
    pub max_file_bytes: u64,
    /// The most memory one process may map, most of which it never touches.
    pub max_memory_bytes: u64,
    /// The most memory the processes of one job may use.
    pub max_resident_bytes: u64,
    /// How long a process may take to end after it was asked to.
    pub stop_grace: Duration,
    /// The scratch space that has to be free for a job to start; one that is found to need more
    /// waits for that.
    pub scratch_per_job: u64,
    /// What stays free on the file system of the scratch directory. Nothing starts below it, and
    /// what runs is ended at half of it.
    pub free_space_floor: u64,
    /// Tells how much is free where a path is; tests have disks of their own.
    pub free_bytes: fn(&Path) -> std::io::Result<u64>,
}

impl WorkerConfig {
    /// The defaults for a worker of this name with this many slots.
    pub fn new(worker: WorkerId, slots: u32, scratch: PathBuf) -> Self {
        Self {
            worker,
            slots,
            kinds: Kinds::ALL,
            draining: false,
            fetched: scratch.with_file_name("fetched"),
            pieces: scratch.with_file_name("pieces"),
            dna: scratch.with_file_name("dna"),
            scratch,
            lease: Duration::from_secs(30),
            // A cancel whose signal is lost is told with the next one, within 5 s.
            renew_every: Duration::from_secs(4),
            poll_every: Duration::from_secs(1),
            max_run: Duration::from_secs(24 * 60 * 60),
            max_file_bytes: 100 << 30,
            // An encoder of 8K pictures maps about a third of this.
            max_memory_bytes: 32 << 30,
            // What a stopped FFmpeg would still write is thrown away, so little patience is enough,
            // and whoever cancels in more hurry need not interrupt it.
            stop_grace: Duration::from_millis(300),
            max_resident_bytes: 8 << 30,
            scratch_per_job: 1 << 30,
            free_space_floor: 256 << 20,
            free_bytes: reelgate_objects::free_bytes,
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Tools {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub bench: Arc<dyn Workbench>,
    pub progress: LiveProgress,
    pub holdups: Holdups,
    pub slots: Slots,
    /// What opens the keys that outputs are encrypted with.
    pub content_keys: ContentKeys,
    /// The shapes that dialects give to what was found in a fingerprint library.
    pub documents: Vec<Arc<dyn MatchesDocument>>,
}

/// A running worker.
pub struct Worker {
    stop: watch::Sender<bool>,
    /// Told when nothing is held any more that needs signs of life.
    done: watch::Sender<bool>,
    roster: Arc<Roster>,
    draining: Arc<watch::Sender<bool>>,
    turned: Arc<Turned>,
    copies: Arc<LibraryCopies>,
    claiming: JoinHandle<()>,
    beating: JoinHandle<()>,
}

impl Worker {
    /// Starts the claim loop on the current runtime. Fails if the scratch directory cannot be made.
    pub fn start(config: WorkerConfig, tools: Tools) -> std::io::Result<Self> {
        tools.bench.clear_scratch(&config.scratch)?;
        let config = Arc::new(config);
        let (stop, stopped) = watch::channel(false);
        let (done, is_done) = watch::channel(false);
        let draining = Arc::new(watch::Sender::new(config.draining));
        let turned = Arc::new(Turned::new(tools.clock.now()));
        let roster = Roster::new(tools.progress.clone());
        let rules = Rules {
            per_job: config.scratch_per_job,
            floor: config.free_space_floor,
            free_bytes: config.free_bytes,
        };
        let ledger = Ledger::new(rules, config.scratch.clone());
        let beating = {
            let (config, tools, roster) = (Arc::clone(&config), tools.clone(), Arc::clone(&roster));
            let beat = move || {
                let (config, tools) = (Arc::clone(&config), tools.clone());
                heartbeat::run(config, tools, Arc::clone(&roster), is_done.clone())
            };
            tokio::spawn(keep_going("heartbeat", done.subscribe(), beat))
        };
        let copies = Arc::new(LibraryCopies::new(
            config.dna.clone(),
            Arc::clone(&tools.store),
        ));
        let look_after = {
            let (copies, stopped) = (Arc::clone(&copies), stopped.clone());
            move || {
                let (copies, stopped) = (Arc::clone(&copies), stopped.clone());
                async move { copies.look_after(stopped).await }
            }
        };
        tokio::spawn(keep_going(
            "care of library copies",
            stop.subscribe(),
            look_after,
        ));
        let clear = {
            let (tools, config, stopped) = (tools.clone(), Arc::clone(&config), stopped.clone());
            move || leftovers::clear(tools.clone(), Arc::clone(&config), stopped.clone())
        };
        // Nothing waits for it: it ends by itself, or when the worker stops.
        tokio::spawn(keep_going("removal of leftovers", stop.subscribe(), clear));
        let claiming = {
            let (roster, turned) = (Arc::clone(&roster), Arc::clone(&turned));
            let draining = draining.subscribe();
            let copies = Arc::clone(&copies);
            let claim = move || {
                let copies = Arc::clone(&copies);
                let (roster, turned) = (Arc::clone(&roster), Arc::clone(&turned));
                let (config, ledger) = (Arc::clone(&config), Arc::clone(&ledger));
                let dispatcher =
                    Dispatcher::new(config, tools.clone(), roster, ledger, turned, copies);
                dispatcher.run(stopped.clone(), draining.clone())
            };
            tokio::spawn(keep_going("claim loop", stop.subscribe(), claim))
        };
        Ok(Self {
            stop,
            done,
            roster,
            draining,
            turned,
            copies,
            claiming,
            beating,
        })
    }

    /// When the claim loop last went round.
    pub fn turned(&self) -> Arc<Turned> {
        Arc::clone(&self.turned)
    }

    /// How busy it is, what troubles it, and whether it may start anything.
    pub fn overview(&self) -> Overview {
        Overview {
            roster: Arc::clone(&self.roster),
            draining: Arc::clone(&self.draining),
        }
    }

    /// What ends everything at once, even while the worker drains.
    pub fn kill_switch(&self) -> KillSwitch {
        KillSwitch(Arc::clone(&self.roster))
    }

    /// Claims nothing more, hands back what runs and returns when its processes are gone.
    pub async fn shut_down(self) {
        self.drain(Duration::ZERO).await;
    }

    /// Claims nothing more, lets what runs go on for as long as `grace`, hands the rest back and
    /// returns when its processes are gone.
    pub async fn drain(self, grace: Duration) {
        self.stop.send_replace(true);
        let Self {
            done,
            roster,
            copies,
            claiming,
            beating,
            ..
        } = self;
        if let Err(error) = claiming.await {
            tracing::error!(%error, "the claim loop ended badly");
        }
        let running = roster.jobs();
        if running > 0 && !grace.is_zero() {
            let seconds = grace.as_secs();
            tracing::info!(
                running,
                "{running} running jobs may finish within {seconds} s"
            );
        }
        if tokio::time::timeout(grace, roster.idle()).await.is_err() {
            let running = roster.jobs();
            tracing::info!(running, "{running} running jobs are handed back");
            roster.end_all(EndReason::Shutdown);
            roster.idle().await;
        }
        copies.save_all().await;
        done.send_replace(true);
        if let Err(error) = beating.await {
            tracing::error!(%error, "the heartbeat ended badly");
        }
    }
}

/// Ends a worker's processes without waiting for anything or reporting it: the leases run out.
#[derive(Clone, Debug)]
pub struct KillSwitch(Arc<Roster>);

impl KillSwitch {
    /// Returns when the processes have been killed and nothing works any more.
    pub async fn kill(&self) {
        self.0.kill();
        self.0.idle().await;
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
