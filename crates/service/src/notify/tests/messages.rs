//! A dialect with several messages, addresses and tries of its own.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use http::StatusCode;
use reelgate_domain::Pipeline;
use reelgate_domain::event::{Delivery, LaneId};

use super::receiver::{Answer, Got};
use super::*;
use crate::{About, EventRenderer, Message, Rendered, ServiceError, Tries};

/// Tells a topic of its own thrice of each end: twice of the job, and once of all jobs.
#[derive(Default)]
struct Several {
    /// Where messages of jobs with this text go.
    elsewhere: Option<(&'static str, String)>,
}

fn topic() -> TopicName {
    TopicName::of_dialect("several")
}

impl EventRenderer for Several {
    fn dialect(&self) -> &'static str {
        "several"
    }

    fn tells(&self, name: EventName) -> bool {
        name == EventName::Succeeded
    }

    fn listens(&self, _: &Pipeline) -> bool {
        true
    }

    fn messages<'a>(
        &'a self,
        _: About<'a>,
        _: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<Message>, ServiceError>> {
        let message = |name, once: Option<&str>| Message {
            name: Some(name),
            lane: Some(LaneId::from_bytes([7; 16])),
            once: once.map(str::to_owned),
            ..Message::to(topic())
        };
        let messages = [("first", None), ("second", None), ("all", Some("of them"))];
        let messages = messages.map(|(name, once)| message(name, once));
        ready(Ok(messages.to_vec())).boxed()
    }

    fn signed(&self, url: &str, _: Timestamp, secret: &str) -> Option<crate::Headers> {
        Some(vec![("x-signed", format!("{url}|{secret}"))])
    }

    fn tries(&self) -> Option<Tries> {
        Some(Tries {
            most: 3,
            apart: Duration::from_secs(1),
            patience: Duration::from_secs(30),
            is_taken: |status| status == StatusCode::OK,
        })
    }

    fn render<'a>(
        &'a self,
        About { event, job, .. }: About<'a>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        let body = json!({"type": delivery.message, "job": event.job}).to_string();
        let elsewhere = self.elsewhere.as_ref();
        let elsewhere = elsewhere.filter(|(text, _)| job.user_data.as_deref() == Some(text));
        ready(Ok(Some(Rendered {
            headers: vec![("x-message", delivery.id.to_string())],
            url: elsewhere.map(|(_, url)| url.clone()),
            ..Rendered::json(body.into_bytes())
        })))
        .boxed()
    }
}

/// A world whose account has a receiver at `/own`, and a node with such a dialect.
async fn begin(elsewhere: Option<&'static str>) -> (World, Node) {
    let world = World::new().await;
    let secret = Some(Secret::new("key"));
    let url = world.receiver.url("/own");
    let set = world
        .service
        .set_receiver(&world.caller, topic(), url, secret);
    set.await.unwrap();
    let mut notifier = world.notifier();
    let elsewhere = elsewhere.map(|text| (text, world.receiver.url("/elsewhere")));
    notifier.dialects = vec![Arc::new(Several { elsewhere })];
    let node = world.node_of(notifier);
    (world, node)
}

async fn succeeded(world: &World, user_data: Option<&str>) -> JobId {
    let now = world.clock.now();
    let id = JobId::from_bytes(world.ids.uuid(now));
    let mut job = JobBuilder::new(world.account(), world.pipeline, id, now).build();
    job.user_data = user_data.map(str::to_owned);
    job.origin = Some(Origin {
        dialect: "several".to_owned(),
        version: 1,
        request: json!({}),
    });
    world.store.submit(vec![job], None).await.unwrap();
    world.claim().await;
    world.succeed(id).await;
    id
}

#[tokio::test]
async fn an_event_has_several_messages_and_one_that_several_events_bring_comes_once() {
    let (world, node) = begin(None).await;
    let (one, other) = (succeeded(&world, None).await, succeeded(&world, None).await);
    let got = world.receiver.wait_for("/own", 5).await;
    world.settled(DeliveryState::Delivered, 5).await;
    node.stop().await;
    let of = |job: JobId| {
        let of_job = got.iter().filter(|it| it.json()["job"] == json!(job));
        of_job.map(Got::name).collect::<Vec<_>>()
    };
    // What tells of all comes behind both messages of the job that was looked at first.
    assert_eq!(of(one), ["first", "second", "all"]);
    assert_eq!(of(other), ["first", "second"]);
    assert_eq!(names(&got), ["first", "second", "all", "first", "second"]);
    let signed = format!("{}|key", world.receiver.url("/own"));
    assert!(got.iter().all(|it| it.headers["x-signed"] == signed));
    assert!(got.iter().all(|it| !it.headers.contains_key("webhook-id")));
    let ids: std::collections::BTreeSet<_> =
        got.iter().map(|it| &it.headers["x-message"]).collect();
    assert_eq!(ids.len(), 5);
    // It is the dialect's alone.
    let listed = world.service.topics(&world.caller).await.unwrap();
    assert_eq!(listed, []);
}

#[tokio::test]
async fn a_dialect_that_tries_thrice_gives_up_then_and_goes_on_with_the_next() {
    let (world, node) = begin(None).await;
    // Not what it calls taken.
    world.receiver.answer("/own", Answer::Status(204));
    succeeded(&world, None).await;
    for tries in 1..=2 {
        tried(&world, tries).await;
        world.clock.0.advance(Duration::from_secs(1));
    }
    world.settled(DeliveryState::Dead, 1).await;
    world.receiver.answer("/own", Answer::Status(200));
    world.clock.0.advance(Duration::from_secs(1));
    world.settled(DeliveryState::Delivered, 2).await;
    node.stop().await;
    let got = names(&world.receiver.got("/own"));
    assert_eq!(got[..3], ["first"; 3]);
    let rest: Vec<_> = got.iter().filter(|name| *name != "first").collect();
    // The second may have met the answer of before.
    assert_eq!(rest.first().map(|it| it.as_str()), Some("second"));
    assert_eq!(rest.last().map(|it| it.as_str()), Some("all"));
}

/// Waits until a delivery has failed so often.
async fn tried(world: &World, tries: u32) {
    let waiting = async {
        loop {
            let filter = DeliveryFilter::default();
            let page = world.service.deliveries(&world.caller, filter, 10).await;
            let again = world.clock.now().after(Duration::from_secs(1));
            let mut found = page.unwrap().deliveries.into_iter();
            if found.any(|it| it.tries == tries && it.due_at == Some(again)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "nothing was tried {tries} times");
}

#[tokio::test]
async fn a_message_may_go_elsewhere_and_what_is_gone_there_switches_nothing_off() {
    let (world, node) = begin(Some("mine")).await;
    world.receiver.answer("/elsewhere", Answer::Status(410));
    succeeded(&world, Some("mine")).await;
    let got = world.receiver.wait_for("/elsewhere", 1).await;
    let signed = format!("{}|key", world.receiver.url("/elsewhere"));
    assert_eq!(got[0].headers["x-signed"], signed);
    tried(&world, 1).await;
    world.receiver.answer("/elsewhere", Answer::Status(200));
    world.clock.0.advance(Duration::from_secs(1));
    world.receiver.wait_for("/elsewhere", 4).await;
    let plain = succeeded(&world, None).await;
    let got = world.receiver.wait_for("/own", 2).await;
    node.stop().await;
    assert!(got.iter().all(|it| it.json()["job"] == json!(plain)));
}

/// The guard looks at what a job names as it looks at every address.
#[tokio::test]
async fn an_address_of_a_jobs_own_is_guarded_too() {
    let world = World::with(Guard::default()).await;
    let set = world.service.set_receiver(
        &world.caller,
        topic(),
        "https://receiver.example/".to_owned(),
        None,
    );
    set.await.unwrap();
    let mut notifier = world.notifier();
    let elsewhere = Some(("mine", world.receiver.url("/elsewhere")));
    notifier.dialects = vec![Arc::new(Several { elsewhere })];
    let node = world.node_of(notifier);
    succeeded(&world, Some("mine")).await;
    let why = loop {
        let filter = DeliveryFilter::default();
        let page = world.service.deliveries(&world.caller, filter, 10).await;
        let mut found = page.unwrap().deliveries.into_iter();
        if let Some(why) = found.find_map(|it| it.last_error) {
            break why;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    node.stop().await;
    assert!(why.contains("not a public one"), "{why}");
    assert!(world.receiver.got("/elsewhere").is_empty());
}
