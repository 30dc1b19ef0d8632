//! Deleting jobs, and taking away what has been kept for long enough.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use reelgate_domain::access::{AuditRecord, Once};
use reelgate_domain::event::EventCursor;
use reelgate_domain::job::{CancelPolicy, FaultCode, StateName};
use reelgate_domain::{AccountId, JobId, Kept, PipelineState, Timestamp};
use reelgate_testkit::account;

use super::tenants::tenant;
use super::world::failed;
use super::{Home, Shape, World};
use crate::{
    AuditFilter, Cutoffs, DeleteJob, DeliveryFilter, Ending, Fenced, JobFilter, Outlived,
    RetryOutcome, Slice, StoreError, Tally,
};

const HOUR: Duration = Duration::from_secs(3600);

async fn delete(world: &World, id: JobId) -> DeleteJob {
    let deleted = world.store.delete_job(world.account, id, None).await;
    deleted.expect("delete_job")
}

async fn listed(world: &World, filter: JobFilter) -> BTreeSet<JobId> {
    let jobs = world.store.list_jobs(world.account, filter, 1000).await;
    jobs.expect("list").into_iter().map(|job| job.id).collect()
}

fn slice(what: Kept, cutoffs: Cutoffs, most: u32) -> Slice {
    Slice {
        what,
        cutoffs,
        from: None,
        most,
    }
}

/// Walks to the end; what there was in all, and in how many steps. `take` takes it away.
async fn walk(world: &World, mut slice: Slice, take: bool) -> (Outlived, u32) {
    let (mut all, mut steps) = (Outlived::default(), 0);
    loop {
        let step = match take {
            true => world.store.clear(slice.clone()).await,
            false => world.store.outlived(slice.clone()).await,
        };
        let step = step.expect("a step");
        steps += 1;
        assert!(steps < 1000, "the walk comes to no end");
        let rows: u64 = step.of.values().map(|tally| tally.rows).sum();
        assert!(rows <= u64::from(slice.most), "{rows} rows in one step");
        for (account, Tally { rows, bytes }) in step.of {
            let tally: &mut Tally = all.of.entry(account).or_default();
            tally.rows += rows;
            tally.bytes += bytes;
        }
        slice.from = step.next;
        if slice.from.is_none() {
            return (all, steps);
        }
    }
}

fn rows(outlived: &Outlived, account: Option<AccountId>) -> u64 {
    outlived.of.get(&account).map_or(0, |tally| tally.rows)
}

pub async fn times_are_set_per_account(home: &dyn Home) {
    let world = World::new(home).await;
    let set = async |of, what, days| {
        let set = world.store.set_retention(of, what, days).await;
        set.expect("set_retention")
    };
    assert!(set(world.account, Kept::Jobs, Some(10)).await);
    assert!(set(world.account, Kept::Audit, Some(90)).await);
    assert!(set(world.account, Kept::Jobs, Some(20)).await);
    assert!(!set(account(99), Kept::Jobs, Some(1)).await);
    let expected = BTreeMap::from([(Kept::Jobs, 20), (Kept::Audit, 90)]);
    let of_one = world.store.retention(world.account).await;
    assert_eq!(of_one.expect("retention"), expected);
    let of_all = world.store.retentions().await.expect("retentions");
    assert_eq!(of_all, BTreeMap::from([(world.account, expected)]));
    assert!(set(world.account, Kept::Jobs, None).await);
    assert!(set(world.account, Kept::Events, None).await);
    let left = world.store.retention(world.account).await;
    let expected = BTreeMap::from([(Kept::Audit, 90)]);
    assert_eq!(left.expect("retention"), expected);
    let of_nobody = world.store.retention(account(99)).await;
    assert_eq!(of_nobody.expect("retention"), BTreeMap::new());
}

pub async fn only_a_job_that_has_ended_is_deleted(home: &dyn Home) {
    let world = World::new(home).await;
    let mut jobs = Vec::new();
    for shape in Shape::ALL {
        jobs.push((shape, world.shaped(shape).await));
    }
    let all: BTreeSet<_> = jobs.iter().map(|(_, job)| job.id).collect();
    for (shape, job) in &jobs {
        let (id, state) = (job.id, shape.state());
        let load = world.load(job.pipeline).await;
        if !state.is_final() {
            assert_eq!(delete(&world, id).await, DeleteJob::Refused(state));
            assert_eq!(world.job(id).await, *job, "{shape:?}");
            continue;
        }
        assert_eq!(delete(&world, id).await, DeleteJob::Deleted, "{shape:?}");
        assert_eq!(delete(&world, id).await, DeleteJob::Missing);
        let found = world.store.jobs(world.account, &[id]).await;
        assert_eq!(found.expect("jobs"), []);
        let history = world.store.history(world.account, id).await;
        assert_eq!(history.expect("history"), None);
        assert_eq!(world.retry(id).await, RetryOutcome::Missing);
        let late = world.finish(id, 1, Ending::Succeeded).await;
        assert_eq!(late, Fenced::Lost);
        assert_eq!(world.load(job.pipeline).await, load);
    }
    let ended = jobs.iter().filter(|(shape, _)| shape.state().is_final());
    let ended: BTreeSet<_> = ended.map(|(_, job)| job.id).collect();
    let left: BTreeSet<_> = all.difference(&ended).copied().collect();
    assert_eq!(listed(&world, JobFilter::default()).await, left);
    for state in StateName::ALL {
        let filter = JobFilter {
            states: vec![state],
            ..JobFilter::default()
        };
        assert!(listed(&world, filter).await.is_subset(&left));
    }
    assert_eq!(
        delete(&world, world.ids.job(world.now())).await,
        DeleteJob::Missing
    );
}

pub async fn a_job_of_another_account_is_not_deleted(home: &dyn Home) {
    let world = World::new(home).await;
    let job = world.shaped(Shape::Succeeded).await;
    let by_another = world.store.delete_job(account(2), job.id, None).await;
    assert_eq!(by_another.expect("delete_job"), DeleteJob::Missing);
    assert_eq!(world.job(job.id).await, job);
}

/// Jobs are cancelled by their numbers: one that came again would let the wrong job be cancelled.
pub async fn the_number_of_a_deleted_job_never_comes_again(home: &dyn Home) {
    let world = World::new(home).await;
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let mut newest = Vec::new();
        for _ in 0..2 {
            let job = world.shaped(Shape::CancelledNew).await;
            assert!(seen.insert(job.number), "{:?} came again", job.number);
            newest.push(job.id);
        }
        // The newest first, so that it is the last there is, or last.
        if round % 2 == 0 {
            newest.reverse();
        }
        for id in newest {
            assert_eq!(delete(&world, id).await, DeleteJob::Deleted);
        }
        assert_eq!(listed(&world, JobFilter::default()).await, BTreeSet::new());
    }
    let all = slice(Kept::Jobs, Cutoffs::all(world.now().after(HOUR)), 10);
    let (gone, _) = walk(&world, all, true).await;
    assert_eq!(gone, Outlived::default(), "nothing is there twice");
}

pub async fn a_deletion_counts_once(home: &dyn Home) {
    let world = World::new(home).await;
    let once = Once {
        hash: [7; 16],
        until: world.now().after(HOUR),
        note: None,
    };
    let (first, other) = (
        world.shaped(Shape::Failed).await,
        world.shaped(Shape::Failed).await,
    );
    let delete = async |id| world.store.delete_job(world.account, id, Some(once)).await;
    assert_eq!(
        delete(first.id).await.expect("delete_job"),
        DeleteJob::Deleted
    );
    let again = delete(other.id).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(world.job(other.id).await, other);
}

pub async fn jobs_go_when_their_time_since_the_end_is_over(home: &dyn Home) {
    let world = World::new(home).await;
    let start = world.now();
    // Old by its creation, and not ended.
    let pipeline = world.add_pipeline("waiting", None).await;
    world.set_state(pipeline, PipelineState::Paused).await;
    let waiting = world.fill(pipeline, 3).await;
    let mut ended = Vec::new();
    for shape in Shape::ALL {
        let job = world.shaped(shape).await;
        if shape.state().is_final() {
            ended.push(job.id);
        }
    }
    world.clock.advance(HOUR);
    // Old by its creation, and ended just now.
    assert_eq!(
        world.cancel(waiting[1], CancelPolicy::Any).await,
        super::world::cancelled(waiting[1])
    );
    let young = world.shaped(Shape::CancelledNew).await.id;
    let all = listed(&world, JobFilter::default()).await;

    let cutoff = start.after(Duration::from_secs(1));
    for most in [1, 3, 100] {
        let jobs = slice(Kept::Jobs, Cutoffs::all(cutoff), most);
        let (found, steps) = walk(&world, jobs, false).await;
        assert_eq!(rows(&found, Some(world.account)), ended.len() as u64);
        assert!(steps >= 5 / most, "{steps} steps of {most}");
        let bytes = found.of[&Some(world.account)].bytes;
        assert!(bytes > 200 * ended.len() as u64, "{bytes} bytes");
    }
    assert_eq!(
        listed(&world, JobFilter::default()).await,
        all,
        "looked only"
    );

    let (gone, _) = walk(&world, slice(Kept::Jobs, Cutoffs::all(cutoff), 2), true).await;
    assert_eq!(rows(&gone, Some(world.account)), ended.len() as u64);
    let ended: BTreeSet<_> = ended.into_iter().collect();
    let left: BTreeSet<_> = all.difference(&ended).copied().collect();
    assert_eq!(listed(&world, JobFilter::default()).await, left);
    assert!(left.contains(&young) && left.contains(&waiting[1]));
    let (again, _) = walk(&world, slice(Kept::Jobs, Cutoffs::all(cutoff), 2), true).await;
    assert_eq!(again, Outlived::default());
    // One that ended at the cutoff is not older than it.
    let edge = slice(Kept::Jobs, Cutoffs::all(world.now()), 9);
    assert_eq!(walk(&world, edge, true).await.0, Outlived::default());
}

pub async fn jobs_are_kept_by_the_time_of_their_account(home: &dyn Home) {
    let world = World::new(home).await;
    let other = tenant(2, "other", &world.ids, world.now());
    let (other_account, pipeline) = (other.account.id, other.pipelines[0].id);
    world
        .store
        .create_account(other, None)
        .await
        .expect("account");
    let mine = world.shaped(Shape::CancelledNew).await.id;
    let theirs = reelgate_testkit::JobBuilder::new(
        other_account,
        pipeline,
        world.ids.job(world.now()),
        world.now(),
    );
    let theirs = world.submit(vec![theirs.build()]).await[0].id;
    let selector = reelgate_domain::job::Selector::ids(vec![theirs]);
    let mode = reelgate_domain::job::StopMode::Graceful;
    let cancel = world.store.cancel(
        other_account,
        selector,
        CancelPolicy::Any,
        mode,
        world.now(),
        None,
    );
    cancel.await.expect("cancel");

    let (before, after) = (world.now(), world.now().after(HOUR));
    let cutoffs = Cutoffs {
        default: after,
        of: BTreeMap::from([(other_account, before)]),
    };
    let (gone, _) = walk(&world, slice(Kept::Jobs, cutoffs, 7), true).await;
    assert_eq!(rows(&gone, Some(world.account)), 1);
    assert_eq!(rows(&gone, Some(other_account)), 0);
    let left = world.store.jobs(world.account, &[mine]).await;
    assert_eq!(left.expect("jobs"), []);
    let left = world.store.jobs(other_account, &[theirs]).await;
    assert_eq!(left.expect("jobs").len(), 1);

    let cutoffs = Cutoffs {
        default: before,
        of: BTreeMap::from([(other_account, after)]),
    };
    let (gone, _) = walk(&world, slice(Kept::Jobs, cutoffs, 7), true).await;
    assert_eq!(rows(&gone, Some(other_account)), 1);
}

pub async fn jobs_of_a_deleted_pipeline_go_too(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("gone", None).await;
    let ids = world.fill(pipeline, 5).await;
    for id in &ids {
        world.cancel(*id, CancelPolicy::Any).await;
    }
    let deleted = world
        .store
        .delete_pipeline(world.account, pipeline, None)
        .await;
    assert_eq!(deleted.expect("delete"), crate::DeletePipeline::Deleted);
    let cutoffs = Cutoffs::all(world.now().after(HOUR));
    let (gone, _) = walk(&world, slice(Kept::Jobs, cutoffs, 3), true).await;
    assert_eq!(rows(&gone, Some(world.account)), 5);
    assert_eq!(listed(&world, JobFilter::default()).await, BTreeSet::new());
}

/// What an asset has to show is what its jobs have made, and that it is of no use what its first job says.
pub async fn jobs_of_an_asset_stay_as_long_as_it(home: &dyn Home) {
    let world = World::new(home).await;
    let fail = || failed(FaultCode::SourceUnreadable);
    let known = world.registered("a.mp4").await;
    world.bring_to_publishing(known.job).await;
    let made = world.follow_up(known.id);
    let jobs = std::slice::from_ref(&made);
    let told = super::assets::found(&known);
    assert_eq!(
        world.arrive((known.job, 1), &told, jobs).await,
        Fenced::Done
    );
    let ended = world.finish(known.job, 1, Ending::Succeeded).await;
    assert_eq!(ended, Fenced::Done);
    assert_eq!(world.claim_ids(1).await, [made.id]);
    assert_eq!(world.finish(made.id, 1, fail()).await, Fenced::Done);
    let unusable = world.registered("b.mp4").await;
    assert_eq!(world.claim_ids(1).await, [unusable.job]);
    assert_eq!(world.finish(unusable.job, 1, fail()).await, Fenced::Done);
    let plain = world.shaped(Shape::Failed).await.id;

    world.clock.advance(HOUR);
    let clear = async |expected: &[JobId]| {
        let jobs = || slice(Kept::Jobs, Cutoffs::all(world.now()), 2);
        let before = listed(&world, JobFilter::default()).await;
        let (found, _) = walk(&world, jobs(), false).await;
        let (gone, _) = walk(&world, jobs(), true).await;
        let count = expected.len() as u64;
        assert_eq!(rows(&found, Some(world.account)), count);
        assert_eq!(rows(&gone, Some(world.account)), count);
        let after = listed(&world, JobFilter::default()).await;
        let left: BTreeSet<_> = before.difference(&after).copied().collect();
        assert_eq!(left, expected.iter().copied().collect());
    };
    // The job that has told of its asset is not needed any more.
    clear(&[known.job, plain]).await;
    clear(&[]).await;
    for (asset, job) in [(known.id, made.id), (unusable.id, unusable.job)] {
        let deleted = world.store.delete_asset(world.account, asset, None).await;
        assert!(deleted.expect("delete_asset"));
        clear(&[job]).await;
    }
}

/// A failed job that is queued again is no longer one that has ended.
pub async fn what_is_queued_again_stays(home: &dyn Home) {
    let world = World::new(home).await;
    let job = world.running().await;
    let fail = failed(FaultCode::SourceUnreadable);
    assert_eq!(world.finish(job.id, 1, fail).await, Fenced::Done);
    assert_eq!(world.retry(job.id).await, RetryOutcome::Queued);
    let cutoffs = Cutoffs::all(world.now().after(HOUR));
    let (gone, _) = walk(&world, slice(Kept::Jobs, cutoffs, 3), true).await;
    assert_eq!(gone, Outlived::default());
    assert_eq!(world.state(job.id).await, StateName::Queued);
    assert_eq!(world.load(world.pipeline).await, (1, 0));
    assert_eq!(world.claim_ids(3).await, [job.id]);
}

pub async fn jobs_that_have_been_cleared_leave_the_rest_working(home: &dyn Home) {
    let world = World::new(home).await;
    let family = world.siblings(world.pipeline, 3).await;
    assert_eq!(
        delete(&world, family[0]).await,
        DeleteJob::Refused(StateName::Queued)
    );
    world.cancel(family[0], CancelPolicy::Any).await;
    assert_eq!(delete(&world, family[0]).await, DeleteJob::Deleted);
    let claims = world.claim(1).await;
    assert_eq!(claims[0].job.id, family[1]);
    assert_eq!(claims[0].siblings[0].id, family[2]);
    assert_eq!(world.publish(family[1], 1).await, Fenced::Done);
    assert_eq!(
        world.finish(family[1], 1, Ending::Succeeded).await,
        Fenced::Done
    );
    assert_eq!(delete(&world, family[1]).await, DeleteJob::Deleted);
    assert_eq!(world.load(world.pipeline).await, (0, 1));
    assert_eq!(world.publish(family[2], 1).await, Fenced::Done);
    let unheld = world.store.unheld(world.account, &family).await;
    assert_eq!(unheld.expect("unheld"), []);
}

pub async fn records_of_calls_are_kept_by_the_time_of_their_account(home: &dyn Home) {
    let world = World::new(home).await;
    let start = world.now();
    let accounts = [Some(account(1)), Some(account(2)), None];
    let calls = (0..60).map(|number| record(accounts[number % 3], start, number as u64));
    let calls: Vec<_> = calls.collect();
    world.store.record(calls.clone()).await.expect("record");
    let second = |number| start.after(Duration::from_secs(number));
    let cutoffs = Cutoffs {
        default: second(30),
        of: BTreeMap::from([(account(1), second(45)), (account(2), second(10))]),
    };
    let stays = |it: &AuditRecord| it.at >= cutoffs.of(it.account);
    for most in [7, 100] {
        let (found, steps) = walk(&world, slice(Kept::Audit, cutoffs.clone(), most), false).await;
        let counts = accounts.map(|account| rows(&found, account));
        assert_eq!(counts, [15, 3, 10]);
        assert!(steps >= 45 / most);
    }
    let (gone, _) = walk(&world, slice(Kept::Audit, cutoffs.clone(), 7), true).await;
    assert_eq!(accounts.map(|account| rows(&gone, account)), [15, 3, 10]);
    let left = world.store.audit(AuditFilter::default(), 100).await;
    let mut left: Vec<_> = left
        .expect("audit")
        .into_iter()
        .map(|it| it.record)
        .collect();
    left.reverse();
    let expected: Vec<_> = calls.into_iter().filter(stays).collect();
    assert_eq!(left, expected);
}

fn record(account: Option<AccountId>, start: Timestamp, number: u64) -> AuditRecord {
    AuditRecord {
        at: start.after(Duration::from_secs(number)),
        account,
        principal: "acs:ram::1000000000000001:root".to_owned(),
        key_id: None,
        dialect: "mps".to_owned(),
        action: "mts:CancelJob".to_owned(),
        resource: None,
        source: Some(IpAddr::from([192, 0, 2, 1])),
        allowed: true,
        reason: None,
        status: 200,
        code: None,
        request_id: format!("R{number}"),
    }
}

pub async fn events_go_when_their_time_is_over_and_deliveries_have_been_made_of_them(
    home: &dyn Home,
) {
    let world = World::new(home).await;
    for _ in 0..10 {
        world.shaped(Shape::CancelledNew).await;
    }
    world.clock.advance(HOUR);
    let cutoffs = Cutoffs::all(world.now());
    let young = world.shaped(Shape::CancelledNew).await;
    let events = async || {
        let page = world
            .store
            .events(Some(world.account), EventCursor::START, 100);
        page.await.expect("events")
    };
    assert_eq!(events().await.events.len(), 22);
    let old = slice(Kept::Events, cutoffs, 3);
    let (gone, _) = walk(&world, old.clone(), true).await;
    assert_eq!(gone, Outlived::default(), "nobody has been told of them");

    super::deliveries::fan_out(&world, &[]).await;
    let (found, steps) = walk(&world, old.clone(), false).await;
    assert_eq!(rows(&found, Some(world.account)), 20);
    assert!(steps >= 6);
    assert!(!events().await.gap);
    let (gone, _) = walk(&world, old, true).await;
    assert_eq!(rows(&gone, Some(world.account)), 20);
    let left = events().await;
    assert!(left.gap, "who begins there is told that some are missing");
    assert!(left.events.iter().all(|it| it.event.job == young.id));
    assert_eq!(left.events.len(), 2);
    // Places go on behind those that are gone.
    world.clock.advance(HOUR);
    let all = slice(Kept::Events, Cutoffs::all(world.now().after(HOUR)), 3);
    walk(&world, all, true).await;
    let newest = world.store.newest_event().await.expect("newest_event");
    let job = world.submit_one().await;
    let page = world.store.events(None, newest, 10).await.expect("events");
    let told: Vec<_> = page.events.iter().map(|it| it.event.job).collect();
    assert_eq!(told, [job]);
}

pub async fn deliveries_go_when_their_time_since_the_end_is_over(home: &dyn Home) {
    use super::deliveries::{add, claim, delivered, fan_out};
    let world = World::new(home).await;
    let to = add(&world).await;
    let ended = world.fill(world.pipeline, 3).await;
    let made = fan_out(&world, &[&to]).await;
    assert_eq!(made.len(), 3);
    for delivery in claim(&world, 2).await {
        delivered(&world, &delivery).await;
    }
    world.clock.advance(HOUR);
    // Made long ago, and ended just now.
    for delivery in claim(&world, 1).await {
        delivered(&world, &delivery).await;
    }
    // Not the newest, which may stay.
    world.cancel(ended[0], CancelPolicy::Any).await;
    fan_out(&world, &[&to]).await;
    let left = async || {
        let filter = DeliveryFilter::default();
        let found = world.store.deliveries(world.account, filter, 100).await;
        found.expect("deliveries").len()
    };
    assert_eq!(left().await, 4);
    let old = slice(Kept::Deliveries, Cutoffs::all(world.now()), 2);
    let (found, _) = walk(&world, old.clone(), false).await;
    assert_eq!(rows(&found, Some(world.account)), 2);
    let (gone, _) = walk(&world, old, true).await;
    assert_eq!(rows(&gone, Some(world.account)), 2);
    assert_eq!(left().await, 2);
    world.clock.advance(HOUR);
    let old = slice(Kept::Deliveries, Cutoffs::all(world.now()), 2);
    let (gone, _) = walk(&world, old, true).await;
    assert_eq!(rows(&gone, Some(world.account)), 1, "one is on its way");
    assert_eq!(claim(&world, 5).await.len(), 1);
}

pub async fn a_store_that_was_not_restored_takes_all_signatures(home: &dyn Home) {
    let world = World::new(home).await;
    assert_eq!(
        world.store.signed_after().await.expect("signed_after"),
        None
    );
}
