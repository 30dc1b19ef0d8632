//! PostgreSQL whose connections are cut and whose server is killed in the middle of everything: what
//! was acknowledged stays, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelgate_domain::access::{Made, Note, Once};
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, Selector, StateName, StopMode,
};
use reelgate_domain::{JobId, Timestamp};
use reelgate_store::conformance::{Home, World};
use reelgate_store::{
    Ending, Fenced, PostgresOptions, PostgresStore, Result, Store, StoreError, SubmitOutcome,
};
use reelgate_testkit::{Postgres, PostgresSetup, worker};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use async_trait::async_trait;

const LEASE: Duration = Duration::from_secs(30);

/// A database of a server of one's own, which writes to the disk as it does elsewhere.
struct Durable {
    server: Arc<Postgres>,
    url: String,
}

impl Durable {
    fn new() -> Self {
        let settings = [("fsync", "on"), ("full_page_writes", "on")];
        let setup = PostgresSetup {
            settings: &settings,
            ..PostgresSetup::default()
        };
        let server = Arc::new(Postgres::start(setup));
        let url = server.database();
        Self { server, url }
    }

    /// What queues count and which leases there are agrees with the jobs.
    async fn check_counts(&self) {
        let agrees = "DO $$ BEGIN \
            IF EXISTS (SELECT 1 FROM queues q WHERE (queued, ready, running) <> (SELECT \
              count(*) FILTER (WHERE state = 0), \
              count(*) FILTER (WHERE state = 0 AND ready_at IS NULL), \
              count(*) FILTER (WHERE state IN (1, 2, 3)) \
              FROM jobs j WHERE j.pipeline = q.pipeline)) THEN \
              RAISE EXCEPTION 'a queue counts otherwise'; END IF; \
            IF EXISTS (SELECT 1 FROM jobs j FULL JOIN leases l ON l.number = j.number \
              WHERE (l.number IS NOT NULL) <> coalesce(j.state IN (1, 2, 3), false) \
              OR l.attempt <> j.attempt) THEN \
              RAISE EXCEPTION 'leases and jobs disagree'; END IF; \
            IF EXISTS (SELECT 1 FROM jobs j FULL JOIN job_payloads y ON y.number = j.number \
              WHERE j.number IS NULL OR y.number IS NULL) THEN \
              RAISE EXCEPTION 'a job without a payload, or the other way round'; END IF; \
            END $$";
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        client.batch_execute(agrees).await.unwrap();
        drop(client);
        driven.await.unwrap().unwrap();
    }
}

#[async_trait]
impl Home for Durable {
    async fn open(&self) -> Arc<dyn Store> {
        let store = PostgresStore::open(PostgresOptions::new(&self.url)).await;
        Arc::new(store.expect("it opens"))
    }
}

/// What the callers were told.
#[derive(Default)]
struct Told {
    submitted: BTreeSet<JobId>,
    cancelled: BTreeSet<JobId>,
    claimed: BTreeSet<(JobId, u32)>,
    ended: BTreeMap<JobId, u32>,
}

struct Storm {
    world: World,
    stores: [Arc<dyn Store>; 2],
    told: Mutex<Told>,
    over: AtomicBool,
    /// Calls that failed, to be made again.
    failed: AtomicUsize,
}

impl Storm {
    async fn new(home: &Durable) -> Arc<Self> {
        let world = World::new(home).await;
        let stores = [Arc::clone(&world.store), home.open().await];
        Arc::new(Self {
            world,
            stores,
            told: Mutex::default(),
            over: AtomicBool::new(false),
            failed: AtomicUsize::new(0),
        })
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Makes a call until it has an answer.
    async fn insist<T, F: Future<Output = Result<T>>>(&self, call: impl Fn() -> F) -> Result<T> {
        loop {
            match call().await {
                Err(StoreError::Unavailable(_)) => {
                    self.failed.fetch_add(1, SeqCst);
                    tokio::task::yield_now().await;
                }
                answer => return answer,
            }
        }
    }

    async fn submit(self: Arc<Self>, node: usize) {
        while !self.over.load(SeqCst) {
            let job = self.world.new_job().build();
            let mut hash = *job.id.as_bytes();
            hash.reverse();
            let until = self.now().after(Duration::from_secs(900));
            // Of one sort or the other, which differ in where they are noted.
            let note = Note {
                request: hash,
                made: Made::new(job.id),
            };
            let once = Once {
                hash,
                until,
                note: hash[0].is_multiple_of(2).then_some(note),
            };
            let call = || self.stores[node].submit(vec![job.clone()], Some(once));
            match self.insist(call).await {
                Ok(SubmitOutcome::Accepted(_)) | Err(StoreError::Replayed) => {
                    self.told().submitted.insert(job.id);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn cancel(self: Arc<Self>, node: usize) {
        let mut last = None;
        while !self.over.load(SeqCst) {
            // The newest, which nobody has started yet.
            let id = self.told().submitted.last().copied();
            let Some(id) = id.filter(|_| id != last) else {
                tokio::task::yield_now().await;
                continue;
            };
            last = Some(id);
            let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
            let call = || {
                let account = self.world.account;
                let selector = Selector::ids(vec![id]);
                self.stores[node].cancel(account, selector, policy, mode, self.now(), None)
            };
            let refused = |state| state == StateName::Cancelled;
            match self.insist(call).await.unwrap()[0] {
                CancelOutcome::Cancelled { .. } => drop(self.told().cancelled.insert(id)),
                // By an earlier try of this call, which had no answer.
                CancelOutcome::Refused { state, .. } if refused(state) => {
                    self.told().cancelled.insert(id);
                }
                _ => {}
            }
        }
    }

    async fn work(self: Arc<Self>, node: usize) {
        while !self.over.load(SeqCst) {
            self.turn(node).await;
        }
    }

    /// Claims some jobs and ends them; tells whether there were any.
    async fn turn(&self, node: usize) -> bool {
        let now = self.now();
        let worker = worker("w");
        let claims = self.stores[node].claim(&worker, 8, now.after(LEASE), now);
        let claims = match claims.await {
            Ok(claims) => claims,
            // What it may have started nobody knows of; the leases will end.
            Err(_) => {
                self.failed.fetch_add(1, SeqCst);
                return true;
            }
        };
        for claim in &claims {
            let (id, attempt) = (claim.job.id, claim.job.lifecycle.attempt);
            let new = self.told().claimed.insert((id, attempt));
            assert!(new, "attempt {attempt} of {id} started twice");
            let fault = Fault::new(FaultCode::SourceMissing, "there is none");
            let results = Vec::new();
            let ending = Ending::Failed { fault, results };
            let call = || self.stores[node].finish(id, attempt, ending.clone(), self.now());
            match self.insist(call).await.unwrap() {
                // Lost: an earlier try of this call was written.
                Fenced::Done | Fenced::Lost => {
                    let twice = self.told().ended.insert(id, attempt);
                    assert_eq!(twice, None, "{id} ended twice");
                }
                Fenced::Stopping => panic!("nobody cancels what runs"),
            }
        }
        !claims.is_empty()
    }

    /// Lets callers at both stores, and trouble at the server, until it has been troubled enough.
    async fn rage(self: &Arc<Self>, home: &Durable, rounds: usize, trouble: fn(&Postgres)) {
        let mut callers = JoinSet::new();
        for node in 0..2 {
            for _ in 0..3 {
                callers.spawn(Arc::clone(self).submit(node));
            }
            callers.spawn(Arc::clone(self).work(node));
            callers.spawn(Arc::clone(self).cancel(node));
        }
        for _ in 0..rounds {
            // So much is acknowledged between one trouble and the next.
            let before = self.told().submitted.len();
            while self.told().submitted.len() < before + 40 {
                tokio::task::yield_now().await;
            }
            let server = Arc::clone(&home.server);
            let troubled = tokio::task::spawn_blocking(move || trouble(&server));
            troubled.await.unwrap();
        }
        self.over.store(true, SeqCst);
        while let Some(ended) = callers.join_next().await {
            ended.unwrap();
        }
    }

    /// Ends what is left, and compares all with what was told.
    async fn check(&self, home: &Durable) {
        home.check_counts().await;
        loop {
            self.world.clock.advance(LEASE);
            let swept = self.world.sweep().await;
            if !self.turn(0).await
                && swept == 0
                && self.world.load(self.world.pipeline).await == (0, 0)
            {
                break;
            }
        }
        home.check_counts().await;
        let (ids, cancelled) = {
            let told = self.told();
            assert!(told.submitted.len() > 200, "{}", told.submitted.len());
            assert!(told.cancelled.len() > 10, "{}", told.cancelled.len());
            let both = told.ended.keys().find(|id| told.cancelled.contains(id));
            assert_eq!(both, None, "a job was cancelled and ran");
            assert_eq!(
                told.submitted.len(),
                told.cancelled.len() + told.ended.len(),
                "each was cancelled or ended"
            );
            let ids: Vec<JobId> = told.submitted.iter().copied().collect();
            (ids, told.cancelled.clone())
        };
        let jobs = self
            .world
            .store
            .jobs(self.world.account, &ids)
            .await
            .unwrap();
        assert_eq!(jobs.len(), ids.len(), "a job that was acknowledged is gone");
        for job in jobs {
            let expected = match cancelled.contains(&job.id) {
                true => StateName::Cancelled,
                false => StateName::Failed,
            };
            assert_eq!(job.lifecycle.state.name(), expected, "{}", job.id);
        }
    }
}

/// The commit whose answer is lost is asked after, so that every call has a true answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_that_connections_are_cut() {
    let home = Durable::new();
    let storm = Storm::new(&home).await;
    let cut = |server: &Postgres| {
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'reelgate'",
        );
    };
    storm.rage(&home, 20, cut).await;
    storm.check(&home).await;
    assert_eq!(storm.failed.load(SeqCst), 0, "calls failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let home = Durable::new();
    let storm = Storm::new(&home).await;
    let kill = |server: &Postgres| {
        server.crash();
        server.revive();
    };
    storm.rage(&home, 6, kill).await;
    storm.check(&home).await;
}
