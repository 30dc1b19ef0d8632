//! `/api/v1/topics`: where the messages of topics and queues go that a vendor's pipelines name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reelgate_domain::event::TopicName;
use serde::{Deserialize, Serialize};

use super::destination::{DestinationJson, RotateBody, unkept};
use crate::NativeApi;
use crate::http::{
    Again, Answering, Authorized, InPath, JsonBody, OptionalJsonBody, Problem, Query, created,
};

/// The body: `{"url"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutBody {
    url: String,
}

/// The body: `{"enabled"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    enabled: bool,
}

/// `{"topics": [TOPIC, …]}`, by name.
#[derive(Serialize)]
struct TopicsView<'a> {
    topics: Vec<DestinationJson<'a>>,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.topics(&caller).await?;
    let topics = found.iter().map(DestinationJson::of).collect();
    Ok(Json(TopicsView { topics }).into_response())
}

/// Answers 201 with the topic and, this once, the secret that signs its messages; 200 without it if
/// the topic has had a receiver.
pub(super) async fn put(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
    JsonBody(body): JsonBody<PutBody>,
) -> Result<Response, Problem> {
    let parsed: Result<TopicName, _> = text.parse();
    let name = parsed.map_err(|error| Problem::invalid_field("topic", error.to_string()))?;
    let location = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
    let location = format!("/api/v1/topics/{location}");
    let (view, secret) = api.service.put_topic(&caller, name, body.url).await?;
    let shown = DestinationJson::of(&view).with(secret.as_ref());
    Ok(match secret {
        Some(_) => unkept(created(&location, shown)),
        None => Json(shown).into_response(),
    })
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let found = api.service.topic(&caller, &named(&text)?).await?;
    Ok(Json(DestinationJson::of(&found)).into_response())
}

/// Answers the topic as it is now.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    let (service, name) = (&api.service, named(&text)?);
    let changed = service.enable_topic(&caller, &name, body.enabled).await?;
    Ok(Json(DestinationJson::of(&changed)).into_response())
}

/// Answers the topic with its new secret.
pub(super) async fn rotate(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
    OptionalJsonBody(body): OptionalJsonBody<RotateBody>,
) -> Result<Response, Problem> {
    let service = &api.service;
    let id = service.topic(&caller, &named(&text)?).await?.id;
    let made = service.rotate_webhook_secret(&caller, id, body.overlap());
    let made = made.await?;
    let view = DestinationJson::of(&made.view).with(Some(&made.secret));
    Ok(unkept(Json(view).into_response()))
}

/// The answer to a repeat of what has shown a secret.
pub(super) fn secret_again(again: Again) -> Answering {
    Box::pin(async move {
        let topics = again.api.service.topics(&again.caller).await?;
        let topic = topics.iter().find(|it| it.id.to_string() == again.made);
        let name = topic.and_then(|topic| topic.topic.as_ref());
        let name = name.ok_or_else(|| Problem::missing("topic", &again.made))?;
        let name = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
        again.secret(&format!("topics/{name}")).await
    })
}

/// Answers 204.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<StatusCode, Problem> {
    let service = &api.service;
    let id = service.topic(&caller, &named(&text)?).await?.id;
    service.delete_destination(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(text: &str) -> Result<TopicName, Problem> {
    super::id("topic", text)
}
