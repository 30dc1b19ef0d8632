//! `GetTranscodeSummary`: how the newest task of each of up to 10 videos goes.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodesummary>

use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::AssetId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::task;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::service_error;
use crate::vod::media::video;
use crate::vod::origin;
use crate::vod::request;
use crate::vod::status::task_word;

const MOST_VIDEOS: usize = 10;

/// A video of which nothing was made is in neither list.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let text = request::required(params, "VideoIds")?;
    let asked = request::items(text, MOST_VIDEOS, "VideoIds")?;
    let asked = request::each_once(asked);
    let ids: Vec<AssetId> = asked.iter().filter_map(|id| id.parse().ok()).collect();
    let found = service.assets(caller, &ids).await.map_err(service_error)?;
    let is_known = |id: &&str| found.iter().any(|video| video.id.to_string() == *id);
    let missing: Vec<&str> = asked.iter().copied().filter(|id| !is_known(id)).collect();
    let mut list = Vec::new();
    for found in &found {
        let tasks = video::tasks(service, caller, found).await?;
        let Some(newest) = tasks.first() else {
            continue;
        };
        let jobs: Vec<_> = newest.jobs.iter().map(task::summary).collect();
        let first = &newest.jobs[0];
        let mut view = json!({
            "VideoId": found.id.to_string(),
            "TranscodeStatus": task_word(&newest.jobs),
            "TranscodeTemplateGroupId": origin::transcode(first).template_group_id,
            "CreationTime": format_utc(first.created_at.as_millis()),
            "TranscodeJobInfoSummaryList": jobs,
        });
        if let Some(at) = task::completed_at(newest) {
            view["CompleteTime"] = format_utc(at.as_millis()).into();
        }
        list.push(view);
    }
    Ok(json!({"TranscodeSummaryList": list, "NonExistVideoIds": missing}))
}
