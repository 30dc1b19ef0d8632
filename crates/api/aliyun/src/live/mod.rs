//! ApsaraVideo Live, its edge transcoding: product `live`, version 2016-11-01.
//!
//! One action a file. What the vendor does not document is decided where it is done; `docs/dialects/aliyun-live.md` has
//! all of it in one table. The decisions that concern several actions are these:
//!
//! * Parameters that an action does not know are ignored, as by the vendor's gateway.
//! * Empty texts ask for nothing and are as good as absent; of a parameter that is needed the code is the product's
//!   own `MissingParameter`.
//! * A job is a stream of the account's. One that was made through another API is shown by its first address.

mod codes;
mod create_edge_transcode_job;
mod delete_edge_transcode_job;
mod errors;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod get_edge_transcode_job;
mod get_edge_transcode_template;
mod job;
mod list_edge_transcode_job;
mod list_edge_transcode_template;
pub mod operations;
mod permission;
mod request;
mod start_edge_transcode_job;
mod stop_edge_transcode_job;
mod template;
#[cfg(test)]
mod tests;
mod update_edge_transcode_job;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::{Denial, Principal, Service};
use serde_json::Value;

use crate::rpc::{ApiError, Call, Params, Product};

/// The product, over the service.
pub struct Live {
    service: Arc<Service>,
}

impl Live {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

#[async_trait]
impl Product for Live {
    fn table(&self) -> &'static Table {
        &operations::PRODUCT
    }

    fn subject(&self, params: &Params) -> Option<String> {
        request::subject(params)
    }

    fn denied(&self, principal: &Principal, denial: &Denial) -> ApiError {
        permission::denied(principal, denial)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let service = &*self.service;
        match call.action {
            "CreateEdgeTranscodeJob" => create_edge_transcode_job::call(service, call).await,
            "DeleteEdgeTranscodeJob" => delete_edge_transcode_job::call(service, call).await,
            "GetEdgeTranscodeJob" => get_edge_transcode_job::call(service, call).await,
            "GetEdgeTranscodeTemplate" => get_edge_transcode_template::call(service, call).await,
            "ListEdgeTranscodeJob" => list_edge_transcode_job::call(service, call).await,
            "ListEdgeTranscodeTemplate" => list_edge_transcode_template::call(service, call).await,
            "StartEdgeTranscodeJob" => start_edge_transcode_job::call(service, call).await,
            "StopEdgeTranscodeJob" => stop_edge_transcode_job::call(service, call).await,
            "UpdateEdgeTranscodeJob" => update_edge_transcode_job::call(service, call).await,
            action => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}
