//! `ListSnapshots`: the pictures of a video, by what they are for.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-listsnapshots>

use std::collections::HashSet;

use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::Asset;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Job, JobKind, JobSpec};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{JobId, ObjectKey, ObjectRef, Timestamp};
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Refusal, service_error};
use crate::vod::media;
use crate::vod::request::{self, Page};

const MOST_SECONDS: u32 = 30 * 24 * 3600;

/// Those of the newest job that made pictures of the kind. If there are none the answer has an empty list.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::required(params, "VideoId")?;
    let seconds = request::number(params, "AuthTimeout", 3600..=MOST_SECONDS, 3600)?;
    let page = Page::read(params, 20, 100)?;
    let kind = Kind::read(params)?;
    let video = media::one(service, caller, params).await?;
    let Some(pictures) = kind.of(service, caller, &video).await? else {
        let empty = json!({"Total": 0, "Snapshots": {"Snapshot": []}});
        return Ok(json!({"MediaSnapshot": empty}));
    };
    let total = pictures.files.len();
    let mut list = Vec::new();
    for (index, file) in page.of((1..).zip(pictures.files).collect::<Vec<(usize, _)>>()) {
        match service.share_object(caller, &file, seconds.into()).await {
            Ok(url) => list.push(json!({"Index": index, "Url": url})),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(service_error(error)),
        }
    }
    Ok(json!({"MediaSnapshot": {
        "Total": total,
        "CreationTime": format_utc(pictures.at.as_millis()),
        "JobId": pictures.job.to_string(),
        "Snapshots": {"Snapshot": list},
    }}))
}

/// What pictures are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vod) enum Kind {
    Cover,
    Normal,
    Sprite,
    /// The single pictures of sheets.
    SpriteOrigin,
    /// What says when which part of which sheet is shown.
    WebVtt,
}

/// Pictures, and the job that made them.
struct Made {
    job: JobId,
    at: Timestamp,
    files: Vec<ObjectRef>,
}

impl Kind {
    fn read(params: &Params) -> Result<Self, Refusal> {
        Ok(match request::optional(params, "SnapshotType") {
            None | Some("CoverSnapshot") => Self::Cover,
            Some("NormalSnapshot") => Self::Normal,
            Some("SpriteSnapshot") => Self::Sprite,
            Some("SpriteOriginSnapshot") => Self::SpriteOrigin,
            Some("WebVttSnapshot") => Self::WebVtt,
            Some(_) => return Err(Refusal::parameter("SnapshotType")),
        })
    }

    async fn of(
        self,
        service: &Service,
        caller: &Caller,
        video: &Asset,
    ) -> Result<Option<Made>, ApiError> {
        if self == Self::Cover {
            return Ok(video.cover.clone().map(|cover| Made {
                job: video.job,
                at: video.created_at,
                files: vec![cover],
            }));
        }
        let tasks = service.asset_tasks(caller, video.id, JobKind::Snapshot);
        let tasks = tasks.await.map_err(service_error)?;
        let mut jobs = tasks.iter().flat_map(|task| &task.jobs);
        Ok(jobs.find_map(|job| self.made_by(job)))
    }

    fn made_by(self, job: &Job) -> Option<Made> {
        let keys = made_by(self, job);
        let OutputResult::Done { object, .. } = job.results.first()? else {
            return None;
        };
        let files = keys.into_iter().map(|key| ObjectRef {
            bucket: object.bucket.clone(),
            key: key.clone(),
        });
        let files: Vec<_> = files.collect();
        (!files.is_empty()).then_some(Made {
            job: job.id,
            at: job.created_at,
            files,
        })
    }
}

/// The pictures of a kind that a job has made, in their order.
pub(in crate::vod) fn made_by(kind: Kind, job: &Job) -> Vec<&ObjectKey> {
    let (JobSpec::Snapshot(spec), Some(OutputResult::Done { files, .. })) =
        (&job.spec, job.results.first())
    else {
        return Vec::new();
    };
    let files = files.iter().map(|file| &file.key);
    let names = Names::of(spec);
    let mut keys: Vec<&ObjectKey> = files.filter(|key| names.kind_of(key) == kind).collect();
    keys.sort_unstable();
    keys
}

/// How the files of a job of sheets are called; of other jobs, nothing.
struct Names<'a> {
    spec: &'a SnapshotSpec,
    cues: Option<ObjectKey>,
    sheets: HashSet<ObjectKey>,
}

impl<'a> Names<'a> {
    fn of(spec: &'a SnapshotSpec) -> Self {
        let mut names = Self {
            spec,
            cues: None,
            sheets: HashSet::new(),
        };
        if spec.sprite.is_some() {
            names.cues = spec.cues().ok();
            // More sheets than pictures there cannot be.
            let numbers = 1..=SnapshotSpec::MAX_PICTURES;
            names.sheets = numbers.filter_map(|it| spec.numbered(it).ok()).collect();
            names.sheets.insert(spec.output.key.clone());
        }
        names
    }

    /// What a file of the job is for.
    fn kind_of(&self, key: &ObjectKey) -> Kind {
        if self.spec.sprite.is_none() {
            Kind::Normal
        } else if self.cues.as_ref() == Some(key) {
            Kind::WebVtt
        } else if self.sheets.contains(key) {
            Kind::Sprite
        } else {
            Kind::SpriteOrigin
        }
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, Sprite};
    use reelgate_testkit::object;

    use super::*;

    #[test]
    fn a_file_is_for_what_its_name_says() {
        let pictures = SnapshotSpec {
            input: object("a.mp4"),
            output: object("vod/v/j/j.jpg"),
            moments: Moments::At(vec![0, 1]),
            width: None,
            height: None,
            format: PictureFormat::Jpeg,
            long_side: None,
            naming: Naming::Numbered,
            archive: None,
            key_frames: false,
            not_black: None,
            sprite: None,
        };
        let sheets = SnapshotSpec {
            sprite: Some(Sprite {
                columns: 1,
                rows: 1,
                cell_width: None,
                cell_height: None,
                padding: 0,
                margin: 0,
                keep_pictures: true,
                ..Sprite::default()
            }),
            ..pictures.clone()
        };
        let last = pictures.numbered(SnapshotSpec::MAX_PICTURES).unwrap();
        assert_eq!(Names::of(&pictures).kind_of(&last), Kind::Normal);
        for (key, expected) in [
            (sheets.output.key.clone(), Kind::Sprite),
            (last, Kind::Sprite),
            (sheets.cell(1).unwrap(), Kind::SpriteOrigin),
            (sheets.cues().unwrap(), Kind::WebVtt),
        ] {
            assert_eq!(Names::of(&sheets).kind_of(&key), expected, "{key}");
        }
    }
}
