//! The texts of this product's codes of fingerprints and pipelines, and what service errors become.

use reelgate_domain::dna::LibraryId;
use reelgate_service::{ErrorKind, ServiceError};

use super::codes::Code;
use crate::dna::codes as shared;
use crate::dna::words::JobStatus;
use crate::rpc::ApiError;
use crate::vod::errors::service_error as upload_error;

/// The longest name or value that a text repeats, in characters.
const MOST_REPEATED: usize = 256;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    about: String,
    /// What is wrong, if the code does not say it all.
    why: Option<String>,
}

impl Refusal {
    /// `about` is what the code's text names: a parameter, a member of one, an id.
    pub(super) fn new(code: Code, about: impl Into<String>) -> Self {
        Self {
            code,
            about: cut(about.into()),
            why: None,
        }
    }

    /// A parameter, or a member of one, that cannot be what it is; `why` is lower case and has no full stop.
    pub(super) fn invalid(about: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            why: Some(cut(why.into())),
            ..Self::new(Code::Invalid, about)
        }
    }

    fn message(&self) -> String {
        let about = &self.about;
        let text = match self.code {
            Code::Invalid | Code::InvalidState => parameter(about, "is not valid"),
            Code::NotSupported => parameter(about, "is not supported"),
            Code::OutOfRange => parameter(about, "is out of range"),
            Code::JsonFormat => conformance(about, "JSON"),
            Code::JsonObjectFormat => conformance(about, "JSON Object"),
            Code::ListSizeExceed => format!("The size of list \"{about}\" exceeds the limit."),
            Code::LibraryNotFound => shared::library_not_found(about),
            Code::LibrariesExceeded => shared::LIBRARIES_EXCEEDED_TEXT.to_owned(),
            Code::ResourceNotFound => format!("The specified resource \"{about}\" does not exist."),
            Code::ResourceAccess => {
                format!("The service is not authorized to operate on the resource \"{about}\".")
            }
            // The vendor's, of another query of the same product.
            Code::JobNotFound => "The specified job not found.".to_owned(),
            Code::JobInRunning => job(about, "running"),
            Code::JobInComplete => job(about, "complete"),
            Code::JobInFailure => job(about, "failure"),
            Code::PipelineInUse => format!(
                "The Pipeline operated \"{about}\" has queued or running jobs, cannot delete."
            ),
        };
        match &self.why {
            None => text,
            Some(why) => format!("{text} ({why})"),
        }
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_REPEATED) {
        text.truncate(end);
    }
    text
}

fn parameter(about: &str, what: &str) -> String {
    format!("The specified parameter \"{about}\" {what}.")
}

fn conformance(about: &str, to: &str) -> String {
    format!("The parameter \"{about}\" does not conform to the {to} specification.")
}

fn job(about: &str, what: &str) -> String {
    format!("The Job operated \"{about}\" is {what}, cannot cancel.")
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code.row(), refusal.message())
    }
}

/// Why a job that is not waiting for its first start is not cancelled. One that was cancelled before has failed.
pub(super) fn cancel_refused(status: JobStatus, job_id: &str) -> Refusal {
    let code = match status {
        // A job that waits for its first start is never refused.
        JobStatus::Queuing | JobStatus::Analysing => Code::JobInRunning,
        JobStatus::Success => Code::JobInComplete,
        JobStatus::Fail => Code::JobInFailure,
    };
    Refusal::new(code, job_id)
}

/// A failed use case in this product's words.
pub(super) fn service_error(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::NotFound => Refusal::new(Code::ResourceNotFound, error.subject).into(),
        ErrorKind::Invalid => Refusal::invalid(parameter_of(&error.subject), error.message).into(),
        ErrorKind::TooLarge => Refusal::new(Code::OutOfRange, error.subject).into(),
        ErrorKind::Denied => Refusal::new(Code::ResourceAccess, error.subject).into(),
        ErrorKind::Conflict
        | ErrorKind::Replayed
        | ErrorKind::Full
        | ErrorKind::Unavailable
        | ErrorKind::Internal => upload_error(error),
    }
}

/// The same of a use case that is about a library.
pub(super) fn library_error(id: LibraryId, error: ServiceError) -> ApiError {
    let id = id.to_string();
    match error.kind {
        ErrorKind::NotFound if error.subject == id => no_library(id).into(),
        _ => service_error(error),
    }
}

/// There is no library of this id, which may be none at all.
pub(super) fn no_library(id: impl Into<String>) -> Refusal {
    Refusal::new(Code::LibraryNotFound, id)
}

/// The parameter that a field of a use case comes from.
fn parameter_of(subject: &str) -> &str {
    match subject {
        "name" => "Name",
        "description" => "Description",
        "media" => "MediaType",
        "user_data" => "UserData",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_what_they_are_about() {
        let check = |refusal: Refusal, expected: &str| {
            assert_eq!(ApiError::from(refusal).to_string(), expected);
        };
        check(
            cancel_refused(JobStatus::Fail, "1f"),
            "PermissionDenied.JobInFailure (403): The Job operated \"1f\" is failure, cannot cancel.",
        );
        check(
            no_library("0f"),
            "InvalidParameter.DBNotExist (400): The DB operated \"0f\" does not exist.",
        );
        check(
            Refusal::invalid("Config.SaveType", "it is one of save, nosave"),
            "InvalidParameter (400): The specified parameter \"Config.SaveType\" is not valid. \
             (it is one of save, nosave)",
        );
        let long = Refusal::new(Code::Invalid, "é".repeat(1000)).message();
        assert!(long.chars().count() < 400, "{long}");
    }

    #[test]
    fn a_missing_library_is_told_from_another_missing_thing() {
        let id: LibraryId = "0123456789abcdef0123456789abcdef".parse().unwrap();
        let missing = |what: &str| ServiceError::new(ErrorKind::NotFound, what, "it is missing");
        let code = |error| library_error(id, error).code;
        assert_eq!(
            code(missing(&id.to_string())),
            "InvalidParameter.DBNotExist"
        );
        assert_eq!(code(missing("media2")), "ResourceNotFound");
    }
}
