//! `QueryFpFileDeleteJobList`: removals of files by id, or the newest twenty.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpfiledeletejoblist>

use reelgate_service::{Caller, Service};
use serde_json::Value;

use super::{deletion, kept};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let words = (
        kept::FILE_DELETIONS,
        "FpFileDeleteJobList",
        "FpFileDeleteJob",
    );
    deletion::query(service, caller, params, words).await
}
