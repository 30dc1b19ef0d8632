//! `UpdateVideoInfo`: what an account says of a video.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-updatevideoinfo>

use reelgate_domain::asset::AssetChange;
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::{category, details, request};

/// What is absent stays; an empty description, list of tags or cover is taken away. A title cannot be empty, and
/// `CateId=-1` takes the category away.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    // What is given with a video cannot be changed afterwards.
    request::unserved(params, &["UserData"])?;
    let change = change(params)?;
    let video = super::one(service, caller, params).await?;
    category::check(service, caller, change.category.flatten().as_slice()).await?;
    match service.change_asset(caller, video.id, change).await {
        Ok(_) => Ok(json!({})),
        Err(error) if error.kind == ErrorKind::NotFound => {
            Err(Refusal::new(Code::VideoNotFound, "").into())
        }
        Err(error) => Err(service_error(error)),
    }
}

fn change(params: &Params) -> Result<AssetChange, Refusal> {
    let bad = Refusal::parameter;
    let or_none = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut change = AssetChange::default();
    if let Some(text) = request::optional(params, "Title") {
        change.title = Some(text.to_owned());
        if !details::is_title(text) {
            return Err(bad("Title"));
        }
    }
    if let Some(text) = params.get("Description") {
        change.description = Some(or_none(text));
        if !details::is_description(text) {
            return Err(bad("Description"));
        }
    }
    if let Some(text) = params.get("Tags") {
        change.tags = Some(details::tags(text).ok_or_else(|| bad("Tags"))?);
    }
    if let Some(text) = params.get("CoverURL") {
        change.cover_url = Some(or_none(text));
        if !text.is_empty() && !details::is_cover(text) {
            return Err(bad("CoverURL"));
        }
    }
    match request::optional(params, "CateId") {
        None => {}
        Some("-1") => change.category = Some(None),
        Some(text) => {
            let category = details::category(text).ok_or_else(|| bad("CateId"))?;
            change.category = Some(Some(category));
        }
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays_and_what_is_empty_goes() {
        let read =
            |pairs: &[(&str, &str)]| change(&Params::from_pairs(pairs.iter().copied()).unwrap());
        assert_eq!(read(&[]), Ok(AssetChange::default()));
        let emptied = read(&[
            ("Title", ""),
            ("Description", ""),
            ("Tags", ""),
            ("CoverURL", ""),
            ("CateId", "-1"),
        ]);
        let expected = AssetChange {
            description: Some(None),
            tags: Some(Vec::new()),
            cover_url: Some(None),
            category: Some(None),
            ..AssetChange::default()
        };
        assert_eq!(emptied, Ok(expected));
        assert_eq!(read(&[("CateId", "x")]), Err(Refusal::parameter("CateId")));
    }
}
