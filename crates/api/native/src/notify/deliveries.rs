//! `/api/v1/deliveries`: what was sent, what came of it, and sending again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::event::{Delivery, DeliveryId, DeliveryState, DestinationId};
use reelgate_service::DeliveryFilter;
use serde::Serialize;

use super::id;
use super::view::EventView;
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, InPath, Problem, Query, format_time};

/// `{"deliveries": [DELIVERY, …], "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct DeliveriesView<'a> {
    deliveries: Vec<DeliveryJson<'a>>,
    next_cursor: Option<String>,
}

/// `{"id", "destination_id", "dialect", "message", "event", "state", "tries", "next_try_at", "last_try_at",
/// "last_status", "last_error", "created_at"}`.
#[derive(Serialize)]
struct DeliveryJson<'a> {
    id: DeliveryId,
    destination_id: DestinationId,
    dialect: &'a str,
    message: Option<&'a str>,
    event: EventView<'a>,
    state: &'static str,
    tries: u32,
    next_try_at: Option<String>,
    last_try_at: Option<String>,
    last_status: Option<u16>,
    last_error: Option<&'a str>,
    created_at: String,
}

/// Parameters: `destination` (the id of a webhook or topic), `job`, `state`, `cursor`, `limit`.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["destination", "job", "state", "cursor", "limit"])?;
    let words = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    let filter = DeliveryFilter {
        destination: query.parsed("destination", "the id of a webhook or topic")?,
        job: query.parsed("job", "a job's id")?,
        state: query.parsed("state", &format!("one of {words}"))?,
        before: query.parsed("cursor", "the next_cursor of an earlier page")?,
    };
    let limit = query.limit(20, 100)?;
    let page = api.service.deliveries(&caller, filter, limit).await?;
    let view = DeliveriesView {
        deliveries: page.deliveries.iter().map(DeliveryJson::of).collect(),
        next_cursor: page.next.map(|number| number.to_string()),
    };
    Ok(Json(view).into_response())
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let id = id("delivery", &text)?;
    let found = api.service.delivery(&caller, id).await?;
    Ok(Json(DeliveryJson::of(&found)).into_response())
}

/// Answers the delivery as it is now: on its way again.
pub(super) async fn replay(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(text): InPath<String>,
) -> Result<Response, Problem> {
    let id = id("delivery", &text)?;
    let found = api.service.replay_delivery(&caller, id).await?;
    Ok(Json(DeliveryJson::of(&found)).into_response())
}

/// Answers a repeat with the delivery as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = id("delivery", &again.made)?;
        let found = again.api.service.delivery(&again.caller, id).await?;
        Ok(Json(DeliveryJson::of(&found)).into_response())
    })
}

impl<'a> DeliveryJson<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        Self {
            id: delivery.id,
            destination_id: delivery.destination,
            dialect: delivery.dialect.as_deref().unwrap_or(NativeApi::NAME),
            message: delivery.message.as_deref(),
            event: EventView::at(delivery.cursor, &delivery.event),
            state: delivery.state.as_str(),
            tries: delivery.tries,
            next_try_at: delivery.due_at.map(format_time),
            last_try_at: delivery.last_at.map(format_time),
            last_status: delivery.last_status,
            last_error: delivery.last_error.as_deref(),
            created_at: format_time(delivery.created_at),
        }
    }
}
