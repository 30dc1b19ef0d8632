//! Pipelines: list, create, get, change, delete. A path names one by id or by name.

mod change;
mod create;
mod delete;
mod get;
mod list;
mod view;

#[cfg(feature = "fuzzing")]
pub(crate) use change::ChangeBody;
pub(crate) use change::change;
#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use list::list;

use reelgate_domain::{Pipeline, PipelineState};
use reelgate_service::{Caller, ErrorKind, Service};

use crate::http::Problem;

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
