//! `GetEdgeTranscodeTemplate`: one template.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-getedgetranscodetemplate>

use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, stream_error};
use super::{request, template};
use crate::rpc::{ApiError, Call};

/// Each cluster has the same templates.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let failed = |error| stream_error(About::Other, error);
    let cluster = request::cluster(call.params)?;
    let id = request::required(call.params, "TemplateId")?;
    service.require_edge(call.caller).await.map_err(failed)?;
    request::known(service, cluster).await?;
    let id = request::template(id)?;
    let found = service.live_template(call.caller, id).await;
    Ok(json!({"Template": template::shown(&found.map_err(failed)?)}))
}
