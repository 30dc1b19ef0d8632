//! `QueryFpDBDeleteJobList`: removals of libraries by id, or the newest twenty.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpdbdeletejoblist>

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
        kept::LIBRARY_DELETIONS,
        "FpDBDeleteJobList",
        "FpDBDeleteJob",
    );
    deletion::query(service, caller, params, words).await
}
