//! Lanes: what is told one after the other although it is of several jobs, and what is told once although several events
//! bring it.

use reelgate_domain::event::{DeliveryId, DeliveryState, LaneId};

use super::deliveries::{add, claim, delivered, list, new_id};
use super::{Home, World};
use crate::{ClaimedDelivery, DeliveryFilter, NewDelivery, Replay};

/// Several messages of one event, and those of several jobs, such as all that are made of an asset.
pub async fn what_shares_a_lane_arrives_one_after_the_other(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    let lane = LaneId::from_bytes(new_id(&world));
    let (first, second) = (world.submit_one().await, world.submit_one().await);
    let alone = world.submit_one().await;
    let from = world.store.fanned_out().await.expect("fanned_out");
    let page = world.store.events(None, from, 100).await.expect("events");
    let mut made = Vec::new();
    for event in &page.events {
        let messages: &[_] = match event.event.job {
            job if job == first => &["a", "b"],
            job if job == second => &["c"],
            _ => &["d"],
        };
        made.extend(messages.iter().map(|message| NewDelivery {
            id: DeliveryId::from_bytes(new_id(&world)),
            destination: webhook.id,
            dialect: Some("vod".into()),
            message: Some((*message).into()),
            lane: (event.event.job != alone).then_some(lane),
            event: event.clone(),
            created_at: world.now(),
        }));
    }
    let moved = world.store.fan_out(from, page.reached, made).await;
    assert!(moved.expect("fan_out"));
    let messages = |claimed: &[ClaimedDelivery]| {
        let messages = claimed.iter().filter_map(|it| it.delivery.message.clone());
        messages.collect::<Vec<_>>()
    };
    let mut claimed = claim(&world, 10).await;
    assert_eq!(messages(&claimed), ["a", "d"]);
    for next in ["b", "c"] {
        delivered(&world, &claimed[0]).await;
        claimed = claim(&world, 10).await;
        assert_eq!(messages(&claimed), [next]);
    }
    // One that is sent again waits for what is on its way of its lane.
    let done = DeliveryFilter {
        state: Some(DeliveryState::Delivered),
        ..DeliveryFilter::default()
    };
    let id = *list(&world, done).await.last().expect("a");
    let replayed = world
        .store
        .replay_delivery(world.account, id, world.now(), None);
    assert_eq!(replayed.await.expect("replay"), Replay::Queued);
    assert_eq!(claim(&world, 10).await, []);
    delivered(&world, &claimed[0]).await;
    assert_eq!(messages(&claim(&world, 10).await), ["a"]);
}

/// Two events may both be what one message tells of.
pub async fn a_delivery_that_is_there_is_not_made_again(home: &dyn Home) {
    let world = World::new(home).await;
    let webhook = add(&world).await;
    let id = DeliveryId::from_bytes(new_id(&world));
    for same in [2, 1] {
        world.fill(world.pipeline, same).await;
        let from = world.store.fanned_out().await.expect("fanned_out");
        let page = world.store.events(None, from, 100).await.expect("events");
        let made = page.events.iter().map(|event| NewDelivery {
            id,
            destination: webhook.id,
            dialect: None,
            message: None,
            lane: None,
            event: event.clone(),
            created_at: world.now(),
        });
        let moved = world.store.fan_out(from, page.reached, made.collect());
        assert!(moved.await.expect("fan_out"));
    }
    assert_eq!(list(&world, DeliveryFilter::default()).await, [id]);
    assert_eq!(claim(&world, 10).await.len(), 1);
}
