//! The message that tells of a job's end.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/datatypes>

use reelgate_domain::event::EventName;
use reelgate_service::{About, ServiceError, WrittenError};
use serde_json::{Map, Value, json};

use super::{job, result};
use crate::dna::failure;

const TYPE: &str = "FpShot";
/// The longest message with what was found: the vendor's queues take no more. Longer ones are sent without it.
const MOST_BYTES: usize = 64 * 1024;

/// What is told of an event; nothing of jobs of other kinds, and of others than ends.
pub(in crate::mps) async fn message(about: About<'_>) -> Result<Option<Value>, ServiceError> {
    let About {
        service,
        event,
        job,
        ..
    } = about;
    let state = match event.name {
        EventName::Succeeded => "Success",
        EventName::Failed => "Fail",
        EventName::Queued
        | EventName::Started
        | EventName::Requeued
        | EventName::Retried
        | EventName::Stopping
        | EventName::Cancelled => return Ok(None),
    };
    if job::spec(job).is_none() {
        return Ok(None);
    }
    let mut notify = Map::new();
    let mut put = |name: &str, value: Value| notify.insert(name.to_owned(), value);
    put("Type", TYPE.into());
    put("JobId", event.job.to_string().into());
    put("State", state.into());
    let user_data = job.user_data.as_deref();
    if let Some(data) = user_data {
        put("UserData", data.into());
    }
    if let Some(fault) = &event.fault {
        let (code, text) = failure::failed(job, fault);
        put("Code", code.into());
        put("Message", text.into());
    }
    let found = match service.matches(&about.caller(), job).await {
        Ok(matches) => Some(result::shown(&matches)),
        Err(WrittenError::Service(error)) => return Err(error),
        // What was found may have been deleted before it was told.
        Err(_) => None,
    };
    let found = found.filter(|found| found.to_string().len() <= MOST_BYTES);
    if let Some(Value::Object(found)) = found {
        notify.extend(found);
    }
    let mut message = json!({"Type": TYPE, "FpShotJobNotify": notify});
    if let Some(data) = user_data {
        message["UserData"] = data.into();
    }
    Ok(Some(message))
}
