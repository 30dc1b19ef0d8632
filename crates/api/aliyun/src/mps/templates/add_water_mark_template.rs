//! `AddWaterMarkTemplate`: keeps a watermark template under a new id.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-addwatermarktemplate>

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
    let template = watermark::read(params)?;
    let kept = kept::add(service, caller, &WATERMARKS, template).await?;
    Ok(json!({"WaterMarkTemplate": watermark::shown(&kept)}))
}
