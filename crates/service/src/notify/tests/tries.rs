//! Single tries, whose circumstances change while they are made.

use std::time::Duration;

use reelgate_store::{ClaimedDelivery, DeliveryClaim};

use super::World;
use super::receiver::Answer;
use crate::Clock;
use crate::notify::fan_out::Progress;

/// The only delivery there is, claimed.
async fn claimed(world: &World) -> ClaimedDelivery {
    let mut progress = Progress::default();
    let made = world.notifier().fan_out(&mut progress).await;
    made.unwrap();
    let now = world.clock.now();
    let wanted = DeliveryClaim {
        most: 2,
        each: 2,
        busy: Vec::new(),
        lease_until: now.after(Duration::from_secs(30)),
        now,
    };
    let mut claimed = world.store.claim_deliveries(wanted).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// Its address was corrected while a try was under way, and the answer of the old one switched it off.
#[tokio::test]
async fn an_address_that_is_gone_does_not_switch_off_the_one_after_it() {
    let world = World::new().await;
    let (id, _) = world.webhook("/old").await;
    world.submit().await;
    let claimed = claimed(&world).await;
    world.receiver.answer("/old", Answer::Status(410));
    let url = Some(world.receiver.url("/new"));
    let caller = &world.caller;
    let moved = world.service.change_webhook(caller, id, url, None, None);
    moved.await.unwrap();
    let settled = world.notifier().trying().send(claimed).await;
    assert_eq!(settled.status, Some(410));
    assert!(world.service.webhook(caller, id).await.unwrap().enabled);
}

/// By then somebody else may have sent it, and what comes after it.
#[tokio::test]
async fn a_try_that_comes_late_to_send_does_not() {
    let world = World::new().await;
    world.webhook("/hook").await;
    world.submit().await;
    let claimed = claimed(&world).await;
    let mut trying = world.notifier().trying();
    trying.claimed_at -= Duration::from_secs(6);
    let settled = trying.send(claimed).await;
    assert!(settled.next.is_ok(), "{settled:?}");
    assert!(world.receiver.got("/hook").is_empty());
}
