//! The texts of this product's error codes, and what faults and service errors become.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_service::{ErrorKind, ServiceError};

pub(crate) use super::codes::Code;
use crate::rpc::{ApiError, CommonError};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    about: String,
    /// In place of the code's own text.
    text: Option<String>,
}

/// The longest name or value that a text repeats, in characters.
const MOST_REPEATED: usize = 256;

impl Refusal {
    /// `about` is what the code's text names: a parameter, a field, an id.
    pub(crate) fn new(code: Code, about: impl Into<String>) -> Self {
        let mut about = about.into();
        if let Some((end, _)) = about.char_indices().nth(MOST_REPEATED) {
            about.truncate(end);
        }
        Self {
            code,
            about,
            text: None,
        }
    }

    /// A parameter that is invalid as a whole: its name becomes part of the code.
    pub(crate) fn parameter(name: &str) -> Self {
        Self::new(Code::InvalidNamed, name)
    }

    /// A member of a parameter that is JSON.
    pub(crate) fn member(path: impl Into<String>) -> Self {
        Self::new(Code::Invalid, path)
    }

    /// A refusal that says itself what is wrong.
    pub(crate) fn saying(code: Code, text: impl Into<String>) -> Self {
        let text = Some(text.into());
        Self {
            text,
            ..Self::new(code, "")
        }
    }

    pub(crate) fn message(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let about = &self.about;
        match self.code {
            Code::MissingParameter => format!("The parameter {about} must be set."),
            Code::Invalid | Code::InvalidNamed => {
                format!("The specified parameter {about} is not valid.")
            }
            Code::SessionId => format!("The specified SessionId {about} already exists."),
            Code::VideoNotFound => "The video does not exist.".to_owned(),
            Code::FileNotFound => "The video file does not exist.".to_owned(),
            Code::NoneStream => "The video has no stream that fits the request.".to_owned(),
            Code::IllegalStatus | Code::IllegalStatusOfSource => {
                format!("Status of the video is illegal: {about}.")
            }
            Code::VideoListExceeded => "The video list exceeds the maximum of 5000.".to_owned(),
            Code::VideoIdsExceeded => "The VideoIds exceed the maximum of 20.".to_owned(),
            Code::SortByExceeded => "The fields of SortBy exceed the maximum of 3.".to_owned(),
            Code::MatchSyntax => format!("The syntax of Match is wrong: {about}."),
            Code::ScrollToken => "The specified ScrollToken has expired.".to_owned(),
            Code::DeleteVideoFailed => {
                "Deleting the video has failed due to some unknown error.".to_owned()
            }
            Code::NoSuchResource => format!("The specified resource {about} does not exist."),
            Code::GroupNotFound => "The transcode template group does not exist.".to_owned(),
            Code::StorageNotFound => "The StorageLocation does not exist.".to_owned(),
            Code::GroupLocked => "The transcode template group is locked.".to_owned(),
            Code::GroupSpecial => {
                "The transcode template group is a special one and cannot be changed.".to_owned()
            }
            Code::GroupDefault => {
                "The default transcode template group cannot be deleted.".to_owned()
            }
            Code::GroupsExceeded => {
                "The transcode template groups exceed the maximum of 20.".to_owned()
            }
            Code::TemplatesExceeded => {
                "The transcode templates exceed the maximum of 20 of a group.".to_owned()
            }
            Code::CategoryNotFound => "The category does not exist.".to_owned(),
            Code::CategoryExceeded => format!("The categories exceed their maximum: {about}."),
            Code::ReferenceTaken => format!("The specified ReferenceId {about} already exists."),
            Code::Changed => "The operation conflicts with another one.".to_owned(),
            Code::CallbackNotFound => "The message callback does not exist.".to_owned(),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let row = refusal.code.row();
        let mut error = Self::new(row, refusal.message());
        if refusal.code == Code::InvalidNamed {
            error.code = row.code.replace("{Name}", &refusal.about).into();
        }
        error
    }
}

/// A failed use case in this product's words.
pub(crate) fn service_error(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::NotFound => Refusal::new(Code::NoSuchResource, error.subject).into(),
        ErrorKind::Invalid | ErrorKind::TooLarge => Refusal::member(error.subject).into(),
        ErrorKind::Conflict => Refusal::new(Code::Changed, error.subject).into(),
        ErrorKind::Denied => CommonError::ForbiddenRam.into(),
        ErrorKind::Replayed | ErrorKind::Full | ErrorKind::Unavailable | ErrorKind::Internal => {
            error.into()
        }
    }
}

/// The same of a use case in which videos get their references.
pub(crate) fn naming_error(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::Conflict => Refusal::new(Code::ReferenceTaken, error.subject).into(),
        _ => service_error(error),
    }
}

/// The word for a job that was cancelled, which the vendor's states have no word for.
pub(crate) const CANCELLED: (&str, &str) =
    ("Cancelled", "The job was cancelled before it started.");

/// Code and text of a job that failed.
pub(crate) fn job_failure(fault: &Fault) -> (&'static str, String) {
    let (code, text) = match fault.code {
        // The vendor's sample.
        FaultCode::SourceMissing | FaultCode::SourceRefused | FaultCode::SourceUnreachable => (
            "URLInvalidError",
            "download video failed by the url, please check it",
        ),
        FaultCode::SourceMismatch => (
            "FileMismatchError",
            "the file is not what it was said to be",
        ),
        FaultCode::SourceTooLarge => ("FileSizeExceededMax", "the file is too large"),
        FaultCode::SourceUnreadable | FaultCode::NoVideoStream | FaultCode::NoAudioStream => {
            ("InvalidMediaFile", "the file is not media that can be read")
        }
        FaultCode::SpecUnfit
        | FaultCode::PartIncomplete
        | FaultCode::TargetUnfit
        | FaultCode::EngineLacks => (
            "InvalidParameter",
            "what was asked for cannot be made of the file",
        ),
        FaultCode::EngineFailed
        | FaultCode::StorageFailed
        | FaultCode::TimedOut
        | FaultCode::Stalled
        | FaultCode::OverBudget
        | FaultCode::KeyTaken
        | FaultCode::LibraryGone
        | FaultCode::WorkerLost => (
            "InternalError",
            "the job has failed due to some unknown error",
        ),
    };
    (code, format!("{text} ({})", fault.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameters_name_is_part_of_the_code() {
        let error = ApiError::from(Refusal::parameter("UploadURLs"));
        assert_eq!(
            error.to_string(),
            "InvalidParameter.UploadURLs (400): The specified parameter UploadURLs is not valid."
        );
    }

    #[test]
    fn a_failure_says_what_exactly_it_was() {
        let fault = Fault::new(FaultCode::SourceRefused, "the server answered 403");
        let (code, text) = job_failure(&fault);
        assert_eq!(code, "URLInvalidError");
        assert!(text.ends_with("(the server answered 403)"), "{text}");
    }
}
