//! `DeleteWaterMarkTemplate`: takes a watermark template out of use.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-deletewatermarktemplate>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::kept::{self, WATERMARKS};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = kept::id(&WATERMARKS, params)?;
    kept::delete(service, caller, &WATERMARKS, id).await?;
    Ok(json!({"WaterMarkTemplateId": id}))
}
