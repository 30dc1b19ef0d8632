//! Rows that cannot be read, damaged here by SQL, stop nothing but their own jobs.

use std::time::Duration;

use reelgate_domain::access::{Grantee, User, UserName};
use reelgate_domain::job::{FaultCode, Happening, Job, StateName};
use reelgate_domain::{JobId, PipelineState};
use reelgate_store::conformance::World;
use reelgate_store::{Beat, BeatAnswer, Ending, JobFilter, StoreError, Work};
use reelgate_testkit::worker;
use rusqlite::Connection;

use crate::sqlite::Directory;

/// A spec as no release has written one yet.
const NEWER_SPEC: &str =
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

struct Damaged {
    home: Directory,
    world: World,
}

impl Damaged {
    async fn new() -> Self {
        let home = Directory::new();
        let world = World::new(&home).await;
        Self { home, world }
    }

    fn sql(&self) -> Connection {
        let sql = Connection::open(self.home.path().join("reelgate.db")).unwrap();
        sql.busy_timeout(Duration::from_secs(10)).unwrap();
        sql
    }

    fn damage(&self, id: JobId, damage: &str) {
        assert_eq!(self.sql().execute(damage, [self.number(id)]).unwrap(), 1);
    }

    fn number(&self, id: JobId) -> i64 {
        let query = "SELECT number FROM jobs WHERE id = ?1";
        let sql = self.sql();
        sql.query_row(query, [id.as_bytes()], |row| row.get(0))
            .unwrap()
    }

    /// What the job's rows say, read past the store.
    fn stored(&self, id: JobId) -> (i64, Option<String>) {
        let query = "SELECT state, (SELECT fault FROM job_results r WHERE r.number = j.number) \
            FROM jobs j WHERE id = ?1";
        let sql = self.sql();
        sql.query_row(query, [id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    fn assert_failed(&self, id: JobId, damage: &str) {
        let (state, fault) = self.stored(id);
        let fault = fault.unwrap_or_default();
        assert_eq!(state, 5, "{damage}");
        let named = "the stored job cannot be read by this release: job";
        assert!(fault.contains(named), "{damage}: {fault}");
    }

    fn leases(&self) -> i64 {
        let sql = self.sql();
        sql.query_row("SELECT count(*) FROM leases", [], |row| row.get(0))
            .unwrap()
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

/// The symptom: one such row, and no worker started anything any more, in no pipeline.
#[tokio::test]
async fn a_claim_fails_a_job_that_cannot_be_read_and_starts_the_next() {
    let unstarted = "UPDATE jobs SET attempt = 4294967295 WHERE number = ?1";
    let negative = "UPDATE jobs SET attempt = -1 WHERE number = ?1";
    for damage in DAMAGES.iter().chain(&[unstarted, negative]) {
        let it = Damaged::new().await;
        let ids = it.world.fill(it.world.pipeline, 3).await;
        it.damage(ids[0], damage);
        assert_eq!(it.world.claim_ids(1).await, [ids[1]], "{damage}");
        it.assert_failed(ids[0], damage);
        assert_eq!((it.load().await, it.leases()), ((1, 1), 1), "{damage}");
        assert_eq!(it.world.claim_ids(5).await, [ids[2]], "{damage}");
        assert_eq!(it.load().await, (0, 2), "{damage}");
    }
}

#[tokio::test]
async fn a_sibling_that_cannot_be_read_fails_alone() {
    let unstarted = "UPDATE jobs SET attempt = 4294967295 WHERE number = ?1";
    let negative = "UPDATE jobs SET attempt = -1 WHERE number = ?1";
    for damage in DAMAGES.iter().chain(&[unstarted, negative]) {
        for place in 0..3 {
            let it = Damaged::new().await;
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

#[tokio::test]
async fn a_job_with_a_damaged_submission_starts_alone() {
    let it = Damaged::new().await;
    let ids = it.world.siblings(it.world.pipeline, 2).await;
    let damage = "UPDATE jobs SET submission = zeroblob(16) WHERE number = ?1";
    it.damage(ids[1], damage);
    assert_eq!(it.world.claim_ids(1).await, ids[..1]);
    assert_eq!(it.world.claim_ids(1).await, ids[1..]);
    assert_eq!(it.load().await, (0, 2));
}

#[tokio::test]
async fn a_job_that_failed_unread_says_why_once_it_can_be_read() {
    let it = Damaged::new().await;
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

/// A state that no release knows takes the job out of the lanes that claims look at, and the
/// pipeline's count of ready jobs still has it.
#[tokio::test]
async fn a_count_of_jobs_that_are_not_there_stops_no_other_pipeline() {
    let it = Damaged::new().await;
    let lost = it.world.submit_one().await;
    it.damage(lost, "UPDATE jobs SET state = 99 WHERE number = ?1");
    let other = it.world.add_pipeline("other", None).await;
    let ids = it.world.fill(other, 1).await;
    assert_eq!(it.world.claim_ids(2).await, ids);
    let next = it.world.submit_one().await;
    assert_eq!(it.world.claim_ids(2).await, [next]);
}

/// A whole backlog of another release must not be failed in one transaction: nobody else could
/// write meanwhile.
#[tokio::test]
async fn a_claim_gives_up_after_many_unreadable_jobs_and_asks_to_be_called_again() {
    let it = Damaged::new().await;
    let ids = it.world.fill(it.world.pipeline, 200).await;
    let good = it.world.submit_one().await;
    let sql = "UPDATE job_payloads SET spec = 'newer' WHERE number < ?1";
    it.sql().execute(sql, [it.number(good)]).unwrap();
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

#[tokio::test]
async fn a_claim_fails_a_lost_publisher_that_cannot_be_read_and_takes_the_next() {
    let others = [
        "UPDATE job_results SET outputs = 'no JSON' WHERE number = ?1",
        "UPDATE job_results SET outputs = NULL WHERE number = ?1",
        "DELETE FROM job_results WHERE number = ?1",
        "UPDATE jobs SET state = 99 WHERE number = ?1",
        "UPDATE jobs SET state = 0 WHERE number = ?1",
    ];
    for damage in DAMAGES.iter().chain(&others) {
        let it = Damaged::new().await;
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

/// A lease that was left behind is no reason to change how a job has ended.
#[tokio::test]
async fn a_job_that_has_ended_stays_as_it_is() {
    let it = Damaged::new().await;
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

#[tokio::test]
async fn a_heartbeat_loses_only_the_attempt_whose_row_cannot_be_read() {
    let it = Damaged::new().await;
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

/// The symptom: the sweep failed, so no lease ran out, no retry became ready and no server started.
#[tokio::test]
async fn a_sweep_fails_a_job_that_cannot_be_read_and_ends_the_other_leases() {
    let narrow = [
        "UPDATE jobs SET state = 99 WHERE number = ?1",
        "UPDATE jobs SET losses = 300 WHERE number = ?1",
        "UPDATE jobs SET attempt = -1 WHERE number = ?1",
    ];
    for damage in narrow {
        for every in [false, true] {
            let it = Damaged::new().await;
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

#[tokio::test]
async fn a_sweep_counts_no_retry_whose_state_cannot_be_read() {
    let it = Damaged::new().await;
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

#[tokio::test]
async fn a_listing_passes_over_jobs_that_cannot_be_read() {
    let it = Damaged::new().await;
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

#[tokio::test]
async fn a_job_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is() {
    let it = Damaged::new().await;
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

#[tokio::test]
async fn a_paused_pipeline_keeps_its_unreadable_jobs_as_they_are() {
    let it = Damaged::new().await;
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

/// Whoever may do less because of a row must not do more because it cannot be read.
#[tokio::test]
async fn access_that_cannot_be_read_is_an_error_that_names_the_row() {
    let damaged = Damaged::new().await;
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
        (
            "UPDATE access_keys SET user = 'a/b'",
            "access_keys.user of row AKID",
        ),
    ];
    for (damage, named) in cases {
        assert_eq!(damaged.sql().execute(damage, []).unwrap(), 1, "{damage}");
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
