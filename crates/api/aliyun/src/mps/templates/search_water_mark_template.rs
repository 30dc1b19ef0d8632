//! `SearchWaterMarkTemplate`: the account's watermark templates by state, the newest first.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-searchwatermarktemplate>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::kept::{self, WATERMARKS};
use super::watermark;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let (found, page, total) = kept::search(service, caller, &WATERMARKS, params).await?;
    let templates: Vec<Value> = found.iter().map(watermark::shown).collect();
    Ok(json!({
        "WaterMarkTemplateList": {"WaterMarkTemplate": templates},
        "TotalCount": total,
        "PageNumber": page.number,
        "PageSize": page.size,
    }))
}
