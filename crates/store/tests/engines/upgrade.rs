//! Databases of earlier schemas, row by row as their releases wrote them, are served as before.

use std::collections::BTreeMap;
use std::path::Path;

use reelgate_domain::job::Happening::{AttemptFailed, Cancelled, Failed, Queued, Succeeded};
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, Happening, JobState, Lease, Lifecycle, Selector,
    StateName, StopMode,
};
use reelgate_domain::{AccountId, JobId, SubmissionId, Timestamp};
use reelgate_store::{
    Beat, BeatAnswer, Claim, Ending, Fenced, Gone, JobFilter, RetryOutcome, SqliteStore, Store,
    Work,
};
use reelgate_testkit::{Ids, JobBuilder, account, done, object, staged, worker};
use rusqlite::{Connection, params};

const SCHEMA_1: &str = include_str!("../../src/sqlite/migrations/0001_first.sql");

/// What the release with schema 1 noted of that step. Another one would not be its database.
const CHECKSUM_1: &str = "6392901ab36378fe";

/// Of all jobs.
const SPEC: &str = r#"{"v":1,"data":{"kind":"transcode","input":{"bucket":"media","key":"in.mp4"},"outputs":[{"object":{"bucket":"media","key":"out.mp4"},"settings":{"container":{"format":"mp4"},"video":{"width":null,"height":360,"fps":null,"rate":{"mode":"crf","crf":22.0,"cap":{"maxrate_kbps":800,"bufsize_kbit":1600}},"gop":{"seconds":2.0},"preset":"fast","profile":"high"},"audio":{"kbps":96,"sample_rate":48000,"channels":2}}}]}}"#;

const OUTPUTS: &str = r#"{"v":1,"data":{"attempt":1,"results":[{"outcome":"done","object":{"bucket":"media","key":"out.mp4"},"files":[{"key":"out.mp4","bytes":1000}],"facts":{"format":{"name":"","long_name":"","programs":0,"start_seconds":null,"duration_seconds":null,"size_bytes":0,"bit_rate":null},"streams":[]}}]}}"#;

const FAULT: &str = r#"{"v":1,"data":{"code":"engine_failed","message":"it broke"}}"#;

/// When the jobs were made. The second of each step of their lives says which it was.
const T: i64 = 1_767_225_600_000;

/// One row of `jobs` for each thing that can have become of one; its number is its place.
const JOBS: &str = "INSERT INTO jobs (number, id, submission, account, pipeline, priority, state, \
    attempt, losses, progress, created_at, ready_at, started_at, finished_at) VALUES
    (1, x'019b76daa8007000800000000000000A', x'aa000000000000000000000000000000', :a, 1, 6, 0, 0, 0, 0,   :t, NULL,      NULL,      NULL),
    (2, x'019b76daa8007000800000000000000B', x'aa000000000000000000000000000000', :a, 1, 6, 0, 1, 0, 35,  :t, NULL,      :t + 1000, NULL),
    (3, x'019b76daa8007000800000000000000C', x'aa000000000000000000000000000000', :a, 1, 6, 0, 1, 1, 0,   :t, :t + 9000, :t + 1000, NULL),
    (4, x'019b76daa8007000800000000000000D', x'aa000000000000000000000000000000', :a, 1, 6, 1, 2, 1, 40,  :t, NULL,      :t + 1000, NULL),
    (5, x'019b76daa8007000800000000000000E', x'aa000000000000000000000000000000', :a, 1, 6, 2, 1, 0, 100, :t, NULL,      :t + 1000, NULL),
    (6, x'019b76daa8007000800000000000000F', x'aa000000000000000000000000000000', :a, 1, 6, 3, 1, 0, 50,  :t, NULL,      :t + 1000, NULL),
    (7, x'019b76daa80070008000000000000010', x'aa000000000000000000000000000000', :a, 1, 6, 4, 1, 0, 100, :t, NULL,      :t + 1000, :t + 5000),
    (8, x'019b76daa80070008000000000000011', x'aa000000000000000000000000000000', :a, 1, 6, 5, 3, 3, 20,  :t, NULL,      :t + 1000, :t + 5000),
    (9, x'019b76daa80070008000000000000012', x'aa000000000000000000000000000000', :a, 1, 6, 6, 0, 0, 0,   :t, NULL,      NULL,      :t + 5000),
    (10, x'019b76daa80070008000000000000013', x'aa000000000000000000000000000000', :a, 1, 6, 6, 1, 0, 10, :t, NULL,      :t + 1000, :t + 5000)";

/// What belongs to them.
const BESIDE: &str = "INSERT INTO leases (id, number, attempt, publishing, worker, until)
    SELECT id, number, attempt, state = 2, 'old', 1767225630000 FROM jobs WHERE state IN (1, 2, 3);
    INSERT INTO queues (pipeline, paused, concurrency, queued, ready, running, served)
    VALUES (1, 0, NULL, 3, 2, 3, 41);";

fn owner() -> AccountId {
    account(1)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(T + seconds * 1000)
}

fn id(number: u8) -> JobId {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&T.to_be_bytes()[2..]);
    id[6] = 0x70;
    id[8] = 0x80;
    id[15] = number + 9;
    JobId::from_bytes(id)
}

fn write_schema_1(dir: &Path) {
    let sql = Connection::open(dir.join("reelgate.db")).unwrap();
    sql.pragma_update(None, "application_id", 0x5265_656c)
        .unwrap();
    sql.pragma_update(None, "journal_mode", "wal").unwrap();
    sql.execute_batch(
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT",
    )
    .unwrap();
    sql.execute_batch(SCHEMA_1).unwrap();
    let applied = "INSERT INTO migrations VALUES (1, ?1)";
    sql.execute(applied, [CHECKSUM_1]).unwrap();
    let account = owner().number().cast_signed();
    let pipeline = "INSERT INTO pipelines (key, id, account, name, created_at) \
        VALUES (1, zeroblob(16), ?1, 'default', 0)";
    sql.execute(pipeline, [account]).unwrap();
    let named = rusqlite::named_params! {":a": account, ":t": T};
    assert_eq!(sql.execute(JOBS, named).unwrap(), 10);
    sql.execute_batch(BESIDE).unwrap();
    let payload = "INSERT INTO job_payloads (number, spec, user_data) \
        SELECT number, ?1, 'of ' || number FROM jobs";
    sql.execute(payload, [SPEC]).unwrap();
    for (number, outputs, fault) in [
        (5, OUTPUTS, None),
        (7, OUTPUTS, None),
        (8, OUTPUTS, Some(FAULT)),
    ] {
        let results = "INSERT INTO job_results (number, outputs, fault) VALUES (?1, ?2, ?3)";
        sql.execute(results, params![number, outputs, fault])
            .unwrap();
    }
}

fn upgraded(dir: &Path) -> SqliteStore {
    write_schema_1(dir);
    SqliteStore::open(dir).unwrap()
}

fn lease() -> Lease {
    Lease {
        worker: worker("old"),
        until: at(30),
    }
}

fn fault() -> Fault {
    Fault::new(FaultCode::EngineFailed, "it broke")
}

/// State, attempt and losses of each job, by its number.
fn lifecycles() -> BTreeMap<u8, (JobState, u32, u8)> {
    let finished_at = at(5);
    let ready_at = Some(at(9));
    let mode = StopMode::Graceful;
    BTreeMap::from([
        (1, (JobState::Queued { ready_at: None }, 0, 0)),
        (2, (JobState::Queued { ready_at: None }, 1, 0)),
        (3, (JobState::Queued { ready_at }, 1, 1)),
        (4, (JobState::Running { lease: lease() }, 2, 1)),
        (5, (JobState::Publishing { lease: lease() }, 1, 0)),
        (
            6,
            (
                JobState::Stopping {
                    lease: lease(),
                    mode,
                },
                1,
                0,
            ),
        ),
        (7, (JobState::Succeeded { finished_at }, 1, 0)),
        (
            8,
            (
                JobState::Failed {
                    finished_at,
                    fault: fault(),
                },
                3,
                3,
            ),
        ),
        (9, (JobState::Cancelled { finished_at }, 0, 0)),
        (10, (JobState::Cancelled { finished_at }, 1, 0)),
    ])
}

#[tokio::test]
async fn every_job_of_schema_1_reads_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    for (number, (state, attempt, losses)) in lifecycles() {
        let jobs = store.jobs(owner(), &[id(number)]).await.unwrap();
        let job = &jobs[0];
        let lifecycle = Lifecycle {
            state,
            attempt,
            forgiven: 0,
            losses,
        };
        assert_eq!(job.lifecycle, lifecycle, "{number}");
        assert_eq!(job.number.0, i64::from(number));
        assert_eq!(job.created_at, at(0));
        assert_eq!(job.started_at, (attempt > 0).then(|| at(1)), "{number}");
        assert_eq!(job.spec.shared_input(), Some(&object("in.mp4")));
        assert_eq!(job.user_data, Some(format!("of {number}")));
        let results = match number {
            7 | 8 => vec![done("out.mp4")],
            _ => vec![],
        };
        assert_eq!(job.results, results, "{number}");
    }
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    let pipeline = pipeline.unwrap();
    assert_eq!((pipeline.queued, pipeline.running), (3, 3));
}

#[tokio::test]
async fn every_job_of_schema_1_is_listed_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    let list = async |states: Vec<StateName>, started| {
        let filter = JobFilter {
            states,
            started,
            ..JobFilter::default()
        };
        let jobs = store.list_jobs(owner(), filter, 100).await.unwrap();
        let numbers = jobs.iter().rev().map(|job| job.number.0);
        numbers.collect::<Vec<i64>>()
    };
    assert_eq!(list(vec![], None).await, (1..=10).collect::<Vec<_>>());
    assert_eq!(list(vec![], Some(false)).await, [1, 9]);
    assert_eq!(list(vec![StateName::Queued], None).await, [1, 2, 3]);
    assert_eq!(list(vec![StateName::Queued], Some(true)).await, [2, 3]);
    assert_eq!(list(vec![StateName::Cancelled], None).await, [9, 10]);
    assert_eq!(list(vec![StateName::Cancelled], Some(false)).await, [9]);
    let rest = [
        StateName::Running,
        StateName::Publishing,
        StateName::Stopping,
        StateName::Succeeded,
        StateName::Failed,
    ];
    for (state, number) in rest.into_iter().zip(4..) {
        assert_eq!(list(vec![state], None).await, [number]);
    }
}

#[tokio::test]
async fn jobs_of_schema_1_are_claimed_one_by_one_in_the_order_they_had() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    let claim = async |seconds| {
        let (now, until) = (at(seconds), at(seconds + 60));
        let claims = store.claim(&worker("new"), 9, until, now).await.unwrap();
        assert!(claims.iter().all(|claim| claim.siblings.is_empty()));
        let number = |claim: &Claim| (claim.job.number.0, claim.job.lifecycle.attempt);
        claims.iter().map(number).collect::<Vec<_>>()
    };
    assert_eq!(claim(6).await, [(2, 2), (1, 1)]);
    assert_eq!(store.sweep(false, at(9)).await.unwrap(), 1);
    assert_eq!(claim(9).await, [(3, 2)]);
    // The leases of the release before run out like any other.
    assert_eq!(store.next_deadline().await.unwrap(), Some(at(30)));
    assert_eq!(store.sweep(false, at(30)).await.unwrap(), 2);
    let claims = store.claim(&worker("new"), 9, at(60), at(30)).await;
    let claims = claims.unwrap();
    assert_eq!((claims.len(), claims[0].job.id), (1, id(5)));
    assert_eq!(claims[0].work, Work::Publish(staged(1)));
    store.sweep(false, at(38)).await.unwrap();
    assert_eq!(claim(38).await, [(4, 3)]);
}

#[tokio::test]
async fn attempts_of_schema_1_can_still_report() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    let beat = |number, attempt| Beat {
        job: id(number),
        attempt,
        progress: 60,
    };
    let beats = vec![beat(4, 2), beat(4, 1), beat(5, 1), beat(6, 1), beat(2, 1)];
    let answers = store.renew(beats, at(60), at(6)).await.unwrap();
    let expected = [
        BeatAnswer::Held,
        BeatAnswer::Lost,
        BeatAnswer::Held,
        BeatAnswer::Stop(StopMode::Graceful),
        BeatAnswer::Lost,
    ];
    assert_eq!(answers, expected);
    let publish = store.publish(id(4), staged(2), at(6)).await.unwrap();
    assert_eq!(publish, Fenced::Done);
    let gone = Gone {
        at: at(6),
        killed: false,
    };
    for (number, attempt, ending) in [
        (4, 2, Ending::Succeeded),
        (5, 1, Ending::Succeeded),
        (6, 1, Ending::Stopped(gone)),
    ] {
        let answer = store.finish(id(number), attempt, ending, at(7)).await;
        assert_eq!(answer.unwrap(), Fenced::Done, "{number}");
    }
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    assert_eq!(pipeline.unwrap().running, 0);
}

#[tokio::test]
async fn jobs_of_schema_1_can_be_cancelled_and_retried() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    let retried = store.retry(owner(), id(8), at(6), None).await.unwrap();
    assert_eq!(retried, RetryOutcome::Queued);
    let refused = store.retry(owner(), id(10), at(6), None).await.unwrap();
    assert_eq!(refused, RetryOutcome::Refused(StateName::Cancelled));
    let selector = Selector::ids([1, 2, 4, 6, 8].map(id).to_vec());
    let (policy, mode) = (CancelPolicy::Any, StopMode::Now);
    let outcomes = store
        .cancel(owner(), selector, policy, mode, at(7), None)
        .await;
    let queued = StateName::Queued;
    let cancelled = |number| CancelOutcome::Cancelled {
        id: id(number),
        from: queued,
    };
    let stopping = |number, from| CancelOutcome::Stopping {
        id: id(number),
        from,
    };
    let expected = [
        cancelled(1),
        cancelled(2),
        stopping(4, StateName::Running),
        stopping(6, StateName::Stopping),
        cancelled(8),
    ];
    assert_eq!(outcomes.unwrap(), expected);
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    let pipeline = pipeline.unwrap();
    assert_eq!((pipeline.queued, pipeline.running), (1, 3));
}

/// It tells what is known and makes nothing up.
#[tokio::test]
async fn the_history_of_a_job_of_schema_1_starts_with_what_its_row_says() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path());
    let started = Happening::Started {
        worker: worker("old"),
    };
    let failed = AttemptFailed {
        code: FaultCode::EngineFailed,
        message: "it broke".into(),
        again: false,
    };
    let withdrawn = Happening::CancelAccepted {
        from: StateName::Queued,
        decision: StateName::Cancelled,
        mode: StopMode::Graceful,
    };
    let histories = [
        vec![],
        vec![],
        vec![],
        vec![(1, 2, started)],
        vec![],
        vec![],
        vec![(5, 1, Succeeded)],
        vec![(5, 3, failed), (5, 3, Failed)],
        vec![(5, 0, withdrawn), (5, 0, Cancelled)],
        vec![(5, 1, Cancelled)],
    ];
    for (number, rest) in (1..).zip(histories) {
        let history = store.history(owner(), id(number)).await.unwrap().unwrap();
        let found: Vec<_> = history
            .into_iter()
            .map(|it| (it.at, it.attempt, it.what))
            .collect();
        let rest = rest
            .into_iter()
            .map(|(s, attempt, what)| (at(s), attempt, what));
        let expected: Vec<_> = [(at(0), 0, Queued)].into_iter().chain(rest).collect();
        assert_eq!(found, expected, "{number}");
    }
}

#[tokio::test]
async fn an_upgraded_database_opens_again_and_takes_new_jobs() {
    let dir = tempfile::tempdir().unwrap();
    drop(upgraded(dir.path()));
    let store = SqliteStore::open(dir.path()).unwrap();
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    let pipeline = pipeline.unwrap().id;
    // Even of the submission that the old jobs are of.
    let mut submission = [0; 16];
    submission[0] = 0xaa;
    let submission = SubmissionId::from_bytes(submission);
    let ids = Ids::seeded(1);
    let new = || {
        let id = ids.job(at(6));
        JobBuilder::new(owner(), pipeline, id, at(6)).submission(submission)
    };
    store
        .submit(vec![new().build(), new().build()], None)
        .await
        .unwrap();
    let claims = store.claim(&worker("new"), 9, at(60), at(7)).await.unwrap();
    let groups: Vec<_> = claims
        .iter()
        .map(|claim| (claim.job.number.0, claim.siblings.len()))
        .collect();
    assert_eq!(groups, [(2, 0), (1, 0), (11, 1)]);
    let pipeline = store.pipeline_named(owner(), "default").await.unwrap();
    let pipeline = pipeline.unwrap();
    assert_eq!((pipeline.queued, pipeline.running), (1, 7));
}
