//! `QueryAnalysisJobList`: template analyses by the ids of their jobs, newest first.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryanalysisjoblist>

use reelgate_domain::JobId;
use reelgate_service::{Caller, Service};
use serde_json::Value;

use super::job;
use crate::mps::errors::service_error;
use crate::mps::{beside, request};
use crate::rpc::{ApiError, Params};

const NAME: &str = "AnalysisJobIds";

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let ids: Vec<JobId> = request::ids(NAME, request::required(params, NAME)?)?;
    let jobs = service.jobs(caller, &ids).await.map_err(service_error)?;
    let shown = jobs
        .iter()
        .filter_map(|one| Some((one.id, job::shown(one)?)));
    let list = ("AnalysisJobList", "AnalysisJob");
    let missing = ("NonExistAnalysisJobIds", &ids[..]);
    Ok(beside::answer(list, shown.collect(), missing))
}
