//! `SubmitAnalysisJob`: measures how many bits a picture takes, and recommends presets by it.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitanalysisjob>

use reelgate_api_kit::RequestId;
use reelgate_domain::PipelineId;
use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_service::{Caller, Service, SubmitJob};
use serde_json::{Value, json};

use super::config::{self, Config};
use super::job;
use crate::mps::input::Input;
use crate::mps::{beside, request};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let input = Input::parse(request::required(params, "Input")?)?;
    let pipeline: PipelineId = request::id("PipelineId", request::required(params, "PipelineId")?)?;
    let config = Config::parse(request::optional(params, config::NAME))?;
    let default = u32::from(Priority::default().level());
    let level = request::number(params, "Priority", 10, default)?;
    let priority = u8::try_from(level).ok().and_then(Priority::new);
    let user_data = beside::user_data(params)?;
    let parts = [("Input", input.echo), (config::NAME, config.echo)];
    let wanted = SubmitJob {
        spec: JobSpec::MediaInfo(MediaInfoSpec {
            input: input.object,
            output: None,
            complexity: Some(config.complexity),
        }),
        priority: priority.unwrap_or_default(),
        origin: Some(beside::note(parts, request_id)?),
        user_data,
    };
    let made = beside::submit(service, caller, Some(pipeline), wanted).await?;
    Ok(json!({"AnalysisJob": job::shown(&made)}))
}
