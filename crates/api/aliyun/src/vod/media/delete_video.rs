//! `DeleteVideo`: videos with their files and all that was made of them.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletevideo>

use reelgate_service::{Caller, Deletion, ErrorKind, Service, ServiceError};
use serde_json::{Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};

/// A video on which something works is not deleted: it is listed as forbidden. If none of those that are named exists,
/// the call fails.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut found = super::several(service, caller, params).await?;
    if found.videos.is_empty() {
        return Err(Refusal::new(Code::VideoNotFound, "").into());
    }
    let deleted = service.delete_assets(caller, &found.videos).await;
    let mut forbidden = Vec::new();
    for (video, deletion) in found.videos.iter().zip(deleted.map_err(failed)?) {
        match deletion {
            Deletion::Deleted => {}
            Deletion::Busy => forbidden.push(video.id.to_string()),
            Deletion::Missing => found.unknown_ids.push(video.id.to_string()),
        }
    }
    Ok(json!({
        "NonExistVideoIds": found.unknown_ids,
        "NonExistReferenceIds": found.unknown_references,
        "ForbiddenVideoIds": forbidden,
    }))
}

fn failed(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::Internal if error.subject != "store" => {
            tracing::warn!(%error, "a file of a video cannot be deleted");
            Refusal::new(Code::DeleteVideoFailed, "").into()
        }
        _ => service_error(error),
    }
}
