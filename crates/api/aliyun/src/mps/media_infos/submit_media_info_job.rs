//! `SubmitMediaInfoJob`: looks at a file, and answers with what it is unless the caller does not want to wait.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitmediainfojob>

use std::time::Duration;

use reelgate_api_kit::RequestId;
use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_service::{Caller, Service, SubmitJob};
use serde_json::{Map, Value, json};

use super::job::{self, View};
use crate::mps::errors::{Code, Refusal, service_error};
use crate::mps::fields::asks_for_nothing;
use crate::mps::input::Input;
use crate::mps::{beside, request};
use crate::rpc::{ApiError, Params};

/// How long a call waits that is not to be answered before the end: less than the older SDK does.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let input = Input::parse(request::required(params, "Input")?)?;
    let is_async = flag(params, "Async")?;
    if let Some(config) = request::optional(params, "Config")
        && !asks_for_nothing(&Value::String(config.to_owned()))
    {
        return Err(Refusal::new(Code::NotSupported, "Config").into());
    }
    let user_data = beside::user_data(params)?;
    let pipeline = beside::pipeline(params)?;
    let mode = Map::from_iter([("Async".to_owned(), is_async.into())]);
    let origin = beside::note([("Input", input.echo), ("Mode", mode)], request_id)?;
    let wanted = SubmitJob {
        spec: JobSpec::MediaInfo(MediaInfoSpec {
            input: input.object,
            output: None,
            complexity: None,
        }),
        priority: Priority::default(),
        origin: Some(origin),
        user_data,
    };
    let mut made = beside::submit(service, caller, pipeline, wanted).await?;
    if !is_async {
        let ended = service.job_ended(caller, made.id, PATIENCE).await;
        made = ended.map_err(service_error)?;
    }
    Ok(json!({"MediaInfoJob": job::shown(&made, View::Submit)}))
}

fn flag(params: &Params, name: &str) -> Result<bool, Refusal> {
    match request::optional(params, name) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Refusal::new(Code::NotBoolean, name)),
    }
}
