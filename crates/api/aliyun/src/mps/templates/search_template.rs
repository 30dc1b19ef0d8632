//! `SearchTemplate`: the account's own templates by state and beginning of the name. Presets are not among them.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-searchtemplate>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::form::{self, View};
use super::kept::{self, TRANSCODING};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let (found, page, total) = kept::search(service, caller, &TRANSCODING, params).await?;
    let shown = found.iter().map(|kept| form::shown(kept, View::Search));
    let templates: Vec<Value> = shown.collect();
    Ok(json!({
        "TemplateList": {"Template": templates},
        "TotalCount": total,
        "PageNumber": page.number,
        "PageSize": page.size,
    }))
}
