//! `DeleteCategory`: a category with all that are below it. Videos in them stay and keep
//! its id, which no other category gets; they show no name of it then.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletecategory>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{Category, KIND, all, of};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::service_error;
use crate::vod::request;

/// The deepest go first: if the call breaks off, what is left is a tree.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::required(params, "CateId")?;
    let all = all(service, caller).await?;
    let root = of(&all, id)?;
    let mut doomed = vec![&root];
    let mut next = 0;
    while let Some(parent) = doomed.get(next).copied() {
        let is_below = |it: &&Category| it.parent == parent.id.cast_signed();
        doomed.extend(all.iter().filter(is_below));
        next += 1;
    }
    let mut caller = caller.clone();
    for category in doomed.into_iter().rev() {
        let id = category.id.to_string();
        let forgotten = service.forget_document(&caller, KIND, &id).await;
        if forgotten.map_err(service_error)? {
            // One write of the call carries its identity.
            caller.once = None;
        }
    }
    Ok(json!({}))
}
