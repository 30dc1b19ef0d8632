//! What failed use cases of this family become.

use reelgate_service::{ErrorKind, ServiceError};

use crate::mps::errors::{self, Code, Refusal};
use crate::rpc::ApiError;

/// A failed use case in this product's words.
pub(super) fn service_error(error: ServiceError) -> ApiError {
    match (error.kind, error.subject.as_str()) {
        // The account has as many libraries as it may have.
        (ErrorKind::Full, "libraries") => {
            Refusal::new(Code::ResourceQuotaExceed, "FpShotDB").into()
        }
        (ErrorKind::Invalid, "name") => Refusal::new(Code::Invalid, "Name").into(),
        (ErrorKind::Invalid, "description") => Refusal::new(Code::Invalid, "Description").into(),
        _ => errors::service_error(error),
    }
}

/// Why a job was not queued. `library` is the one that it is about, `object` the key of its file.
pub(super) fn submit_error(error: ServiceError, library: &str, object: &str) -> ApiError {
    match (error.kind, error.subject.as_str()) {
        (ErrorKind::NotFound, subject) if subject == library => {
            Refusal::new(Code::DbNotExist, library).into()
        }
        // Files of this sort cannot be looked for or stored in a library of this model.
        (ErrorKind::Invalid, "media") => Refusal::new(Code::ResourceNotSupported, object).into(),
        _ => service_error(error),
    }
}
