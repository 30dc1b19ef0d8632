//! Reading what several actions of this family take, and what several answers have.

use std::fmt::Display;

use reelgate_domain::PipelineId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use crate::mps::errors::{Code, Refusal};
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// The most bytes of user data.
const MOST_USER_DATA_BYTES: usize = 128;

/// What the caller wants to have repeated.
pub(super) fn user_data(params: &Params) -> Result<Option<String>, Refusal> {
    let Some(text) = request::optional(params, "UserData") else {
        return Ok(None);
    };
    if text.len() > MOST_USER_DATA_BYTES {
        return Err(Refusal::new(Code::OutOfRange, "UserData"));
    }
    if text.contains('\0') {
        return Err(Refusal::new(Code::Invalid, "UserData"));
    }
    Ok(Some(text.to_owned()))
}

/// The pipeline that is named, if it exists.
pub(super) async fn pipeline(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Option<PipelineId>, ApiError> {
    let Some(text) = request::optional(params, "PipelineId") else {
        return Ok(None);
    };
    let id: PipelineId = request::id("PipelineId", text)?;
    let found = service.pipeline(caller, id).await.map_err(service_error)?;
    Ok(Some(found.id))
}

/// Those of the ids that are of nothing.
pub(super) fn unknown<T: Display>(ids: &[T], is_known: impl Fn(&T) -> bool) -> Vec<String> {
    let unknown = ids.iter().filter(|id| !is_known(id));
    unknown.map(T::to_string).collect()
}

/// Adds what was asked for and does not exist; without any the member is absent.
pub(super) fn put_unknown(answer: &mut Value, unknown: &[String]) {
    if !unknown.is_empty() {
        answer["NonExistIds"] = json!({"String": unknown});
    }
}
