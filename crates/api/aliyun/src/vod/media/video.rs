//! A video as answers show it.

use std::collections::BTreeMap;

use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::{Asset, AssetState};
use reelgate_domain::job::{Job, JobKind, JobSpec, StateName};
use reelgate_domain::media::MediaFacts;
use reelgate_service::{AssetTask, Caller, ErrorKind, Service};
use serde_json::{Map, Value, json};

use crate::rpc::ApiError;
use crate::vod::category;
use crate::vod::errors::service_error;
use crate::vod::origin::{self, Upload};
use crate::vod::request::APP_ID;
use crate::vod::status::VideoStatus;
use crate::vod::template::NO_TRANSCODE;

/// How long the address of a picture is good.
const PICTURE_SECONDS: u64 = 24 * 3600;

/// Where the pictures of a video stand in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vod) enum Snapshots {
    /// A list in an object of its own.
    Wrapped,
    /// The list itself.
    Flat,
}

/// What views of several videos have in common.
pub(in crate::vod) struct Views<'a> {
    service: &'a Service,
    caller: &'a Caller,
    categories: BTreeMap<u64, String>,
}

impl<'a> Views<'a> {
    /// For these videos.
    pub(in crate::vod) async fn new(
        service: &'a Service,
        caller: &'a Caller,
        videos: &[Asset],
    ) -> Result<Self, ApiError> {
        let categories = videos.iter().filter_map(|video| video.details.category);
        let categories = categories.collect();
        Ok(Self {
            service,
            caller,
            categories: category::names(service, caller, &categories).await?,
        })
    }

    /// The members that all answers have about a video.
    pub(in crate::vod) async fn view(
        &self,
        video: &Asset,
        snapshots: Snapshots,
    ) -> Result<Map<String, Value>, ApiError> {
        let (service, caller) = (self.service, self.caller);
        let tasks = tasks(service, caller, video).await?;
        let remembered: Upload = origin::read(video.origin.as_ref());
        let details = &video.details;
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("VideoId", video.id.to_string().into());
        put("Title", details.title.as_str().into());
        if let Some(text) = &details.description {
            put("Description", text.as_str().into());
        }
        if !details.tags.is_empty() {
            put("Tags", details.tags.join(",").into());
        }
        if let Some(category) = details.category {
            put("CateId", category.into());
            if let Some(name) = self.categories.get(&category) {
                put("CateName", name.as_str().into());
            }
        }
        if let Some(reference) = &details.reference {
            put("ReferenceId", reference.as_str().into());
        }
        put("Status", status(video, &tasks).word().into());
        if let AssetState::Ready { facts, .. } = &video.state {
            put("Size", facts.format.size_bytes.into());
            put("Duration", seconds(facts).into());
        }
        put(
            "CreationTime",
            format_utc(video.created_at.as_millis()).into(),
        );
        put(
            "ModificationTime",
            format_utc(video.modified_at.as_millis()).into(),
        );
        put("AppId", APP_ID.into());
        put("StorageLocation", video.file.bucket.as_str().into());
        put("StorageClass", "Standard".into());
        if let Some(user_data) = remembered.user_data {
            put("UserData", user_data.into());
        }
        let cover = cover(service, caller, video).await?;
        let mut pictures = Vec::new();
        if let Some(cover) = cover {
            put("CoverURL", cover.as_str().into());
            pictures.push(cover);
        }
        put(
            "Snapshots",
            match snapshots {
                Snapshots::Wrapped => json!({"Snapshot": pictures}),
                Snapshots::Flat => pictures.into(),
            },
        );
        Ok(members)
    }
}

/// What was made of a video, the newest first, without jobs that transcode nothing.
pub(in crate::vod) async fn tasks(
    service: &Service,
    caller: &Caller,
    video: &Asset,
) -> Result<Vec<AssetTask>, ApiError> {
    let tasks = service.asset_tasks(caller, video.id, JobKind::Transcode);
    tasks.await.map_err(service_error)
}

pub(in crate::vod) fn is_transcode(job: &Job) -> bool {
    matches!(job.spec, JobSpec::Transcode(_))
}

pub(in crate::vod) fn status(video: &Asset, tasks: &[AssetTask]) -> VideoStatus {
    let jobs = tasks.iter().flat_map(|task| &task.jobs);
    let states: Vec<_> = jobs.map(|job| job.lifecycle.state.name()).collect();
    status_after(video, &states)
}

/// The state that a video has with transcodes in these. One that came without a template group is good as it is: what
/// is asked for later takes it off no air.
fn status_after(video: &Asset, transcodes: &[StateName]) -> VideoStatus {
    let remembered: Upload = origin::read(video.origin.as_ref());
    let group = remembered.template_group_id;
    let is_awaited = group.is_some_and(|group| group != NO_TRANSCODE);
    let transcodes = if is_awaited { transcodes } else { &[] };
    VideoStatus::of(&video.state, transcodes)
}

/// The states of videos, by two looks at all of them.
pub(in crate::vod) async fn statuses(
    service: &Service,
    caller: &Caller,
    videos: &[Asset],
) -> Result<Vec<VideoStatus>, ApiError> {
    let ids: Vec<_> = videos.iter().map(|video| video.id).collect();
    let transcodes = service.asset_transcodes(caller, &ids).await;
    let transcodes = transcodes.map_err(service_error)?;
    let of = |video: &Asset| {
        let states = transcodes.get(&video.id).map_or(&[][..], Vec::as_slice);
        status_after(video, states)
    };
    Ok(videos.iter().map(of).collect())
}

/// The address of a video's picture: the one that the account named, or of the one that was made.
pub(in crate::vod) async fn cover(
    service: &Service,
    caller: &Caller,
    video: &Asset,
) -> Result<Option<String>, ApiError> {
    if let Some(url) = &video.details.cover_url {
        return Ok(Some(url.clone()));
    }
    let Some(cover) = &video.cover else {
        return Ok(None);
    };
    match service.share_object(caller, cover, PICTURE_SECONDS).await {
        Ok(url) => Ok(Some(url)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(service_error(error)),
    }
}

/// How long it is, to the millisecond.
pub(in crate::vod) fn seconds(facts: &MediaFacts) -> f64 {
    let seconds = facts.format.duration_seconds.unwrap_or(0.0);
    (seconds * 1000.0).round() / 1000.0
}

/// A number of seconds as text.
pub(in crate::vod) fn seconds_text(facts: &MediaFacts) -> String {
    format!("{:.3}", seconds(facts))
}

/// Bits a second of the whole file, as text in kbit/s.
pub(in crate::vod) fn kilobits_text(facts: &MediaFacts) -> String {
    let kilobits = facts.format.bit_rate.unwrap_or(0) as f64 / 1000.0;
    format!("{kilobits:.3}")
}

/// Pictures a second of the first video stream, as text.
pub(in crate::vod) fn rate_text(facts: &MediaFacts) -> Option<String> {
    let (_, video) = facts.video()?;
    let rate = video
        .average_rate
        .as_deref()
        .or(video.base_rate.as_deref())?;
    let (over, under) = rate.split_once('/').unwrap_or((rate, "1"));
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0.0).then(|| format!("{:.3}", over / under))
}

/// Width and height of the picture as it is shown; none of a file without moving pictures.
pub(in crate::vod) fn size(facts: &MediaFacts) -> Option<(u32, u32)> {
    let (_, video) = facts.video()?;
    Some(match video.rotation {
        90 | 270 => (video.height, video.width),
        _ => (video.width, video.height),
    })
}

#[cfg(test)]
mod tests {
    use reelgate_domain::asset::{AssetDetails, AssetId};
    use reelgate_domain::{JobId, Timestamp};
    use reelgate_testkit::{account, object};

    use super::*;

    /// A video whose file is good, which came with this template group.
    fn video(group: Option<&str>) -> Asset {
        Asset {
            id: AssetId::from_bytes([1; 16]),
            account: account(1),
            file: object("a.mp4"),
            state: AssetState::Ready {
                facts: Box::new(MediaFacts::default()),
                sha256: None,
            },
            details: AssetDetails::default(),
            cover: None,
            job: JobId::from_bytes([2; 16]),
            origin: Some(origin::ours(&Upload {
                template_group_id: group.map(str::to_owned),
                ..Upload::default()
            })),
            created_at: Timestamp::from_millis(0),
            modified_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn transcodes_that_are_asked_for_later_take_no_video_off_the_air() {
        for states in [&[][..], &[StateName::Queued], &[StateName::Failed]] {
            for group in [None, Some(NO_TRANSCODE)] {
                assert_eq!(status_after(&video(group), states), VideoStatus::Normal);
            }
        }
        let with_group = |states: &[StateName]| status_after(&video(Some("films")), states);
        assert_eq!(with_group(&[StateName::Queued]), VideoStatus::Transcoding);
        assert_eq!(with_group(&[StateName::Failed]), VideoStatus::TranscodeFail);
        let again = [StateName::Queued, StateName::Succeeded];
        assert_eq!(with_group(&again), VideoStatus::Normal);
    }
}
