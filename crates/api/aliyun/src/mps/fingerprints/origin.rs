//! What this family remembers of a request with the job it made.

use reelgate_api_kit::RequestId;
use reelgate_domain::job::{Job, Origin};
use serde_json::{Map, Value, json};

use crate::mps::origin;

/// The origin of a job: `Bucket`, `Location` and `Object` of its source, as received.
pub(super) fn of_request(input: Map<String, Value>, request_id: RequestId) -> Origin {
    let request_id = request_id.to_string();
    origin::ours(json!({"FpShotInput": input, "RequestId": request_id}))
}

/// The source as the request of a job that this family made named it; `None` of any other job.
pub(super) fn input(job: &Job) -> Option<&Map<String, Value>> {
    origin::read(job.origin.as_ref())?
        .get("FpShotInput")?
        .as_object()
}
