//! `GetVideoList`: an account's videos, a page at a time.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getvideolist>

use reelgate_domain::asset::Asset;
use reelgate_service::{AssetQuery, Caller, Service};
use serde_json::{Value, json};

use super::video::{self, Snapshots, Views};
use super::walk::{self, walk};
use crate::rpc::{ApiError, Params};
use crate::vod::details;
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request::{self, Page};
use crate::vod::status::VideoStatus;

const MOST_STATUSES: usize = 9;

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let page = Page::read(params, 10, 100)?;
    if page.offset() >= walk::MOST {
        return Err(Refusal::new(Code::VideoListExceeded, "").into());
    }
    let oldest_first = match request::optional(params, "SortBy") {
        None | Some("CreationTime:Desc") => false,
        Some("CreationTime:Asc") => true,
        Some(_) => return Err(Refusal::parameter("SortBy").into()),
    };
    let category = match request::optional(params, "CateId") {
        None => None,
        Some(text) => Some(details::category(text).ok_or_else(|| Refusal::parameter("CateId"))?),
    };
    let statuses = match request::optional(params, "Status") {
        None => Vec::new(),
        Some(text) => request::items(text, MOST_STATUSES, "Status")?,
    };
    if !statuses.iter().all(|word| VideoStatus::is_word(word)) {
        return Err(Refusal::parameter("Status").into());
    }
    let query = AssetQuery {
        category,
        created_from: request::time(params, "StartTime")?,
        created_to: request::time(params, "EndTime")?,
        oldest_first,
        ..AssetQuery::default()
    };
    let mut videos = match request::optional(params, "ReferenceIds") {
        Some(text) => {
            let names = request::items(text, super::MOST_NAMED, "ReferenceIds")?;
            let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
            let found = service.assets_referred(caller, &names).await;
            let mut found = found.map_err(service_error)?;
            found.retain(|video| fits(video, &query));
            found
        }
        None => walk(service, caller, query).await?,
    };
    if let Some(location) = request::optional(params, "StorageLocation") {
        let bucket = location.split('.').next().unwrap_or_default();
        videos.retain(|video| video.file.bucket.as_str() == bucket);
    }
    if !statuses.is_empty() {
        videos = of_status(service, caller, videos, &statuses).await?;
    }
    let total = videos.len();
    let shown = page.of(videos);
    let views = Views::new(service, caller, &shown).await?;
    let mut list = Vec::with_capacity(shown.len());
    for video in &shown {
        list.push(Value::Object(views.view(video, Snapshots::Wrapped).await?));
    }
    Ok(json!({"Total": total, "VideoList": {"Video": list}}))
}

fn fits(video: &Asset, query: &AssetQuery) -> bool {
    let is_of = query
        .category
        .is_none_or(|wanted| video.details.category == Some(wanted));
    let is_after = query
        .created_from
        .is_none_or(|from| video.created_at >= from);
    let is_before = query.created_to.is_none_or(|to| video.created_at <= to);
    is_of && is_after && is_before
}

async fn of_status(
    service: &Service,
    caller: &Caller,
    videos: Vec<Asset>,
    wanted: &[&str],
) -> Result<Vec<Asset>, ApiError> {
    let mut kept = Vec::new();
    for some in videos.chunks(walk::PAGE) {
        let statuses = video::statuses(service, caller, some).await?;
        let found = some.iter().zip(statuses);
        let found = found.filter(|(_, status)| wanted.contains(&status.word()));
        kept.extend(found.map(|(video, _)| video.clone()));
    }
    Ok(kept)
}
