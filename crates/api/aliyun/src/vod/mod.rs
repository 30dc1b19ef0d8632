//! ApsaraVideo VOD: product `vod`, version 2017-03-21.
//!
//! One action a file. What the vendor does not document is decided where it is done; `docs/dialects/aliyun-vod.md` has all
//! of it in one table. The decisions that concern several actions are these:
//!
//! * Parameters that an action does not know are ignored, as by the vendor's gateway. Those that ask for what is not
//!   served are refused by name.
//! * Empty texts ask for nothing and are as good as absent.
//! * A video is an asset of the account's: it appears once its file is there.

mod callback;
mod cancel_url_upload_jobs;
mod category;
pub(crate) mod codes;
pub(crate) mod details;
pub(crate) mod errors;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod get_url_upload_infos;
mod media;
pub mod operations;
pub(crate) mod origin;
pub(crate) mod request;
pub(crate) mod session;
#[cfg(test)]
pub(crate) mod shapes;
mod snapshot;
mod status;
mod subject;
pub(crate) mod template;
#[cfg(test)]
mod tests;
mod transcode;
pub(crate) mod upload;
pub(crate) mod upload_media_by_url;
pub(crate) mod user_data;

pub use callback::Callbacks;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call, Params, Product};

/// The product, over the service.
pub struct Vod {
    service: Arc<Service>,
}

impl Vod {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

#[async_trait]
impl Product for Vod {
    fn table(&self) -> &'static Table {
        &operations::PRODUCT
    }

    fn subject(&self, params: &Params) -> Option<String> {
        subject::of(params)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (service, caller, params) = (&*self.service, call.caller, call.params);
        match call.action {
            "AddCategory" => category::add_category::call(service, caller, params).await,
            "AddTranscodeTemplateGroup" => template::add_group::call(service, caller, params).await,
            "CancelUrlUploadJobs" => cancel_url_upload_jobs::call(service, caller, params).await,
            "DeleteCategory" => category::delete_category::call(service, caller, params).await,
            "DeleteTranscodeTemplateGroup" => {
                template::delete_group::call(service, caller, params).await
            }
            "DeleteVideo" => media::delete_video::call(service, caller, params).await,
            "DeleteMessageCallback" => {
                callback::delete_message_callback::call(service, caller, params).await
            }
            "GetMessageCallback" => {
                callback::get_message_callback::call(service, caller, params).await
            }
            "SetMessageCallback" => {
                callback::set_message_callback::call(service, caller, params).await
            }
            "GetCategories" => category::get_categories::call(service, caller, params).await,
            "GetMezzanineInfo" => media::get_mezzanine_info::call(service, caller, params).await,
            "GetPlayInfo" => media::get_play_info::call(service, caller, params).await,
            "GetTranscodeSummary" => {
                transcode::get_transcode_summary::call(service, caller, params).await
            }
            "GetTranscodeTask" => {
                transcode::get_transcode_task::call(service, caller, params).await
            }
            "GetTranscodeTemplateGroup" => template::get_group::call(service, caller, params).await,
            "GetURLUploadInfos" => get_url_upload_infos::call(service, caller, params).await,
            "GetVideoInfo" => media::get_video_info::call(service, caller, params).await,
            "GetVideoInfos" => media::get_video_infos::call(service, caller, params).await,
            "GetVideoList" => media::get_video_list::call(service, caller, params).await,
            "ListSnapshots" => snapshot::list_snapshots::call(service, caller, params).await,
            "ListTranscodeTask" => {
                transcode::list_transcode_task::call(service, caller, params).await
            }
            "ListTranscodeTemplateGroup" => {
                template::list_groups::call(service, caller, params).await
            }
            "RegisterMedia" => media::register_media::call(service, caller, params).await,
            "SearchMedia" => media::search::call(service, caller, params).await,
            "SetDefaultTranscodeTemplateGroup" => {
                template::set_default_group::call(service, caller, params).await
            }
            "SubmitSnapshotJob" => {
                snapshot::submit_snapshot_job::call(service, caller, params).await
            }
            "SubmitTranscodeJobs" => {
                transcode::submit_transcode_jobs::call(service, caller, params).await
            }
            "UpdateCategory" => category::update_category::call(service, caller, params).await,
            "UpdateTranscodeTemplateGroup" => {
                template::update_group::call(service, caller, params).await
            }
            "UpdateVideoInfo" => media::update_video_info::call(service, caller, params).await,
            "UploadMediaByURL" => upload_media_by_url::call(service, caller, params).await,
            action => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}

/// An id for something that only this product keeps.
fn new_id(service: &Service) -> String {
    service.new_document_id()
}
