//! A node: the service and the worker of a program, as they are, in a process that may end at any time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelgate_domain::{Timestamp, WorkerId};
use reelgate_media::Capabilities;
use reelgate_service::{AccessSettings, Clock, Ids, Keyring, Notifier, Service, Settings};
use reelgate_store::Store;
use reelgate_store::twin::TwinDatabase;
use reelgate_worker::{Tools, Worker, WorkerConfig};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::bench::SimulatedBench;
use crate::dice::Dice;
use crate::life::{Life, Line};
use crate::mutant::Mutant;
use crate::plan::{LEASE, POLL_EVERY, RENEW_EVERY};
use crate::post::{self, Postman, Words};
use crate::world::{SkewedClock, World, lock};

/// What one process seals another one opens.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Space is no matter here.
fn plenty(_: &std::path::Path) -> std::io::Result<u64> {
    Ok(1 << 50)
}

/// A machine, on which one process after the other runs.
pub(crate) struct Node {
    number: usize,
    world: Arc<World>,
    database: Arc<TwinDatabase>,
    mutant: Option<Mutant>,
    clock: Arc<SkewedClock>,
    ids: Arc<SeededIds>,
    lives: Mutex<u32>,
    running: Mutex<Option<Running>>,
    /// What worked in dead processes: to end it would be more than a dead process does.
    dead: Mutex<Vec<(Option<Worker>, Option<Notifying>)>>,
}

/// A process.
struct Running {
    life: Arc<Life>,
    service: Arc<Service>,
    worker: Option<Worker>,
    notifying: Option<Notifying>,
}

/// The task that tells of events, and what ends it.
struct Notifying {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Node {
    pub(crate) fn new(
        number: usize,
        world: &Arc<World>,
        database: &Arc<TwinDatabase>,
        mutant: Option<Mutant>,
    ) -> Arc<Self> {
        let skew = world.plan.skew_ms;
        let (ahead, ids) = world.dice(|dice| {
            let ahead = dice.within(0, 2 * skew) as i64 - skew as i64;
            (ahead, dice.split())
        });
        Arc::new(Self {
            number,
            world: Arc::clone(world),
            database: Arc::clone(database),
            mutant,
            clock: Arc::new(SkewedClock {
                world: Arc::clone(world),
                ahead_ms: Mutex::new(ahead),
            }),
            ids: Arc::new(SeededIds {
                node: number as u64,
                made: Mutex::new((0, ids)),
            }),
            lives: Mutex::new(0),
            running: Mutex::new(None),
            dead: Mutex::default(),
        })
    }

    /// The service of its process, if it has one that answers.
    pub(crate) fn service(&self) -> Option<Arc<Service>> {
        let running = lock(&self.running);
        let running = running.as_ref()?;
        (!running.life.is_dead()).then(|| Arc::clone(&running.service))
    }

    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        let running = lock(&self.running);
        running.as_ref().map(|running| Arc::clone(&running.life))
    }

    pub(crate) fn set_clock(&self, ahead_ms: i64) {
        *lock(&self.clock.ahead_ms) = ahead_ms;
    }

    /// Starts a process, and another one whenever it has died, a while later.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            let life = self.start();
            life.ended().await;
            self.world.storage().end_life(&life.name);
            if let Some(running) = lock(&self.running).take() {
                lock(&self.dead).push((running.worker, running.notifying));
            }
            let most = if self.world.is_turmoil() { 8000 } else { 10 };
            let pause = self.world.dice(|dice| dice.within(1, most));
            sleep(Duration::from_millis(pause)).await;
        }
    }

    fn start(&self) -> Arc<Life> {
        let count = {
            let mut lives = lock(&self.lives);
            *lives += 1;
            *lives
        };
        let life = Life::new(self.number, count);
        let line = Line {
            world: Arc::clone(&self.world),
            life: Arc::clone(&life),
        };
        let store: Arc<dyn Store> = Arc::new(self.database.store(Arc::new(line)));
        let clock: Arc<dyn Clock> = self.clock.clone();
        let ids: Arc<dyn Ids> = self.ids.clone();
        let service =
            service(Arc::clone(&store), Arc::clone(&clock), ids).expect("its master key is one");
        let tools = Tools {
            store,
            clock,
            bench: Arc::new(SimulatedBench {
                world: Arc::clone(&self.world),
                life: Arc::clone(&life),
                capabilities: Capabilities::complete(),
                mutant: self.mutant,
            }),
            progress: service.progress(),
            holdups: service.holdups(),
            slots: service.slots(),
            content_keys: service.content_keys(),
            documents: Vec::new(),
        };
        let slots = self.world.plan.slots[self.number];
        let scratch = format!("/simulated/{}", life.name).into();
        let mut config = WorkerConfig {
            lease: LEASE,
            renew_every: RENEW_EVERY,
            poll_every: POLL_EVERY,
            free_bytes: plenty,
            ..WorkerConfig::new(WorkerId(life.name.clone()), slots, scratch)
        };
        if self.mutant == Some(Mutant::HintsOnly) {
            config.poll_every = Duration::from_secs(100_000);
        }
        let name = &life.name;
        self.world.note(|| format!("{name} starts"));
        let worker = Worker::start(config, tools).expect("a simulated scratch directory is made");
        let service = Arc::new(service);
        let notifying = (self.world.plan.receivers > 0).then(|| self.notify(&life, &service));
        *lock(&self.running) = Some(Running {
            life: Arc::clone(&life),
            service,
            worker: Some(worker),
            notifying,
        });
        life
    }

    /// Has a process tell of events.
    fn notify(&self, life: &Arc<Life>, service: &Arc<Service>) -> Notifying {
        let postman = Arc::new(Postman {
            world: Arc::clone(&self.world),
            life: Arc::clone(life),
        });
        let (words, settings) = (Arc::new(Words), post::settings());
        let notifier =
            Notifier::with_carrier(postman, Arc::clone(service), words, Vec::new(), settings);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move { notifier.run(stopped).await });
        Notifying { stop, task }
    }

    /// Ends its process without a word.
    pub(crate) fn crash(&self) {
        if let Some(life) = self.life() {
            let name = &life.name;
            self.world.note(|| format!("{name} is killed"));
            life.end();
        }
    }

    /// Shuts its process down in good order, as far as it gets.
    pub(crate) async fn drain(&self, grace: Duration) {
        let Some((life, worker, notifying)) = lock(&self.running).as_mut().map(|running| {
            let life = Arc::clone(&running.life);
            (life, running.worker.take(), running.notifying.take())
        }) else {
            return;
        };
        let Some(worker) = worker else { return };
        let name = &life.name;
        self.world.note(|| format!("{name} drains"));
        tokio::select! {
            biased;
            () = worker.drain(grace) => {}
            () = life.ended() => return,
        }
        if let Some(Notifying { stop, task }) = notifying {
            stop.send_replace(true);
            tokio::select! {
                biased;
                _ = task => {}
                () = life.ended() => return,
            }
        }
        self.world.note(|| format!("{name} has drained"));
        life.end();
    }
}

/// A service as all processes have it.
pub(crate) fn service(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> anyhow::Result<Service> {
    let settings = Settings {
        data_dir: "/simulated".into(),
        max_object_bytes: 1 << 30,
        free_space_floor: 0,
    };
    let access = AccessSettings::new(Keyring::from_text(MASTER_KEY)?);
    Ok(Service::new(store, clock, ids, settings).with_access(access))
}

/// A service to furnish the store by before any node is there.
pub(crate) fn first_service(world: &Arc<World>, store: Arc<dyn Store>) -> anyhow::Result<Service> {
    let clock = SkewedClock {
        world: Arc::clone(world),
        ahead_ms: Mutex::new(0),
    };
    let ids = SeededIds {
        node: 1 << 10,
        made: Mutex::new((0, Dice::new(0))),
    };
    service(store, Arc::new(clock), Arc::new(ids))
}

/// Ids of one machine: all different, in the order in which they are made.
struct SeededIds {
    node: u64,
    made: Mutex<(u64, Dice)>,
}

impl Ids for SeededIds {
    fn uuid(&self, at: Timestamp) -> [u8; 16] {
        let mut made = lock(&self.made);
        made.0 += 1;
        let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
        let mut id = [0; 16];
        id[..6].copy_from_slice(&millis[2..]);
        // Version 7 and variant 2, as the real ones.
        id[6] = 0x70;
        id[8..].copy_from_slice(&(self.node << 20 | made.0).to_be_bytes());
        id[8] = 0x80;
        id
    }

    fn secret(&self, bytes: &mut [u8]) {
        let mut made = lock(&self.made);
        bytes.fill_with(|| made.1.next() as u8);
    }
}
