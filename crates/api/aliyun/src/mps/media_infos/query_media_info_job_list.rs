//! `QueryMediaInfoJobList`: media information by the ids of its jobs, newest first.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querymediainfojoblist>

use reelgate_domain::JobId;
use reelgate_service::{Caller, Service};
use serde_json::Value;

use super::job::{self, View};
use crate::mps::errors::{Code, Refusal, service_error};
use crate::mps::{beside, request};
use crate::rpc::{ApiError, Params};

const NAME: &str = "MediaInfoJobIds";

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    // As for the list of transcodes, nothing is answered otherwise than an absent list of ids elsewhere.
    let text = request::optional(params, NAME);
    let text = text.ok_or_else(|| Refusal::new(Code::Invalid, NAME))?;
    let ids: Vec<JobId> = request::ids(NAME, text)?;
    let jobs = service.jobs(caller, &ids).await.map_err(service_error)?;
    let shown = jobs.iter().filter_map(|one| {
        let shown = job::shown(one, View::Query)?;
        Some((one.id, shown))
    });
    let list = ("MediaInfoJobList", "MediaInfoJob");
    let missing = ("NonExistMediaInfoJobIds", &ids[..]);
    Ok(beside::answer(list, shown.collect(), missing))
}
