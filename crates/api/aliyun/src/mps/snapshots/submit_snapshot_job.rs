//! `SubmitSnapshotJob`: takes pictures of a video. A call that asks for one picture waits for it, as older pages say.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitsnapshotjob>

use std::time::Duration;

use reelgate_api_kit::RequestId;
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_service::{Caller, Service, SubmitJob};
use serde_json::{Value, json};

use super::config::Config;
use super::job;
use crate::mps::errors::service_error;
use crate::mps::input::Input;
use crate::mps::{beside, request};
use crate::rpc::{ApiError, Params};

/// How long a call waits that asks for one picture: less than the older SDK does.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let input = request::required(params, "Input")?;
    let config = request::required(params, "SnapshotConfig")?;
    let input = Input::parse(input)?;
    let config = Config::parse(config, &input.object)?;
    let user_data = beside::user_data(params)?;
    let pipeline = beside::pipeline(params)?;
    let parts = [("Input", input.echo), ("SnapshotConfig", config.echo)];
    let origin = beside::note(parts, request_id)?;
    let wanted = SubmitJob {
        spec: JobSpec::Snapshot(config.spec),
        priority: Priority::default(),
        origin: Some(origin),
        user_data,
    };
    let mut made = beside::submit(service, caller, pipeline, wanted).await?;
    if config.is_awaited {
        let ended = service.job_ended(caller, made.id, PATIENCE).await;
        made = ended.map_err(service_error)?;
    }
    Ok(json!({"SnapshotJob": job::shown(&made)}))
}
