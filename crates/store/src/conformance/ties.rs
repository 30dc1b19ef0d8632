//! What jobs are found by beside their ids: assets that they were made for, and addresses they fetch.

use std::time::Duration;

use reelgate_domain::asset::{AssetId, AssetJob};
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{CancelPolicy, JobKind, NewJob, StateName};
use reelgate_domain::{JobId, Kept, SubmissionId};
use reelgate_testkit::{account, fetching};

use super::{Home, World};
use crate::{AssetJobFilter, Cutoffs, DeleteJob, Slice, SubmitOutcome};

const ASSET: AssetId = AssetId::from_bytes([7; 16]);

impl World {
    /// A job that was made for an asset and fetches an address.
    fn tied(&self, asset: AssetId, submission: SubmissionId, url: &str) -> NewJob {
        NewJob {
            submission,
            asset: Some(asset),
            ..self.new_job().spec(fetching(url, "a.mp4")).build()
        }
    }

    async fn of_asset(&self, asset: AssetId, limit: u32) -> Vec<AssetJob> {
        let jobs = self.store.asset_jobs(self.account, asset, limit).await;
        jobs.expect("asset_jobs")
    }

    async fn of_submission(&self, submission: SubmissionId) -> Option<(AssetId, Vec<JobId>)> {
        let jobs = self.store.submission_jobs(self.account, submission).await;
        jobs.expect("submission_jobs")
    }

    async fn fetching(&self, address: &str, limit: u32) -> Vec<JobId> {
        let jobs = self
            .store
            .jobs_fetching(self.account, &url(address), limit)
            .await;
        jobs.expect("jobs_fetching")
    }
}

fn url(address: &str) -> SourceUrl {
    SourceUrl::new(address).expect("it is a valid address")
}

pub async fn the_jobs_of_an_asset_come_by_submission_newest_first(home: &dyn Home) {
    let world = World::new(home).await;
    let submissions = [(); 3].map(|()| world.ids.submission(world.now()));
    let mut expected: Vec<AssetJob> = Vec::new();
    for submission in submissions {
        let jobs = [(); 2].map(|()| world.tied(ASSET, submission, "http://h/a"));
        let of_another = world.tied(AssetId::from_bytes([8; 16]), submission, "http://h/a");
        let plain = NewJob {
            asset: None,
            ..of_another.clone()
        };
        let plain = NewJob {
            id: world.ids.job(world.now()),
            ..plain
        };
        let all = [jobs.as_slice(), &[of_another, plain]].concat();
        world.submit(all).await;
        // Submissions newest first, and in each the oldest job first.
        let its = jobs.iter().map(|job| AssetJob {
            submission,
            job: job.id,
        });
        expected = its.chain(expected).collect();
    }
    assert_eq!(world.of_asset(ASSET, 100).await, expected);
    for limit in 0..=6 {
        let some = world.of_asset(ASSET, limit).await;
        assert_eq!(some, expected[..limit as usize]);
    }
    assert_eq!(world.of_asset(AssetId::from_bytes([9; 16]), 9).await, []);
}

pub async fn the_jobs_of_an_asset_come_in_pages_and_by_kind(home: &dyn Home) {
    let world = World::new(home).await;
    let submissions = [(); 3].map(|()| world.ids.submission(world.now()));
    for submission in submissions {
        let transcode = NewJob {
            submission,
            asset: Some(ASSET),
            ..world.new_job().build()
        };
        let ingests = [(); 2].map(|()| world.tied(ASSET, submission, "http://h/a"));
        world.submit([&[transcode][..], &ingests].concat()).await;
    }
    let page = async |filter, limit| {
        let jobs = world
            .store
            .list_asset_jobs(world.account, ASSET, filter, limit);
        jobs.await.expect("list_asset_jobs")
    };
    let all = world.of_asset(ASSET, 100).await;
    assert_eq!(all.len(), 9);
    for (place, after) in all.iter().enumerate() {
        let filter = AssetJobFilter {
            after: Some(*after),
            ..AssetJobFilter::default()
        };
        let rest = &all[place + 1..];
        assert_eq!(page(filter, 100).await, rest);
        assert_eq!(page(filter, 2).await, rest[..rest.len().min(2)]);
    }
    // In each submission the transcode is the oldest.
    let is_first = |at: usize| at.is_multiple_of(3);
    for (kind, is_of) in [(JobKind::Transcode, true), (JobKind::Ingest, false)] {
        let places = (0..all.len()).filter(|at| is_first(*at) == is_of);
        let expected: Vec<_> = places.map(|at| all[at]).collect();
        let mut filter = AssetJobFilter {
            kind: Some(kind),
            after: None,
        };
        assert_eq!(page(filter, 100).await, expected);
        filter.after = expected.first().copied();
        assert_eq!(page(filter, 1).await, expected[1..2]);
    }
    let filter = AssetJobFilter {
        kind: Some(JobKind::Snapshot),
        after: None,
    };
    assert_eq!(page(filter, 100).await, []);
}

pub async fn a_submission_leads_to_its_asset_and_jobs(home: &dyn Home) {
    let world = World::new(home).await;
    let submission = world.ids.submission(world.now());
    let other = AssetId::from_bytes([1; 16]);
    let jobs = [
        world.tied(ASSET, submission, "http://h/a"),
        world.tied(other, submission, "http://h/b"),
        world.tied(ASSET, submission, "http://h/c"),
    ];
    let ids = jobs.each_ref().map(|job| job.id);
    world.submit(jobs.to_vec()).await;
    let found = world.of_submission(submission).await;
    assert_eq!(found, Some((ASSET, vec![ids[0], ids[2]])));
    let plain = world.new_job().build();
    let of_none = plain.submission;
    world.submit(vec![plain]).await;
    assert_eq!(world.of_submission(of_none).await, None);
    let foreign = world.store.submission_jobs(account(2), submission).await;
    assert_eq!(foreign.expect("submission_jobs"), None);
}

pub async fn the_states_of_the_jobs_of_assets_come_together(home: &dyn Home) {
    let world = World::new(home).await;
    let submission = world.ids.submission(world.now());
    let other = AssetId::from_bytes([1; 16]);
    let bringing = world.tied(ASSET, submission, "http://h/a");
    let transcode = NewJob {
        asset: Some(ASSET),
        ..world.new_job().build()
    };
    let of_other = world.tied(other, submission, "http://h/b");
    world
        .submit(vec![bringing.clone(), transcode, of_other])
        .await;
    world.cancel(bringing.id, CancelPolicy::Any).await;
    let look = async |account, assets: &[AssetId]| {
        let found = world.store.asset_standings(account, assets).await;
        let found = found.expect("asset_standings").into_iter();
        let mut found: Vec<_> = found.map(|it| (it.asset, it.kind, it.state)).collect();
        found.sort_unstable_by_key(|(asset, kind, _)| (*asset, kind.code()));
        found
    };
    let unknown = AssetId::from_bytes([9; 16]);
    assert_eq!(
        look(world.account, &[unknown, ASSET, other]).await,
        [
            (other, JobKind::Ingest, StateName::Queued),
            (ASSET, JobKind::Transcode, StateName::Queued),
            (ASSET, JobKind::Ingest, StateName::Cancelled),
        ]
    );
    assert_eq!(look(world.account, &[other]).await.len(), 1);
    assert_eq!(look(world.account, &[]).await, []);
    assert_eq!(look(account(2), &[ASSET]).await, []);
}

pub async fn jobs_are_found_by_the_address_that_they_fetch(home: &dyn Home) {
    let world = World::new(home).await;
    let mut of_a = Vec::new();
    for address in [
        "http://h/a",
        "http://h/b",
        "http://h/a",
        "HTTP://h/a",
        "http://h/a",
    ] {
        let new = world.new_job().spec(fetching(address, "a.mp4")).build();
        if address == "http://h/a" {
            of_a.insert(0, new.id);
        }
        world.submit(vec![new]).await;
    }
    world.submit_one().await;
    // Also what has ended.
    world.cancel(of_a[1], CancelPolicy::Any).await;
    assert_eq!(world.fetching("http://h/a", 9).await, of_a);
    assert_eq!(world.fetching("http://h/a", 2).await, of_a[..2]);
    assert_eq!(world.fetching("http://h/a", 0).await, []);
    assert_eq!(world.fetching("http://h/A", 9).await, []);
    let foreign = world
        .store
        .jobs_fetching(account(2), &url("http://h/a"), 9)
        .await;
    assert_eq!(foreign.expect("jobs_fetching"), []);
}

pub async fn jobs_that_are_not_stored_any_more_are_not_found(home: &dyn Home) {
    let world = World::new(home).await;
    let submission = world.ids.submission(world.now());
    let jobs = [(); 4].map(|()| world.tied(ASSET, submission, "http://h/a"));
    let ids = jobs.each_ref().map(|job| job.id);
    world.submit(jobs.to_vec()).await;
    let check = async |left: &[JobId]| {
        let found = world.of_asset(ASSET, 9).await;
        let found: Vec<_> = found.into_iter().map(|it| it.job).collect();
        assert_eq!(found, left);
        let of_submission = world.of_submission(submission).await;
        let expected = (!left.is_empty()).then(|| (ASSET, left.to_vec()));
        assert_eq!(of_submission, expected);
        let newest_first: Vec<_> = left.iter().rev().copied().collect();
        assert_eq!(world.fetching("http://h/a", 9).await, newest_first);
    };
    check(&ids).await;
    for id in ids {
        world.cancel(id, CancelPolicy::Any).await;
    }
    // The newest, of which some engine keeps a trace, and another.
    for (id, left) in [(ids[3], &ids[..3]), (ids[0], &ids[1..3])] {
        let deleted = world.store.delete_job(world.account, id, None).await;
        assert_eq!(deleted.expect("delete_job"), DeleteJob::Deleted);
        check(left).await;
    }
    let later = world.now().after(Duration::from_secs(3600));
    let mut slice = Slice {
        what: Kept::Jobs,
        cutoffs: Cutoffs::all(later),
        from: None,
        most: 100,
    };
    loop {
        let step = world.store.clear(slice.clone()).await.expect("clear");
        slice.from = step.next;
        if slice.from.is_none() {
            break;
        }
    }
    check(&[]).await;
}

/// What fails leaves nothing that leads to it.
pub async fn a_submission_that_is_refused_ties_nothing(home: &dyn Home) {
    let world = World::new(home).await;
    let submission = world.ids.submission(world.now());
    let taken = world.tied(ASSET, submission, "http://h/taken");
    world.submit(vec![taken.clone()]).await;
    let unknown = world.ids.pipeline(world.now());
    for last in [
        taken,
        NewJob {
            pipeline: unknown,
            ..world.tied(ASSET, submission, "http://h/b")
        },
    ] {
        let new = world.tied(ASSET, submission, "http://h/new");
        let outcome = world.store.submit(vec![new, last], None).await;
        let is_accepted = matches!(outcome, Ok(SubmitOutcome::Accepted(_)));
        assert!(!is_accepted, "{outcome:?}");
    }
    assert_eq!(world.of_asset(ASSET, 9).await.len(), 1);
    assert_eq!(world.fetching("http://h/new", 9).await, []);
}
