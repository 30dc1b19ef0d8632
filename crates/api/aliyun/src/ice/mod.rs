//! Intelligent Media Services: product `ICE`, version 2020-11-09. Of it there are fingerprints, pipelines, and the uploads
//! by URL, which are those of product vod under other names.
//!
//! One action a file. What the vendor does not document is decided where it is done; `docs/dialects/aliyun-ice.md` has
//! all of it in one table. The decisions that concern several actions are these:
//!
//! * Parameters that an action does not know are ignored, as by the vendor's gateway. Inside the JSON of `Input` and
//!   `Config` nothing is ignored.
//! * Empty texts ask for nothing and are as good as absent; of a parameter that is needed the code is `Missing{Name}`.
//! * Libraries, jobs and pipelines of other dialects are shown like own ones.

mod cancel_dna_job;
mod codes;
mod create_dna_db;
mod create_pipeline;
mod delete_dna_db;
mod delete_dna_files;
mod delete_pipeline;
mod errors;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod get_pipeline;
mod get_url_upload_infos;
mod input;
mod job;
mod library;
mod list_dna_db;
mod list_dna_files;
mod list_pipelines;
mod matches;
pub mod operations;
mod origin;
mod pipeline;
mod query_dna_job_list;
mod request;
mod subject;
mod submit_dna_job;
#[cfg(test)]
mod tests;
mod update_pipeline;
mod upload_media_by_url;

pub use matches::{RESULT_SUFFIX, matches_document};

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call, Params, Product};

/// What fingerprint jobs of this product are made by.
pub const DIALECT: &str = "ice";

/// The product, over the service.
pub struct Ice {
    service: Arc<Service>,
}

impl Ice {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

#[async_trait]
impl Product for Ice {
    fn table(&self) -> &'static Table {
        &operations::PRODUCT
    }

    fn subject(&self, params: &Params) -> Option<String> {
        subject::of(params)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (service, caller, params) = (&*self.service, call.caller, call.params);
        match call.action {
            "CancelDNAJob" => cancel_dna_job::call(service, caller, params).await,
            "CreateDNADB" => create_dna_db::call(service, caller, params).await,
            "CreatePipeline" => create_pipeline::call(service, caller, params).await,
            "DeleteDNADB" => delete_dna_db::call(service, caller, params).await,
            "DeleteDNAFiles" => delete_dna_files::call(service, caller, params).await,
            "DeletePipeline" => delete_pipeline::call(service, caller, params).await,
            "GetPipeline" => get_pipeline::call(service, caller, params).await,
            "GetUrlUploadInfos" => get_url_upload_infos::call(service, caller, params).await,
            "ListDNADB" => list_dna_db::call(service, caller, params).await,
            "ListDNAFiles" => list_dna_files::call(service, caller, params).await,
            "ListPipelines" => list_pipelines::call(service, caller, params).await,
            "QueryDNAJobList" => query_dna_job_list::call(service, caller, params).await,
            "SubmitDNAJob" => submit_dna_job::call(service, caller, params).await,
            "UpdatePipeline" => update_pipeline::call(service, caller, params).await,
            "UploadMediaByURL" => upload_media_by_url::call(service, caller, params).await,
            action => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}
