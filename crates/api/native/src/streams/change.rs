//! `PATCH /api/v1/streams/{id}`: changes a stream; one that runs goes over to what it is to be.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelgate_domain::stream::{Latency, OnSourceLost, Stream, StreamSpec};
use reelgate_service::{ChangeStream, StreamError, WhileRunning};
use serde::Deserialize;

use super::create::{name, outputs};
use super::spec::{InputJson, OutputJson};
use super::view::StreamView;
use super::{Templates, problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, JsonBody, Problem};

/// The body: any of `{"name", "input", "outputs", "template", "on_source_lost", "latency"}`; what is left out stays.
/// `template` is for every output.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    input: Option<InputJson>,
    #[serde(default)]
    outputs: Option<Vec<OutputJson>>,
    #[serde(default)]
    template: Option<String>,
    #[serde(default)]
    on_source_lost: Option<OnSourceLost>,
    #[serde(default)]
    latency: Option<Latency>,
}

/// How often a change is made again of what another call has changed meanwhile.
const TRIES: usize = 3;

/// Answers the stream as it is now. A worker that runs it goes over to the new plan.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    let id = stream_id(&id)?;
    let service = &api.service;
    let templates = Templates::of(service, &caller).await?;
    let mut tries = 0;
    loop {
        let stream = service.stream(&caller, id).await.map_err(problem)?;
        let wanted = body.clone().change(&stream, &templates)?;
        tries += 1;
        match service.change_stream(&caller, id, wanted).await {
            Ok(stream) => return Ok(Json(StreamView::of(&stream)).into_response()),
            Err(StreamError::Contested(_)) if tries < TRIES => {}
            Err(error) => return Err(problem(error)),
        }
    }
}

impl ChangeBody {
    fn change(self, stream: &Stream, templates: &Templates) -> Result<ChangeStream, Problem> {
        let name = self.name.map(name).transpose()?;
        let seen = &stream.spec;
        let mut spec = StreamSpec {
            input: match self.input {
                Some(input) => input.input()?,
                None => seen.input.clone(),
            },
            outputs: match self.outputs {
                Some(given) => outputs(given, templates)?,
                None => seen.outputs.clone(),
            },
            on_source_lost: self.on_source_lost.unwrap_or(seen.on_source_lost),
            latency: self.latency.unwrap_or(seen.latency),
        };
        if let Some(name) = self.template {
            let template = templates.find(&name).ok_or_else(|| {
                let detail = format!("template {name} does not exist");
                Problem::new(Code::NotFound, detail).field("template")
            })?;
            for output in &mut spec.outputs {
                output.template = template.id;
            }
        }
        let is_other = spec != *seen;
        Ok(ChangeStream {
            name,
            spec: is_other.then_some(spec),
            seen: is_other.then(|| seen.clone()),
            while_running: WhileRunning::Switch,
        })
    }

    #[cfg(feature = "fuzzing")]
    pub(super) fn check(self) -> Result<(), Problem> {
        self.name.map(name).transpose()?;
        self.input.map(InputJson::input).transpose()?;
        for output in self.outputs.into_iter().flatten() {
            output.target.target("outputs.target")?;
        }
        Ok(())
    }
}
