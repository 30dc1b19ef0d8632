//! `QueryTemplateList`: templates by id, presets and the account's own ones, deleted ones among them.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querytemplatelist>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::form::{self, View};
use super::kept::{self, TRANSCODING};
use crate::mps::{presets, request};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let ids = request::items("TemplateIds", request::required(params, "TemplateIds")?)?;
    let (mut templates, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        if let Some(preset) = presets::find(id) {
            templates.push(preset.template());
            continue;
        }
        match kept::find(service, caller, &TRANSCODING, id).await? {
            Some(kept) => templates.push(form::shown(&kept, View::Query)),
            None => missing.push(id),
        }
    }
    let mut answer = json!({"TemplateList": {"Template": templates}});
    if !missing.is_empty() {
        answer["NonExistTids"] = json!({"String": missing});
    }
    Ok(answer)
}
