//! `/api/v1/accounts/{account}/retention`: for how long an account keeps what is over, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::Kept;
use reelgate_service::KeptFor;
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{Authorized, InPath, JsonBody, Problem, Query};

/// The body: `{"days"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DaysBody {
    days: u32,
}

/// `{"retention": [TIME, …]}`.
#[derive(Serialize)]
struct RetentionView {
    retention: Vec<TimeView>,
}

/// `{"what", "days", "default", "is_set"}`.
#[derive(Serialize)]
struct TimeView {
    what: &'static str,
    days: u32,
    default: u32,
    is_set: bool,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let account = api.service.find_account(&caller, &name).await?.id;
    let kept = api.service.retention(&caller, account).await?;
    let retention = kept.iter().map(TimeView::of).collect();
    Ok(Json(RetentionView { retention }).into_response())
}

/// Answers the time as it is now.
pub(super) async fn set(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((name, what)): InPath<(String, String)>,
    uri: Uri,
    JsonBody(body): JsonBody<DaysBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let what = kept(&what)?;
    let account = api.service.find_account(&caller, &name).await?.id;
    let set = api
        .service
        .set_retention(&caller, account, what, Some(body.days));
    Ok(Json(TimeView::of(&set.await?)).into_response())
}

/// Answers 204; what holds now is the default.
pub(super) async fn reset(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((name, what)): InPath<(String, String)>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &[])?;
    let what = kept(&what)?;
    let account = api.service.find_account(&caller, &name).await?.id;
    api.service
        .set_retention(&caller, account, what, None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn kept(what: &str) -> Result<Kept, Problem> {
    what.parse()
        .map_err(|_unknown| Problem::missing("retention of", what))
}

impl TimeView {
    fn of(kept: &KeptFor) -> Self {
        Self {
            what: kept.what.word(),
            days: kept.days,
            default: kept.default,
            is_set: kept.is_set,
        }
    }
}
