//! A job: finding the one that a call names, and showing one.

use std::collections::HashMap;

use reelgate_api_kit::time::format_utc;
use reelgate_domain::stream::{Stream, StreamTarget, TemplateId};
use reelgate_service::{Service, StreamError};
use serde_json::{Map, Value};

use super::errors::{About, Refusal, stream_error};
use super::{permission, request, template};
use crate::rpc::{ApiError, Call};

/// The stream that a call names by cluster and job, if the caller may use the action on it.
pub(super) async fn named(service: &Service, call: &Call<'_>) -> Result<Stream, ApiError> {
    let failed = |error| stream_error(About::Job, error);
    let (cluster, id) = (request::cluster(call.params)?, request::job(call.params)?);
    service.require_edge(call.caller).await.map_err(failed)?;
    let (Some(cluster), Some(id)) = (cluster, id) else {
        return Err(Refusal::JobNotFound.into());
    };
    let stream = service.stream(call.caller, id).await.map_err(failed)?;
    if stream.cluster != cluster {
        return Err(Refusal::JobNotFound.into());
    }
    permission::require(service, call, &stream.spec)?;
    Ok(stream)
}

/// Names of templates by their ids.
pub(super) type Names = HashMap<TemplateId, String>;

/// The names of all templates that the account sees.
pub(super) async fn template_names(
    service: &Service,
    call: &Call<'_>,
) -> Result<Names, StreamError> {
    let all = service.live_templates(call.caller).await?;
    Ok(all.into_iter().map(|it| (it.id, it.name)).collect())
}

/// All of it as texts, as the vendor has it.
pub(super) fn shown(stream: &Stream, names: &Names) -> Value {
    let Stream { spec, standing, .. } = stream;
    let mut fields = Map::new();
    let mut put = |name: &str, text: String| fields.insert(name.to_owned(), text.into());
    put("JobId", stream.id.to_string());
    put("Name", stream.name.to_string());
    put("Status", i32::from(standing.wanted).to_string());
    put("Type", template::COMMON.to_owned());
    put("StreamInput", spec.input.address.expose().to_owned());
    put("CreateTime", format_utc(stream.created_at.as_millis()));
    if let Some(at) = standing.last_start_at {
        put("LastStartAt", format_utc(at.as_millis()));
    }
    if let Some(at) = standing.last_stop_at {
        put("LastStopAt", format_utc(at.as_millis()));
    }
    // What another API made may go to several places, or to none that has an address.
    let pushed = spec.outputs.iter().find_map(|output| match &output.target {
        StreamTarget::Push { address } => Some((output, Some(address))),
        StreamTarget::Hls { .. } | StreamTarget::Recording { .. } => None,
    });
    let first = pushed.or_else(|| spec.outputs.first().map(|output| (output, None)));
    if let Some((output, address)) = first {
        if let Some(address) = address {
            put("StreamOutput", address.expose().to_owned());
        }
        put("TemplateId", output.template.to_string());
        if let Some(name) = names.get(&output.template) {
            put("TemplateName", name.clone());
        }
    }
    Value::Object(fields)
}
