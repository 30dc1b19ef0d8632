//! `POST /api/v1/jobs`: submits one job.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use reelgate_api_kit::json::Strict;
use reelgate_domain::job::kind::transcode::{
    Clip, Encryption, JoinedPart, MixedSound, OutputSpec, Overlay, SegmentTags, Settings,
    StreamChoice, Subtitles, TranscodeSpec,
};
use reelgate_domain::job::{Job, JobKind, JobSpec, Origin, Priority};
use reelgate_service::{Submission, SubmitJob};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::fingerprint::FingerprintBody;
use super::ingest::IngestBody;
use super::job_id;
use super::media_info::MediaInfoBody;
use super::remux::RemuxBody;
use super::settings::merged;
use super::snapshot::SnapshotBody;
use super::view::JobView;
use crate::NativeApi;
use crate::http::{Address, Again, Answering, Authorized, Problem, created, parse, read_body};
use crate::pipelines::find_pipeline;

/// The body, by its `kind`: see [`TranscodeBody`], [`IngestBody`], [`SnapshotBody`], [`MediaInfoBody`], [`RemuxBody`]
/// and [`FingerprintBody`]. Unknown fields are refused, and so are those of other kinds.
pub(crate) enum SubmitBody {
    Transcode(TranscodeBody),
    Ingest(IngestBody),
    Snapshot(SnapshotBody),
    MediaInfo(MediaInfoBody),
    Remux(RemuxBody),
    Fingerprint(FingerprintBody),
}

/// What tells how the rest is to be read.
#[derive(Deserialize)]
struct KindBody {
    #[serde(default = "transcode")]
    kind: JobKind,
}

/// What jobs of every kind have: `{"pipeline": "id or name", "priority": 6, "user_data": "text"}`.
pub(super) struct Common {
    pub(super) pipeline: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) user_data: Option<String>,
}

/// A transcode:
///
/// ```json
/// {"kind": "transcode", "input": OBJECT, "outputs": [OUTPUT, …],
///  "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `input` and `outputs` are required. An OBJECT is `{"bucket", "key"}` or an address such as
/// `oss://bucket/key` or `http://bucket.endpoint/key`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscodeBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    input: Address,
    outputs: Vec<OutputBody>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

/// One output: `{"object": OBJECT, "preset": NAME, "settings": {…}, "clip": {…},
/// "streams": {…}, "append": […], "clip_first": false, "mix": […], "subtitles": […],
/// "overlays": […], "encryption": {…}, "segment_tags": {…}, "segment_at_ms": […]}`.
///
/// `preset` or `settings` or both are given. With both, `settings` is merged into the preset's
/// field by field, see [`merged`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputBody {
    object: Address,
    #[serde(default)]
    preset: Option<String>,
    #[serde(default)]
    settings: Option<Strict>,
    #[serde(default)]
    clip: Option<Clip>,
    #[serde(default)]
    streams: StreamChoice,
    #[serde(default)]
    append: Vec<JoinedPart>,
    #[serde(default)]
    clip_first: bool,
    #[serde(default)]
    mix: Vec<MixedSound>,
    #[serde(default)]
    subtitles: Vec<Subtitles>,
    #[serde(default)]
    overlays: Vec<Overlay>,
    #[serde(default)]
    encryption: Option<Encryption>,
    #[serde(default)]
    segment_tags: SegmentTags,
    #[serde(default)]
    segment_at_ms: Vec<u64>,
}

const fn transcode() -> JobKind {
    JobKind::Transcode
}

/// Answers 201 with the job.
pub(crate) async fn submit(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    body: SubmitBody,
) -> Result<Response, Problem> {
    let (job, pipeline) = body.job()?;
    let pipeline = match &pipeline {
        None => None,
        Some(name) => {
            let found = find_pipeline(&api.service, &caller, name).await;
            Some(found.map_err(|problem| problem.field("pipeline"))?.id)
        }
    };
    let submission = Submission {
        pipeline,
        jobs: vec![job],
    };
    let jobs = api.service.submit(&caller, submission).await?;
    Ok(submitted(&jobs[0]))
}

/// Answers with the job as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = job_id(&again.made)?;
        let job = again.api.service.job(&again.caller, id).await?;
        Ok(submitted(&job))
    })
}

fn submitted(job: &Job) -> Response {
    created(&format!("/api/v1/jobs/{}", job.id), JobView::of(job))
}

impl<S: Send + Sync> FromRequest<S> for SubmitBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        Self::parse(&read_body(request).await?)
    }
}

impl SubmitBody {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let KindBody { kind } = parse(bytes)?;
        Ok(match kind {
            JobKind::Transcode => Self::Transcode(parse(bytes)?),
            JobKind::Ingest => Self::Ingest(parse(bytes)?),
            JobKind::Snapshot => Self::Snapshot(parse(bytes)?),
            JobKind::MediaInfo => Self::MediaInfo(parse(bytes)?),
            JobKind::Remux => Self::Remux(parse(bytes)?),
            JobKind::Fingerprint => Self::Fingerprint(parse(bytes)?),
        })
    }

    /// The job, and the pipeline that it is to go to.
    pub(crate) fn job(self) -> Result<(SubmitJob, Option<String>), Problem> {
        let (spec, common) = match self {
            Self::Transcode(body) => body.spec()?,
            Self::Ingest(body) => body.spec(),
            Self::Snapshot(body) => body.spec(),
            Self::MediaInfo(body) => body.spec(),
            Self::Remux(body) => body.spec(),
            Self::Fingerprint(body) => body.spec()?,
        };
        let Common {
            pipeline,
            priority,
            user_data,
        } = common;
        let job = SubmitJob {
            spec,
            priority: priority.unwrap_or_default(),
            // The spec says all there is to say, so no copy of the request is kept.
            origin: Some(Origin {
                dialect: NativeApi::NAME.to_owned(),
                version: 1,
                request: json!({}),
            }),
            user_data,
        };
        Ok((job, pipeline))
    }
}

impl TranscodeBody {
    fn spec(self) -> Result<(JobSpec, Common), Problem> {
        let outputs = self.outputs.into_iter().enumerate();
        let spec = TranscodeSpec {
            input: self.input.0,
            pictures: Vec::new(),
            outputs: outputs
                .map(|(index, output)| output.spec(index))
                .collect::<Result<_, _>>()?,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        Ok((JobSpec::Transcode(spec), common))
    }
}

impl OutputBody {
    fn spec(self, index: usize) -> Result<OutputSpec, Problem> {
        let base = format!("outputs[{index}]");
        let settings = self.settings(&base)?;
        let mut spec = OutputSpec::new(self.object.0, settings);
        spec.clip = self.clip;
        spec.streams = self.streams;
        spec.append = self.append;
        spec.clip_first = self.clip_first;
        spec.mix = self.mix;
        spec.subtitles = self.subtitles;
        spec.overlays = self.overlays;
        spec.encryption = self.encryption;
        spec.segment_tags = self.segment_tags;
        spec.segment_at_ms = self.segment_at_ms;
        // The service checks this too, but cannot tell which output it is about.
        spec.validate().map_err(|error| {
            let own = [
                "object",
                "streams",
                "append",
                "mix",
                "subtitles",
                "overlays",
                "encryption",
                "segment_tags",
                "segment_at_ms",
            ];
            let is_own = own.contains(&error.field.split('.').next().unwrap_or_default());
            let of_overlay = error.field.strip_prefix("overlays.");
            let field = match is_own {
                true => match of_overlay.zip(spec.wrong_overlay()) {
                    Some((member, place)) => format!("{base}.overlays[{place}].{member}"),
                    None => format!("{base}.{}", error.field),
                },
                false => format!("{base}.settings.{}", error.field),
            };
            Problem::invalid_field(field, error.to_string())
        })?;
        Ok(spec)
    }

    fn settings(&self, base: &str) -> Result<Settings, Problem> {
        let preset = match &self.preset {
            None => None,
            Some(name) => Some(reelgate_domain::preset::find(name).ok_or_else(|| {
                let detail = format!("there is no preset {name}; /api/v1/presets lists them");
                Problem::invalid_field(format!("{base}.preset"), detail)
            })?),
        };
        let preset = preset.map(|preset| preset.settings);
        match (preset, &self.settings) {
            (Some(preset), None) => Ok(preset),
            (preset, Some(Strict(given))) => merged(preset, given, &format!("{base}.settings")),
            (None, None) => {
                let detail = "an output wants a preset, settings or both";
                Err(Problem::invalid_field(format!("{base}.preset"), detail))
            }
        }
    }
}
