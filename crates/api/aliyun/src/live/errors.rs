//! The texts of this product's error codes, and what refusals of the service become.

use reelgate_service::{ErrorKind, StreamError};

use super::codes::Code;
use crate::rpc::ApiError;

/// Why a request is refused, before anything was asked of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Missing(&'static str),
    /// What is wrong with which parameter.
    Invalid(&'static str, String),
    JobNotFound,
    TemplateNotFound,
    Denied(String),
}

impl Refusal {
    /// Where no job is named that could be missing.
    pub(super) fn no_cluster() -> Self {
        Self::Denied("cluster not found".to_owned())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::Missing(name) => (
                Code::MissingParameter,
                format!("The parameter {name} is required."),
            ),
            Refusal::Invalid(name, why) => (
                Code::InvalidParameter,
                format!("The parameter {name} is invalid: {why}."),
            ),
            Refusal::JobNotFound => (Code::JobNotFound, later("job not found")),
            Refusal::TemplateNotFound => (Code::TemplateNotFound, later("template not found")),
            Refusal::Denied(why) => (Code::OperationDenied, later(&why)),
        };
        Self::new(code.row(), message)
    }
}

/// The vendor's ending of these texts.
fn later(what: &str) -> String {
    format!("{what}, please check and try again later.")
}

/// A refusal by policies, or because the account may not use the feature.
pub(super) fn forbidden(why: &str) -> ApiError {
    ApiError::new(Code::Forbidden.row(), later(why)).refusing(why)
}

/// Whether a call is about a job that there is: the actions that are not have fewer codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Job,
    /// A new one, a list or templates.
    Other,
}

/// A refused use case in this product's words.
pub(super) fn stream_error(about: About, error: StreamError) -> ApiError {
    let message = error.to_string();
    match error {
        StreamError::FeatureOff if about == About::Job => forbidden(&message),
        StreamError::FeatureOff => {
            ApiError::from(Refusal::Denied(message.clone())).refusing(message)
        }
        StreamError::Missing(_) => Refusal::JobNotFound.into(),
        StreamError::NoTemplate(_) => Refusal::TemplateNotFound.into(),
        StreamError::NoCluster(_)
        | StreamError::NoBucket(_)
        | StreamError::BuiltIn(_)
        | StreamError::Running(_)
        | StreamError::NotRunning(_)
        | StreamError::PlaceTaken { .. }
        | StreamError::Full(_)
        | StreamError::PullRefused(_)
        | StreamError::PushRefused(_)
        | StreamError::Internal(_)
        | StreamError::Listener(_)
        | StreamError::Contested(_) => Refusal::Denied(message).into(),
        StreamError::Invalid(why) => {
            let name = match why.field.starts_with("input") {
                true => "StreamInput",
                false => "StreamOutput",
            };
            Refusal::Invalid(name, why.to_string()).into()
        }
        StreamError::Service(error) => match error.kind {
            ErrorKind::Conflict | ErrorKind::TooLarge | ErrorKind::Denied => {
                Refusal::Denied(error.message).into()
            }
            ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Replayed
            | ErrorKind::Full
            | ErrorKind::Unavailable
            | ErrorKind::Internal => error.into(),
        },
    }
}
