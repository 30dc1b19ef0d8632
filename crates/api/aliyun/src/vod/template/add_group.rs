//! `AddTranscodeTemplateGroup`: a new group, or more templates for one.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-addtranscodetemplategroup>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::group::{self, Group};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::{new_id, request};

/// With an id the templates join that group, whose name stays; without one a name is needed.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    let templates = match request::optional(params, "TranscodeTemplateList") {
        Some(text) => request::list("TranscodeTemplateList", text)?,
        None => Vec::new(),
    };
    let mut group = match request::optional(params, "TranscodeTemplateGroupId") {
        Some(id) => {
            let group = group::changeable(service, caller, id).await?;
            if group.locked {
                return Err(Refusal::new(Code::GroupLocked, id).into());
            }
            group
        }
        None => match group::name(params)? {
            Some(name) => Group::new(new_id(service), name),
            None => {
                let either = "Name or TranscodeTemplateGroupId";
                return Err(Refusal::new(Code::MissingParameter, either).into());
            }
        },
    };
    group.take(service, templates)?;
    let id = group.id.clone();
    group.keep(service, caller).await?;
    Ok(json!({"TranscodeTemplateGroupId": id}))
}
