//! Single tries, whose circumstances change while they are made.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reelgate_domain::event::{Delivery, DeliveryState, EventName};
use reelgate_store::{ClaimedDelivery, DeliveryClaim, DeliveryFilter};

use super::receiver::Answer;
use super::{World, names};
use crate::notify::fan_out::Progress;
use crate::notify::{About, EventRenderer, Rendered};
use crate::{Clock, ServiceError};

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

/// Tells nothing, and falls over it.
struct Falling;

impl EventRenderer for Falling {
    fn dialect(&self) -> &'static str {
        "native"
    }

    fn tells(&self, _: EventName) -> bool {
        true
    }

    fn render<'a>(
        &'a self,
        _: About<'a>,
        _: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        panic!("there is something that it does not know")
    }
}

/// It came again whenever its lease was over, for ever.
#[tokio::test]
async fn what_cannot_be_told_is_tried_as_often_as_what_is_not_taken() {
    let world = World::new().await;
    world.webhook("/hook").await;
    world.submit().await;
    let claimed = claimed(&world).await;
    let mut notifier = world.notifier();
    notifier.native = Arc::new(Falling);
    let settled = notifier.trying().send(claimed.clone()).await;
    let wait = settled.next.unwrap().since(world.clock.now());
    assert!((3..7).contains(&wait.as_secs()), "{wait:?}");
    assert!(settled.error.unwrap().contains("cannot be told"));
    world.clock.0.advance(Duration::from_secs(4 * 24 * 3600));
    let settled = notifier.trying().send(claimed).await;
    assert_eq!(settled.next, Err(DeliveryState::Dead));
}

#[tokio::test]
async fn what_nobody_takes_in_time_is_dead_and_can_be_sent_again() {
    let world = World::new().await;
    world.receiver.answer("/hook", Answer::Status(503));
    world.webhook("/hook").await;
    let mut notifier = world.notifier();
    // Enough for the second try, and not for the third.
    notifier.settings.give_up_after = Duration::from_secs(10);
    let node = world.node_of(notifier);
    let job = world.submit().await;
    world.claim().await;
    let begun = world.clock.now();
    for event in 1..=2 {
        world.answered(event).await;
        world.clock.0.advance(Duration::from_secs(7));
        world.settled(DeliveryState::Dead, event).await;
    }
    // The second event of the job has as many tries as the first one, behind which it waited.
    let got = world.receiver.got("/hook");
    assert_eq!(
        names(&got),
        ["job.queued", "job.queued", "job.started", "job.started"]
    );
    assert_eq!(world.clock.now(), begun.after(Duration::from_secs(14)));
    world.receiver.answer("/hook", Answer::Status(200));
    let filter = DeliveryFilter {
        job: Some(job),
        ..DeliveryFilter::default()
    };
    let dead = world.service.deliveries(&world.caller, filter, 10).await;
    let dead = dead.unwrap().deliveries.pop().unwrap();
    assert_eq!(dead.last_status, Some(503));
    assert_eq!(
        dead.last_error.as_deref(),
        Some("the receiver answered 503 Service Unavailable")
    );
    let before = world.receiver.got("/hook").len();
    let again = world.service.replay_delivery(&world.caller, dead.id).await;
    assert_eq!(again.unwrap().state, DeliveryState::Sending);
    let got = world.receiver.wait_for("/hook", before + 1).await;
    assert_eq!(got.last().unwrap().id(), dead.id.to_string());
    world.settled(DeliveryState::Delivered, 1).await;
    node.stop().await;
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
