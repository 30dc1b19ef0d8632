//! Deliveries: made once of each event, in order of a job, tried by one at a time, replayed by hand.

use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::event::{
    DeliveryId, DeliveryState, Destination, DestinationId, EventCursor, EventName, NameSet, Sealed,
};
use reelgate_domain::job::CancelPolicy;
use reelgate_testkit::account;

use super::{Home, World};
use crate::{
    ClaimedDelivery, Create, DeliveryClaim, DeliveryFilter, DestinationChange, NewDelivery, Replay,
    Resealed, Settled,
};

const LEASE: Duration = Duration::from_secs(60);

pub(super) fn new_id(world: &World) -> [u8; 16] {
    *world.ids.submission(world.now()).as_bytes()
}

fn destination(world: &World, topic: Option<&str>) -> Destination {
    let id = DestinationId::from_bytes(new_id(world));
    Destination {
        id,
        account: world.account,
        topic: topic.map(|name| name.parse().expect("a topic's name")),
        url: "https://receiver.example/events".into(),
        names: NameSet::ALL,
        secret: Sealed {
            id: format!("~w-{id}"),
            bytes: vec![0, 1, 2, 3],
        },
        old_secret: None,
        enabled: true,
        created_at: world.now(),
    }
}

pub(super) async fn add(world: &World) -> Destination {
    let new = destination(world, None);
    let created = world.store.create_destination(new.clone(), None).await;
    assert_eq!(created.expect("create_destination"), Create::Created);
    new
}

/// Makes a delivery of every new event to each of these.
pub(super) async fn fan_out(world: &World, to: &[&Destination]) -> Vec<DeliveryId> {
    let from = world.store.fanned_out().await.expect("fanned_out");
    let page = world.store.events(None, from, 1000).await.expect("events");
    let mut made = Vec::new();
    for event in &page.events {
        for destination in to {
            made.push(NewDelivery {
                id: DeliveryId::from_bytes(new_id(world)),
                destination: destination.id,
                dialect: None,
                message: None,
                lane: None,
                event: event.clone(),
                created_at: world.now(),
            });
        }
    }
    let ids = made.iter().map(|it| it.id).collect();
    let moved = world.store.fan_out(from, page.reached, made).await;
    assert!(moved.expect("fan_out"));
    ids
}

fn wanted(world: &World, most: u32, each: u32) -> DeliveryClaim {
    DeliveryClaim {
        most,
        each,
        busy: Vec::new(),
        lease_until: world.now().after(LEASE),
        now: world.now(),
    }
}

pub(super) async fn claim(world: &World, most: u32) -> Vec<ClaimedDelivery> {
    let claimed = world
        .store
        .claim_deliveries(wanted(world, most, most))
        .await;
    claimed.expect("claim_deliveries")
}

async fn settle(
    world: &World,
    claimed: &ClaimedDelivery,
    next: Result<Duration, DeliveryState>,
) -> bool {
    let settled = Settled {
        id: claimed.delivery.id,
        tries: claimed.delivery.tries,
        next: next.map(|wait| world.now().after(wait)),
        at: world.now(),
        status: Some(500),
        error: Some("it said no".into()),
    };
    let counted = world.store.settle_deliveries(vec![settled]).await;
    counted.expect("settle_deliveries")[0]
}

pub(super) async fn delivered(world: &World, claimed: &ClaimedDelivery) {
    assert!(settle(world, claimed, Err(DeliveryState::Delivered)).await);
}

fn names(claimed: &[ClaimedDelivery]) -> Vec<EventName> {
    claimed.iter().map(|it| it.delivery.event.name).collect()
}

pub(super) async fn list(world: &World, filter: DeliveryFilter) -> Vec<DeliveryId> {
    let found = world.store.deliveries(world.account, filter, 100).await;
    found.expect("deliveries").iter().map(|it| it.id).collect()
}

pub async fn a_destination_reads_back_as_it_was_made(home: &dyn Home) {
    let world = World::new(home).await;
    let (webhook, topic) = (add(&world).await, destination(&world, Some("mts/a:b")));
    let created = world.store.create_destination(topic.clone(), None).await;
    assert_eq!(created.expect("create"), Create::Created);
    let twice = destination(&world, Some("mts/a:b"));
    let taken = world.store.create_destination(twice, None).await;
    assert_eq!(taken.expect("create"), Create::Taken);
    let all = world.store.destinations(world.account).await;
    assert_eq!(all.expect("destinations"), [webhook.clone(), topic.clone()]);
    let name = topic.topic.clone().expect("it has one");
    let found = world.store.topic(world.account, &name).await;
    assert_eq!(found.expect("topic"), Some(topic));
    let one = world.store.destination(world.account, webhook.id).await;
    assert_eq!(one.expect("destination"), Some(webhook.clone()));
    let stranger = world.store.destination(account(2), webhook.id).await;
    assert_eq!(stranger.expect("destination"), None);
    let mut theirs = destination(&world, None);
    theirs.account = account(2);
    let nobody = world.store.create_destination(theirs, None).await;
    assert_eq!(nobody.expect("create"), Create::OwnerMissing);
}

pub async fn a_destination_changes_and_goes(home: &dyn Home) {
    let world = World::new(home).await;
    let was = add(&world).await;
    let until = world.now().after(LEASE);
    let secret = Sealed {
        id: format!("~w-{}-2", was.id),
        bytes: vec![9],
    };
    let change = DestinationChange {
        url: Some("https://elsewhere.example/".into()),
        names: Some([EventName::Failed].into_iter().collect()),
        enabled: Some(false),
        secret: Some((secret.clone(), until)),
    };
    let changed = world
        .store
        .change_destination(world.account, was.id, change, None)
        .await;
    let expected = Destination {
        url: "https://elsewhere.example/".into(),
        names: [EventName::Failed].into_iter().collect(),
        enabled: false,
        secret,
        old_secret: Some((was.secret.clone(), until)),
        ..was.clone()
    };
    assert_eq!(changed.expect("change"), Some(expected.clone()));
    let nothing = DestinationChange::default();
    let same = world
        .store
        .change_destination(world.account, was.id, nothing.clone(), None)
        .await;
    assert_eq!(same.expect("change"), Some(expected));
    for (gone, owner) in [
        (false, account(2)),
        (true, world.account),
        (false, world.account),
    ] {
        let deleted = world.store.delete_destination(owner, was.id).await;
        assert_eq!(deleted.expect("delete"), gone);
    }
    let missing = world
        .store
        .change_destination(world.account, was.id, nothing, None)
        .await;
    assert_eq!(missing.expect("change"), None);
    let left = world.store.sealed_secrets(None, 100).await;
    let left = left.expect("sealed_secrets");
    assert!(!left.iter().any(|it| it.id.starts_with("~w-")));
}

pub async fn an_account_has_a_hundred_destinations_at_most(home: &dyn Home) {
    let world = World::new(home).await;
    for _ in 0..Destination::MOST {
        add(&world).await;
    }
    let more = destination(&world, None);
    let refused = world.store.create_destination(more, None).await;
    assert_eq!(refused.expect("create"), Create::TooMany);
}

pub async fn a_destinations_secret_can_be_sealed_anew(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    let secrets = world
        .store
        .sealed_secrets(None, 100)
        .await
        .expect("secrets");
    let found = secrets.into_iter().find(|it| it.id == webhook.secret.id);
    let found = found.expect("it is listed");
    assert_eq!(found.sealed, webhook.secret.bytes);
    let resealed = Resealed {
        id: found.id,
        old: found.sealed,
        new: vec![7, 7],
    };
    assert_eq!(world.store.reseal(vec![resealed]).await.expect("reseal"), 1);
    let now = world.store.destination(world.account, webhook.id).await;
    assert_eq!(now.expect("destination").expect("it").secret.bytes, [7, 7]);
}

/// Two nodes that have read the same events make deliveries of them once.
pub async fn of_two_that_fan_out_at_once_one_does(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    world.fill(world.pipeline, 3).await;
    let from = world.store.fanned_out().await.expect("fanned_out");
    let page = world.store.events(None, from, 100).await.expect("events");
    let made = |world: &World| {
        let one = |event: &_| NewDelivery {
            id: DeliveryId::from_bytes(new_id(world)),
            destination: webhook.id,
            dialect: Some("aliyun".into()),
            message: Some("TranscodeComplete".into()),
            lane: None,
            event: Clone::clone(event),
            created_at: world.now(),
        };
        page.events.iter().map(one).collect::<Vec<_>>()
    };
    let (one, other) = tokio::join!(
        world.store.fan_out(from, page.reached, made(&world)),
        world.store.fan_out(from, page.reached, made(&world)),
    );
    assert_ne!(one.expect("fan_out"), other.expect("fan_out"));
    assert_eq!(list(&world, DeliveryFilter::default()).await.len(), 3);
    let moved = world.store.fanned_out().await.expect("fanned_out");
    assert_eq!(moved, page.reached);
    let claimed = claim(&world, 10).await;
    assert_eq!(claimed.len(), 3);
    assert_eq!(claimed[0].destination, webhook);
    let delivery = &claimed[0].delivery;
    assert_eq!(delivery.dialect.as_deref(), Some("aliyun"));
    assert_eq!(delivery.message.as_deref(), Some("TranscodeComplete"));
    assert_eq!((delivery.cursor, &delivery.event), {
        let event = page.events.iter().find(|it| it.cursor == delivery.cursor);
        let event = event.expect("it is one of them");
        (event.cursor, &event.event)
    });
}

/// Who is new hears nothing of what was before.
pub async fn a_destination_listens_from_its_making_on(home: &dyn Home) {
    let world = World::new(home).await;
    world.submit_one().await;
    let newest = world.store.newest_event().await.expect("newest_event");
    let webhook = add(&world).await;
    let accounts = vec![world.account, account(2)];
    let listening = world.store.listening(accounts.clone()).await;
    let listening = listening.expect("listening");
    assert_eq!(listening.len(), 1);
    assert_eq!(listening[0].0, webhook);
    let since = listening[0].1;
    assert!(since >= newest);
    let later = world.submit_one().await;
    let page = world.store.events(None, since, 10).await.expect("events");
    assert!(page.events.iter().any(|it| it.event.job == later));
    let off = DestinationChange {
        enabled: Some(false),
        ..DestinationChange::default()
    };
    let changed = world
        .store
        .change_destination(world.account, webhook.id, off, None)
        .await;
    changed.expect("change");
    assert_eq!(
        world.store.listening(accounts).await.expect("listening"),
        []
    );
}

pub async fn events_of_a_job_arrive_one_after_the_other(home: &dyn Home) {
    let world = World::new(home).await;
    let (one, other) = (add(&world).await, add(&world).await);
    let job = world.submit_one().await;
    world.cancel(job, CancelPolicy::Any).await;
    let second = world.submit_one().await;
    fan_out(&world, &[&one, &other]).await;
    let first = claim(&world, 10).await;
    // Of each job its first event, to both.
    assert_eq!(names(&first), [EventName::Queued; 4]);
    assert_eq!(claim(&world, 10).await, []);
    let stuck = first
        .iter()
        .find(|it| it.delivery.event.job == job && it.destination == one)
        .expect("it was claimed");
    let through = first
        .iter()
        .find(|it| it.delivery.event.job == job && it.destination == other)
        .expect("it was claimed");
    // One destination's trouble holds up nothing of the other's.
    assert!(settle(&world, stuck, Ok(Duration::from_secs(5))).await);
    delivered(&world, through).await;
    let next = claim(&world, 10).await;
    assert_eq!(names(&next), [EventName::Cancelled]);
    assert_eq!(next[0].destination, other);
    world.clock.advance(Duration::from_secs(5));
    let again = claim(&world, 10).await;
    assert_eq!(names(&again), [EventName::Queued]);
    assert_eq!((again[0].delivery.tries, &again[0].destination), (2, &one));
    // Giving up lets the next one pass.
    assert!(settle(&world, &again[0], Err(DeliveryState::Dead)).await);
    assert_eq!(names(&claim(&world, 10).await), [EventName::Cancelled]);
    let other_job = DeliveryFilter {
        job: Some(second),
        ..DeliveryFilter::default()
    };
    assert_eq!(list(&world, other_job).await.len(), 2);
}

pub async fn a_delivery_is_tried_by_one_at_a_time(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    world.submit_one().await;
    fan_out(&world, &[&webhook]).await;
    let (one, other) = tokio::join!(claim(&world, 5), claim(&world, 5));
    assert_eq!(one.len() + other.len(), 1);
    let first = one.into_iter().chain(other).next().expect("one of them");
    assert_eq!(first.delivery.tries, 1);
    assert_eq!(claim(&world, 5).await, []);
    // Whoever had it is gone: somebody else tries, and what the first says counts no more.
    world.clock.advance(LEASE);
    let second = claim(&world, 5).await.remove(0);
    assert_eq!(second.delivery.tries, 2);
    assert_eq!(second.delivery.id, first.delivery.id);
    assert!(!settle(&world, &first, Err(DeliveryState::Delivered)).await);
    delivered(&world, &second).await;
    assert!(!settle(&world, &second, Err(DeliveryState::Dead)).await);
    let id = first.delivery.id;
    let found = world.store.delivery(world.account, id).await;
    let found = found.expect("delivery").expect("it is there");
    assert_eq!((found.state, found.tries), (DeliveryState::Delivered, 2));
    assert_eq!(found.last_status, Some(500));
    assert_eq!(found.last_error.as_deref(), Some("it said no"));
    assert_eq!((found.due_at, found.last_at), (None, Some(world.now())));
    let stranger = world.store.delivery(account(2), id).await;
    assert_eq!(stranger.expect("delivery"), None);
}

pub async fn destinations_take_turns_and_each_has_its_limit(home: &dyn Home) {
    let world = World::new(home).await;
    let (one, other) = (add(&world).await, add(&world).await);
    world.fill(world.pipeline, 10).await;
    fan_out(&world, &[&one, &other]).await;
    let claimed = world.store.claim_deliveries(wanted(&world, 8, 4)).await;
    let claimed = claimed.expect("claim_deliveries");
    let to = |id| claimed.iter().filter(|it| it.destination.id == id).count();
    assert_eq!((to(one.id), to(other.id)), (4, 4));
    let busy = DeliveryClaim {
        busy: vec![(one.id, 4), (other.id, 3)],
        ..wanted(&world, 8, 4)
    };
    let more = world.store.claim_deliveries(busy).await;
    let more = more.expect("claim_deliveries");
    assert_eq!(more.len(), 1);
    assert_eq!(more[0].destination.id, other.id);
    // Whoever was served last comes after the others.
    let next = world.store.claim_deliveries(wanted(&world, 1, 4)).await;
    assert_eq!(next.expect("claim")[0].destination.id, one.id);
}

pub async fn what_is_switched_off_waits_and_what_is_deleted_is_told(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    world.submit_one().await;
    fan_out(&world, &[&webhook]).await;
    let switched = |enabled| DestinationChange {
        enabled: Some(enabled),
        ..DestinationChange::default()
    };
    let change = |enabled| {
        let store = &world.store;
        store.change_destination(world.account, webhook.id, switched(enabled), None)
    };
    change(false).await.expect("change");
    assert_eq!(claim(&world, 5).await, []);
    change(true).await.expect("change");
    let claimed = claim(&world, 5).await;
    assert!(!claimed[0].deleted);
    settle(&world, &claimed[0], Ok(Duration::ZERO)).await;
    let deleted = world.store.delete_destination(world.account, webhook.id);
    assert!(deleted.await.expect("delete"));
    let claimed = claim(&world, 5).await;
    assert!(claimed[0].deleted);
    assert!(settle(&world, &claimed[0], Err(DeliveryState::Withdrawn)).await);
    let id = claimed[0].delivery.id;
    let replay = world
        .store
        .replay_delivery(world.account, id, world.now(), None);
    assert_eq!(replay.await.expect("replay"), Replay::DestinationMissing);
    // The log still has it.
    assert_eq!(list(&world, DeliveryFilter::default()).await, [id]);
}

/// What waited for three days behind an earlier event, or while its receiver was switched off, was given up after
/// one try.
pub async fn time_in_which_nobody_tried_is_not_counted(home: &dyn Home) {
    const LONG: Duration = Duration::from_secs(3 * 24 * 3600);
    let world = World::new(home).await;
    let webhook = add(&world).await;
    let job = world.submit_one().await;
    world.cancel(job, CancelPolicy::Any).await;
    fan_out(&world, &[&webhook]).await;
    let earlier = &claim(&world, 5).await[0];
    world.clock.advance(LONG);
    assert!(settle(&world, earlier, Err(DeliveryState::Dead)).await);
    let later = &claim(&world, 5).await[0];
    assert_eq!(later.delivery.began_at, world.now());

    // The time of tries and of the waits between them counts.
    let began = world.now();
    world.clock.advance(Duration::from_secs(20));
    let wait = Duration::from_secs(100);
    assert!(settle(&world, later, Ok(wait)).await);
    world.clock.advance(wait);
    let again = &claim(&world, 5).await[0];
    assert_eq!(again.delivery.began_at, began);
    assert!(settle(&world, again, Ok(wait)).await);
    world.clock.advance(wait + LONG);
    let at_last = &claim(&world, 5).await[0];
    assert_eq!(at_last.delivery.began_at, began.after(LONG));
}

pub async fn what_is_switched_on_listens_from_then_on(home: &dyn Home) {
    let world = World::new(home).await;
    let made = add(&world).await;
    let since = async || {
        let listening = world.store.listening(vec![world.account]).await;
        listening
            .expect("listening")
            .first()
            .map(|(_, since)| *since)
    };
    let switch = async |enabled| {
        let change = DestinationChange {
            enabled: Some(enabled),
            ..DestinationChange::default()
        };
        let (account, id) = (world.account, made.id);
        let changed = world.store.change_destination(account, id, change, None);
        assert!(changed.await.expect("change").is_some());
    };
    let from_the_beginning = since().await.expect("it listens");
    world.submit_one().await;
    // It was on all the time.
    switch(true).await;
    assert_eq!(since().await, Some(from_the_beginning));
    switch(false).await;
    world.submit_one().await;
    assert_eq!(since().await, None);
    switch(true).await;
    let newest = world.store.newest_event().await.expect("newest_event");
    assert_eq!(since().await, Some(newest));
    assert!(from_the_beginning < newest);
}

pub async fn what_has_ended_can_be_sent_again(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    let job = world.submit_one().await;
    world.cancel(job, CancelPolicy::Any).await;
    fan_out(&world, &[&webhook]).await;
    let first = claim(&world, 5).await.remove(0);
    let (id, owner) = (first.delivery.id, world.account);
    let replay = || world.store.replay_delivery(owner, id, world.now(), None);
    assert_eq!(replay().await.expect("replay"), Replay::Unsent);
    let stranger = world
        .store
        .replay_delivery(account(2), id, world.now(), None);
    assert_eq!(stranger.await.expect("replay"), Replay::Missing);
    settle(&world, &first, Err(DeliveryState::Dead)).await;
    world.clock.advance(Duration::from_secs(60));
    // The later event of the job is on its way: the older one waits for it now.
    let second = claim(&world, 5).await.remove(0);
    assert_eq!(second.delivery.event.name, EventName::Cancelled);
    assert_eq!(replay().await.expect("replay"), Replay::Queued);
    assert_eq!(claim(&world, 5).await, []);
    delivered(&world, &second).await;
    let again = claim(&world, 5).await.remove(0);
    assert_eq!(again.delivery.id, id);
    assert_eq!((again.delivery.tries, again.delivery.base), (2, 1));
    assert_eq!(again.delivery.began_at, world.now());
    assert_eq!(again.delivery.created_at, first.delivery.created_at);
    delivered(&world, &again).await;
    assert_eq!(replay().await.expect("replay"), Replay::Queued);
}

pub async fn every_combination_of_delivery_filters_agrees_with_a_plain_filter(home: &dyn Home) {
    let world = World::new(home).await;
    let (one, other) = (add(&world).await, add(&world).await);
    let jobs = world.fill(world.pipeline, 4).await;
    world.cancel(jobs[0], CancelPolicy::Any).await;
    fan_out(&world, &[&one, &other]).await;
    for (index, claimed) in claim(&world, 5).await.iter().enumerate() {
        let end = match index % 3 {
            0 => DeliveryState::Delivered,
            1 => DeliveryState::Dead,
            _ => continue,
        };
        settle(&world, claimed, Err(end)).await;
    }
    let everything = world
        .store
        .deliveries(world.account, DeliveryFilter::default(), 100)
        .await
        .expect("deliveries");
    assert_eq!(everything.len(), 10);
    assert!(everything.is_sorted_by(|a, b| a.number > b.number));
    let destinations = [None, Some(one.id), Some(DestinationId::from_bytes([1; 16]))];
    let wanted_jobs = [None, Some(jobs[0]), Some(JobId::from_bytes([1; 16]))];
    let states: Vec<_> = DeliveryState::ALL
        .map(Some)
        .into_iter()
        .chain([None])
        .collect();
    for destination in destinations {
        for job in wanted_jobs {
            for state in &states {
                for before in [None, Some(everything[4].number)] {
                    let filter = DeliveryFilter {
                        destination,
                        job,
                        state: *state,
                        before,
                    };
                    let plain: Vec<_> = everything
                        .iter()
                        .filter(|it| destination.is_none_or(|id| id == it.destination))
                        .filter(|it| job.is_none_or(|id| id == it.event.job))
                        .filter(|it| state.is_none_or(|state| state == it.state))
                        .filter(|it| before.is_none_or(|before| it.number < before))
                        .map(|it| it.id)
                        .collect();
                    assert_eq!(list(&world, filter.clone()).await, plain, "{filter:?}");
                }
            }
        }
    }
    let stranger = DeliveryFilter::default();
    let foreign = world.store.deliveries(account(2), stranger, 10).await;
    assert_eq!(foreign.expect("deliveries"), []);
    let place = world.store.fanned_out().await.expect("fanned_out");
    assert!(place > EventCursor::START);
}
