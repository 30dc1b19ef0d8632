//! `POST /api/v1/streams/{id}/start` and `…/stop`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::stream::{Stream, StreamId};
use reelgate_service::Caller;

use super::view::{StreamView, is_settled, is_stopping};
use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, InPath, Problem, Query};
use crate::jobs::patience;

/// Answers the stream once the start is decided. With `?wait=30s` (0 to 60 s) answers when it is live or was given up,
/// or as it is when the time is over.
pub(super) async fn start(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["wait"])?;
    let patience = query.one("wait")?.map(patience).transpose()?;
    let id = stream_id(&id)?;
    let started = api.service.start_stream(&about(&caller, id), id).await;
    let mut stream = started.map_err(problem)?;
    if let Some(patience) = patience {
        let waiting = api.service.stream_when(&caller, id, patience, is_settled);
        stream = waiting.await.map_err(problem)?;
    }
    Ok(answer(&stream))
}

/// Answers the stream once the stop is decided. With `?wait=30s` (0 to 60 s) answers when its processes are gone, or as
/// it is when the time is over.
pub(super) async fn stop(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["wait"])?;
    let patience = query.one("wait")?.map(patience).transpose()?;
    let id = stream_id(&id)?;
    let stopped = api.service.stop_stream(&about(&caller, id), id).await;
    let mut stream = stopped.map_err(problem)?;
    if let Some(patience) = patience {
        let is_gone = |stream: &Stream| !is_stopping(stream);
        let waiting = api.service.stream_when(&caller, id, patience, is_gone);
        stream = waiting.await.map_err(problem)?;
    }
    Ok(answer(&stream))
}

/// Answers a repeat with the stream as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = stream_id(&again.made)?;
        let stream = again.api.service.stream(&again.caller, id).await;
        Ok(answer(&stream.map_err(problem)?))
    })
}

/// The caller, whose call is remembered with the stream that it is about.
fn about(caller: &Caller, id: StreamId) -> Caller {
    Caller {
        once: caller.once.map(|once| once.makes(id)),
        ..caller.clone()
    }
}

fn answer(stream: &Stream) -> Response {
    Json(StreamView::of(stream)).into_response()
}
