//! `SearchPipeline`: the account's pipelines by state, oldest first, page by page.

use reelgate_service::{Caller, PipelineQuery, Service};
use serde_json::{Value, json};

use super::errors::{Code, Refusal, service_error};
use super::pipeline::{self, View};
use super::request::{self, Page};
use super::status::{self, PIPELINE_DELETED};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let page = Page::read(params)?;
    let state = match request::optional(params, "State") {
        None | Some("All") => None,
        // Nothing is kept of a deleted pipeline.
        Some(PIPELINE_DELETED) => return Ok(answer(Vec::new(), 0, page)),
        Some(word) => Some(
            status::parse_pipeline(word)
                .ok_or_else(|| Refusal::new(Code::InvalidState, "State"))?,
        ),
    };
    let query = PipelineQuery {
        state,
        offset: page.offset(),
        limit: page.size,
    };
    let found = service.list_pipelines(caller, query).await;
    let found = found.map_err(service_error)?;
    let pipelines = found
        .pipelines
        .iter()
        .map(|pipeline| pipeline::render(pipeline, View::Search));
    Ok(answer(pipelines.collect(), found.total, page))
}

fn answer(pipelines: Vec<Value>, total: u64, page: Page) -> Value {
    json!({
        "PipelineList": {"Pipeline": pipelines},
        "TotalCount": total,
        "PageNumber": page.number,
        "PageSize": page.size,
    })
}
