//! ApsaraVideo Media Processing: product `Mts`, version 2014-06-18.
//!
//! One action a file. What the vendor does not document is decided where it is done and said there; the decisions that
//! concern several actions are these:
//!
//! * Parameters that an action does not know are ignored, as by the vendor's gateway. Inside the JSON of `Input`,
//!   `Outputs` and the pipeline configurations nothing is ignored: fields that are not served are refused by name.
//! * Empty texts, lists and objects ask for nothing and are as good as absent.
//! * Location names are accepted whatever they say, and repeated.
//! * Jobs and pipelines of other dialects are shown like own ones.

mod add_pipeline;
mod analyses;
mod beside;
mod cancel_job;
mod codes;
mod configs;
mod delete_pipeline;
mod documents;
mod errors;
mod fields;
mod fingerprints;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod input;
mod list_job;
mod media_infos;
pub mod notify;
pub mod operations;
mod origin;
mod output;
mod pipeline;
mod presets;
mod query_job_list;
mod query_pipeline_list;
mod render;
mod request;
mod search_pipeline;
#[cfg(test)]
mod shapes;
mod snapshots;
mod status;
mod subject;
mod submit_jobs;
pub(crate) mod template;
mod templates;
#[cfg(test)]
mod tests;
mod update_pipeline;

pub(crate) use pipeline::SPEED as PIPELINE_SPEED;
pub use presets::preset_settings;
pub(crate) use status::{parse_pipeline, pipeline_word};

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call, Params, Product};

/// The product, over the service.
pub struct Mts {
    service: Arc<Service>,
}

impl Mts {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

#[async_trait]
impl Product for Mts {
    fn table(&self) -> &'static Table {
        &operations::PRODUCT
    }

    fn subject(&self, params: &Params) -> Option<String> {
        subject::of(params)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let service = &*self.service;
        let Call {
            caller,
            params,
            request_id,
            ..
        } = *call;
        match call.action {
            "AddPipeline" => add_pipeline::call(service, caller, params).await,
            "CancelJob" => cancel_job::call(service, caller, params).await,
            "DeletePipeline" => delete_pipeline::call(service, caller, params).await,
            "ListJob" => list_job::call(service, caller, params).await,
            "QueryJobList" => query_job_list::call(service, caller, params).await,
            "QueryPipelineList" => query_pipeline_list::call(service, caller, params).await,
            "SearchPipeline" => search_pipeline::call(service, caller, params).await,
            "SubmitJobs" => submit_jobs::call(service, caller, params, request_id).await,
            "UpdatePipeline" => update_pipeline::call(service, caller, params).await,
            action => {
                if let Some(answer) = analyses::call(service, call).await {
                    return answer;
                }
                if let Some(answer) = fingerprints::call(service, call).await {
                    return answer;
                }
                if let Some(answer) = media_infos::call(service, call).await {
                    return answer;
                }
                if let Some(answer) = snapshots::call(service, call).await {
                    return answer;
                }
                if let Some(answer) = templates::call(service, call).await {
                    return answer;
                }
                Err(ApiError::internal(format!("{action} has no code")))
            }
        }
    }
}
