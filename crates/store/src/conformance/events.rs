//! Events: one for each transition that matters, in the write of it, in an order that readers can keep.

use std::collections::BTreeSet;

use reelgate_domain::JobId;
use reelgate_domain::event::{EventCursor, EventName, StoredEvent};
use reelgate_domain::job::{CancelPolicy, Fault, FaultCode, StateName, StopMode};
use reelgate_testkit::{account, worker};

use super::world::GONE;
use super::{Home, World};
use crate::{Ending, Fenced, SubmitOutcome};

/// All events, read in small pages.
async fn all(world: &World, after: EventCursor) -> Vec<StoredEvent> {
    let mut found = Vec::new();
    let mut place = after;
    loop {
        let page = world.store.events(Some(world.account), place, 7).await;
        let page = page.expect("events");
        assert!(!page.gap);
        found.extend(page.events);
        place = page.reached;
        if !page.more {
            return found;
        }
    }
}

async fn names_of(world: &World, job: JobId) -> Vec<EventName> {
    let events = all(world, EventCursor::START).await;
    let of_job = events.into_iter().filter(|it| it.event.job == job);
    of_job.map(|it| it.event.name).collect()
}

pub async fn a_job_that_succeeds_is_told_of_step_by_step(home: &dyn Home) {
    let world = World::new(home).await;
    let submitted = world.now();
    let id = world.submit_one().await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let started = world.now();
    world.claim(1).await;
    assert_eq!(world.publish(id, 1).await, Fenced::Done);
    assert_eq!(world.finish(id, 1, Ending::Succeeded).await, Fenced::Done);
    let events = all(&world, EventCursor::START).await;
    assert!(
        events
            .windows(2)
            .all(|pair| pair[0].cursor < pair[1].cursor)
    );
    let told: Vec<_> = events
        .iter()
        .map(|it| (it.event.name, it.event.attempt, it.event.at))
        .collect();
    let expected = [
        (EventName::Queued, 0, submitted),
        (EventName::Started, 1, started),
        (EventName::Succeeded, 1, started),
    ];
    assert_eq!(told, expected);
    for it in &events {
        let event = &it.event;
        assert_eq!(
            (event.account, event.job, event.pipeline),
            (world.account, id, world.pipeline)
        );
        assert_eq!(event.fault, None);
    }
}

pub async fn a_failure_says_why(home: &dyn Home) {
    let world = World::new(home).await;
    let job = world.running().await;
    let fault = Fault::new(FaultCode::SourceUnreadable, "it is no media").with_log_tail("secret");
    let results = Vec::new();
    let failed = Ending::Failed { fault, results };
    world.finish(job.id, 1, failed).await;
    world.retry(job.id).await;
    assert_eq!(
        names_of(&world, job.id).await,
        [
            EventName::Queued,
            EventName::Started,
            EventName::Failed,
            EventName::Retried
        ]
    );
    let events = all(&world, EventCursor::START).await;
    let fault = events[2].event.fault.clone().expect("a failure has one");
    assert_eq!(
        fault,
        Fault::new(FaultCode::SourceUnreadable, "it is no media")
    );
}

pub async fn an_attempt_that_is_lost_is_told_of_and_the_next_one_too(home: &dyn Home) {
    let world = World::new(home).await;
    let job = world.running().await;
    world.finish(job.id, 1, Ending::GivenBack).await;
    world.claim(1).await;
    world.store.sweep(true, world.now()).await.expect("sweep");
    assert_eq!(
        names_of(&world, job.id).await,
        [
            EventName::Queued,
            EventName::Started,
            EventName::Requeued,
            EventName::Started,
            EventName::Requeued
        ]
    );
}

/// However often it is asked for, and whoever ends it.
pub async fn a_cancel_is_told_of_once(home: &dyn Home) {
    let world = World::new(home).await;
    let queued = world.submit_one().await;
    world.cancel(queued, CancelPolicy::Any).await;
    world.cancel(queued, CancelPolicy::Any).await;
    assert_eq!(
        names_of(&world, queued).await,
        [EventName::Queued, EventName::Cancelled]
    );
    let job = world.running().await;
    let any = CancelPolicy::Any;
    world.cancel_how(job.id, any, StopMode::Graceful).await;
    world.cancel_how(job.id, any, StopMode::Now).await;
    assert_eq!(world.publish(job.id, 1).await, Fenced::Stopping);
    world.finish(job.id, 1, Ending::Stopped(GONE)).await;
    world.finish(job.id, 1, Ending::Succeeded).await;
    assert_eq!(
        names_of(&world, job.id).await,
        [
            EventName::Queued,
            EventName::Started,
            EventName::Stopping,
            EventName::Cancelled
        ]
    );
}

/// Of a call that fails, or is refused, nothing is told.
pub async fn what_did_not_happen_is_not_told(home: &dyn Home) {
    let world = World::new(home).await;
    let first = world.new_job().build();
    let mut taken = world.new_job().build();
    taken.id = first.id;
    let failed = world.store.submit(vec![first, taken], None).await;
    failed.expect_err("an id is taken");
    let nowhere = world.ids.pipeline(world.now());
    let job = world.new_job_in(nowhere).build();
    let refused = world.store.submit(vec![job], None).await.expect("submit");
    assert_eq!(refused, SubmitOutcome::PipelineMissing(nowhere));
    let job = world.submit_one().await;
    world.cancel(job, CancelPolicy::RunningOnly).await;
    assert_eq!(world.finish(job, 1, Ending::Succeeded).await, Fenced::Lost);
    assert_eq!(all(&world, EventCursor::START).await.len(), 1);
}

pub async fn events_of_another_account_do_not_exist(home: &dyn Home) {
    let world = World::new(home).await;
    world.submit_one().await;
    let stranger = Some(account(2));
    let page = world.store.events(stranger, EventCursor::START, 10).await;
    let page = page.expect("events");
    assert_eq!(page.events, []);
    // Its reader has looked at them all the same and need not do so again.
    assert!(page.reached > EventCursor::START);
    let everybody = world.store.events(None, EventCursor::START, 10).await;
    assert_eq!(everybody.expect("events").events.len(), 1);
}

pub async fn a_reader_goes_on_after_the_place_it_has_come_to(home: &dyn Home) {
    let world = World::new(home).await;
    world.fill(world.pipeline, 20).await;
    let newest = world.store.newest_event().await.expect("newest_event");
    assert_eq!(all(&world, newest).await, []);
    let later = world.submit_one().await;
    let found = all(&world, newest).await;
    let jobs: Vec<_> = found.iter().map(|it| it.event.job).collect();
    assert_eq!(jobs, [later]);
    let before = all(&world, EventCursor::START).await;
    assert_eq!(all(&world, before[9].cursor).await, before[10..]);
    // Its text is what readers keep.
    let kept = before[9].cursor.to_string().parse().expect("it reads back");
    assert_eq!(all(&world, kept).await, before[10..]);
}

/// A reader that follows while many write, and goes on from the last place it has seen, misses none
/// and sees none twice.
pub async fn a_reader_misses_nothing_while_others_write(home: &dyn Home) {
    let world = std::sync::Arc::new(World::new(home).await);
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let world = std::sync::Arc::clone(&world);
        writers.spawn(async move {
            let mut made = Vec::new();
            for _ in 0..25 {
                made.push(world.submit_one().await);
                let claims = world
                    .store
                    .claim(&worker("w"), 1, world.now(), world.now())
                    .await
                    .expect("claim");
                drop(claims);
            }
            made
        });
    }
    let (mut seen, mut place) = (Vec::new(), EventCursor::START);
    let mut made = BTreeSet::new();
    loop {
        let page = world.store.events(None, place, 13).await.expect("events");
        seen.extend(
            page.events
                .into_iter()
                .map(|it| (it.event.job, it.event.name)),
        );
        assert!(page.reached >= place);
        place = page.reached;
        while let Some(writer) = writers.try_join_next() {
            made.extend(writer.expect("no panic"));
        }
        if writers.is_empty() && !page.more {
            // What was written before the last writer was done may have become visible since.
            let rest = world.store.events(None, place, 1000).await.expect("events");
            seen.extend(
                rest.events
                    .into_iter()
                    .map(|it| (it.event.job, it.event.name)),
            );
            break;
        }
    }
    let unique: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(unique.len(), seen.len(), "something was seen twice");
    for job in made {
        assert!(
            unique.contains(&(job, EventName::Queued)),
            "{job} is missing"
        );
    }
    let started = world.store.jobs(world.account, &[]).await.expect("jobs");
    assert_eq!(started, []);
}

pub async fn events_are_there_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    let job = world.running().await;
    let before = all(&world, EventCursor::START).await;
    let World {
        store,
        clock,
        ids,
        account,
        pipeline,
    } = world;
    drop(store);
    let store = home.open().await;
    let world = World {
        store,
        clock,
        ids,
        account,
        pipeline,
    };
    assert_eq!(all(&world, EventCursor::START).await, before);
    world.finish(job.id, 1, Ending::GivenBack).await;
    let newest = before.last().expect("there are some").cursor;
    let later = all(&world, newest).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].event.name, EventName::Requeued);
}

pub async fn a_bell_rings_when_something_has_happened(home: &dyn Home) {
    let world = World::new(home).await;
    let mut hints = world.store.hints();
    hints.events.mark_unchanged();
    let job = world.submit_one().await;
    assert!(hints.events.has_changed().expect("the store is open"));
    hints.events.mark_unchanged();
    world.cancel(job, CancelPolicy::QueuedOnly).await;
    assert!(hints.events.has_changed().expect("the store is open"));
    let found = world.store.jobs(world.account, &[job]).await.expect("jobs");
    assert_eq!(found[0].lifecycle.state.name(), StateName::Cancelled);
}

pub async fn a_place_that_is_still_to_come_is_none(home: &dyn Home) {
    let world = World::new(home).await;
    world.submit_one().await;
    let newest = world.store.newest_event().await.expect("newest_event");
    let unknown = EventCursor {
        position: newest.position + 1,
        ..newest
    };
    let other_engine = EventCursor {
        epoch: newest.epoch + 1,
        position: 1,
    };
    for (place, gap) in [(newest, false), (unknown, true), (other_engine, true)] {
        let page = world.store.events(Some(world.account), place, 7).await;
        assert_eq!(page.expect("events").gap, gap, "{place}");
    }
}
