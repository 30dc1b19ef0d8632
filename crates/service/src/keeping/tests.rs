//! Keeping and taking away, by the service on a real store.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::access::AccountName;
use reelgate_domain::dna::{DnaModel, LibraryId, LibraryStatus, PrimaryKey};
use reelgate_domain::job::{CancelPolicy, JobKind, StateName, StopMode};
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{StreamId, StreamName, StreamPlan, StreamSpec};
use reelgate_domain::{JobId, Kept, Timestamp, WorkerId};
use reelgate_store::{
    DnaEffect, Fenced, NewEntry, NewStream, PublishDna, SqliteStore, Store, StreamAnswer,
    StreamBeat, StreamOutcome, Told,
};
use reelgate_testkit::{FixedClock, JobBuilder, object, of_kind, staged, worker};
use tokio::sync::watch;

use super::{PruneCursor, Pruned};
use crate::jobs::DeleteDecision;
use crate::{Caller, Clock, ErrorKind, Ids, NewLibrary, RandomIds, Service, Settings};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Now(FixedClock);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct House {
    service: Service,
    store: Arc<dyn Store>,
    clock: Arc<Now>,
    ids: RandomIds,
    operator: Caller,
    _dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let clock = Arc::new(Now(FixedClock::default()));
        let settings = Settings {
            data_dir: dir.path().canonicalize().unwrap(),
            max_object_bytes: 1 << 20,
            free_space_floor: 0,
        };
        let ids = Arc::new(RandomIds::default());
        let service = Service::new(
            Arc::clone(&store),
            Arc::clone(&clock) as Arc<dyn Clock>,
            ids,
            settings,
        );
        let made = service.invent_credentials();
        assert!(service.create_first_account(&made).await.unwrap());
        let found = service.api_key_caller(&made.api_key).await.unwrap();
        Self {
            service,
            store,
            clock,
            ids: RandomIds::default(),
            operator: found.unwrap(),
            _dir: dir,
        }
    }

    /// Jobs that are cancelled now.
    async fn cancelled(&self, caller: &Caller, count: usize) -> Vec<JobId> {
        let pipeline = self
            .service
            .pipeline_named(caller, "default")
            .await
            .unwrap();
        let now = self.clock.now();
        let mut ids = Vec::new();
        for _ in 0..count {
            let id = JobId::from_bytes(self.ids.uuid(now));
            let job = JobBuilder::new(caller.account, pipeline.id, id, now).build();
            self.store.submit(vec![job], None).await.unwrap();
            let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
            let cancel = self
                .service
                .cancel_job(caller, id, policy, mode, Duration::ZERO);
            cancel.await.unwrap();
            ids.push(id);
        }
        ids
    }

    /// Has so many jobs store an entry each.
    async fn fill(&self, library: LibraryId, count: u32) {
        let account = self.operator.account;
        let pipeline = self.service.pipeline_named(&self.operator, "default").await;
        let (pipeline, now) = (pipeline.unwrap().id, self.clock.now());
        let new = || {
            let id = JobId::from_bytes(self.ids.uuid(now));
            let new = JobBuilder::new(account, pipeline, id, now);
            new.spec(of_kind(JobKind::Fingerprint)).build()
        };
        let jobs = (0..count).map(|_| new()).collect();
        self.store.submit(jobs, None).await.unwrap();
        let until = now.after(Duration::from_secs(60));
        let claims = self.store.claim(&worker("w"), count, until, now).await;
        let claims = claims.unwrap();
        assert_eq!(claims.len(), count as usize);
        for claim in claims {
            let job = claim.job.id;
            let effect = DnaEffect {
                library,
                entry: Some(NewEntry {
                    key: PrimaryKey::new(job.to_string()).unwrap(),
                    source: object("in.mp4"),
                    duration_ms: None,
                    fingerprint: vec![7; 10],
                }),
                unless_added_since: None,
            };
            let told = self
                .store
                .publish_fingerprint(job, staged(1), effect, now)
                .await;
            assert_eq!(told.unwrap(), PublishDna::Fenced(Fenced::Done));
        }
    }

    async fn left(&self, caller: &Caller, ids: &[JobId]) -> usize {
        self.service.jobs(caller, ids).await.unwrap().len()
    }

    async fn pruned(&self, dry_run: bool) -> Vec<Pruned> {
        let (mut of, mut next) = (Vec::new(), None);
        loop {
            let step = self.service.prune(&self.operator, dry_run, next);
            let step = step.await.unwrap();
            of.extend(step.of);
            next = step.next;
            if next.is_none() {
                return of;
            }
        }
    }
}

#[tokio::test]
async fn the_cleaner_takes_what_each_account_has_kept_for_long_enough() {
    let house = House::new().await;
    let name = AccountName::new("studio").unwrap();
    let (studio, made) = house
        .service
        .create_account(&house.operator, name)
        .await
        .unwrap();
    let found = house.service.api_key_caller(&made.api_key).await.unwrap();
    let caller = found.unwrap();
    let (ours, theirs) = (
        house.cancelled(&house.operator, 100).await,
        house.cancelled(&caller, 3).await,
    );
    let set = house
        .service
        .set_retention(&house.operator, studio.id, Kept::Jobs, Some(10));
    assert_eq!(set.await.unwrap().days, 10);

    house.clock.0.advance(11 * DAY);
    house.service.clean().await.unwrap();
    assert_eq!(house.left(&house.operator, &ours).await, 100);
    assert_eq!(house.left(&caller, &theirs).await, 0);
    house.clock.0.advance(355 * DAY);
    let found = house.pruned(true).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].what, found[0].account, found[0].rows),
        (Kept::Jobs, Some(house.operator.account), 100)
    );
    assert_eq!(house.left(&house.operator, &ours).await, 100);
    let gone: u64 = house.pruned(false).await.iter().map(|it| it.rows).sum();
    assert_eq!(gone, 100);
    assert_eq!(house.left(&house.operator, &ours).await, 0);
    assert_eq!(house.pruned(true).await, []);
}

#[tokio::test]
async fn how_live_streams_did_is_kept_for_a_week() {
    let house = House::new().await;
    let (store, owner) = (&house.store, house.operator.account);
    let began_at = house.clock.now();
    let id = StreamId::from_bytes(house.ids.uuid(began_at));
    let spec: StreamSpec = serde_json::from_str(
        r#"{"input":{"address":"rtmp://in/a/s"},"outputs":[{"target":{"to":"push",
            "address":"rtmp://out/a/s"},"template":"00000000000000000000000000000001"}]}"#,
    )
    .unwrap();
    let plan: StreamPlan = serde_json::from_str(
        r#"{"revision":1,"input":{"address":"rtmp://in/a/s"},"outputs":[{"target":{"to":"push",
            "address":"rtmp://out/a/s"},"settings":{"codec":"copy"}}],
            "on_source_lost":"keep_trying","latency":"low"}"#,
    )
    .unwrap();
    let new = NewStream {
        id,
        account: owner,
        cluster: ClusterName::default(),
        name: StreamName::new("a").unwrap(),
        spec: spec.clone(),
        created_at: began_at,
        most: 1,
    };
    store.create_stream(new, None).await.unwrap();
    let started = store.start_stream(owner, id, spec, plan, began_at, None);
    assert!(matches!(started.await.unwrap(), StreamOutcome::Done(_)));
    let (worker, cluster) = (WorkerId("w".to_owned()), ClusterName::default());
    let until = began_at.after(100 * DAY);
    let taken = store.claim_streams(&cluster, &worker, 1, until, began_at);
    assert_eq!(taken.await.unwrap().len(), 1);
    let samples = async || {
        let before = Timestamp::from_millis(0);
        store
            .stream_health(owner, id, before, 999)
            .await
            .unwrap()
            .len()
    };
    // More than are removed at once, then one each day.
    for number in 0..300 {
        let at = house.clock.now().as_millis();
        let health = format!(
            r#"{{"at":{at},"activity":"live","since":{at},"in_kbps":1.0,"out_kbps":1.0,"fps":25.0,
                "speed":1.0,"dropped_frames":0,"duplicated_frames":0,"lag_ms":0,"reconnects":0}}"#
        );
        let beat = StreamBeat {
            stream: id,
            attempt: 1,
            revision: 1,
            health: Some(serde_json::from_str(&health).unwrap()),
            sample: true,
            notes: Vec::new(),
        };
        let told = store.renew_streams(vec![beat], until, house.clock.now());
        assert_eq!(told.await.unwrap(), [StreamAnswer::Held { revision: 1 }]);
        let millis = Duration::from_millis(1);
        house
            .clock
            .0
            .advance(if number < 290 { millis } else { DAY });
    }
    assert_eq!(samples().await, 300);
    house.service.clean().await.unwrap();
    assert_eq!(samples().await, 7);
}

#[tokio::test]
async fn what_deleted_fingerprint_libraries_took_is_given_back_and_they_are_known_for_a_month() {
    let house = House::new().await;
    let (service, operator) = (&house.service, &house.operator);
    let library = service.create_library(
        operator,
        NewLibrary {
            name: "films".to_owned(),
            model: DnaModel::Video,
            description: String::new(),
        },
    );
    let library = library.await.unwrap().id;
    // More than one step takes away.
    house.fill(library, 120).await;
    service.delete_library(operator, library).await.unwrap();
    let status = async || {
        let found = house.store.libraries(operator.account, &[library]).await;
        found.unwrap().first().map(|library| library.status)
    };
    assert_eq!(status().await, Some(LibraryStatus::Deleted));
    let now = house.clock.now();
    assert!(house.store.prune_libraries(now).await.unwrap());
    service.clean().await.unwrap();
    assert!(!house.store.prune_libraries(now).await.unwrap());
    assert_eq!(status().await, Some(LibraryStatus::Deleted));
    house.clock.0.advance(31 * DAY);
    service.clean().await.unwrap();
    assert_eq!(status().await, None);
}

/// Each node walked over everything each hour.
#[tokio::test]
async fn of_several_nodes_the_first_takes_away_for_all() {
    let house = House::new().await;
    let ids = house.cancelled(&house.operator, 3).await;
    house.clock.0.advance(400 * DAY);
    let tell = |is_first| {
        house.service.tell_nodes(Told {
            draining: false,
            live: 2,
            serving: 2,
            is_first,
        });
    };
    tell(false);
    let (_stop, stopped) = watch::channel(false);
    tokio::time::pause();
    let look = async {
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        let before = house.left(&house.operator, &ids).await;
        // The other one has ended.
        tell(true);
        while house.left(&house.operator, &ids).await > 0 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        before
    };
    let before = tokio::select! {
        () = house.service.keep_clean(stopped) => unreachable!("nobody stops it"),
        before = look => before,
    };
    assert_eq!(before, 3);
}

#[tokio::test]
async fn times_are_set_by_operators_within_what_can_be_kept() {
    let house = House::new().await;
    let account = house.operator.account;
    let set = async |what, days| {
        let set = house
            .service
            .set_retention(&house.operator, account, what, days);
        set.await
    };
    let kept = set(Kept::Events, Some(60)).await.unwrap();
    assert_eq!((kept.days, kept.default, kept.is_set), (60, 30, true));
    for (what, days) in [(Kept::Events, 3), (Kept::Jobs, 0), (Kept::Audit, 36_501)] {
        let refused = set(what, Some(days)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid, "{what} {days}");
    }
    let kept = set(Kept::Events, None).await.unwrap();
    assert_eq!((kept.days, kept.is_set), (30, false));
    let own = Caller::root(account);
    let by_account = house
        .service
        .set_retention(&own, account, Kept::Jobs, Some(1));
    assert_eq!(by_account.await.unwrap_err().kind, ErrorKind::Denied);
    let shown = house.service.retention(&own, account).await.unwrap();
    assert_eq!(shown.len(), Kept::ALL.len());
    let prune = house.service.prune(&own, true, None).await;
    assert_eq!(prune.unwrap_err().kind, ErrorKind::Denied);
}

#[tokio::test]
async fn a_job_is_deleted_when_it_has_ended() {
    let house = House::new().await;
    let id = house.cancelled(&house.operator, 1).await[0];
    let delete = async |id| house.service.delete_job(&house.operator, id).await;
    assert_eq!(delete(id).await.unwrap(), DeleteDecision::Deleted);
    assert_eq!(delete(id).await.unwrap_err().kind, ErrorKind::NotFound);

    let pipeline = house.service.pipeline_named(&house.operator, "default");
    let (pipeline, now) = (pipeline.await.unwrap().id, house.clock.now());
    let id = JobId::from_bytes(house.ids.uuid(now));
    let job = JobBuilder::new(house.operator.account, pipeline, id, now).build();
    house.store.submit(vec![job], None).await.unwrap();
    let refused = DeleteDecision::Refused(StateName::Queued);
    assert_eq!(delete(id).await.unwrap(), refused);
}

#[test]
fn a_cursor_reads_back_as_it_was_written() {
    for text in ["jobs.", "audit.00ff", "events.", "deliveries.7f"] {
        assert_eq!(PruneCursor::from_text(text).unwrap().to_text(), text);
    }
    for text in ["", "jobs", "attempts.", "jobs.0", "jobs.xx", "things."] {
        assert_eq!(PruneCursor::from_text(text), None, "{text}");
    }
}
