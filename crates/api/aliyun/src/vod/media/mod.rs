//! Videos: registered, shown, found, changed, deleted, played.

pub(super) mod delete_video;
pub(super) mod get_mezzanine_info;
pub(super) mod get_play_info;
pub(super) mod get_video_info;
pub(super) mod get_video_infos;
pub(super) mod get_video_list;
pub(super) mod register_media;
pub(super) mod search;
pub(super) mod update_video_info;
pub(super) mod video;
mod walk;

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_service::{Caller, Service};

use super::errors::{Code, Refusal, service_error};
use super::request;
use crate::rpc::{ApiError, Params};

/// The most videos that a call may name.
const MOST_NAMED: usize = 20;

/// The video that a call is about: by its id, or by the name that the account gave it.
pub(super) async fn one(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Asset, ApiError> {
    let found = if let Some(text) = request::optional(params, "VideoId") {
        match text.parse::<AssetId>() {
            Ok(id) => service.assets(caller, &[id]).await,
            Err(_) => Ok(Vec::new()),
        }
    } else if let Some(reference) = request::optional(params, "ReferenceId") {
        service
            .assets_referred(caller, &[reference.to_owned()])
            .await
    } else {
        let either = "VideoId or ReferenceId";
        return Err(Refusal::new(Code::MissingParameter, either).into());
    };
    let found = found.map_err(service_error)?.into_iter().next();
    found.ok_or_else(|| Refusal::new(Code::VideoNotFound, "").into())
}

/// The videos that a call names, and what it names that is none.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) videos: Vec<Asset>,
    pub(super) unknown_ids: Vec<String>,
    pub(super) unknown_references: Vec<String>,
}

/// Several videos by their ids, or by the account's names for them if there are no ids.
pub(super) async fn several(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Found, ApiError> {
    let mut found = Found::default();
    if let Some(text) = request::optional(params, "VideoIds") {
        let ids = named(text, "VideoIds")?;
        let parsed: Vec<AssetId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let videos = service.assets(caller, &parsed).await;
        found.videos = videos.map_err(service_error)?;
        let known: Vec<_> = found.videos.iter().map(|it| it.id.to_string()).collect();
        let unknown = ids
            .into_iter()
            .filter(|id| !known.iter().any(|it| it == id));
        found.unknown_ids = unknown.map(str::to_owned).collect();
    } else if let Some(text) = request::optional(params, "ReferenceIds") {
        let names: Vec<_> = named(text, "ReferenceIds")?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let videos = service.assets_referred(caller, &names).await;
        found.videos = videos.map_err(service_error)?;
        let videos = &found.videos;
        let is_known = |name: &String| {
            videos
                .iter()
                .any(|it| it.details.reference.as_ref() == Some(name))
        };
        found.unknown_references = names.into_iter().filter(|name| !is_known(name)).collect();
    } else {
        let either = "VideoIds or ReferenceIds";
        return Err(Refusal::new(Code::MissingParameter, either).into());
    }
    Ok(found)
}

fn named<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, Refusal> {
    let items = request::items(text, usize::MAX, name)?;
    if items.len() > MOST_NAMED {
        return Err(Refusal::new(Code::VideoIdsExceeded, name));
    }
    Ok(request::each_once(items))
}
