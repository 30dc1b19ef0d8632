//! `/api/v1/webhooks`: who is told of events.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::event::NameSet;
use serde::{Deserialize, Serialize};

use super::destination::{DestinationJson, RotateBody, unkept};
use super::events::event_name;
use super::id;
use crate::NativeApi;
use crate::http::{
    Again, Answering, Authorized, InPath, JsonBody, OptionalJsonBody, Problem, Query, created,
};

/// The body: `{"url", "events": ["job.succeeded", …]}`; without `events` it is told of all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    url: String,
    #[serde(default)]
    events: Option<Vec<String>>,
}

/// The body: `{"url", "events", "enabled"}`; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// `{"webhooks": [WEBHOOK, …]}`, oldest first.
#[derive(Serialize)]
struct WebhooksView<'a> {
    webhooks: Vec<DestinationJson<'a>>,
}

/// Answers 201 with the webhook and, this once, its secret.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let names = body.events.map(names).transpose()?.unwrap_or(NameSet::ALL);
    let made = api.service.create_webhook(&caller, body.url, names).await?;
    let location = format!("/api/v1/webhooks/{}", made.view.id);
    let view = DestinationJson::of(&made.view).with(Some(&made.secret));
    Ok(unkept(created(&location, view)))
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.webhooks(&caller).await?;
    let webhooks = found.iter().map(DestinationJson::of).collect();
    Ok(Json(WebhooksView { webhooks }).into_response())
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let found = api.service.webhook(&caller, id("webhook", &text)?).await?;
    Ok(Json(DestinationJson::of(&found)).into_response())
}

/// Answers the webhook as it is now.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    let id = id("webhook", &text)?;
    let names = body.events.map(names).transpose()?;
    let changed = api
        .service
        .change_webhook(&caller, id, body.url, names, body.enabled)
        .await?;
    Ok(Json(DestinationJson::of(&changed)).into_response())
}

/// Answers the webhook with its new secret.
pub(super) async fn rotate(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
    OptionalJsonBody(body): OptionalJsonBody<RotateBody>,
) -> Result<Response, Problem> {
    let (service, id) = (&api.service, id("webhook", &text)?);
    service.webhook(&caller, id).await?;
    let made = service.rotate_webhook_secret(&caller, id, body.overlap());
    let made = made.await?;
    let view = DestinationJson::of(&made.view).with(Some(&made.secret));
    Ok(unkept(Json(view).into_response()))
}

/// The answer to a repeat of what has shown a secret.
pub(super) fn secret_again(again: Again) -> Answering {
    again.secret(&format!("webhooks/{}", again.made))
}

/// Answers 204.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<StatusCode, Problem> {
    let (service, id) = (&api.service, id("webhook", &text)?);
    service.webhook(&caller, id).await?;
    service.delete_destination(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn names(words: Vec<String>) -> Result<NameSet, Problem> {
    if words.is_empty() {
        let detail = "events names at least one event; leave it out for all of them";
        return Err(Problem::invalid_field("events", detail));
    }
    let names = words.iter().map(|word| event_name("events", word));
    names.collect()
}
