//! Rows that cannot be read, damaged here by SQL, stop nothing but their own jobs, on either engine.

use std::path::Path;
use std::time::Duration;

use reelgate_domain::access::{Grantee, User, UserName};
use reelgate_domain::job::{FaultCode, Happening, Job, StateName};
use reelgate_domain::{JobId, PipelineState};
use reelgate_store::conformance::World;
use reelgate_store::{Beat, BeatAnswer, Ending, JobFilter, StoreError, Work};
use reelgate_testkit::worker;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::postgres::Database;
use crate::sqlite::Directory;

/// A spec as no release has written one yet.
pub(crate) const NEWER_SPEC: &str =
    "UPDATE job_payloads SET spec = '{\"v\":99,\"data\":{}}' WHERE number = ?1";

/// Ways to make a job unreadable. The first of them leave the row that transitions need as it was.
const DAMAGES: &[&str] = &[
    NEWER_SPEC,
    "UPDATE job_payloads SET origin = 'no JSON' WHERE number = ?1",
    "DELETE FROM job_payloads WHERE number = ?1",
    "UPDATE jobs SET priority = 77 WHERE number = ?1",
    "UPDATE jobs SET account = 1 WHERE number = ?1",
    "UPDATE jobs SET losses = 300 WHERE number = ?1",
    "UPDATE jobs SET progress = 1000 WHERE number = ?1",
];

#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Makes a test for each engine.
macro_rules! on_both {
    ($case:ident) => {
        mod $case {
            #[tokio::test]
            async fn on_sqlite() {
                super::$case(super::Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$case(super::Engine::Postgres).await;
            }
        }
    };
}
pub(crate) use on_both;

enum Place {
    Directory(Directory),
    Database(Database),
}

pub(crate) struct Damaged {
    place: Place,
    pub(crate) world: World,
}

/// Rows as texts.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

impl Damaged {
    pub(crate) async fn new(engine: Engine) -> Self {
        let place = match engine {
            Engine::Sqlite => Place::Directory(Directory::new()),
            Engine::Postgres => Place::Database(Database::new()),
        };
        let world = match &place {
            Place::Directory(home) => World::new(home).await,
            Place::Database(home) => World::new(home).await,
        };
        Self { place, world }
    }

    /// What a statement in SQLite's words comes to past the store: how many rows it changed, or what it
    /// shows.
    pub(crate) fn run(&self, sql: &str) -> (u64, Rows) {
        match &self.place {
            Place::Directory(home) => run_in_file(&home.path().join("reelgate.db"), sql),
            Place::Database(home) => run_on_server(&home.options().url, &in_other_words(sql)),
        }
    }

    pub(crate) fn damage(&self, id: JobId, damage: &str) {
        let number = self.number(id).to_string();
        assert_eq!(self.run(&damage.replace("?1", &number)).0, 1, "{damage}");
    }

    fn shown(&self, query: &str) -> Vec<Option<String>> {
        self.run(query).1.remove(0)
    }

    pub(crate) fn number(&self, id: JobId) -> i64 {
        let query = format!("SELECT number FROM jobs WHERE id = {}", bytes(id));
        let number = self.shown(&query).remove(0);
        number.unwrap().parse().unwrap()
    }

    /// What the job's rows say, read past the store.
    fn stored(&self, id: JobId) -> (i64, Option<String>) {
        let query = format!(
            "SELECT state, (SELECT fault FROM job_results r WHERE r.number = j.number) \
             FROM jobs j WHERE id = {}",
            bytes(id)
        );
        let mut cells = self.shown(&query);
        let fault = cells.remove(1);
        (cells.remove(0).unwrap().parse().unwrap(), fault)
    }

    fn assert_failed(&self, id: JobId, damage: &str) {
        let (state, fault) = self.stored(id);
        let fault = fault.unwrap_or_default();
        assert_eq!(state, 5, "{damage}");
        let named = "the stored job cannot be read by this release: job";
        assert!(fault.contains(named), "{damage}: {fault}");
    }

    fn leases(&self) -> i64 {
        let count = self.shown("SELECT count(*) FROM leases").remove(0);
        count.unwrap().parse().unwrap()
    }

    async fn load(&self) -> (u64, u64) {
        self.world.load(self.world.pipeline).await
    }

    async fn listed(&self, filter: &JobFilter, limit: u32) -> Vec<JobId> {
        let world = &self.world;
        let jobs = world
            .store
            .list_jobs(world.account, filter.clone(), limit)
            .await
            .unwrap();
        jobs.into_iter().map(|job| job.id).collect()
    }

    async fn two_running(&self) -> [Job; 2] {
        self.world.fill(self.world.pipeline, 2).await;
        let claims = self.world.claim(2).await;
        let jobs: Vec<Job> = claims.into_iter().map(|claim| claim.job).collect();
        jobs.try_into().unwrap()
    }
}

/// A job's id as both engines read it in a statement.
fn bytes(id: JobId) -> String {
    let hex: Vec<String> = id
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("x'{}'", hex.concat())
}

fn run_in_file(file: &Path, sql: &str) -> (u64, Rows) {
    let file = Connection::open(file).unwrap();
    file.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let count = statement.column_count();
    if count == 0 {
        return (statement.execute([]).unwrap() as u64, Vec::new());
    }
    let cell = |value: ValueRef<'_>| match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        other => Some(other.as_str().unwrap().to_owned()),
    };
    let rows = statement.query_map([], |row| {
        (0..count).map(|at| row.get_ref(at).map(cell)).collect()
    });
    (0, rows.unwrap().collect::<Result<_, _>>().unwrap())
}

/// The same in PostgreSQL's words.
fn in_other_words(sql: &str) -> String {
    let mut words = sql.to_owned();
    for (ours, theirs) in [
        (" = x'", " = '\\x"),
        ("zeroblob(16)", "'\\x00000000000000000000000000000000'"),
        ("4294967295", "2147483647"),
        ("number, 1, 1, 'w', 0", "number, 1, true, 'w', 0"),
        ("SET custom = 1", "SET custom = true"),
        ("SET user =", "SET user_name ="),
    ] {
        words = words.replace(ours, theirs);
    }
    words
}

/// On a thread of its own, so that it looks like the other.
fn run_on_server(url: &str, sql: &str) -> (u64, Rows) {
    let run = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let answers = client.simple_query(sql).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        answers
    };
    let answers = std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        scope
            .spawn(|| runtime.unwrap().block_on(run))
            .join()
            .unwrap()
    });
    let (mut changed, mut rows) = (0, Vec::new());
    for answer in answers {
        match answer {
            SimpleQueryMessage::Row(row) => {
                let cells = 0..row.len();
                rows.push(cells.map(|at| row.get(at).map(str::to_owned)).collect());
            }
            SimpleQueryMessage::CommandComplete(count) => changed = count,
            _ => {}
        }
    }
    (changed, rows)
}

on_both!(a_claim_fails_a_job_that_cannot_be_read_and_starts_the_next);

/// The symptom: one such row, and no worker started anything any more, in no pipeline.
async fn a_claim_fails_a_job_that_cannot_be_read_and_starts_the_next(engine: Engine) {
    let unstarted = "UPDATE jobs SET attempt = 4294967295 WHERE number = ?1";
    let negative = "UPDATE jobs SET attempt = -1 WHERE number = ?1";
    for damage in DAMAGES.iter().chain(&[unstarted, negative]) {
        let it = Damaged::new(engine).await;
        let ids = it.world.fill(it.world.pipeline, 3).await;
        it.damage(ids[0], damage);
        assert_eq!(it.world.claim_ids(1).await, [ids[1]], "{damage}");
        it.assert_failed(ids[0], damage);
        assert_eq!((it.load().await, it.leases()), ((1, 1), 1), "{damage}");
        assert_eq!(it.world.claim_ids(5).await, [ids[2]], "{damage}");
        assert_eq!(it.load().await, (0, 2), "{damage}");
    }
}

on_both!(a_job_whose_id_is_none_is_in_nobodys_way);

/// On PostgreSQL every claim and every sweep that met it failed as a whole.
async fn a_job_whose_id_is_none_is_in_nobodys_way(engine: Engine) {
    let it = Damaged::new(engine).await;
    let ids = it.world.fill(it.world.pipeline, 3).await;
    it.damage(ids[0], "UPDATE jobs SET id = x'07' WHERE number = ?1");
    assert_eq!(it.world.claim_ids(5).await, ids[1..]);
    it.damage(ids[1], "UPDATE jobs SET id = x'08' WHERE number = ?1");
    it.world.clock.advance(Duration::from_secs(60));
    assert!(it.world.sweep().await >= 1);
    assert_eq!(it.world.state(ids[2]).await, StateName::Queued);
}

on_both!(a_sibling_that_cannot_be_read_fails_alone);

async fn a_sibling_that_cannot_be_read_fails_alone(engine: Engine) {
    let unstarted = "UPDATE jobs SET attempt = 4294967295 WHERE number = ?1";
    let negative = "UPDATE jobs SET attempt = -1 WHERE number = ?1";
    for damage in DAMAGES.iter().chain(&[unstarted, negative]) {
        // A database for each of them takes its time; the engines differ in no place.
        let places = match engine {
            Engine::Sqlite => 0..3,
            Engine::Postgres => 1..2,
        };
        for place in places {
            let it = Damaged::new(engine).await;
            let mut ids = it.world.siblings(it.world.pipeline, 3).await;
            it.damage(ids[place], damage);
            let claims = it.world.claim(1).await;
            let bad = ids.remove(place);
            assert_eq!(claims.len(), 1, "{damage}");
            let first = &claims[0];
            assert_eq!((first.job.id, first.siblings.len()), (ids[0], 1));
            assert_eq!(first.siblings[0].id, ids[1], "{damage}");
            it.assert_failed(bad, damage);
            assert_eq!((it.load().await, it.leases()), ((0, 2), 2), "{damage}");
        }
    }
}

on_both!(a_job_with_a_damaged_submission_starts_alone);

async fn a_job_with_a_damaged_submission_starts_alone(engine: Engine) {
    let it = Damaged::new(engine).await;
    let ids = it.world.siblings(it.world.pipeline, 2).await;
    let damage = "UPDATE jobs SET submission = zeroblob(16) WHERE number = ?1";
    it.damage(ids[1], damage);
    assert_eq!(it.world.claim_ids(1).await, ids[..1]);
    assert_eq!(it.world.claim_ids(1).await, ids[1..]);
    assert_eq!(it.load().await, (0, 2));
}

on_both!(a_job_that_failed_unread_says_why_once_it_can_be_read);

async fn a_job_that_failed_unread_says_why_once_it_can_be_read(engine: Engine) {
    let it = Damaged::new(engine).await;
    let id = it.world.submit_one().await;
    let keep = "UPDATE job_payloads SET user_data = spec WHERE number = ?1";
    it.damage(id, keep);
    it.damage(id, NEWER_SPEC);
    assert_eq!(it.world.claim_ids(1).await, []);
    it.damage(
        id,
        "UPDATE job_payloads SET spec = user_data WHERE number = ?1",
    );
    let job = it.world.job(id).await;
    let lifecycle = &job.lifecycle;
    assert_eq!(
        (lifecycle.state.name(), lifecycle.attempt),
        (StateName::Failed, 1)
    );
    assert_eq!(job.started_at, Some(it.world.now()));
    assert_eq!(job.finished_at(), Some(it.world.now()));
    let fault = job.fault().unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    let what = "the stored job cannot be read by this release: job_payloads.spec: ";
    assert!(fault.message.starts_with(what), "{}", fault.message);
    let history = it.world.history(id).await;
    let what: Vec<_> = history.iter().map(|it| (it.attempt, &it.what)).collect();
    let why = Happening::AttemptFailed {
        code: FaultCode::SpecUnfit,
        message: fault.message.clone(),
        again: false,
    };
    let expected = [(0, &Happening::Queued), (1, &why), (1, &Happening::Failed)];
    assert_eq!(what, expected);
}

on_both!(a_count_of_jobs_that_are_not_there_stops_no_other_pipeline);

/// A state that no release knows takes the job out of the lanes that claims look at, and the
/// pipeline's count of ready jobs still has it.
async fn a_count_of_jobs_that_are_not_there_stops_no_other_pipeline(engine: Engine) {
    let it = Damaged::new(engine).await;
    let lost = it.world.submit_one().await;
    it.damage(lost, "UPDATE jobs SET state = 99 WHERE number = ?1");
    let other = it.world.add_pipeline("other", None).await;
    let ids = it.world.fill(other, 1).await;
    assert_eq!(it.world.claim_ids(2).await, ids);
    let next = it.world.submit_one().await;
    assert_eq!(it.world.claim_ids(2).await, [next]);
}

on_both!(a_claim_gives_up_after_many_unreadable_jobs_and_asks_to_be_called_again);

/// A whole backlog of another release must not be failed in one transaction: nobody else could
/// write meanwhile.
async fn a_claim_gives_up_after_many_unreadable_jobs_and_asks_to_be_called_again(engine: Engine) {
    let it = Damaged::new(engine).await;
    let ids = it.world.fill(it.world.pipeline, 200).await;
    let good = it.world.submit_one().await;
    let sql = "UPDATE job_payloads SET spec = 'newer' WHERE number < ?1";
    it.run(&sql.replace("?1", &it.number(good).to_string()));
    let mut work = it.world.store.hints().work;
    let mut claims = Vec::new();
    let mut calls = 0;
    while claims.is_empty() {
        work.mark_unchanged();
        claims = it.world.claim_ids(1).await;
        calls += 1;
        assert!(work.has_changed().unwrap(), "nobody would call again");
    }
    assert_eq!(claims, [good]);
    assert!(calls > 2, "{calls}");
    assert_eq!(it.load().await, (0, 1));
    ids.iter().for_each(|id| it.assert_failed(*id, "newer"));
}

on_both!(a_claim_fails_a_lost_publisher_that_cannot_be_read_and_takes_the_next);

async fn a_claim_fails_a_lost_publisher_that_cannot_be_read_and_takes_the_next(engine: Engine) {
    let others = [
        "UPDATE job_results SET outputs = 'no JSON' WHERE number = ?1",
        "UPDATE job_results SET outputs = NULL WHERE number = ?1",
        "DELETE FROM job_results WHERE number = ?1",
        "UPDATE jobs SET state = 99 WHERE number = ?1",
        "UPDATE jobs SET state = 0 WHERE number = ?1",
    ];
    for damage in DAMAGES.iter().chain(&others) {
        let it = Damaged::new(engine).await;
        let [bad, good] = it.two_running().await;
        for job in [&bad, &good] {
            it.world.publish(job.id, 1).await;
        }
        let queued = it.world.submit_one().await;
        it.damage(bad.id, damage);
        it.world.clock.advance(Duration::from_secs(60));
        let claims = it.world.claim(3).await;
        let found: Vec<_> = claims
            .iter()
            .map(|claim| (claim.job.id, matches!(claim.work, Work::Publish(_))))
            .collect();
        assert_eq!(found, [(good.id, true), (queued, false)], "{damage}");
        it.assert_failed(bad.id, damage);
        assert_eq!((it.load().await, it.leases()), ((0, 2), 2), "{damage}");
    }
}

on_both!(a_job_that_has_ended_stays_as_it_is);

/// A lease that was left behind is no reason to change how a job has ended.
async fn a_job_that_has_ended_stays_as_it_is(engine: Engine) {
    let it = Damaged::new(engine).await;
    let [ended, other] = it.two_running().await;
    it.world.publish(ended.id, 1).await;
    it.world.finish(ended.id, 1, Ending::Succeeded).await;
    let sql = "INSERT INTO leases (id, number, attempt, publishing, worker, until) \
        SELECT id, number, 1, 1, 'w', 0 FROM jobs WHERE number = ?1";
    it.damage(ended.id, sql);
    assert_eq!(it.world.claim_ids(1).await, []);
    assert_eq!(it.world.state(ended.id).await, StateName::Succeeded);
    assert_eq!((it.load().await, it.leases()), ((0, 1), 1));
    assert_eq!(it.world.state(other.id).await, StateName::Running);
}

on_both!(a_heartbeat_loses_only_the_attempt_whose_row_cannot_be_read);

async fn a_heartbeat_loses_only_the_attempt_whose_row_cannot_be_read(engine: Engine) {
    let it = Damaged::new(engine).await;
    let [bad, good] = it.two_running().await;
    it.damage(bad.id, "UPDATE jobs SET state = 99 WHERE number = ?1");
    let beat = |job: &Job| Beat {
        job: job.id,
        attempt: 1,
        progress: 40,
    };
    let now = it.world.now();
    let until = now.after(Duration::from_secs(90));
    let beats = vec![beat(&bad), beat(&good)];
    let answers = it.world.store.renew(beats, until, now).await.unwrap();
    assert_eq!(answers, [BeatAnswer::Lost, BeatAnswer::Held]);
    assert_eq!(it.world.job(good.id).await.progress, 40);
}

on_both!(a_sweep_fails_a_job_that_cannot_be_read_and_ends_the_other_leases);

/// The symptom: the sweep failed, so no lease ran out, no retry became ready and no server started.
async fn a_sweep_fails_a_job_that_cannot_be_read_and_ends_the_other_leases(engine: Engine) {
    let narrow = [
        "UPDATE jobs SET state = 99 WHERE number = ?1",
        "UPDATE jobs SET losses = 300 WHERE number = ?1",
        "UPDATE jobs SET attempt = -1 WHERE number = ?1",
    ];
    for damage in narrow {
        for every in [false, true] {
            let it = Damaged::new(engine).await;
            let [bad, good] = it.two_running().await;
            it.damage(bad.id, damage);
            it.world
                .clock
                .advance(Duration::from_secs(if every { 0 } else { 60 }));
            let now = it.world.now();
            assert_eq!(it.world.store.sweep(every, now).await.unwrap(), 2);
            it.assert_failed(bad.id, damage);
            assert_eq!(it.world.state(good.id).await, StateName::Queued);
            assert_eq!((it.load().await, it.leases()), ((1, 0), 0), "{damage}");
            assert_eq!(it.world.sweep().await, 0);
        }
    }
}

on_both!(a_sweep_counts_no_retry_whose_state_cannot_be_read);

async fn a_sweep_counts_no_retry_whose_state_cannot_be_read(engine: Engine) {
    let it = Damaged::new(engine).await;
    let id = it.world.submit_one().await;
    it.damage(
        id,
        "UPDATE jobs SET state = 99, ready_at = 0 WHERE number = ?1",
    );
    let [counts, again] = [it.world.sweep().await, it.world.sweep().await];
    assert_eq!((counts, again), (0, 0));
    let due = it.world.store.next_deadline().await.unwrap();
    assert_eq!(due, None, "it would be swept for ever");
}

on_both!(a_listing_passes_over_jobs_that_cannot_be_read);

async fn a_listing_passes_over_jobs_that_cannot_be_read(engine: Engine) {
    let it = Damaged::new(engine).await;
    let mut ids = it.world.fill(it.world.pipeline, 12).await;
    ids.reverse();
    // The first, the last, and several in a row.
    let bad = [0, 3, 4, 5, 6, 9, 11];
    for index in bad {
        it.damage(ids[index], NEWER_SPEC);
    }
    let good: Vec<JobId> = (0..ids.len())
        .filter(|index| !bad.contains(index))
        .map(|index| ids[index])
        .collect();
    for states in [vec![], vec![StateName::Queued]] {
        let mut filter = JobFilter {
            states,
            ..JobFilter::default()
        };
        assert_eq!(it.listed(&filter, 0).await, []);
        for size in 1..=6 {
            filter.before = None;
            let mut seen: Vec<JobId> = Vec::new();
            loop {
                let page = it.listed(&filter, size).await;
                seen.extend(&page);
                // A page that is not full says that there is none after it.
                if page.len() < size as usize {
                    break;
                }
                filter.before = page.last().copied();
            }
            assert_eq!(seen, good, "pages of {size}");
        }
    }
}

on_both!(a_job_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is);

async fn a_job_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (store, account) = (&it.world.store, it.world.account);
    let ids = it.world.fill(it.world.pipeline, 2).await;
    it.damage(ids[0], NEWER_SPEC);
    let found = store.jobs(account, &ids).await.unwrap();
    assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), ids[1..]);
    let absent = it.world.ids.job(it.world.now());
    for alone in [vec![ids[0]], vec![ids[0], absent]] {
        let error = store.jobs(account, &alone).await.unwrap_err();
        let table = match error {
            StoreError::Corrupt { table, .. } => table,
            other => panic!("{other}"),
        };
        assert_eq!(table, "job_payloads");
    }
}

on_both!(a_paused_pipeline_keeps_its_unreadable_jobs_as_they_are);

async fn a_paused_pipeline_keeps_its_unreadable_jobs_as_they_are(engine: Engine) {
    let it = Damaged::new(engine).await;
    let id = it.world.submit_one().await;
    it.damage(id, NEWER_SPEC);
    it.world
        .set_state(it.world.pipeline, PipelineState::Paused)
        .await;
    let now = it.world.now();
    let claims = it.world.store.claim(&worker("w"), 1, now, now).await;
    assert_eq!(claims.unwrap(), []);
    assert_eq!(it.stored(id), (0, None));
}

on_both!(access_that_cannot_be_read_is_an_error_that_names_the_row);

/// Whoever may do less because of a row must not do more because it cannot be read.
async fn access_that_cannot_be_read_is_an_error_that_names_the_row(engine: Engine) {
    let damaged = Damaged::new(engine).await;
    let store = &damaged.world.store;
    let admin = UserName::new(User::ADMIN).unwrap();
    let account = damaged.world.account;
    let grantee = Grantee::User(admin.clone());
    let cases = [
        (
            "UPDATE attachments SET custom = 1",
            "attachments.policy of row admin",
        ),
        (
            "UPDATE features SET feature = 'teleport'",
            "accounts.features of row 1000000000000001",
        ),
        (
            "INSERT INTO limits SELECT id, 'mts:CancelJob', 'often' FROM accounts",
            "limits.rule of row mts:CancelJob",
        ),
        ("UPDATE access_keys SET user = 'a/b'", "access_keys.user"),
    ];
    for (damage, named) in cases {
        assert_eq!(damaged.run(damage).0, 1, "{damage}");
        let errors = [
            store.grants(account, &grantee).await.err(),
            store.account(account).await.err(),
            store.limits(account).await.err(),
            store.access_key("AKID").await.err(),
        ];
        let told = errors.iter().flatten().map(ToString::to_string);
        let told: Vec<_> = told.collect();
        assert!(told.iter().any(|it| it.starts_with(named)), "{told:?}");
    }
    // What is not damaged is there all the same.
    assert!(store.user(account, &admin).await.unwrap().is_some());
    assert!(store.api_key(&[7; 32]).await.unwrap().is_some());
}
