//! `GetTranscodeTemplateGroup`: a group with its templates.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodetemplategroup>

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
    let found = match id {
        NO_TRANSCODE => Some(group::Group::new(id.to_owned(), id.to_owned())),
        id => group::find(service, caller, id).await?,
    };
    let found = found.ok_or_else(|| Refusal::new(Code::GroupNotFound, id))?;
    let default = group::default_id(service, caller).await?;
    Ok(json!({"TranscodeTemplateGroup": found.view(Some(&default), true)}))
}
