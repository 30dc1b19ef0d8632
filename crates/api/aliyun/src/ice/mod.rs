//! Intelligent Media Services: product `ICE`, version 2020-11-09. Of it there are the uploads by URL, which are those of
//! product vod under other names.

mod get_url_upload_infos;
pub mod operations;
#[cfg(test)]
mod tests;
mod upload_media_by_url;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call, Product};

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

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (service, caller, params) = (&*self.service, call.caller, call.params);
        match call.action {
            "GetUrlUploadInfos" => get_url_upload_infos::call(service, caller, params).await,
            "UploadMediaByURL" => upload_media_by_url::call(service, caller, params).await,
            action => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}
