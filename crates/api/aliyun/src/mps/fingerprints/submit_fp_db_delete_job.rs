//! `SubmitFpDBDeleteJob`: a library is emptied, or deleted with all that is in it, before the call is answered.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpdbdeletejob>

use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::Value;

use super::deletion::Deletion;
use super::errors::service_error;
use super::{kept, library, request as own};
use crate::mps::errors::{Code, Refusal};
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// What becomes of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DelType {
    /// It is emptied.
    Purge,
    Delete,
}

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let del_type = DelType::read(params)?;
    let user_data = own::user_data(params)?;
    let pipeline = own::pipeline(service, caller, params).await?;
    let library = library::named(service, caller, params).await?.id;
    let done = match del_type {
        DelType::Purge => service.purge_library(caller, library).await,
        DelType::Delete => service.delete_library(caller, library).await,
    };
    done.map_err(|error| match error.kind {
        // Another call was quicker.
        ErrorKind::NotFound => Refusal::new(Code::DbNotExist, library.to_string()).into(),
        _ => service_error(error),
    })?;
    let deletion = Deletion {
        library,
        told: ("DelType", del_type.word().to_owned()),
        pipeline,
        user_data,
    };
    deletion
        .keep(service, caller, kept::LIBRARY_DELETIONS)
        .await
}

impl DelType {
    fn read(params: &Params) -> Result<Self, Refusal> {
        match request::optional(params, "DelType") {
            None | Some("Purge") => Ok(Self::Purge),
            Some("Delete") => Ok(Self::Delete),
            Some(_) => Err(Refusal::new(Code::NotSupported, "DelType")),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Purge => "Purge",
            Self::Delete => "Delete",
        }
    }
}
