//! Live streams: a worker takes those of its cluster that are to run, each under a lease, and keeps one FFmpeg
//! running for each of them until somebody asks for its end.
//!
//! Nothing here depends on the jobs' side of the worker: a process may run the one without the other. What is kept
//! between two processes of a stream is in the store and in the buckets, so that any worker of the cluster can go
//! on; what only this machine has are recordings that are not in their bucket yet, which [`keeper`] sees to.

mod claims;
mod course;
mod driver;
mod figures;
mod keeper;
mod leases;
mod leftovers;
mod meter;
pub(crate) mod playlist;
mod publisher;
mod scratch;
mod seats;
mod sweeping;
mod thumbnails;
mod watchdog;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::WorkerId;
use reelgate_domain::node::{ClusterName, Trouble};
use reelgate_fetch::Guard;
use reelgate_media::{Engine, Runner};
use reelgate_service::{BucketOpener, Clock};
use reelgate_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::keeper::Keeper;
use self::seats::{End, Seats};
use crate::Turned;
use crate::supervise::keep_going;
use crate::sweeper::Pace;

pub use self::figures::{LiveFigures, StopLatency};
pub use self::sweeping::LiveSweeper;

/// How a worker runs live streams.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// Unique per start of the process.
    pub worker: WorkerId,
    /// Only streams of this cluster are run.
    pub cluster: ClusterName,
    /// How many run at once.
    pub streams: u32,
    /// Starts nothing, and hands back what runs, until it is told otherwise.
    pub draining: bool,
    /// Where processes write, and where recordings wait for their bucket. Nobody else's.
    pub folder: PathBuf,
    /// How long a lease holds without a sign of life.
    pub lease: Duration,
    /// So long before a lease would end the processes under it are gone.
    pub margin: Duration,
    /// How often signs of life are given.
    pub renew_every: Duration,
    /// How often to look for work without a hint.
    pub poll_every: Duration,
    /// How long a process may take to end after it was asked to.
    pub stop_grace: Duration,
    /// How often a picture is taken of each stream.
    pub thumbnail_every: Duration,
    /// How often what is seen of a stream is kept as its history.
    pub sample_every: Duration,
    /// Whether SRT may wait here for others to connect.
    pub may_listen: bool,
    /// The most memory that the processes of one stream may use.
    pub max_resident_bytes: u64,
    /// The largest file of a recording; another one follows it.
    pub max_file_bytes: u64,
    /// What stays free on the file system of `folder`. No stream that writes files starts below it, and its files
    /// are moved to their bucket at half of it.
    pub free_space_floor: u64,
    /// Tells how much is free where a path is; tests have disks of their own.
    pub free_bytes: fn(&Path) -> std::io::Result<u64>,
}

impl LiveConfig {
    /// The defaults for a worker of this name.
    pub fn new(worker: WorkerId, cluster: ClusterName, folder: PathBuf) -> Self {
        Self {
            worker,
            cluster,
            streams: 16,
            draining: false,
            folder,
            lease: Duration::from_secs(6),
            margin: Duration::from_secs(1),
            renew_every: Duration::from_millis(1500),
            poll_every: Duration::from_secs(1),
            // A stop is over within 2 s whatever the process does.
            stop_grace: Duration::from_millis(1500),
            thumbnail_every: Duration::from_secs(3),
            sample_every: Duration::from_secs(10),
            may_listen: false,
            max_resident_bytes: 8 << 30,
            max_file_bytes: 100 << 30,
            free_space_floor: 256 << 20,
            free_bytes: reelgate_objects::free_bytes,
        }
    }

    fn pace(&self) -> Pace {
        Pace {
            lease: self.lease,
            renew_every: self.renew_every,
            poll_every: self.poll_every,
        }
    }
}

/// What a worker runs live streams with.
#[derive(Clone)]
pub struct LiveTools {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub engine: Arc<Engine>,
    pub runner: Arc<Runner>,
    pub buckets: BucketOpener,
    /// Whom streams may come from and go to.
    pub guard: Guard,
}

/// A running worker of live streams.
pub struct LiveWorker {
    stop: watch::Sender<bool>,
    /// Told when nothing is held any more that needs signs of life.
    done: watch::Sender<bool>,
    seats: Arc<Seats>,
    turned: Arc<Turned>,
    keeper: Keeper,
    claiming: JoinHandle<()>,
    beating: JoinHandle<()>,
}

impl LiveWorker {
    /// Starts the loops on the current runtime. Fails if the folder cannot be made.
    pub fn start(config: LiveConfig, tools: LiveTools) -> std::io::Result<Self> {
        std::fs::create_dir_all(&config.folder)?;
        let folder = config.folder.canonicalize()?;
        let config = Arc::new(LiveConfig { folder, ..config });
        let (stop, stopped) = watch::channel(false);
        let (done, is_done) = watch::channel(false);
        let turned = Arc::new(Turned::new(tools.clock.now()));
        let seats = Seats::new(config.draining, config.sample_every);
        let keeper = Keeper::start(&config, &tools);
        let beating = {
            let (config, tools, seats) = (Arc::clone(&config), tools.clone(), Arc::clone(&seats));
            let beat = move || {
                let (config, tools) = (Arc::clone(&config), tools.clone());
                leases::run(config, tools, Arc::clone(&seats), is_done.clone())
            };
            tokio::spawn(keep_going(
                "renewal of streams' leases",
                done.subscribe(),
                beat,
            ))
        };
        let clear = {
            let (tools, stopped) = (tools.clone(), stopped.clone());
            move || leftovers::clear(tools.clone(), stopped.clone())
        };
        // Nothing waits for it: it ends by itself, or when the worker stops.
        tokio::spawn(keep_going(
            "removal of streams' leftovers",
            stop.subscribe(),
            clear,
        ));
        let claiming = {
            let (seats, turned) = (Arc::clone(&seats), Arc::clone(&turned));
            let (config, keeper) = (Arc::clone(&config), keeper.inbox());
            let claim = move || {
                let claims = claims::Claims::new(
                    Arc::clone(&config),
                    tools.clone(),
                    Arc::clone(&seats),
                    Arc::clone(&turned),
                    keeper.clone(),
                );
                claims.run(stopped.clone())
            };
            tokio::spawn(keep_going("claim loop of streams", stop.subscribe(), claim))
        };
        Ok(Self {
            stop,
            done,
            seats,
            turned,
            keeper,
            claiming,
            beating,
        })
    }

    /// When the claim loop last went round.
    pub fn turned(&self) -> Arc<Turned> {
        Arc::clone(&self.turned)
    }

    /// What others may know and want of it.
    pub fn overview(&self) -> LiveOverview {
        LiveOverview(Arc::clone(&self.seats))
    }

    /// Ends every process at once and reports nothing: the leases run out. Returns when nothing works any more.
    pub async fn kill(&self) {
        self.seats.kill();
        self.seats.idle().await;
    }

    /// The same for whoever does not have the worker any more.
    pub fn kill_switch(&self) -> LiveKillSwitch {
        LiveKillSwitch(Arc::clone(&self.seats))
    }

    /// Claims nothing more, hands back what runs, so that another worker of the cluster takes it at once, and
    /// returns when all processes are gone. Recordings that do not reach their bucket within a moment do so after
    /// the next start.
    pub async fn shut_down(self) {
        self.stop.send_replace(true);
        let Self {
            done,
            seats,
            keeper,
            claiming,
            beating,
            ..
        } = self;
        if let Err(error) = claiming.await {
            tracing::error!(%error, "the claim loop of streams ended badly");
        }
        let running = seats.taken();
        if running > 0 {
            tracing::info!(running, "{running} live streams are handed back");
        }
        seats.end_all(End::HandBack);
        seats.idle().await;
        done.send_replace(true);
        if let Err(error) = beating.await {
            tracing::error!(%error, "the renewal of streams' leases ended badly");
        }
        keeper.leave().await;
    }
}

/// Ends the processes of all live streams without reporting it.
#[derive(Clone, Debug)]
pub struct LiveKillSwitch(Arc<Seats>);

impl LiveKillSwitch {
    /// Returns when the processes have been killed and nothing works any more.
    pub async fn kill(&self) {
        self.0.kill();
        self.0.idle().await;
    }
}

/// A view of a worker of live streams that outlives it.
#[derive(Clone, Debug)]
pub struct LiveOverview(Arc<Seats>);

impl LiveOverview {
    /// How many streams it holds.
    pub fn taken(&self) -> u32 {
        self.0.taken()
    }

    /// What went wrong last.
    pub fn trouble(&self) -> Option<Trouble> {
        self.0.troubles.last()
    }

    /// Has the worker hand back what runs and take nothing more, or lets it take streams again.
    pub fn set_draining(&self, draining: bool) {
        self.0.set_draining(draining);
    }

    pub fn figures(&self) -> LiveFigures {
        self.0.figures()
    }
}
