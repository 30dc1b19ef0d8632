//! The engine without its thread and its file, for simulations: one database in memory that several
//! nodes share, each by a store of its own. Intentions run in their callers' tasks, one after the
//! other. What lies between a node and the database is the simulation's ([`Passage`]). Never part of
//! a program.

use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use reelgate_domain::event::EventName;
use reelgate_domain::job::{Lifecycle, Priority};
use reelgate_domain::{JobId, PipelineId, SubmissionId, Timestamp};
use rusqlite::Connection;

use super::inbox::Lane;
use super::readers::Readers;
use super::rows::{all, execute, held};
use super::writer::Tx;
use super::{SqliteStore, connect, events, migrate, nodes, sql, writer};
use crate::contract::{Result, StoreError};
use crate::hints::{Bells, Wakes};

/// The way between a node and the database.
#[async_trait]
pub trait Passage: Send + Sync + 'static {
    /// A call on its way there. An error means that it does not arrive: nothing is written.
    async fn there(&self, call: Call) -> Result<()>;

    /// Its answer on the way back. An error means that the answer does not arrive.
    async fn back(&self, call: Call) -> Result<()>;

    /// A wake-up on its way to the node, which may come late or never.
    fn wake(&self, ring: Box<dyn FnOnce() + Send>);

    /// The database's time, where nodes are told of one.
    fn shared_now(&self) -> Option<Timestamp> {
        None
    }
}

/// What a call is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
}

/// A rule that a database may lack, to show that its absence is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A cancel decides on what it finds in the write that cancels.
    CompareAndSet,
    /// Only the newest attempt ends a job.
    FencedFinish,
    /// Only the newest attempt wins.
    FencedPublish,
    /// An attempt that was asked to stop does not win any more.
    StopBeforeWin,
    /// A claim reads in its own write what is paused.
    PauseInClaim,
    /// A claim reads in its own write how many jobs run.
    LimitInClaim,
    /// A claim starts the most urgent job that there is.
    OldestFirst,
    /// A sweep ends the leases of jobs that are being stopped.
    StopsAreSwept,
    /// A job that is cancelled while it runs gives its slot back.
    SlotsComeBack,
    /// Each end of a job is an event.
    EndsAreEvents,
    /// A job whose worker is lost has one attempt less.
    LossesCount,
    /// What ends does not begin again.
    EndsAreFinal,
    /// Of one job and destination, a delivery waits until the ones before it have ended.
    DeliveriesWait,
    /// A delivery that was not taken is tried again.
    FailedTriesRepeat,
    /// A look at a job shows that it is cancelled.
    CancelsShow,
}

impl Rule {
    /// What breaks the rule, where rows alone can.
    fn broken_by(self) -> Option<&'static str> {
        match self {
            Self::SlotsComeBack => Some(
                "CREATE TRIGGER broken AFTER UPDATE OF state ON jobs \
                 WHEN OLD.state = 3 AND NEW.state = 6 BEGIN \
                 UPDATE queues SET running = running + 1 WHERE pipeline = NEW.pipeline; END",
            ),
            Self::EndsAreEvents => Some(
                "CREATE TRIGGER broken AFTER INSERT ON events WHEN NEW.name >= 5 BEGIN \
                 DELETE FROM events WHERE position = NEW.position; END",
            ),
            Self::LossesCount => Some(
                "CREATE TRIGGER broken AFTER UPDATE OF losses ON jobs \
                 WHEN NEW.losses > OLD.losses BEGIN \
                 UPDATE jobs SET losses = OLD.losses WHERE number = NEW.number; END",
            ),
            Self::EndsAreFinal => Some(
                "CREATE TRIGGER broken AFTER UPDATE OF state ON jobs \
                 WHEN OLD.state = 0 AND NEW.state = 6 BEGIN \
                 UPDATE jobs SET state = 0, finished_at = NULL WHERE number = NEW.number; \
                 UPDATE queues SET queued = queued + 1, ready = ready + 1 \
                 WHERE pipeline = NEW.pipeline; END",
            ),
            Self::DeliveriesWait => Some(
                "CREATE TRIGGER broken AFTER INSERT ON deliveries WHEN NEW.state = 0 BEGIN \
                 UPDATE deliveries SET state = 1, due_at = NEW.created_at \
                 WHERE number = NEW.number; END",
            ),
            Self::FailedTriesRepeat => Some(
                "CREATE TRIGGER broken AFTER UPDATE OF last_error ON deliveries \
                 WHEN NEW.state = 1 AND NEW.last_error IS NOT NULL BEGIN \
                 UPDATE deliveries SET state = 3, due_at = NULL WHERE number = NEW.number; END",
            ),
            _ => None,
        }
    }
}

/// A way without losses, on which others may overtake.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

#[async_trait]
impl Passage for Direct {
    async fn there(&self, _: Call) -> Result<()> {
        others_first().await;
        Ok(())
    }

    async fn back(&self, _: Call) -> Result<()> {
        others_first().await;
        Ok(())
    }

    fn wake(&self, ring: Box<dyn FnOnce() + Send>) {
        ring();
    }
}

/// A job as it is in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    pub id: JobId,
    pub submission: SubmissionId,
    pub pipeline: PipelineId,
    pub priority: Priority,
    pub lifecycle: Lifecycle,
    pub progress: u8,
    /// The number that it shares with its siblings.
    pub kin: Option<i64>,
    pub user_data: Option<String>,
}

/// An event that waits to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub position: i64,
    pub job: JobId,
    pub name: EventName,
    pub attempt: u32,
}

/// A pipeline as claims see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    pub pipeline: PipelineId,
    pub paused: bool,
    pub limit: Option<u32>,
    pub queued: i64,
    pub ready: i64,
    pub running: i64,
    pub served: i64,
}

/// What a write has left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub jobs: Vec<JobRow>,
    pub queues: Vec<QueueRow>,
    /// Those that were not there at the last look.
    pub events: Vec<EventRow>,
}

/// Sees what each write leaves, before anybody else does.
pub type Watch = Box<dyn FnMut(Rows) + Send>;

/// A database in memory.
pub struct TwinDatabase(Arc<Shared>);

/// A node that a write may wake.
struct Listener {
    bells: Arc<Bells>,
    passage: Arc<dyn Passage>,
}

struct Shared {
    connection: Mutex<Connection>,
    served: Arc<AtomicI64>,
    nodes: Arc<nodes::Nodes>,
    delivery_turns: Arc<events::Turns>,
    listeners: Mutex<Vec<Listener>>,
    watch: Mutex<Option<Watch>>,
    lacks: Mutex<Option<Rule>>,
    /// The last event that somebody has looked at.
    seen: Mutex<i64>,
}

impl TwinDatabase {
    /// An empty one.
    pub fn new() -> Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        connect::prepare(&connection)?;
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;")?;
        migrate::migrate(&mut connection, migrate::MIGRATIONS)?;
        // All that happens from here on is one transaction, which `rewind` undoes.
        execute(&connection, sql::BEGIN, [])?;
        Ok(Self(Arc::new(Shared::new(connection))))
    }

    /// An empty one again, much faster than a new one: its statements stay prepared. Stores of before
    /// are stores of nothing.
    pub fn rewind(self) -> Result<Self> {
        // They may know of the database themselves.
        lock(&self.0.listeners).clear();
        *lock(&self.0.watch) = None;
        let Some(shared) = Arc::into_inner(self.0) else {
            let why = "a database that is still in use cannot be made empty";
            return Err(StoreError::Unavailable(why.into()));
        };
        let connection = shared.connection.into_inner();
        let connection = connection.unwrap_or_else(PoisonError::into_inner);
        execute(&connection, sql::ROLLBACK, [])?;
        execute(&connection, sql::BEGIN, [])?;
        Ok(Self(Arc::new(Shared::new(connection))))
    }

    /// The store of one node.
    pub fn store(&self, passage: Arc<dyn Passage>) -> SqliteStore {
        let bells = Arc::new(Bells::default());
        let listener = Listener {
            bells: Arc::clone(&bells),
            passage: Arc::clone(&passage),
        };
        lock(&self.0.listeners).push(listener);
        let seat = Seat {
            shared: Arc::clone(&self.0),
            passage,
        };
        SqliteStore::of_twin(seat, bells)
    }

    /// From now on `watch` sees what each write leaves.
    pub fn watch(&self, watch: Watch) {
        *lock(&self.0.watch) = Some(watch);
    }

    /// From now on this rule does not hold, until the database is rewound.
    pub fn break_rule(&self, rule: Rule) -> Result<()> {
        *lock(&self.0.lacks) = Some(rule);
        if let Some(trigger) = rule.broken_by() {
            lock(&self.0.connection).execute_batch(trigger)?;
        }
        Ok(())
    }

    /// What there is.
    pub fn rows(&self) -> Result<Rows> {
        rows(&lock(&self.0.connection), &mut lock(&self.0.seen))
    }
}

impl Shared {
    fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            served: Arc::default(),
            nodes: Arc::default(),
            delivery_turns: Arc::default(),
            listeners: Mutex::default(),
            watch: Mutex::default(),
            lacks: Mutex::default(),
            seen: Mutex::default(),
        }
    }
}

/// A node's place at the database.
#[derive(Clone)]
pub(super) struct Seat {
    shared: Arc<Shared>,
    passage: Arc<dyn Passage>,
}

impl Seat {
    pub(super) async fn write<T, F>(&self, _: Lane, write: F) -> Result<T>
    where
        F: FnMut(&Tx<'_>) -> Result<T>,
    {
        self.passage.there(Call::Write).await?;
        let outcome = self.run(write);
        self.passage.back(Call::Write).await?;
        outcome
    }

    fn run<T>(&self, write: impl FnMut(&Tx<'_>) -> Result<T>) -> Result<T> {
        let (outcome, wakes, left) = {
            let connection = lock(&self.shared.connection);
            let before = connection.total_changes();
            let (outcome, wakes) = writer::run_inline(&connection, write)?;
            let watched = lock(&self.shared.watch).is_some();
            let changed = connection.total_changes() != before;
            let look = || rows(&connection, &mut lock(&self.shared.seen));
            let left = (watched && changed).then(look).transpose()?;
            (outcome, wakes, left)
        };
        if let Some(rows) = left
            && let Some(watch) = &mut *lock(&self.shared.watch)
        {
            watch(rows);
        }
        // Bells before answers, as the engine's thread has it.
        if wakes != Wakes::NONE {
            for listener in lock(&self.shared.listeners).iter() {
                let bells = Arc::clone(&listener.bells);
                listener.passage.wake(Box::new(move || bells.ring(wakes)));
            }
        }
        outcome
    }

    pub(super) async fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.passage.there(Call::Read).await?;
        let outcome = read(&lock(&self.shared.connection));
        self.passage.back(Call::Read).await?;
        outcome
    }

    pub(super) fn lacks(&self) -> Option<Rule> {
        *lock(&self.shared.lacks)
    }

    pub(super) async fn shared_now(&self) -> Result<Option<Timestamp>> {
        self.passage.there(Call::Read).await?;
        let now = self.passage.shared_now();
        self.passage.back(Call::Read).await?;
        Ok(now)
    }
}

impl SqliteStore {
    fn of_twin(seat: Seat, bells: Arc<Bells>) -> Self {
        // Nobody looks at these: what would is never reached.
        let (_, writer_alive) = tokio::sync::watch::channel(());
        Self {
            inbox: Arc::default(),
            normal_room: tokio::sync::Semaphore::new(0),
            bells,
            readers: Readers::of_twin(seat.clone()),
            served: Arc::clone(&seat.shared.served),
            walk: super::access::Walk::default(),
            nodes: Arc::clone(&seat.shared.nodes),
            delivery_turns: Arc::clone(&seat.shared.delivery_turns),
            dir: Path::new("/").to_owned(),
            writer: None,
            writer_alive,
            seat: Some(seat),
            _lock: None,
        }
    }
}

fn rows(connection: &Connection, seen: &mut i64) -> Result<Rows> {
    let jobs = "SELECT j.number, j.id, j.pipeline, j.state, j.attempt, j.losses, j.progress, \
         j.ready_at, j.started_at, j.finished_at, l.worker, l.until, \
         CASE WHEN j.state = 5 THEN (SELECT r.fault FROM job_results r WHERE r.number = j.number) \
         END, j.forgiven, l.hurry, j.submission, p.id, j.priority, j.kin, y.user_data \
         FROM jobs j LEFT JOIN leases l ON l.id = j.id JOIN pipelines p ON p.key = j.pipeline \
         JOIN job_payloads y ON y.number = j.number ORDER BY j.number";
    let jobs = all(connection, jobs, [], |row| {
        let held = held(row)?;
        let priority = row.get(17)?;
        Ok(JobRow {
            id: held.id,
            submission: SubmissionId::from_bytes(row.get(15)?),
            pipeline: PipelineId::from_bytes(row.get(16)?),
            priority: Priority::new(priority).ok_or_else(|| {
                super::error::corrupt("jobs", "priority", held.number, "it is not 1 to 10")
            })?,
            lifecycle: held.lifecycle,
            progress: held.progress,
            kin: row.get(18)?,
            user_data: row.get(19)?,
        })
    })?;
    let queues = "SELECT p.id, q.paused, q.concurrency, q.queued, q.ready, q.running, q.served \
         FROM queues q JOIN pipelines p ON p.key = q.pipeline ORDER BY p.key";
    let queues = all(connection, queues, [], |row| {
        Ok(QueueRow {
            pipeline: PipelineId::from_bytes(row.get(0)?),
            paused: row.get(1)?,
            limit: row.get(2)?,
            queued: row.get(3)?,
            ready: row.get(4)?,
            running: row.get(5)?,
            served: row.get(6)?,
        })
    })?;
    let events = "SELECT position, job, name, attempt FROM events WHERE position > ?1 \
         ORDER BY position";
    let events = all(connection, events, [*seen], |row| {
        let position = row.get(0)?;
        let name = row.get(2)?;
        Ok(EventRow {
            position,
            job: JobId::from_bytes(row.get(1)?),
            name: EventName::from_code(name).ok_or_else(|| {
                super::error::corrupt("events", "name", position, "it is no event's")
            })?,
            attempt: row.get(3)?,
        })
    })?;
    *seen = events.last().map_or(*seen, |event| event.position);
    Ok(Rows {
        jobs,
        queues,
        events,
    })
}

/// Lets other tasks have their turn, and the threads of other tasks.
async fn others_first() {
    std::thread::yield_now();
    tokio::task::yield_now().await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
