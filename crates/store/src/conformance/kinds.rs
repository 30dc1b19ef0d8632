//! Jobs of several kinds: who claims, lists and cancels which.

use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, FaultCode, JobKind, Named, NewJob, Priority, Selector, StateName,
    StopMode,
};
use reelgate_domain::node::Kinds;
use reelgate_domain::{JobId, PipelineId};
use reelgate_testkit::{account, fetching, of_kind, worker};

use super::world::{LEASE, cancelled, failed};
use super::{Home, World};
use crate::{Ending, Fenced, JobFilter, RetryOutcome};

const URL: &str = "https://source.example/a.mp4?Signature=x";

fn address(url: &str) -> SourceUrl {
    SourceUrl::new(url).expect("it is a valid address")
}

impl World {
    /// A job that fetches an address.
    fn fetcher(&self, pipeline: PipelineId, url: &str) -> NewJob {
        self.new_job_in(pipeline)
            .spec(fetching(url, "a.mp4"))
            .build()
    }

    async fn add_fetcher(&self, pipeline: PipelineId, url: &str) -> JobId {
        self.submit(vec![self.fetcher(pipeline, url)]).await[0].id
    }

    async fn claim_of(&self, kinds: Kinds, slots: u32) -> Vec<JobId> {
        let (until, now) = (self.now().after(LEASE), self.now());
        let store = &self.store;
        let claims = store
            .claim_kinds(kinds, &worker("w"), slots, until, now)
            .await;
        let claims = claims.expect("claim_kinds").into_iter();
        claims.map(|claim| claim.job.id).collect()
    }

    async fn list(&self, filter: JobFilter) -> Vec<JobId> {
        let jobs = self.store.list_jobs(self.account, filter, 100).await;
        jobs.expect("list_jobs")
            .into_iter()
            .map(|job| job.id)
            .collect()
    }

    async fn cancel_urls(&self, urls: &[&str]) -> Vec<CancelOutcome> {
        let urls = urls.iter().map(|url| address(url));
        let selector = Selector::all(Named::SourceUrls(urls.collect()));
        let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
        let owner = self.account;
        let store = &self.store;
        let outcomes = store.cancel(owner, selector, policy, mode, self.now(), None);
        outcomes.await.expect("cancel")
    }
}

const fn only(kind: JobKind) -> Kinds {
    Kinds::NONE.and(kind)
}

pub async fn a_job_of_each_kind_is_claimed_and_listed(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("mixed", None).await;
    for kind in JobKind::ALL {
        let mut added = Vec::new();
        for _ in 0..2 {
            let job = world.new_job_in(pipeline).spec(of_kind(kind)).build();
            added.push(world.submit(vec![job]).await[0].id);
        }
        let of_it = JobFilter {
            kinds: only(kind),
            ..JobFilter::default()
        };
        assert_eq!(world.list(of_it).await.len(), 2, "{kind:?}");
        assert_eq!(world.claim_of(only(kind), 1).await, added[..1], "{kind:?}");
        assert_eq!(world.claim_of(Kinds::ALL, 9).await, added[1..], "{kind:?}");
    }
}

pub async fn a_worker_of_some_kinds_takes_only_those_in_their_order(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("mixed", None).await;
    let transcodes = world.fill(pipeline, 3).await;
    let late = world.add_fetcher(pipeline, URL).await;
    let urgent = world.fetcher(pipeline, URL);
    let urgent = NewJob {
        priority: Priority::new(10).expect("a priority is 1 to 10"),
        ..urgent
    };
    let urgent = world.submit(vec![urgent]).await[0].id;
    assert_eq!(world.claim_of(only(JobKind::Snapshot), 9).await, []);
    assert_eq!(world.claim_of(only(JobKind::Ingest), 1).await, [urgent]);
    let both = only(JobKind::Ingest).and(JobKind::Transcode);
    assert_eq!(world.claim_of(both, 2).await, transcodes[..2]);
    assert_eq!(world.claim_of(only(JobKind::Ingest), 9).await, [late]);
    assert_eq!(world.claim_of(Kinds::ALL, 9).await, transcodes[2..]);
}

/// However many pipelines have only jobs that it may not take.
pub async fn pipelines_without_its_kinds_keep_no_worker_from_others(home: &dyn Home) {
    let world = World::new(home).await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        let pipeline = world.add_pipeline(name, None).await;
        world.fill(pipeline, 2).await;
    }
    let last = world.add_pipeline("last", None).await;
    world.fill(last, 1).await;
    let wanted = world.add_fetcher(last, URL).await;
    assert_eq!(world.claim_of(only(JobKind::Ingest), 1).await, [wanted]);
    assert_eq!(world.claim_of(only(JobKind::Ingest), 1).await, []);
}

/// Its turn comes first, and what it counts is of other kinds but for one.
pub async fn a_pipeline_with_few_of_its_kinds_leaves_no_slots_empty(home: &dyn Home) {
    let world = World::new(home).await;
    let busy = world.add_pipeline("busy", None).await;
    world.fill(busy, 5).await;
    assert_eq!(world.claim_ids(9).await.len(), 5);
    let mixed = world.add_pipeline("mixed", None).await;
    world.fill(mixed, 9).await;
    let mut wanted = vec![world.add_fetcher(mixed, URL).await];
    for _ in 0..5 {
        wanted.push(world.add_fetcher(busy, URL).await);
    }
    let four = world.claim_of(only(JobKind::Ingest), 4).await;
    assert_eq!(four, wanted[..4]);
    // Even if it has just got the others.
    let ((), rest) = tokio::join!(
        async {
            world.fill(mixed, 9).await;
        },
        world.claim_of(only(JobKind::Ingest), 4)
    );
    assert_eq!(rest, wanted[4..]);
}

pub async fn a_limit_counts_jobs_of_all_kinds(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("narrow", Some(1)).await;
    world.add_fetcher(pipeline, URL).await;
    let transcode = world.fill(pipeline, 1).await;
    assert_eq!(world.claim_of(only(JobKind::Ingest), 9).await.len(), 1);
    assert_eq!(world.claim_of(only(JobKind::Transcode), 9).await, []);
    let running = world.list(JobFilter::default()).await.remove(1);
    world.finish(running, 1, Ending::GivenBack).await;
    assert_eq!(world.claim_of(only(JobKind::Transcode), 9).await, transcode);
}

pub async fn listings_show_the_kinds_that_are_asked_for(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("mixed", None).await;
    let transcodes = world.fill(pipeline, 2).await;
    let fetcher = world.add_fetcher(pipeline, URL).await;
    let filter = |kinds| JobFilter {
        kinds,
        ..JobFilter::default()
    };
    let mut newest_first = transcodes.clone();
    newest_first.reverse();
    assert_eq!(
        world.list(filter(only(JobKind::Transcode))).await,
        newest_first
    );
    assert_eq!(world.list(filter(only(JobKind::Ingest))).await, [fetcher]);
    assert_eq!(world.list(filter(only(JobKind::Snapshot))).await, []);
    let queued = JobFilter {
        states: vec![StateName::Queued],
        pipeline: Some(pipeline),
        ..filter(only(JobKind::Ingest))
    };
    assert_eq!(world.list(queued).await, [fetcher]);
    assert_eq!(world.list(JobFilter::default()).await.len(), 3);
}

pub async fn a_cancel_finds_no_jobs_of_other_kinds(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("mixed", None).await;
    let fetcher = world.add_fetcher(pipeline, URL).await;
    let cancel = |selector| {
        let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
        let owner = world.account;
        world
            .store
            .cancel(owner, selector, policy, mode, world.now(), None)
    };
    let number = world.job(fetcher).await.number;
    let by_number = Selector::all(Named::Numbers(vec![number])).of(JobKind::Transcode);
    for selector in [
        Selector::ids(vec![fetcher]).of(JobKind::Transcode),
        by_number,
    ] {
        let outcomes = cancel(selector).await.expect("cancel");
        assert_eq!(outcomes, [CancelOutcome::Missing { index: 0 }]);
    }
    assert_eq!(world.state(fetcher).await, StateName::Queued);
    let meant = Selector::ids(vec![fetcher]).of(JobKind::Ingest);
    assert_eq!(cancel(meant).await.expect("cancel"), [cancelled(fetcher)]);
}

pub async fn a_cancel_by_address_means_every_job_that_fetches_it(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("uploads", None).await;
    let other = "https://source.example/b.mp4";
    let unknown = "https://source.example/c.mp4";
    let running = world.add_fetcher(pipeline, URL).await;
    assert_eq!(world.claim_ids(1).await, [running]);
    let first = world.add_fetcher(pipeline, URL).await;
    let second = world.add_fetcher(pipeline, URL).await;
    let bystander = world.add_fetcher(pipeline, other).await;
    let refused = |id| CancelOutcome::Refused {
        id,
        state: StateName::Running,
        started: true,
    };
    let missing = |index| CancelOutcome::Missing { index };
    // One that is named twice is told as the first left it.
    let outcomes = world.cancel_urls(&[unknown, URL, URL]).await;
    let (ended, rest) = (&outcomes[..4], &outcomes[4..]);
    let newest_first = [
        missing(0),
        cancelled(second),
        cancelled(first),
        refused(running),
    ];
    assert_eq!(ended, newest_first);
    assert_eq!(rest, [refused(running)]);
    assert_eq!(world.state(bystander).await, StateName::Queued);
    assert_eq!(world.cancel_urls(&[other]).await, [cancelled(bystander)]);
    // All have ended: the newest tells how.
    let again = world.cancel_urls(&[other]).await;
    let told = CancelOutcome::Refused {
        id: bystander,
        state: StateName::Cancelled,
        started: false,
    };
    assert_eq!(again, [told]);
}

/// However it has come to be queued once more.
pub async fn a_cancel_by_address_finds_what_is_queued_again(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("uploads", None).await;
    let id = world.add_fetcher(pipeline, URL).await;
    assert_eq!(world.claim_ids(1).await, [id]);
    let broken = failed(FaultCode::SourceUnreadable);
    assert_eq!(world.finish(id, 1, broken).await, Fenced::Done);
    let told = CancelOutcome::Refused {
        id,
        state: StateName::Failed,
        started: true,
    };
    assert_eq!(world.cancel_urls(&[URL]).await, [told]);
    // Behind more that have ended since than are looked at for that.
    for _ in 0..20 {
        let newer = world.add_fetcher(pipeline, URL).await;
        assert_eq!(world.cancel_urls(&[URL]).await, [cancelled(newer)]);
    }
    assert_eq!(world.retry(id).await, RetryOutcome::Queued);
    assert_eq!(world.cancel_urls(&[URL]).await, [cancelled(id)]);
}

pub async fn a_cancel_by_address_stays_in_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("uploads", None).await;
    let fetcher = world.add_fetcher(pipeline, URL).await;
    let selector = Selector::all(Named::SourceUrls(vec![address(URL)]));
    let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
    let store = &world.store;
    let outcomes = store.cancel(account(2), selector, policy, mode, world.now(), None);
    let outcomes = outcomes.await.expect("cancel");
    assert_eq!(outcomes, [CancelOutcome::Missing { index: 0 }]);
    assert_eq!(world.state(fetcher).await, StateName::Queued);
}
