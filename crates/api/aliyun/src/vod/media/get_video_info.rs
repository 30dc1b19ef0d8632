//! `GetVideoInfo`: all about one video.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideoinfo>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::video::{Snapshots, Views};
use crate::rpc::{ApiError, Params};
use crate::vod::origin::{self, Upload};

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let video = super::one(service, caller, params).await?;
    let views = Views::new(service, caller, std::slice::from_ref(&video)).await?;
    let mut view = views.view(&video, Snapshots::Wrapped).await?;
    view.insert("DownloadSwitch".to_owned(), "on".into());
    let remembered: Upload = origin::read(video.origin.as_ref());
    if let Some(group) = remembered.template_group_id {
        view.insert("TemplateGroupId".to_owned(), group.into());
    }
    Ok(json!({"Video": view}))
}
