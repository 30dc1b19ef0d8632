//! `SetDefaultTranscodeTemplateGroup`: the group for uploads that name none.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-setdefaulttranscodetemplategroup>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{NO_TRANSCODE, group};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::request;

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::required(params, "TranscodeTemplateGroupId")?;
    if id != NO_TRANSCODE && group::find(service, caller, id).await?.is_none() {
        return Err(Refusal::new(Code::GroupNotFound, id).into());
    }
    group::make_default(service, caller, id).await?;
    Ok(json!({}))
}
