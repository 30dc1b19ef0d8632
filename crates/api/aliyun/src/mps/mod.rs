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
mod cancel_job;
mod delete_pipeline;
mod errors;
mod fields;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod input;
mod list_job;
pub mod operations;
mod origin;
mod output;
mod pipeline;
mod presets;
mod query_job_list;
mod query_pipeline_list;
mod query_template_list;
mod render;
mod request;
mod search_pipeline;
mod search_template;
#[cfg(test)]
mod shapes;
mod status;
mod submit_jobs;
#[cfg(test)]
mod tests;
mod update_pipeline;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::AccountId;
use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Caller, Operation, Params, Product};
use operations::Handling;

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
    fn name(&self) -> &'static str {
        "Mts"
    }

    fn version(&self) -> &'static str {
        "2014-06-18"
    }

    fn operation(&self, action: &str) -> Operation {
        match operations::find(action).map(|row| row.handling) {
            Some(Handling::Served(_)) => Operation::Served,
            Some(Handling::Refused(reason)) => Operation::Refused(reason),
            None => Operation::Unknown,
        }
    }

    async fn call(
        &self,
        caller: &Caller,
        action: &str,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let service = &*self.service;
        let caller = &service_caller(caller)?;
        match action {
            "AddPipeline" => add_pipeline::call(service, caller, params).await,
            "CancelJob" => cancel_job::call(service, caller, params).await,
            "DeletePipeline" => delete_pipeline::call(service, caller, params).await,
            "ListJob" => list_job::call(service, caller, params).await,
            "QueryJobList" => query_job_list::call(service, caller, params).await,
            "QueryPipelineList" => query_pipeline_list::call(service, caller, params).await,
            "QueryTemplateList" => query_template_list::call(params),
            "SearchPipeline" => search_pipeline::call(service, caller, params).await,
            "SearchTemplate" => search_template::call(params),
            "SubmitJobs" => submit_jobs::call(service, caller, params).await,
            "UpdatePipeline" => update_pipeline::call(service, caller, params).await,
            _ => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}

/// The service's view of a caller. Signed calls carry no operator's rights.
fn service_caller(caller: &Caller) -> Result<reelgate_service::Caller, ApiError> {
    let account = AccountId::new(caller.account)
        .ok_or_else(|| ApiError::internal(format!("{} is no account", caller.account)))?;
    Ok(reelgate_service::Caller {
        account,
        operator: false,
    })
}
