//! What the fuzz targets reach of this product: its readers, without a service behind them.

use reelgate_domain::stream::StreamSpec;

use super::update_edge_transcode_job::Change;
use super::{create_edge_transcode_job, list_edge_transcode_job, list_edge_transcode_template};
use crate::rpc::{ApiError, Params};

/// Reads the parameters of `CreateEdgeTranscodeJob`.
pub fn create(params: &Params) -> Result<StreamSpec, ApiError> {
    Ok(create_edge_transcode_job::read(params)?.1)
}

/// Reads the parameters of `UpdateEdgeTranscodeJob`.
pub fn update(params: &Params) -> Result<(), ApiError> {
    Ok(Change::read(params).map(drop)?)
}

/// Reads the parameters of both listings.
pub fn lists(params: &Params) -> Result<(), ApiError> {
    list_edge_transcode_job::Ask::read(params)?;
    list_edge_transcode_template::Ask::read(params)?;
    Ok(())
}
