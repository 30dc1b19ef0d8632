//! `CreateEdgeTranscodeJob`: a job that does not run yet.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-createedgetranscodejob>

use reelgate_domain::stream::{
    Latency, OnSourceLost, StreamInput, StreamName, StreamOutput, StreamSpec, StreamTarget,
};
use reelgate_service::{CreateStream, Service};
use serde_json::{Value, json};

use super::errors::{About, Refusal, stream_error};
use super::{permission, request};
use crate::rpc::{ApiError, Call, Params};

pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let cluster = request::cluster(call.params)?;
    let (name, spec) = read(call.params)?;
    permission::require(service, call, &spec)?;
    let cluster = cluster.ok_or_else(Refusal::no_cluster)?;
    let wanted = CreateStream {
        cluster,
        name,
        spec,
    };
    let made = service.create_stream(call.caller, wanted).await;
    let made = made.map_err(|error| stream_error(About::Other, error))?;
    Ok(json!({"JobId": made.id.to_string()}))
}

/// What the job is to be; the vendor has no words for the rest.
pub(super) fn read(params: &Params) -> Result<(StreamName, StreamSpec), Refusal> {
    let name = request::required(params, "Name")?;
    let template = request::required(params, "TemplateId")?;
    let source = request::required(params, "StreamInput")?;
    let target = request::required(params, "StreamOutput")?;
    let name = request::name(name)?;
    let (source, address) = (request::source(source)?, request::target(target)?);
    let spec = StreamSpec {
        input: StreamInput {
            address: source,
            frozen_after_ms: StreamInput::DEFAULT_FROZEN_MS,
        },
        outputs: vec![StreamOutput {
            target: StreamTarget::Push { address },
            template: request::template(template)?,
        }],
        on_source_lost: OnSourceLost::default(),
        latency: Latency::default(),
    };
    Ok((name, spec))
}
