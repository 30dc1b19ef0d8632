//! The texts of this product's error codes, and what faults and service errors become.
//!
//! Texts are those of the vendor's service error-code list; "ours" marks what the list does not have.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_service::{ErrorKind, ServiceError};

pub(super) use super::codes::Code;
use super::status::JobStatus;
use crate::dna::codes as dna;
use crate::rpc::ApiError;

impl Code {
    /// The text, misspellings and missing blanks included. `about` is a parameter, an id, a name or a key.
    fn message(self, about: &str) -> String {
        match self {
            Self::Invalid | Self::InvalidState => parameter(about, "is invalid"),
            Self::NullValue => parameter(about, "cannot be null"),
            Self::EmptyValue => parameter(about, "cannot be empty"),
            Self::NotSupported => parameter(about, "is not supported"),
            Self::OutOfRange => parameter(about, "is out of range"),
            // Ours: the text of this code is not in the list.
            Self::NotBoolean => parameter(about, "is not a boolean"),
            Self::UuidFormat => format!(
                "The parameter \"{about}\" is invalid.A uuid must:1)be comprised of \
                 chracters[a-f],numbers[0-9];2)be 32 characters long."
            ),
            Self::Format => format!("The format of parameter \"{about}\" is invalid."),
            Self::NumberFormat => {
                format!("The number format of parameter \"{about}\" is invalid.")
            }
            Self::JsonFormat => conformance(about, "JSON"),
            Self::JsonObjectFormat => conformance(about, "JSON Object"),
            Self::JsonArrayFormat => conformance(about, "JSON Array"),
            // Ours: the text of this code is not in the list.
            Self::ListSizeExceed => format!("The size of list \"{about}\" exceeds the limit."),
            Self::BucketName => format!("The bucket name \"{about}\" is invalid."),
            Self::ObjectKey => format!("The object key \"{about}\" is invalid."),
            Self::ResourceNotFound => resource(about, "cannot be found"),
            Self::ResourceContentBad => resource(about, "is bad"),
            Self::ResourceDeleted => resource(about, "has been deleted"),
            Self::MergeFileIncomplete => "merge file needs video and audio".to_owned(),
            Self::ExclusiveParameters => {
                format!("The parameters \"{about}\" cannot be given together.")
            }
            Self::NoAudioStream => "The resource has no audio stream.".to_owned(),
            Self::TemplateNotFound => {
                format!("The Template operated \"{about}\" cannot be found.")
            }
            Self::TemplateNotSupported => {
                format!("The template operated \"{about}\" is not supported.")
            }
            Self::ResourceNotSupported => resource(about, "is not supported"),
            // Ours: the texts of these codes are not in the list.
            Self::Base64Format => format!("The parameter \"{about}\" is not in Base64."),
            Self::EncryptionContainer => {
                format!("The container format does not support \"{about}\".")
            }
            Self::DbNotExist => dna::library_not_found(about),
            Self::ResourceQuotaExceed => {
                format!("The resource \"{about}\" quota has been used up.")
            }
            Self::ResourceAccess => {
                format!("MTS not authorized to operate on the specified resource \"{about}\".")
            }
            Self::JobInRunning => job(about, "running"),
            Self::JobInComplete => job(about, "complete"),
            Self::JobInFailure => job(about, "failure"),
            Self::PipelineInUse => format!(
                "The Pipeline operated \"{about}\" has queued or running jobs, cannot delete."
            ),
            // Of jobs only, which have their texts elsewhere.
            Self::PrimaryKeyExist | Self::Cancelled => self.row().meaning.to_owned(),
            Self::Internal => {
                let text =
                    "The operation has failed due to some unknown error, exception or failure.";
                text.to_owned()
            }
        }
    }
}

fn parameter(about: &str, what: &str) -> String {
    format!("The specified parameter \"{about}\" {what}.")
}

fn conformance(about: &str, to: &str) -> String {
    format!("The parameter \"{about}\" does not conform to the {to} specification.")
}

fn resource(about: &str, what: &str) -> String {
    format!("The resource operated \"{about}\" {what}.")
}

fn job(about: &str, what: &str) -> String {
    format!("The Job operated \"{about}\" is {what}, cannot cancel.")
}

/// Why a request, or one output of it, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    about: String,
}

impl Refusal {
    /// The longest name or key that a text repeats, in characters: longer ones are no valid ones.
    const MOST_REPEATED: usize = 1024;

    pub(super) fn new(code: Code, about: impl Into<String>) -> Self {
        let mut about = about.into();
        if let Some((end, _)) = about.char_indices().nth(Self::MOST_REPEATED) {
            about.truncate(end);
        }
        Self { code, about }
    }

    pub(super) fn message(&self) -> String {
        self.code.message(&self.about)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code.row(), refusal.message())
    }
}

/// Why a job that is not waiting for its first start is not cancelled.
pub(super) fn cancel_refused(status: JobStatus, job_id: &str) -> Refusal {
    match status {
        JobStatus::Transcoding => Refusal::new(Code::JobInRunning, job_id),
        JobStatus::TranscodeSuccess => Refusal::new(Code::JobInComplete, job_id),
        JobStatus::TranscodeFail => Refusal::new(Code::JobInFailure, job_id),
        // What a second cancel answers is not documented; a submitted job is never refused.
        JobStatus::TranscodeCancelled | JobStatus::Submitted => {
            Refusal::new(Code::InvalidState, "JobId")
        }
    }
}

/// A failed use case in this product's words.
pub(super) fn service_error(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::NotFound => Refusal::new(Code::ResourceNotFound, error.subject).into(),
        ErrorKind::Invalid => Refusal::new(Code::Invalid, error.subject).into(),
        // Of the use cases behind this product only the deletion of a pipeline conflicts with anything.
        ErrorKind::Conflict => Refusal::new(Code::PipelineInUse, error.subject).into(),
        ErrorKind::Denied => Refusal::new(Code::ResourceAccess, error.subject).into(),
        ErrorKind::TooLarge => Refusal::new(Code::OutOfRange, error.subject).into(),
        ErrorKind::Replayed | ErrorKind::Full | ErrorKind::Unavailable | ErrorKind::Internal => {
            error.into()
        }
    }
}

/// Code and message of a failed job: the vendor's text, and what exactly it was.
pub(super) fn job_failure(fault: &Fault, object_key: &str) -> (&'static str, String) {
    let (code, about) = match fault.code {
        FaultCode::SourceMissing => (Code::ResourceNotFound, object_key),
        FaultCode::SourceUnreadable | FaultCode::NoVideoStream => {
            (Code::ResourceContentBad, object_key)
        }
        FaultCode::NoAudioStream => (Code::NoAudioStream, object_key),
        FaultCode::PartIncomplete => (Code::MergeFileIncomplete, ""),
        FaultCode::SpecUnfit => (Code::OutOfRange, "Output"),
        FaultCode::TargetUnfit => (Code::ObjectKey, "OutputObject"),
        FaultCode::EngineLacks => (Code::NotSupported, "Output"),
        FaultCode::EngineFailed
        | FaultCode::StorageFailed
        | FaultCode::TimedOut
        | FaultCode::Stalled
        | FaultCode::OverBudget
        | FaultCode::WorkerLost
        // Of jobs of other kinds.
        | FaultCode::KeyTaken
        | FaultCode::LibraryGone
        | FaultCode::SourceRefused
        | FaultCode::SourceUnreachable
        | FaultCode::SourceMismatch
        | FaultCode::SourceTooLarge => (Code::Internal, ""),
    };
    let message = format!("{} ({})", code.message(about), fault.message);
    (code.as_str(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_vendors() {
        let cases = [
            (
                Code::NotSupported,
                "Video.Crop",
                "InvalidParameter.NotSupported (400): \
                 The specified parameter \"Video.Crop\" is not supported.",
            ),
            (
                Code::UuidFormat,
                "JobId",
                "InvalidParameter.UUIDFormatInvalid (400): The parameter \"JobId\" is invalid.\
                 A uuid must:1)be comprised of chracters[a-f],numbers[0-9];2)be 32 characters long.",
            ),
            (
                Code::JobInFailure,
                "1f",
                "PermissionDenied.JobInFailure (403): \
                 The Job operated \"1f\" is failure, cannot cancel.",
            ),
            (
                Code::JsonArrayFormat,
                "Outputs",
                "InvalidParameter.JsonArrayFormatInvalid (400): \
                 The parameter \"Outputs\" does not conform to the JSON Array specification.",
            ),
        ];
        for (code, about, expected) in cases {
            let error = ApiError::from(Refusal::new(code, about));
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn each_fault_has_the_documented_code() {
        let cases = [
            (
                FaultCode::SourceMissing,
                "InvalidParameter.ResourceNotFound",
            ),
            (
                FaultCode::SourceUnreadable,
                "InvalidParameter.ResourceContentBad",
            ),
            (
                FaultCode::NoVideoStream,
                "InvalidParameter.ResourceContentBad",
            ),
            (FaultCode::NoAudioStream, "InvalidParameter.NoAudioStream"),
            (
                FaultCode::PartIncomplete,
                "InvalidParameter.MergeFileNoVideoOrAudio",
            ),
            (FaultCode::SpecUnfit, "InvalidParameter.OutOfRange"),
            (FaultCode::TargetUnfit, "InvalidParameter.ObjectKeyInvalid"),
            (FaultCode::EngineLacks, "InvalidParameter.NotSupported"),
            (FaultCode::EngineFailed, "InternalError"),
            (FaultCode::StorageFailed, "InternalError"),
            (FaultCode::TimedOut, "InternalError"),
            (FaultCode::Stalled, "InternalError"),
            (FaultCode::OverBudget, "InternalError"),
            (FaultCode::WorkerLost, "InternalError"),
        ];
        for (fault, code) in cases {
            assert_eq!(job_failure(&Fault::new(fault, "why"), "a.mp4").0, code);
        }
        let (_, message) = job_failure(
            &Fault::new(FaultCode::SourceMissing, "media/a.mp4 does not exist"),
            "a.mp4",
        );
        assert_eq!(
            message,
            "The resource operated \"a.mp4\" cannot be found. (media/a.mp4 does not exist)"
        );
    }

    #[test]
    fn service_errors_keep_their_subject_and_hide_their_cause() {
        let missing = ServiceError::new(
            ErrorKind::NotFound,
            "media2",
            "bucket media2 does not exist",
        );
        assert_eq!(
            service_error(missing).to_string(),
            "InvalidParameter.ResourceNotFound (404): The resource operated \"media2\" cannot be found."
        );
        let full = ServiceError::new(ErrorKind::Full, "store", "the store has no space left");
        let error = service_error(full);
        assert_eq!(
            (error.status.as_u16(), error.code.as_ref()),
            (503, "ServiceUnavailable")
        );
    }
}
