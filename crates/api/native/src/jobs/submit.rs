//! `POST /api/v1/jobs`: submits one job.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_api_kit::json::Strict;
use reelgate_domain::job::kind::transcode::{Clip, OutputSpec, Settings, TranscodeSpec};
use reelgate_domain::job::{Job, JobKind, JobSpec, Origin, Priority};
use reelgate_service::{Submission, SubmitJob};
use serde::Deserialize;
use serde_json::json;

use super::job_id;
use super::settings::merged;
use super::view::JobView;
use crate::NativeApi;
use crate::http::{Address, Again, Answering, Authorized, JsonBody, Problem, created};
use crate::pipelines::find_pipeline;

/// The body:
///
/// ```json
/// {"kind": "transcode", "input": OBJECT, "outputs": [OUTPUT, …],
///  "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `input` and `outputs` are required. An OBJECT is `{"bucket", "key"}` or an address such as
/// `oss://bucket/key` or `http://bucket.endpoint/key`. Unknown fields are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitBody {
    #[serde(default = "transcode")]
    kind: JobKind,
    input: Address,
    outputs: Vec<OutputBody>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

/// One output: `{"object": OBJECT, "preset": NAME, "settings": {…}, "clip": {…}}`.
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
}

const fn transcode() -> JobKind {
    JobKind::Transcode
}

/// Answers 201 with the job.
pub(crate) async fn submit(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<SubmitBody>,
) -> Result<Response, Problem> {
    let pipeline = match &body.pipeline {
        None => None,
        Some(name) => {
            let found = find_pipeline(&api.service, &caller, name).await;
            Some(found.map_err(|problem| problem.field("pipeline"))?.id)
        }
    };
    let submission = Submission {
        pipeline,
        jobs: vec![body.job()?],
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

impl SubmitBody {
    pub(crate) fn job(self) -> Result<SubmitJob, Problem> {
        if self.kind != JobKind::Transcode {
            let message = format!("jobs of kind {} are not submitted here", self.kind.word());
            return Err(Problem::invalid_field("kind", message));
        }
        let outputs = self.outputs.into_iter().enumerate();
        let spec = TranscodeSpec {
            input: self.input.0,
            outputs: outputs
                .map(|(index, output)| output.spec(index))
                .collect::<Result<_, _>>()?,
        };
        Ok(SubmitJob {
            spec: JobSpec::Transcode(spec),
            priority: self.priority.unwrap_or_default(),
            // The spec says all there is to say, so no copy of the request is kept.
            origin: Some(Origin {
                dialect: NativeApi::NAME.to_owned(),
                version: 1,
                request: json!({}),
            }),
            user_data: self.user_data,
        })
    }
}

impl OutputBody {
    fn spec(self, index: usize) -> Result<OutputSpec, Problem> {
        let base = format!("outputs[{index}]");
        let settings = self.settings(&base)?;
        let spec = OutputSpec {
            object: self.object.0,
            settings,
            clip: self.clip,
        };
        // The service checks this too, but cannot tell which output it is about.
        spec.validate().map_err(|error| {
            let field = match error.field.strip_prefix("object.") {
                Some(_) => format!("{base}.{}", error.field),
                None => format!("{base}.settings.{}", error.field),
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
