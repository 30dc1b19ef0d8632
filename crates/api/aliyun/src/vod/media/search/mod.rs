//! `SearchMedia`: an account's videos by what they are like.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-searchmedia>

mod condition;
mod scroll;

use reelgate_domain::asset::{Asset, AssetId, AssetState};
use reelgate_service::{AssetQuery, Caller, Service};
use serde_json::{Map, Value, json};

use condition::Condition;

use super::video::{self, Snapshots, Views};
use super::walk::{self, walk};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal};
use crate::vod::request::{self, Page};
use crate::vod::status::VideoStatus;

/// Pages behind this one are reached by tokens.
const LAST_PAGE: u32 = 200;
const MOST_SORTS: usize = 3;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Video,
    Audio,
    /// Images and files that belong to videos: there are none here.
    None,
}

/// Reads a condition, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(in crate::vod) fn read_condition(text: &str) -> Result<(), Refusal> {
    Condition::parse(text).map(drop)
}

/// Looks at the account's 5,000 newest or oldest videos.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = match request::optional(params, "SearchType") {
        None | Some("video") => Kind::Video,
        Some("audio") => Kind::Audio,
        Some("image" | "attached") => Kind::None,
        Some(_) => return Err(Refusal::parameter("SearchType").into()),
    };
    let page = Page::read(params, 10, 100)?;
    let oldest_first = oldest_first(params)?;
    let condition = match request::optional(params, "Match") {
        None => None,
        Some(text) => Some(Condition::parse(text)?),
    };
    let scroll = match request::optional(params, "ScrollToken") {
        None if page.number > LAST_PAGE => {
            return Err(Refusal::new(Code::MissingParameter, "ScrollToken").into());
        }
        None => None,
        Some(token) => match scroll::read(token, service.now()) {
            Some(last) => Some(last),
            None => return Err(Refusal::new(Code::ScrollToken, "").into()),
        },
    };
    let query = AssetQuery {
        oldest_first,
        ..AssetQuery::default()
    };
    let mut found = match kind {
        Kind::None => Vec::new(),
        Kind::Video | Kind::Audio => walk(service, caller, query).await?,
    };
    found.retain(|it| is_audio(it) == (kind == Kind::Audio));
    if let Some(condition) = &condition {
        found = matching(service, caller, found, condition).await?;
    }
    let total = found.len();
    let rest = match scroll {
        None => found.into_iter().skip(page.offset()).collect(),
        Some(last) => behind(found, last, oldest_first),
    };
    let shown = rest.len().min(page.size as usize);
    let token = rest.get(..shown).and_then(|shown| shown.last());
    let token = token
        .filter(|_| shown < rest.len())
        .map(|last| scroll::token(last.id, service.now()));
    let views = Views::new(service, caller, &rest[..shown]).await?;
    let fields = request::optional(params, "Fields");
    let mut list = Vec::with_capacity(shown);
    for video in &rest[..shown] {
        let view = views.view(video, Snapshots::Flat).await?;
        list.push(entry(video, view, kind, fields));
    }
    let mut answer = json!({"Total": total, "MediaList": list});
    if let Some(token) = token {
        answer["ScrollToken"] = token.into();
    }
    Ok(answer)
}

fn oldest_first(params: &Params) -> Result<bool, Refusal> {
    let Some(text) = request::optional(params, "SortBy") else {
        return Ok(false);
    };
    let fields: Vec<_> = text.split(',').map(str::trim).collect();
    if fields.len() > MOST_SORTS {
        return Err(Refusal::new(Code::SortByExceeded, ""));
    }
    match fields[..] {
        ["CreationTime:Desc"] => Ok(false),
        ["CreationTime:Asc"] => Ok(true),
        // Videos are kept by their creation: by nothing else they are in order.
        _ => Err(Refusal::parameter("SortBy")),
    }
}

/// What comes after this one, which may be gone.
fn behind(found: Vec<Asset>, last: AssetId, oldest_first: bool) -> Vec<Asset> {
    let is_behind = |it: &Asset| match oldest_first {
        true => it.id > last,
        false => it.id < last,
    };
    found.into_iter().filter(is_behind).collect()
}

fn is_audio(video: &Asset) -> bool {
    match &video.state {
        AssetState::Ready { facts, .. } => facts.video().is_none(),
        AssetState::Registered | AssetState::Unusable { .. } => false,
    }
}

async fn matching(
    service: &Service,
    caller: &Caller,
    found: Vec<Asset>,
    condition: &Condition,
) -> Result<Vec<Asset>, ApiError> {
    let mut kept = Vec::new();
    for some in found.chunks(walk::PAGE) {
        // Most conditions need no look at what was made of them.
        let words: Vec<&str> = match condition.asks_status() {
            true => {
                let statuses = video::statuses(service, caller, some).await?;
                statuses.into_iter().map(VideoStatus::word).collect()
            }
            false => vec![""; some.len()],
        };
        let found = some.iter().zip(words);
        let found = found.filter(|(video, word)| condition.holds(video, word));
        kept.extend(found.map(|(video, _)| video.clone()));
    }
    Ok(kept)
}

fn entry(video: &Asset, mut view: Map<String, Value>, kind: Kind, fields: Option<&str>) -> Value {
    if let Some(fields) = fields {
        let fields: Vec<_> = fields.split(',').map(str::trim).collect();
        view.retain(|name, _| name == "VideoId" || fields.contains(&name.as_str()));
    }
    // What only the other answers have.
    view.shift_remove("UserData");
    let at = reelgate_api_kit::time::format_utc(video.created_at.as_millis());
    let (word, name) = match kind {
        Kind::Audio => ("audio", "Audio"),
        Kind::Video | Kind::None => ("video", "Video"),
    };
    if kind == Kind::Audio
        && let Some(id) = view.shift_remove("VideoId")
    {
        view.insert("AudioId".to_owned(), id);
    }
    let mut entry = json!({
        "MediaId": video.id.to_string(),
        "MediaType": word,
        "CreationTime": at,
    });
    entry[name] = Value::Object(view);
    entry
}
