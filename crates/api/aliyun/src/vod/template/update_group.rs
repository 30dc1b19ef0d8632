//! `UpdateTranscodeTemplateGroup`: a group's name, its lock, its templates.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatetranscodetemplategroup>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::group;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::request;

/// A template that names its id takes that one's place, any other joins. A locked group takes nothing but its lock
/// being opened, which may come with other changes.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::required(params, "TranscodeTemplateGroupId")?;
    let locked = match request::optional(params, "Locked") {
        None => None,
        Some("Enabled") => Some(true),
        Some("Disabled") => Some(false),
        Some(_) => return Err(Refusal::parameter("Locked").into()),
    };
    let name = group::name(params)?;
    let mut group = group::changeable(service, caller, id).await?;
    if group.locked && locked != Some(false) {
        return Err(Refusal::new(Code::GroupLocked, id).into());
    }
    if let Some(text) = request::optional(params, "TranscodeTemplateList") {
        group.take(service, request::list("TranscodeTemplateList", text)?)?;
    }
    group.name = name.unwrap_or(group.name);
    group.locked = locked.unwrap_or(group.locked);
    group.keep(service, caller).await?;
    Ok(json!({"TranscodeTemplateGroupId": id}))
}
