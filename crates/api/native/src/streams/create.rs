//! `POST /api/v1/streams`: creates a stream, which does not run.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Latency, OnSourceLost, Stream, StreamName, StreamOutput, StreamSpec,
};
use reelgate_service::CreateStream;
use serde::Deserialize;

use super::spec::{InputJson, OutputJson};
use super::view::StreamView;
use super::{Templates, problem, stream_id};
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, Code, JsonBody, Problem, created};

/// The body: `{"name", "cluster", "input", "outputs", "on_source_lost", "latency"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    #[serde(default)]
    cluster: Option<String>,
    input: InputJson,
    outputs: Vec<OutputJson>,
    #[serde(default)]
    on_source_lost: OnSourceLost,
    #[serde(default)]
    latency: Latency,
}

/// Answers 201 with the stream.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let templates = Templates::of(&api.service, &caller).await?;
    let wanted = CreateStream {
        cluster: cluster(body.cluster)?,
        name: name(body.name)?,
        spec: StreamSpec {
            input: body.input.input()?,
            outputs: outputs(body.outputs, &templates)?,
            on_source_lost: body.on_source_lost,
            latency: body.latency,
        },
    };
    let stream = api.service.create_stream(&caller, wanted).await;
    Ok(answer(&stream.map_err(problem)?))
}

/// Answers with the stream as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = stream_id(&again.made)?;
        let stream = again.api.service.stream(&again.caller, id).await;
        Ok(answer(&stream.map_err(problem)?))
    })
}

fn answer(stream: &Stream) -> Response {
    let location = format!("/api/v1/streams/{}", stream.id);
    created(&location, StreamView::of(stream))
}

pub(super) fn name(name: String) -> Result<StreamName, Problem> {
    StreamName::new(name).map_err(|wrong| Problem::invalid_field("name", wrong.to_string()))
}

fn cluster(name: Option<String>) -> Result<ClusterName, Problem> {
    let Some(name) = name else {
        return Ok(ClusterName::default());
    };
    ClusterName::new(name).map_err(|wrong| Problem::invalid_field("cluster", wrong.to_string()))
}

pub(super) fn outputs(
    outputs: Vec<OutputJson>,
    templates: &Templates,
) -> Result<Vec<StreamOutput>, Problem> {
    let outputs = outputs.into_iter().enumerate().map(|(at, output)| {
        let at = format!("outputs[{at}]");
        let template = templates.find(&output.template).ok_or_else(|| {
            let detail = format!("template {} does not exist", output.template);
            Problem::new(Code::NotFound, detail).field(format!("{at}.template"))
        })?;
        Ok(StreamOutput {
            target: output.target.target(&format!("{at}.target"))?,
            template: template.id,
        })
    });
    outputs.collect()
}

#[cfg(feature = "fuzzing")]
impl CreateBody {
    /// What is read of it without looking anything up.
    pub(super) fn check(self) -> Result<(), Problem> {
        name(self.name)?;
        cluster(self.cluster)?;
        self.input.input()?;
        for output in self.outputs {
            let target = output.target.target("outputs.target")?;
            // What tells places apart is made of whatever can be read.
            let _ = target.identity();
        }
        Ok(())
    }
}
