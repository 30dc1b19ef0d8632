//! SQLite.

use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector};
use reelgate_domain::{AccessKey, BucketName, PipelineState};
use reelgate_store::{Bucket, FirstAccount, NewPipeline, SqliteStore, Store, SubmitOutcome};
use reelgate_testkit::{FixedClock, Ids, JobBuilder, account, worker};

#[tokio::test]
async fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let clock = FixedClock::default();
    let ids = Ids::default();
    let now = clock.now();
    let pipeline = ids.pipeline(now);
    let first = FirstAccount {
        account: account(1),
        project_id: "p".into(),
        access_key: AccessKey {
            id: "k".into(),
            secret: "s".into(),
            account: account(1),
            active: true,
        },
        api_key_digest: [1; 32],
        pipeline: NewPipeline {
            id: pipeline,
            account: account(1),
            name: "default".into(),
            state: PipelineState::Active,
            concurrency: None,
            origin: None,
            created_at: now,
        },
        bucket: Bucket {
            account: account(1),
            name: BucketName::new("media").unwrap(),
            path: "/x".into(),
            created_at: now,
        },
        created_at: now,
    };
    assert!(store.create_first_account(first).await.unwrap());
    let job = JobBuilder::new(account(1), pipeline, ids.job(now), now).build();
    let SubmitOutcome::Accepted(jobs) = store.submit(vec![job.clone()]).await.unwrap() else {
        panic!()
    };
    assert_eq!(store.jobs(account(1), &[job.id]).await.unwrap(), jobs);
    let claims = store.claim(&worker("w"), 3, now, now).await.unwrap();
    assert_eq!(claims.len(), 1);
    let out = store
        .cancel(
            account(1),
            Selector::Ids(vec![job.id]),
            CancelPolicy::Any,
            now,
        )
        .await
        .unwrap();
    assert_eq!(out, [CancelOutcome::Stopping { id: job.id }]);
    assert_eq!(store.sweep(true, now).await.unwrap(), 1);
    println!("{:?}", store.jobs(account(1), &[job.id]).await.unwrap());
}
