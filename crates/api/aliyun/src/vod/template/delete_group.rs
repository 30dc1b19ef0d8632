//! `DeleteTranscodeTemplateGroup`: some of a group's templates, or all of it.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletetranscodetemplategroup>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::group;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::request;

const MOST_TEMPLATES: usize = 10;

/// With `ForceDelGroup=true` the group goes with all that is in it; without it the templates that are named go, and one
/// of both has to be asked for. What is being made by the templates goes on.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::required(params, "TranscodeTemplateGroupId")?;
    let whole = match request::optional(params, "ForceDelGroup") {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("true") => true,
        Some(text) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(Refusal::parameter("ForceDelGroup").into()),
    };
    let mut group = group::changeable(service, caller, id).await?;
    if group.locked {
        return Err(Refusal::new(Code::GroupLocked, id).into());
    }
    if whole {
        if group::default_id(service, caller).await? == id {
            return Err(Refusal::new(Code::GroupDefault, id).into());
        }
        group::forget(service, caller, id).await?;
        return Ok(json!({"NonExistTranscodeTemplateIds": []}));
    }
    let Some(text) = request::optional(params, "TranscodeTemplateIds") else {
        let either = "TranscodeTemplateIds or ForceDelGroup";
        return Err(Refusal::new(Code::MissingParameter, either).into());
    };
    let ids = request::items(text, MOST_TEMPLATES, "TranscodeTemplateIds")?;
    let ids = request::each_once(ids);
    let mut missing = ids.clone();
    missing.retain(|id| !group.templates.iter().any(|it| it.id == *id));
    if missing.len() < ids.len() {
        group.templates.retain(|it| !ids.contains(&it.id.as_str()));
        group.keep(service, caller).await?;
    }
    Ok(json!({"NonExistTranscodeTemplateIds": missing}))
}
