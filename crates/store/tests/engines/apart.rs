//! What is wrong with one thing that PostgreSQL stores, or is asked to store, harms no other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reelgate_domain::event::NameSet;
use reelgate_domain::job::{CancelPolicy, StateName};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{PipelineState, Timestamp};
use reelgate_store::conformance::{Home, World};
use reelgate_store::{
    DeliveryClaim, Ending, JobFilter, PostgresOptions, PostgresStore, Store, StoreError,
    SubmitOutcome,
};
use reelgate_testkit::{Postgres, PostgresSetup};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

/// A server of one's own, whose tables can be tampered with.
struct Own(Postgres);

impl Own {
    fn new() -> Self {
        Self(Postgres::start(PostgresSetup::default()))
    }
}

impl Own {
    /// A connection past the store.
    async fn connect(&self) -> Client {
        let connected = tokio_postgres::connect(&self.0.url("postgres"), NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client
    }
}

#[async_trait]
impl Home for Own {
    async fn open(&self) -> Arc<dyn Store> {
        let options = PostgresOptions {
            // Longer than anything here takes on the slowest machine.
            patience: Duration::from_secs(60),
            ..PostgresOptions::new(self.0.url("postgres"))
        };
        Arc::new(PostgresStore::open(options).await.expect("it opens"))
    }
}

/// Its batches fail however often they are tried; those who shared one with it must not fail with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_without_a_queue_fails_no_other_writes() {
    let home = Own::new();
    let world = Arc::new(World::new(&home).await);
    let other = world.add_pipeline("other", None).await;
    world.submit(vec![world.new_job_in(other).build()]).await;
    let claim = world.claim(1).await.remove(0);
    home.0.run(
        "DELETE FROM queues q USING pipelines p WHERE p.key = q.pipeline AND p.name = 'other'",
    );
    let mut calls = JoinSet::new();
    let id = claim.job.id;
    let store = Arc::clone(&world.store);
    let now = world.now();
    let finish = tokio::spawn(async move {
        let done = Ending::GivenBack;
        store.finish(id, 1, done, now).await
    });
    for _ in 0..200 {
        let world = Arc::clone(&world);
        calls.spawn(async move {
            let job = world.new_job().build();
            world.store.submit(vec![job], None).await
        });
    }
    for outcome in calls.join_all().await {
        let outcome = outcome.expect("it is about another pipeline");
        assert!(matches!(outcome, SubmitOutcome::Accepted(_)));
    }
    finish.await.unwrap().expect_err("its queue is gone");
    assert_eq!(world.state(id).await, StateName::Running);
}

/// As where a table cannot grow: the server's own words for that. What relieves it needs no more room
/// than there is in its rows' pages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_grows_and_fails_nothing_else() {
    let home = Own::new();
    let world = Arc::new(World::new(&home).await);
    let jobs = world.fill(world.pipeline, 2).await;
    home.0.run(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; \
         END $$; \
         CREATE TRIGGER full_disk BEFORE INSERT ON job_payloads \
         FOR EACH STATEMENT EXECUTE FUNCTION full_disk()",
    );
    // The writer waits here, so that all that follows comes in one batch.
    let other = home.connect().await;
    other
        .batch_execute("BEGIN; SELECT 1 FROM queues FOR UPDATE")
        .await
        .unwrap();
    let mut cancels = JoinSet::new();
    let mut submits = JoinSet::new();
    let cancel = |id| {
        let world = Arc::clone(&world);
        async move { world.cancel(id, CancelPolicy::QueuedOnly).await }
    };
    cancels.spawn(cancel(jobs[0]));
    waiting(&home, 1).await;
    for _ in 0..30 {
        let world = Arc::clone(&world);
        submits.spawn(async move {
            let job = world.new_job().build();
            world.store.submit(vec![job], None).await
        });
    }
    cancels.spawn(cancel(jobs[1]));
    tokio::task::yield_now().await;
    other.batch_execute("ROLLBACK").await.unwrap();
    for refused in submits.join_all().await {
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    }
    cancels.join_all().await;
    for id in jobs {
        assert_eq!(world.state(id).await, StateName::Cancelled);
    }
    home.0.run("DROP TRIGGER full_disk ON job_payloads");
    world.submit_one().await;
}

/// Until so many wait for locks.
async fn waiting(home: &Own, count: i64) {
    let client = home.connect().await;
    let query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while client.query_one(query, &[]).await.unwrap().get::<_, i64>(0) < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_waits_behind_no_listings() {
    let home = Own::new();
    let world = Arc::new(World::new(&home).await);
    let other = home.connect().await;
    other
        .batch_execute("BEGIN; LOCK TABLE job_payloads IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let mut listings = JoinSet::new();
    for _ in 0..20 {
        let world = Arc::clone(&world);
        listings.spawn(async move {
            let (account, all) = (world.account, JobFilter::default());
            world.store.list_jobs(account, all, 10).await
        });
    }
    waiting(&home, 6).await;
    let pause = PipelineChange {
        state: Some(PipelineState::Paused),
        ..PipelineChange::default()
    };
    let (account, pipeline) = (world.account, world.pipeline);
    let paused = world.store.change_pipeline(account, pipeline, pause, None);
    // Half as long as the listings would have it wait.
    let paused = tokio::time::timeout(Duration::from_secs(30), paused).await;
    let paused = paused.expect("it does not wait").unwrap();
    assert!(paused.is_some());
    other.batch_execute("ROLLBACK").await.unwrap();
    for listed in listings.join_all().await {
        listed.unwrap();
    }
}

/// The symptom: with more destinations than one look finds, all waiting to try again, the others were
/// never looked at.
#[tokio::test]
async fn every_destination_has_its_turn_however_many_wait_to_try_again() {
    let home = Own::new();
    let world = World::new(&home).await;
    let all = NameSet::ALL.bits();
    home.0.run(&format!(
        "INSERT INTO destinations (id, account, url, names, secret, enabled, since, created_at) \
         SELECT decode(md5('d' || n), 'hex'), a.id, 'https://receiver.example/', {all}, 's', true, \
         0, 0 FROM generate_series(1, 900) n, accounts a; \
         INSERT INTO deliveries (id, account, destination, position, job, pipeline, name, attempt, \
         at, state, due_at, began_at, created_at) \
         SELECT decode(md5('v' || d.key), 'hex'), d.account, d.key, d.key, \
         decode(md5('j' || d.key), 'hex'), p.key, 0, 0, 0, 1, \
         CASE d.key WHEN 800 THEN 0 ELSE 9000000000000 END, 0, 0 FROM destinations d, pipelines p"
    ));
    let now = world.now();
    let wanted = DeliveryClaim {
        most: 10,
        each: 10,
        busy: Vec::new(),
        lease_until: Timestamp::from_millis(now.as_millis() + 60_000),
        now,
    };
    let mut found = Vec::new();
    for _ in 0..4 {
        found.extend(world.store.claim_deliveries(wanted.clone()).await.unwrap());
    }
    assert_eq!(found.len(), 1);
}
