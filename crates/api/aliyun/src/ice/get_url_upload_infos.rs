//! `GetUrlUploadInfos`: how uploads go, by their ids or by what they fetch.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-geturluploadinfos>

use reelgate_service::{Caller, Service};
use serde_json::Value;

use crate::rpc::{ApiError, Params};
use crate::vod::upload;

/// The answer is of the same shape as the other product's.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    upload::infos(service, caller, params).await
}
