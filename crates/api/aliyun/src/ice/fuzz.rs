//! What the fuzz targets reach of this product: its readers, without a service behind them.

use super::{pipeline, request, submit_dna_job};
use crate::rpc::{ApiError, Params};

/// Reads the parameters of `SubmitDNAJob`.
pub fn submit(params: &Params) -> Result<(), ApiError> {
    submit_dna_job::Request::read(params).map(drop)
}

/// Reads the parameters of pipelines; whether one of the type can be made.
pub fn pipelines(params: &Params) -> Result<bool, ApiError> {
    request::priority(params)?;
    Ok(pipeline::is_ours(request::required(params, "Speed")?)?)
}
