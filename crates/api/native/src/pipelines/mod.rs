//! Pipelines: list, create, get, change, delete. A path names one by id or by name.

mod change;
mod create;
mod delete;
mod get;
mod list;
mod view;

#[cfg(feature = "fuzzing")]
pub(crate) use change::ChangeBody;
#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;

use axum::routing::on;
use reelgate_domain::{Pipeline, PipelineState};
use reelgate_service::{Caller, ErrorKind, Service};

use crate::http::Problem;
use crate::routes::Route;

const SECTION: &str = "docs/api.md#pipelines";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/pipelines", "ListPipelines", |m| on(m, list::list))
        .does("lists pipelines", SECTION)
        .lists(),
    Route::new("POST", "/pipelines", "CreatePipeline", |m| {
        on(m, create::create)
    })
    .does("creates a pipeline", SECTION)
    .errors(&["storage_full"])
    .kept(create::again),
    Route::new("GET", "/pipelines/{pipeline}", "GetPipeline", |m| {
        on(m, get::get)
    })
    .does("shows a pipeline", SECTION)
    .reads()
    .errors(&["not_found"]),
    Route::new("PATCH", "/pipelines/{pipeline}", "ChangePipeline", |m| {
        on(m, change::change)
    })
    .does("pauses, resumes, renames or limits a pipeline", SECTION)
    .errors(&["not_found"]),
    Route::new("DELETE", "/pipelines/{pipeline}", "DeletePipeline", |m| {
        on(m, delete::delete)
    })
    .does("deletes a pipeline without jobs", SECTION)
    .errors(&["not_found", "conflict"]),
];

/// The pipeline with this id or, failing that, the oldest of this name.
pub(crate) async fn find_pipeline(
    service: &Service,
    caller: &Caller,
    name: &str,
) -> Result<Pipeline, Problem> {
    if let Ok(id) = name.parse() {
        match service.pipeline(caller, id).await {
            Err(error) if error.kind == ErrorKind::NotFound => {}
            found => return Ok(found?),
        }
    }
    Ok(service.pipeline_named(caller, name).await?)
}

/// A limit of 0 would be a pause that nobody sees.
fn check_concurrency(concurrency: Option<u32>) -> Result<(), Problem> {
    if concurrency == Some(0) {
        let detail = "concurrency must be 1 or more, or null for no limit; pause the pipeline to \
                      start nothing";
        return Err(Problem::invalid_field("concurrency", detail));
    }
    Ok(())
}

const fn state_word(state: PipelineState) -> &'static str {
    match state {
        PipelineState::Active => "active",
        PipelineState::Paused => "paused",
    }
}
