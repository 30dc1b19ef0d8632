//! `ListTranscodeTask`: the tasks of a video, the newest first.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listtranscodetask>

use reelgate_service::{AssetTask, Caller, Service};
use serde_json::{Value, json};

use super::task;
use crate::rpc::{ApiError, Params};
use crate::vod::media::{self, video};
use crate::vod::request::{self, Page};

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::required(params, "VideoId")?;
    let page = Page::read(params, 10, 50)?;
    let (from, to) = (
        request::time(params, "StartTime")?,
        request::time(params, "EndTime")?,
    );
    let found = media::one(service, caller, params).await?;
    let mut tasks = video::tasks(service, caller, &found).await?;
    tasks.retain(|task: &AssetTask| {
        let at = task.jobs[0].created_at;
        from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
    });
    let tasks: Vec<_> = page.of(tasks).iter().map(task::task).collect();
    Ok(json!({"TranscodeTaskList": tasks}))
}
