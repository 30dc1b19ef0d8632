//! `GetCategories`: a category, and a page of those right below it.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getcategories>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{Category, TOP, TYPES, all, of};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::Refusal;
use crate::vod::request::{self, Page};

/// Without an id those at the top are shown.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let page = Page::read(params, 10, 100)?;
    let newest_first = match request::optional(params, "SortBy") {
        None | Some("CreationTime:Desc") => true,
        Some("CreationTime:Asc") => false,
        Some(_) => return Err(Refusal::parameter("SortBy").into()),
    };
    let kind = request::optional(params, "Type");
    if kind.is_some_and(|kind| !TYPES.contains(&kind)) {
        return Err(Refusal::parameter("Type").into());
    }
    let all = all(service, caller).await?;
    let parent = match request::optional(params, "CateId") {
        None | Some("-1") => None,
        Some(id) => Some(of(&all, id)?),
    };
    let parent_id = parent.as_ref().map_or(TOP, |it| it.id.cast_signed());
    let is_shown =
        |it: &&Category| it.parent == parent_id && kind.is_none_or(|kind| it.kind == kind);
    let mut children: Vec<&Category> = all.iter().filter(is_shown).collect();
    if newest_first {
        children.reverse();
    }
    let total = children.len();
    let below = |id: u64| {
        all.iter()
            .filter(|it| it.parent == id.cast_signed())
            .count()
    };
    let children = page.of(children).into_iter().map(|child| {
        let mut view = child.view();
        view["SubTotal"] = below(child.id).into();
        view
    });
    let mut answer = json!({
        "SubTotal": total,
        "SubCategories": {"Category": children.collect::<Vec<_>>()},
    });
    if let Some(parent) = parent {
        answer["Category"] = parent.view();
    }
    Ok(answer)
}
