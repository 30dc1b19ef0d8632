//! `GetVideoInfos`: up to 20 videos by their names.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideoinfos>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::video::{Snapshots, Views};
use crate::rpc::{ApiError, Params};
use crate::vod::origin::{self, Upload};

/// Videos that do not exist are listed; the call succeeds even if none does.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let found = super::several(service, caller, params).await?;
    let views = Views::new(service, caller, &found.videos).await?;
    let mut list = Vec::with_capacity(found.videos.len());
    for video in &found.videos {
        let mut view = views.view(video, Snapshots::Flat).await?;
        view.insert("DownloadSwitch".to_owned(), "on".into());
        let remembered: Upload = origin::read(video.origin.as_ref());
        if let Some(group) = remembered.template_group_id {
            view.insert("TemplateGroupId".to_owned(), group.into());
        }
        list.push(Value::Object(view));
    }
    Ok(json!({
        "VideoList": list,
        "NonExistVideoIds": found.unknown_ids,
        "NonExistReferenceIds": found.unknown_references,
    }))
}
