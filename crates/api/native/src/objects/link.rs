//! `POST /api/v1/buckets/{bucket}/links/{key}`: an address by which anybody can read an object for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::object;
use crate::NativeApi;
use crate::http::{Authorized, InPath, JsonBody, Problem, format_time};

/// As long as object stores take addresses.
const MOST_SECONDS: u64 = 7 * 24 * 3600;

/// The body: `{"seconds"}`, by default an hour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    #[serde(default = "hour")]
    seconds: u64,
}

fn hour() -> u64 {
    3600
}

/// `{"url", "expires_at"}`.
#[derive(Serialize)]
struct LinkJson {
    url: String,
    expires_at: String,
}

/// Answers 200, 404 if there is no such object, 409 for a bucket whose objects only this server hands out.
pub(crate) async fn link(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
    JsonBody(body): JsonBody<LinkBody>,
) -> Result<Response, Problem> {
    let seconds = body.seconds;
    if !(1..=MOST_SECONDS).contains(&seconds) {
        let detail = format!("an address is good for 1 to {MOST_SECONDS} seconds");
        return Err(Problem::invalid_field("seconds", detail));
    }
    let now = api.service.now();
    let object = object(bucket, key)?;
    let url = api.service.link_object(&caller, &object, seconds).await?;
    let expires_at = format_time(now.after(Duration::from_secs(seconds)));
    Ok(Json(LinkJson { url, expires_at }).into_response())
}
