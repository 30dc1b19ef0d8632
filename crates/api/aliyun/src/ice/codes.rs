//! The codes of this product: status, meaning and advice, for the answers and for the error centre alike.
//!
//! Uploads have those of product vod. The vendor publishes no codes of fingerprints and pipelines: what is here are its
//! general ones, and those that it publishes for the older family of the same service. "Ours" marks what neither has.

use reelgate_api_kit::operation::{ErrorCode, row};

use crate::dna::codes as shared;
use crate::vod::codes as uploads;

/// The codes of this product.
pub(super) const ROWS: &[ErrorCode] = &{
    let (own, theirs) = (Code::ROWS, uploads::ROWS);
    let mut rows = [own[0]; Code::ROWS.len() + uploads::ROWS.len()];
    let mut at = 0;
    while at < rows.len() {
        rows[at] = if at < own.len() {
            own[at]
        } else {
            theirs[at - own.len()]
        };
        at += 1;
    }
    rows
};

/// A code of fingerprints and pipelines. Those that only jobs carry are in [`crate::dna`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Invalid,
    InvalidState,
    NotSupported,
    OutOfRange,
    JsonFormat,
    JsonObjectFormat,
    ListSizeExceed,
    LibraryNotFound,
    LibrariesExceeded,
    ResourceNotFound,
    ResourceAccess,
    JobNotFound,
    JobInRunning,
    JobInComplete,
    JobInFailure,
    PipelineInUse,
}

impl Code {
    /// All but `Invalid`, which uploads have too, and those that only jobs carry.
    const ROWS: &[ErrorCode] = &[
        Self::InvalidState.row(),
        Self::NotSupported.row(),
        Self::OutOfRange.row(),
        Self::JsonFormat.row(),
        Self::JsonObjectFormat.row(),
        Self::ListSizeExceed.row(),
        Self::LibraryNotFound.row(),
        Self::LibrariesExceeded.row(),
        Self::ResourceNotFound.row(),
        Self::ResourceAccess.row(),
        Self::JobNotFound.row(),
        Self::JobInRunning.row(),
        Self::JobInComplete.row(),
        Self::JobInFailure.row(),
        Self::PipelineInUse.row(),
        shared::KEY_TAKEN,
        shared::NOT_SUPPORTED,
        shared::CANCELLED,
        shared::SOURCE_NOT_FOUND,
        shared::SOURCE_BAD,
        shared::NO_AUDIO,
    ];

    pub(super) const fn row(self) -> ErrorCode {
        match self {
            Self::Invalid => uploads::Code::Invalid.row(),
            Self::InvalidState => row(
                "InvalidParameter.InvalidState",
                400,
                "A state is none that there is.",
                "Use Active or Paused.",
            ),
            Self::NotSupported => row(
                "InvalidParameter.NotSupported",
                400,
                "A value is documented by the vendor and not served here.",
                "Use a value that docs/dialects/aliyun-ice.md lists.",
            ),
            Self::OutOfRange => row(
                "InvalidParameter.OutOfRange",
                400,
                "A number or length lies outside its range.",
                "Use a value inside the range that docs/dialects/aliyun-ice.md names.",
            ),
            Self::JsonFormat => row(
                "InvalidParameter.JsonFormatInvalid",
                400,
                "A parameter is no JSON, names a member twice or is nested too deep.",
                "Send valid JSON, each member once.",
            ),
            Self::JsonObjectFormat => row(
                "InvalidParameter.JsonObjectFormatInvalid",
                400,
                "A parameter is no JSON object.",
                "Send an object in braces.",
            ),
            Self::ListSizeExceed => row(
                "InvalidParameter.ListSizeExceed",
                400,
                "A list has more items than one call may have.",
                "Split the call: up to 50 primary keys or 100 ids at a time.",
            ),
            Self::LibraryNotFound => shared::LIBRARY_NOT_FOUND,
            Self::LibrariesExceeded => shared::LIBRARIES_EXCEEDED,
            Self::ResourceNotFound => row(
                "ResourceNotFound",
                404,
                "The pipeline, bucket, media asset or template does not exist in this account.",
                "Check the id or name, and that the key is of the account that has it.",
            ),
            Self::ResourceAccess => row(
                "PermissionDenied.ResourceAccess",
                403,
                "The service may not read or write the resource.",
                "Check the bucket's permissions on the server.",
            ),
            Self::JobNotFound => row(
                "JobNotFound",
                404,
                "The account has no fingerprint job of this id.",
                "Check the id, and that the key is of the account that has the job.",
            ),
            Self::JobInRunning => row(
                "PermissionDenied.JobInRunning",
                403,
                "The job has started and is not cancelled any more.",
                "Let it end. To be in time, pause the pipeline before cancelling.",
            ),
            Self::JobInComplete => row(
                "PermissionDenied.JobInComplete",
                403,
                "The job has succeeded, so there is nothing to cancel.",
                "Delete what it has stored by DeleteDNAFiles if that is not wanted.",
            ),
            Self::JobInFailure => row(
                "PermissionDenied.JobInFailure",
                403,
                "The job has failed or is cancelled already, so there is nothing to cancel.",
                "See its Code and Message.",
            ),
            // Ours: what deleting a pipeline that still has jobs answers is not documented.
            Self::PipelineInUse => row(
                "PermissionDenied.PipelineInUse",
                403,
                "The pipeline has queued or running jobs.",
                "Cancel them or let them end, then delete it.",
            ),
        }
    }
}
