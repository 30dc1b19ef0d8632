//! Events and who is told of them: the stream, webhooks, topics, the log of deliveries.

mod deliveries;
mod destination;
mod events;
mod rendering;
mod stream;
mod topics;
mod view;
mod webhooks;

use axum::routing::on;
use reelgate_api_kit::operation::ResourceType;

pub(crate) use events::LAST_EVENT_ID;
pub use rendering::NativeRenderer;
pub(crate) use stream::{HEARTBEAT, LONGEST, Seat, Streams, event_stream};

use crate::http::Problem;
use crate::routes::Route;

const EVENTS: &str = "docs/api.md#events";
const WEBHOOKS: &str = "docs/api.md#webhooks";
const TOPICS: &str = "docs/api.md#topics";
const DELIVERIES: &str = "docs/api.md#deliveries";

const WEBHOOK: &[ResourceType] = &[ResourceType {
    name: "Webhook",
    arn: "acs:reelgate:*:{accountId}:webhook/{webhook}",
    required: true,
}];

const TOPIC: &[ResourceType] = &[ResourceType {
    name: "Topic",
    arn: "acs:reelgate:*:{accountId}:topic/{topic}",
    required: true,
}];

const DELIVERY: &[ResourceType] = &[ResourceType {
    name: "Delivery",
    arn: "acs:reelgate:*:{accountId}:delivery/{delivery}",
    required: true,
}];

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/events", "ListEvents", |m| on(m, events::events))
        .does("follows events, or lists them", EVENTS)
        .lists()
        .errors(&["not_found", "events_pruned"]),
    Route::new("POST", "/webhooks", "CreateWebhook", |m| {
        on(m, webhooks::create)
    })
    .does("creates a webhook and shows its secret", WEBHOOKS)
    .errors(&["conflict", "storage_full"])
    .kept(webhooks::secret_again),
    Route::new("GET", "/webhooks", "ListWebhooks", |m| {
        on(m, webhooks::list)
    })
    .does("lists webhooks", WEBHOOKS)
    .lists(),
    Route::new("GET", "/webhooks/{webhook}", "GetWebhook", |m| {
        on(m, webhooks::get)
    })
    .does("shows a webhook", WEBHOOKS)
    .on(WEBHOOK)
    .reads()
    .errors(&["not_found"]),
    Route::new("PATCH", "/webhooks/{webhook}", "ChangeWebhook", |m| {
        on(m, webhooks::change)
    })
    .does("changes a webhook, or switches it off or on", WEBHOOKS)
    .on(WEBHOOK)
    .errors(&["not_found"]),
    Route::new("DELETE", "/webhooks/{webhook}", "DeleteWebhook", |m| {
        on(m, webhooks::delete)
    })
    .does("deletes a webhook", WEBHOOKS)
    .on(WEBHOOK)
    .errors(&["not_found"]),
    Route::new(
        "POST",
        "/webhooks/{webhook}/rotate",
        "RotateWebhookSecret",
        |m| on(m, webhooks::rotate),
    )
    .does("gives a webhook a new secret", WEBHOOKS)
    .on(WEBHOOK)
    .errors(&["not_found"])
    .kept(webhooks::secret_again),
    Route::new("GET", "/topics", "ListTopics", |m| on(m, topics::list))
        .does("lists topics and their receivers", TOPICS)
        .lists(),
    Route::new("PUT", "/topics/{topic}", "PutTopic", |m| on(m, topics::put))
        .does("gives a topic or queue a receiver", TOPICS)
        .on(TOPIC)
        .errors(&["conflict", "storage_full"]),
    Route::new("GET", "/topics/{topic}", "GetTopic", |m| on(m, topics::get))
        .does("shows a topic", TOPICS)
        .on(TOPIC)
        .reads()
        .errors(&["not_found"]),
    Route::new("PATCH", "/topics/{topic}", "ChangeTopic", |m| {
        on(m, topics::change)
    })
    .does("switches a topic's receiver off or on", TOPICS)
    .on(TOPIC)
    .errors(&["not_found"]),
    Route::new("DELETE", "/topics/{topic}", "DeleteTopic", |m| {
        on(m, topics::delete)
    })
    .does("takes a topic its receiver", TOPICS)
    .on(TOPIC)
    .errors(&["not_found"]),
    Route::new("POST", "/topics/{topic}/rotate", "RotateTopicSecret", |m| {
        on(m, topics::rotate)
    })
    .does("gives a topic's receiver a new secret", TOPICS)
    .on(TOPIC)
    .errors(&["not_found"])
    .kept(topics::secret_again),
    Route::new("GET", "/deliveries", "ListDeliveries", |m| {
        on(m, deliveries::list)
    })
    .does("lists deliveries", DELIVERIES)
    .lists(),
    Route::new("GET", "/deliveries/{delivery}", "GetDelivery", |m| {
        on(m, deliveries::get)
    })
    .does("shows a delivery", DELIVERIES)
    .on(DELIVERY)
    .reads()
    .errors(&["not_found"]),
    Route::new(
        "POST",
        "/deliveries/{delivery}/replay",
        "ReplayDelivery",
        |m| on(m, deliveries::replay),
    )
    .does("sends again what has ended", DELIVERIES)
    .on(DELIVERY)
    .errors(&["not_found", "conflict", "storage_full"])
    .kept(deliveries::again),
];

/// Reads an id in a path. A text that cannot be one names nothing.
fn id<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Problem> {
    let read = text.parse();
    read.map_err(|_not_an_id| Problem::missing(what, text))
}

/// Reads the body of each call that has one, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_as_each_body(body: &[u8]) -> [Result<(), Problem>; 5] {
    use crate::http::parse;
    [
        parse::<webhooks::CreateBody>(body).map(drop),
        parse::<webhooks::ChangeBody>(body).map(drop),
        parse::<destination::RotateBody>(body).map(drop),
        parse::<topics::PutBody>(body).map(drop),
        parse::<topics::ChangeBody>(body).map(drop),
    ]
}
