//! `POST /api/v1/prune`: takes away what has been kept for long enough, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_service::{PruneCursor, PruneStep, Pruned};
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{Authorized, OptionalJsonBody, Problem, Query};

/// The body, which may be left out: `{"dry_run", "cursor"}`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PruneBody {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    cursor: Option<String>,
}

/// `{"dry_run", "pruned": [PRUNED, …], "next_cursor"}`: null when all has been looked at.
#[derive(Serialize)]
struct StepView {
    dry_run: bool,
    pruned: Vec<PrunedView>,
    next_cursor: Option<String>,
}

/// `{"what", "account", "rows", "bytes"}`.
#[derive(Serialize)]
struct PrunedView {
    what: &'static str,
    account: Option<String>,
    rows: u64,
    bytes: u64,
}

/// Works for some seconds and says where to go on.
pub(super) async fn prune(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
    OptionalJsonBody(body): OptionalJsonBody<PruneBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let from = body.cursor.map(|text| {
        PruneCursor::from_text(&text).ok_or_else(|| {
            let detail = "cursor must be the next_cursor of an earlier call";
            Problem::invalid_field("cursor", detail)
        })
    });
    let step = api
        .service
        .prune(&caller, body.dry_run, from.transpose()?)
        .await?;
    Ok(Json(StepView::of(&step, body.dry_run)).into_response())
}

impl StepView {
    fn of(step: &PruneStep, dry_run: bool) -> Self {
        let pruned = step.of.iter().map(|pruned: &Pruned| PrunedView {
            what: pruned.what.word(),
            account: pruned.account.map(|account| account.to_string()),
            rows: pruned.rows,
            bytes: pruned.bytes,
        });
        Self {
            dry_run,
            pruned: pruned.collect(),
            next_cursor: step.next.as_ref().map(PruneCursor::to_text),
        }
    }
}
