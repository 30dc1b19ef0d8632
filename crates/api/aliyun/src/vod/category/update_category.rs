//! `UpdateCategory`: another name for a category.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatecategory>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{Category, all, check_name, of, refusal};
use crate::rpc::{ApiError, Params};
use crate::vod::request;

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::required(params, "CateId")?;
    let name = request::required(params, "CateName")?;
    check_name(name)?;
    let known = of(&all(service, caller).await?, id)?;
    let replaces = Some(known.revision);
    let category = Category {
        name: name.to_owned(),
        ..known
    };
    let kept = category.keep(service, caller, replaces).await;
    kept.map_err(refusal)?;
    Ok(json!({}))
}
