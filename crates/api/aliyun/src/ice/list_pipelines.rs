//! `ListPipelines`: all pipelines of the account, oldest first; it has no pages.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-listpipelines>

use std::collections::HashMap;

use reelgate_domain::Pipeline;
use reelgate_service::{Caller, PipelineQuery, Service, ServiceError};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{pipeline, request};
use crate::dna::pipeline::KIND;
use crate::rpc::{ApiError, Params};

const PAGE: u32 = 100;

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    if let Some(speed) = request::optional(params, "Speed")
        && !pipeline::is_ours(speed)?
    {
        return Ok(json!({"PipelineList": []}));
    }
    let pipelines = all(service, caller).await.map_err(service_error)?;
    let kept = service.documents(caller, KIND).await;
    let kept = kept.map_err(service_error)?.into_iter();
    let kept: HashMap<String, _> = kept.map(|it| (it.id.clone(), it)).collect();
    let shown = pipelines
        .iter()
        .map(|it| pipeline::render(it, kept.get(&it.id.to_string())));
    Ok(json!({"PipelineList": shown.collect::<Vec<Value>>()}))
}

async fn all(service: &Service, caller: &Caller) -> Result<Vec<Pipeline>, ServiceError> {
    let mut all = Vec::new();
    loop {
        let query = PipelineQuery {
            state: None,
            offset: all.len() as u64,
            limit: PAGE,
        };
        let page = service.list_pipelines(caller, query).await?.pipelines;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
