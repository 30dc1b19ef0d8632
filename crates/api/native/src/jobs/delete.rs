//! `DELETE /api/v1/jobs/{id}`: takes away a job that has ended.

use std::sync::Arc;

use axum::extract::State;
use http::{StatusCode, Uri};
use reelgate_service::DeleteDecision;

use super::job_id;
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem, Query};

/// Answers 204; 409 with a member `state` if the job has not ended.
pub(crate) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &[])?;
    let id = job_id(&id)?;
    match api.service.delete_job(&caller, id).await? {
        DeleteDecision::Deleted => Ok(StatusCode::NO_CONTENT),
        DeleteDecision::Refused(state) => {
            let word = state.as_str();
            let detail = format!("job {id} is {word}: only a job that has ended is deleted");
            Err(Problem::new(Code::DeleteRefused, detail).member("state", word))
        }
    }
}
