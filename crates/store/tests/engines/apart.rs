//! What is wrong with one thing that PostgreSQL stores, or is asked to store, harms no other.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::job::StateName;
use reelgate_store::conformance::{Home, World};
use reelgate_store::{Ending, PostgresOptions, PostgresStore, Store, SubmitOutcome};
use reelgate_testkit::{Postgres, PostgresSetup};
use tokio::task::JoinSet;

/// A server of one's own, whose tables can be tampered with.
struct Own(Postgres);

impl Own {
    fn new() -> Self {
        Self(Postgres::start(PostgresSetup::default()))
    }
}

#[async_trait]
impl Home for Own {
    async fn open(&self) -> Arc<dyn Store> {
        let options = PostgresOptions::new(self.0.url("postgres"));
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

/// PostgreSQL's texts hold no zero bytes, and callers may send some.
#[tokio::test]
async fn texts_with_zero_bytes_are_stored_and_asked_for() {
    let home = Own::new();
    let world = World::new(&home).await;
    let pipeline = world.add_pipeline("a\0b", None).await;
    assert_eq!(world.pipeline(pipeline).await.id, pipeline);
    let named = world.store.pipeline_named(world.account, "a\0b").await;
    assert_eq!(named.unwrap().map(|it| it.id), Some(pipeline));
    let mut new = world.new_job().build();
    new.user_data = Some("a\0b".into());
    let id = world.submit(vec![new]).await[0].id;
    let kept = world.job(id).await.user_data.expect("it has some");
    assert!(kept.starts_with('a') && kept.ends_with('b'), "{kept:?}");
}
