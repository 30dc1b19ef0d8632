//! `ListTranscodeTemplateGroup`: the groups, without their templates.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listtranscodetemplategroup>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{NO_TRANSCODE, group};
use crate::rpc::{ApiError, Params};
use crate::vod::request;

/// The group that makes nothing is there in every account.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    let none = group::Group::new(NO_TRANSCODE.to_owned(), NO_TRANSCODE.to_owned());
    let mut groups = vec![none];
    groups.extend(group::all(service, caller).await?);
    let default = group::default_id(service, caller).await?;
    let views: Vec<_> = groups
        .iter()
        .map(|it| it.view(Some(&default), false))
        .collect();
    Ok(json!({"TranscodeTemplateGroupList": views}))
}
