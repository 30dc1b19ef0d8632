//! `QueryWaterMarkTemplateList`: watermark templates by id, deleted ones among them.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querywatermarktemplatelist>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::kept::{self, WATERMARKS};
use super::watermark;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    const NAME: &str = "WaterMarkTemplateIds";
    let ids = request::items(NAME, request::required(params, NAME)?)?;
    let (mut templates, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match kept::find(service, caller, &WATERMARKS, id).await? {
            Some(kept) => templates.push(watermark::shown(&kept)),
            None => missing.push(id),
        }
    }
    let mut answer = json!({"WaterMarkTemplateList": {"WaterMarkTemplate": templates}});
    if !missing.is_empty() {
        answer["NonExistWids"] = json!({"String": missing});
    }
    Ok(answer)
}
