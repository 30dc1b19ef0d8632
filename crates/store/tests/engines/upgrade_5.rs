//! A database of schema 5, row by row as its release wrote it, knows kinds of jobs, assets and documents.

use std::path::Path;

use reelgate_domain::access::AccountName;
use reelgate_domain::job::{JobKind, NewJob, StateName};
use reelgate_domain::node::Kinds;
use reelgate_domain::{AccountId, AssetId, JobId, Timestamp};
use reelgate_store::{DeleteJob, JobFilter, SqliteStore, Store};
use reelgate_testkit::{Ids, JobBuilder, account, fetching, worker};
use rusqlite::{Connection, params};

const SCHEMA: [&str; 5] = [
    include_str!("../../src/sqlite/migrations/0001_first.sql"),
    include_str!("../../src/sqlite/migrations/0002_groups_retries_history.sql"),
    include_str!("../../src/sqlite/migrations/0003_access.sql"),
    include_str!("../../src/sqlite/migrations/0004_past_one_machine.sql"),
    include_str!("../../src/sqlite/migrations/0005_keyed_calls.sql"),
];

/// What the release with schema 5 noted of its steps. Others would not be its database.
const CHECKSUMS: [&str; 5] = [
    "6392901ab36378fe",
    "f7edf3994fd655b0",
    "d99e06f61cd9fc38",
    "d454642e7377a205",
    "146e545ae7285f82",
];

/// Of all jobs.
pub(crate) const SPEC: &str = r#"{"v":1,"data":{"kind":"transcode","input":{"bucket":"media","key":"in.mp4"},"outputs":[{"object":{"bucket":"media","key":"out.mp4"},"settings":{"container":{"format":"mp4"},"video":{"width":null,"height":360,"fps":null,"rate":{"mode":"crf","crf":22.0,"cap":{"maxrate_kbps":800,"bufsize_kbit":1600}},"gop":{"seconds":2.0},"preset":"fast","profile":"high"},"audio":{"kbps":96,"sample_rate":48000,"channels":2}}}]}}"#;

pub(crate) const T: i64 = 1_767_225_600_000;

/// Two that wait, the second more urgent, and one that has succeeded.
const JOBS: &str = "INSERT INTO jobs (number, id, submission, account, pipeline, priority, state, \
    attempt, losses, progress, created_at, started_at, finished_at) VALUES \
    (1, x'019b76daa8007000800000000000000A', zeroblob(16), :a, 1, 6, 0, 0, 0, 0, :t, NULL, NULL), \
    (2, x'019b76daa8007000800000000000000B', zeroblob(16), :a, 1, 9, 0, 0, 0, 0, :t, NULL, NULL), \
    (3, x'019b76daa8007000800000000000000C', zeroblob(16), :a, 1, 6, 4, 1, 0, 100, :t, :t, :t)";

pub(crate) fn owner() -> AccountId {
    account(1)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(T + seconds * 1000)
}

pub(crate) fn id(number: u8) -> JobId {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&T.to_be_bytes()[2..]);
    id[6] = 0x70;
    id[8] = 0x80;
    id[15] = number + 9;
    JobId::from_bytes(id)
}

fn upgraded(dir: &Path) -> SqliteStore {
    let sql = Connection::open(dir.join("reelgate.db")).unwrap();
    sql.pragma_update(None, "application_id", 0x5265_656c)
        .unwrap();
    sql.pragma_update(None, "journal_mode", "wal").unwrap();
    sql.execute_batch(
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT",
    )
    .unwrap();
    for (version, (step, checksum)) in (1..).zip(SCHEMA.into_iter().zip(CHECKSUMS)) {
        sql.execute_batch(step).unwrap();
        let applied = "INSERT INTO migrations VALUES (?1, ?2)";
        sql.execute(applied, params![version, checksum]).unwrap();
    }
    let account = owner().number().cast_signed();
    let insert = |statement: &str| sql.execute(statement, [account]).unwrap();
    insert("INSERT INTO accounts (id, name, created_at) VALUES (?1, 'main', 0)");
    insert(
        "INSERT INTO pipelines (key, id, account, name, created_at) \
         VALUES (1, zeroblob(16), ?1, 'default', 0)",
    );
    let named = rusqlite::named_params! {":a": account, ":t": T};
    assert_eq!(sql.execute(JOBS, named).unwrap(), 3);
    let payload = "INSERT INTO job_payloads (number, spec) SELECT number, ?1 FROM jobs";
    sql.execute(payload, [SPEC]).unwrap();
    let queue = "INSERT INTO queues (pipeline, paused, queued, ready) VALUES (1, 0, 2, 2)";
    sql.execute_batch(queue).unwrap();
    drop(sql);
    SqliteStore::open(dir).unwrap()
}

#[tokio::test]
async fn jobs_of_schema_5_are_transcodes_and_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    are_transcodes_in_their_order(&upgraded(dir.path())).await;
    drop(SqliteStore::open(dir.path()).unwrap());
}

#[tokio::test]
async fn a_database_of_schema_5_takes_all_that_is_new() {
    let dir = tempfile::tempdir().unwrap();
    takes_all_that_is_new(&upgraded(dir.path())).await;
}

/// Of a store with the jobs above.
pub(crate) async fn are_transcodes_in_their_order(store: &dyn Store) {
    let name = AccountName::new("main").unwrap();
    assert!(store.account_named(&name).await.unwrap().is_some());
    let list = async |kinds, states| {
        let filter = JobFilter {
            kinds,
            states,
            ..JobFilter::default()
        };
        let jobs = store.list_jobs(owner(), filter, 9).await.unwrap();
        jobs.iter().map(|job| job.number.0).collect::<Vec<_>>()
    };
    let transcodes = Kinds::NONE.and(JobKind::Transcode);
    let others = Kinds::NONE.and(JobKind::Ingest).and(JobKind::Snapshot);
    assert_eq!(list(Kinds::ALL, vec![]).await, [3, 2, 1]);
    assert_eq!(list(transcodes, vec![]).await, [3, 2, 1]);
    assert_eq!(list(transcodes, vec![StateName::Succeeded]).await, [3]);
    assert_eq!(list(others, vec![]).await, [0_i64; 0]);
    let claim = async |kinds| {
        let (until, now) = (at(30), at(0));
        let claims = store.claim_kinds(kinds, &worker("w"), 9, until, now).await;
        let claims = claims.unwrap().into_iter();
        claims.map(|claim| claim.job.id).collect::<Vec<_>>()
    };
    assert_eq!(claim(others).await, []);
    assert_eq!(claim(transcodes).await, [id(2), id(1)]);
}

/// Of the same.
pub(crate) async fn takes_all_that_is_new(store: &dyn Store) {
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    let pipeline = pipeline.unwrap().id;
    let asset = AssetId::from_bytes([7; 16]);
    assert_eq!(store.asset_jobs(owner(), asset, 9).await.unwrap(), []);
    let fetch = NewJob {
        asset: Some(asset),
        ..JobBuilder::new(owner(), pipeline, Ids::seeded(1).job(at(1)), at(1))
            .spec(fetching("http://h/a", "a.mp4"))
            .build()
    };
    let new = fetch.id;
    store.submit(vec![fetch], None).await.unwrap();
    let jobs = store.asset_jobs(owner(), asset, 9).await.unwrap();
    assert_eq!(jobs.iter().map(|it| it.job).collect::<Vec<_>>(), [new]);
    let ingests = Kinds::NONE.and(JobKind::Ingest);
    let claims = store
        .claim_kinds(ingests, &worker("w"), 9, at(30), at(1))
        .await;
    assert_eq!(claims.unwrap()[0].job.id, new);
    // What had ended goes as what ends now.
    let deleted = store.delete_job(owner(), id(3), None).await;
    assert_eq!(deleted.unwrap(), DeleteJob::Deleted);
}
