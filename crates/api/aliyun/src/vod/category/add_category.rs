//! `AddCategory`: a category at the top or below another.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-addcategory>

use reelgate_domain::Timestamp;
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Value, json};

use super::{
    Category, DEFAULT_TYPE, MOST_CHILDREN, MOST_LEVEL, TOP, TYPES, all, check_name, of, refusal,
};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::request;

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let name = request::required(params, "CateName")?;
    check_name(name)?;
    let kind = request::optional(params, "Type").unwrap_or(DEFAULT_TYPE);
    if !TYPES.contains(&kind) {
        return Err(Refusal::parameter("Type").into());
    }
    let parent = request::optional(params, "ParentId").filter(|id| *id != "-1");
    // Of two calls that find the same next number one has to look again.
    loop {
        let all = all(service, caller).await?;
        let parent = parent.map(|id| of(&all, id)).transpose()?;
        let (parent_id, level) = match &parent {
            None => (TOP, 0),
            Some(parent) => (parent.id.cast_signed(), parent.level + 1),
        };
        if level > MOST_LEVEL {
            let about = format!("{} levels", MOST_LEVEL + 1);
            return Err(Refusal::new(Code::CategoryExceeded, about).into());
        }
        let beside = all.iter().filter(|it| it.parent == parent_id).count();
        if beside >= MOST_CHILDREN {
            let about = format!("{MOST_CHILDREN} below one");
            return Err(Refusal::new(Code::CategoryExceeded, about).into());
        }
        let category = Category {
            id: new_id(service.now(), &all),
            revision: 0,
            name: name.to_owned(),
            parent: parent_id,
            level,
            kind: kind.to_owned(),
        };
        match category.keep(service, caller, None).await {
            Ok(()) => return Ok(json!({"Category": category.view()})),
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(refusal(error)),
        }
    }
}

/// One that no category has had, not even one that is gone: videos keep the ids of those.
fn new_id(now: Timestamp, all: &[Category]) -> u64 {
    let next = all.last().map_or(0, |last| last.id + 1);
    next.max(now.as_millis().unsigned_abs())
}
