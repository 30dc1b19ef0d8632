//! `UpdateWaterMarkTemplate`: puts a whole watermark template in the stead of another.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-updatewatermarktemplate>

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
    let id = kept::id(&WATERMARKS, params)?;
    let template = watermark::read(params)?;
    let kept = kept::replace(service, caller, &WATERMARKS, (id, template)).await?;
    Ok(json!({"WaterMarkTemplate": watermark::shown(&kept)}))
}
