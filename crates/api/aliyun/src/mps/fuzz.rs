//! What the fuzz targets reach of this product: its readers, without a service behind them.

use reelgate_domain::JobId;
use reelgate_service::SubmitJob;

use super::configs::Configs;
use super::templates::Used;
use super::{pipeline, request, submit_jobs};
use crate::rpc::{ApiError, Params};

/// Reads the parameters of `SubmitJobs` of an account without templates; each output is a job or what refuses it.
pub fn submit_jobs(params: &Params) -> Result<Vec<Result<SubmitJob, ApiError>>, ApiError> {
    let request = submit_jobs::Request::read(params)?;
    let outputs = request
        .jobs(&Used::default(), &Configs::default())
        .into_iter();
    Ok(outputs.map(|output| Ok(output?)).collect())
}

/// Reads the parameters of `AddPipeline` and what `UpdatePipeline` has beyond them; the name.
pub fn pipeline(params: &Params) -> Result<&str, ApiError> {
    let name = pipeline::name(params)?;
    pipeline::role(params)?;
    pipeline::check_speed(params)?;
    pipeline::notify_config(params)?;
    pipeline::check_extend_config(params)?;
    Ok(name)
}

/// Reads what queries have: a page, and a list of ids.
pub fn query(params: &Params) -> Result<(u64, Vec<JobId>), ApiError> {
    let page = request::Page::read(params)?;
    let ids = request::ids("JobIds", request::required(params, "JobIds")?)?;
    Ok((page.offset(), ids))
}
