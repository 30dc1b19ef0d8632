//! `GetURLUploadInfos`: how uploads go, by their ids or by what they fetch.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-geturluploadinfos>

use reelgate_service::{Caller, Service};
use serde_json::Value;

use super::upload;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    upload::infos(service, caller, params).await
}
