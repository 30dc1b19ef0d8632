//! The codes of this product: status, meaning and advice, for the answers and for the error centre alike.

use reelgate_api_kit::operation::{ErrorCode, row};

use crate::dna::codes as dna;

/// The codes of this product: those of requests, and those that failed jobs and refused outputs carry.
pub(super) const ROWS: &[ErrorCode] = &{
    let mut rows = [Code::ALL[0].row(); Code::ALL.len()];
    let mut at = 0;
    while at < Code::ALL.len() {
        rows[at] = Code::ALL[at].row();
        at += 1;
    }
    rows
};

/// A code of this product. What its text names is in [`Refusal`](super::errors::Refusal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Invalid,
    InvalidState,
    NullValue,
    EmptyValue,
    NotSupported,
    OutOfRange,
    UuidFormat,
    Format,
    NumberFormat,
    NotBoolean,
    JsonFormat,
    JsonObjectFormat,
    JsonArrayFormat,
    ListSizeExceed,
    BucketName,
    ObjectKey,
    ResourceNotFound,
    ResourceContentBad,
    NoAudioStream,
    MergeFileIncomplete,
    ExclusiveParameters,
    ResourceDeleted,
    TemplateNotFound,
    TemplateNotSupported,
    ResourceNotSupported,
    Base64Format,
    EncryptionContainer,
    DbNotExist,
    ResourceQuotaExceed,
    /// Of jobs only, as is [`Code::Cancelled`].
    PrimaryKeyExist,
    ResourceAccess,
    JobInRunning,
    JobInComplete,
    JobInFailure,
    PipelineInUse,
    Cancelled,
    /// The last one: the list below is as long as its number says.
    Internal,
}

impl Code {
    const ALL: [Self; Self::Internal as usize + 1] = [
        Self::Invalid,
        Self::InvalidState,
        Self::NullValue,
        Self::EmptyValue,
        Self::NotSupported,
        Self::OutOfRange,
        Self::UuidFormat,
        Self::Format,
        Self::NumberFormat,
        Self::NotBoolean,
        Self::JsonFormat,
        Self::JsonObjectFormat,
        Self::JsonArrayFormat,
        Self::ListSizeExceed,
        Self::BucketName,
        Self::ObjectKey,
        Self::ResourceNotFound,
        Self::ResourceContentBad,
        Self::NoAudioStream,
        Self::MergeFileIncomplete,
        Self::ExclusiveParameters,
        Self::ResourceDeleted,
        Self::TemplateNotFound,
        Self::TemplateNotSupported,
        Self::ResourceNotSupported,
        Self::Base64Format,
        Self::EncryptionContainer,
        Self::DbNotExist,
        Self::ResourceQuotaExceed,
        Self::PrimaryKeyExist,
        Self::ResourceAccess,
        Self::JobInRunning,
        Self::JobInComplete,
        Self::JobInFailure,
        Self::PipelineInUse,
        Self::Cancelled,
        Self::Internal,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        self.row().code
    }

    /// The vendor names no statuses. One rule gives them: `PermissionDenied…` is 403, what ends in `NotFound` or
    /// `Deleted` 404, `InternalError` 500, all else 400. The only error body of this product that is publicly known
    /// (`InvalidParameter.…`) came with 400.
    pub(super) const fn row(self) -> ErrorCode {
        match self {
            Self::Invalid => row(
                "InvalidParameter",
                400,
                "A parameter is invalid.",
                "Correct the parameter that the message names.",
            ),
            Self::InvalidState => row(
                "InvalidParameter.InvalidState",
                400,
                "A state is none that there is, or the job is cancelled already.",
                "Use a state of the documentation; a cancelled job needs no second cancel.",
            ),
            Self::NullValue => row(
                "InvalidParameter.NullValue",
                400,
                "A member of a JSON parameter is absent or null.",
                "Send the member that the message names.",
            ),
            Self::EmptyValue => row(
                "InvalidParameter.EmptyValue",
                400,
                "A parameter or list that needs content is empty.",
                "Fill in the parameter that the message names.",
            ),
            Self::NotSupported => row(
                "InvalidParameter.NotSupported",
                400,
                "A value or field is documented by the vendor and not served here.",
                "Leave the field out, or use a value that docs/mps.md lists.",
            ),
            Self::OutOfRange => row(
                "InvalidParameter.OutOfRange",
                400,
                "A number or length lies outside its range.",
                "Use a value inside the range that docs/mps.md names.",
            ),
            Self::UuidFormat => row(
                "InvalidParameter.UUIDFormatInvalid",
                400,
                "An id is not of 32 lower-case hex digits.",
                "Send the id exactly as an answer gave it.",
            ),
            Self::Format => row(
                "InvalidParameter.Format",
                400,
                "A value has another form than it needs, such as a list in place of a text.",
                "Correct the value that the message names.",
            ),
            Self::NumberFormat => row(
                "InvalidParameter.NumberFormatInvalid",
                400,
                "A value that has to be a number is none.",
                "Send a decimal number.",
            ),
            Self::NotBoolean => row(
                "ParameterNotBoolean",
                400,
                "A value is neither true nor false.",
                "Send true or false.",
            ),
            Self::JsonFormat => row(
                "InvalidParameter.JsonFormatInvalid",
                400,
                "A parameter is no JSON, names a member twice or is nested too deep.",
                "Send valid JSON, each member once and at most 32 levels deep.",
            ),
            Self::JsonObjectFormat => row(
                "InvalidParameter.JsonObjectFormatInvalid",
                400,
                "A parameter is no JSON object.",
                "Send an object in braces.",
            ),
            Self::JsonArrayFormat => row(
                "InvalidParameter.JsonArrayFormatInvalid",
                400,
                "A parameter is no JSON list.",
                "Send a list in brackets.",
            ),
            Self::ListSizeExceed => row(
                "InvalidParameter.ListSizeExceed",
                400,
                "A list has more items than one call may have.",
                "Split the call: up to 10 ids or 30 outputs at a time.",
            ),
            Self::BucketName => row(
                "InvalidParameter.BucketNameInvalid",
                400,
                "A bucket's name cannot be one.",
                "Use 3 to 63 lower-case letters, digits, hyphens and underscores.",
            ),
            Self::ObjectKey => row(
                "InvalidParameter.ObjectKeyInvalid",
                400,
                "An object's key cannot be one, or is in use in a way that it cannot be written.",
                "Use up to 1023 bytes of UTF-8, percent-encoded, without a leading slash and without `..`.",
            ),
            Self::ResourceNotFound => row(
                "InvalidParameter.ResourceNotFound",
                404,
                "The job, pipeline, bucket or object does not exist in this account.",
                "Check the id or name, and that the key is of the account that has it.",
            ),
            Self::ResourceContentBad => row(
                "InvalidParameter.ResourceContentBad",
                400,
                "The source cannot be read as media, or has no video where one is needed.",
                "Check the source file; the message in the job says what is wrong with it.",
            ),
            Self::NoAudioStream => row(
                "InvalidParameter.NoAudioStream",
                400,
                "The source has no audio, and the output needs it.",
                "Use another source, or an output that needs no audio.",
            ),
            Self::MergeFileIncomplete => row(
                "InvalidParameter.MergeFileNoVideoOrAudio",
                400,
                "A file that is to be joined has no video or no audio.",
                "Join files that have both, or leave out of the output what they lack.",
            ),
            Self::ExclusiveParameters => row(
                "Parameters.NotSupported",
                400,
                "Two parameters are given of which one has to be chosen.",
                "Leave out one of those that the message names.",
            ),
            Self::ResourceDeleted => row(
                "InvalidParameter.ResourceDeleted",
                404,
                "The template has been deleted.",
                "Use another one, or add it again: it gets another id.",
            ),
            Self::TemplateNotFound => row(
                "InvalidParameter.TemplateNotFound",
                404,
                "There is no template of this id.",
                "Use one that SearchTemplate finds, or a preset template that docs/mps.md lists.",
            ),
            Self::TemplateNotSupported => row(
                "InvalidParameter.TemplateNotSupported",
                400,
                "The template is of a family that is not served.",
                "Use a static preset template.",
            ),
            Self::ResourceNotSupported => dna::NOT_SUPPORTED,
            Self::Base64Format => row(
                "InvalidParameter.InvalidBase64Format",
                400,
                "A text that has to be in Base64 is not.",
                "Encode it with the standard alphabet and its padding.",
            ),
            Self::EncryptionContainer => row(
                "DataEncryption.ContainerFormatNotSupported",
                400,
                "Encryption is asked for in a container that has no segments.",
                "Use Container.Format m3u8, or leave Encryption out.",
            ),
            Self::DbNotExist => dna::LIBRARY_NOT_FOUND,
            Self::ResourceQuotaExceed => row(
                "PermissionDenied.ResourceQuotaExceed",
                403,
                "The account has as many fingerprint libraries (5) or templates of a sort (1000) as it may have.",
                "Delete one that is not needed any more.",
            ),
            Self::PrimaryKeyExist => dna::KEY_TAKEN,
            Self::ResourceAccess => row(
                "PermissionDenied.ResourceAccess",
                403,
                "The service may not read or write the resource.",
                "Check the bucket's permissions on the server.",
            ),
            Self::JobInRunning => row(
                "PermissionDenied.JobInRunning",
                403,
                "The job has started and is not cancelled any more.",
                "Let it end. To be in time, pause the pipeline before cancelling.",
            ),
            Self::JobInComplete => row(
                "PermissionDenied.JobInComplete",
                403,
                "The job has succeeded, so there is nothing to cancel.",
                "Delete its output if it is not wanted.",
            ),
            Self::JobInFailure => row(
                "PermissionDenied.JobInFailure",
                403,
                "The job has failed, so there is nothing to cancel.",
                "See its Code and Message for why it failed.",
            ),
            // Ours: what deleting a pipeline that still has jobs answers is not documented.
            Self::PipelineInUse => row(
                "PermissionDenied.PipelineInUse",
                403,
                "The pipeline has queued or running jobs.",
                "Cancel them or let them end, then delete it.",
            ),
            Self::Cancelled => dna::CANCELLED,
            Self::Internal => row(
                "InternalError",
                500,
                "A job failed for a reason that is not its caller's.",
                "Submit it again; the message and the server's log say what happened.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_follow_the_family_of_the_code() {
        for row in ROWS {
            let expected = if row.code.starts_with("PermissionDenied") {
                403
            } else if row.code == "InternalError" {
                500
            } else if row.code.ends_with("NotFound") || row.code.ends_with("Deleted") {
                404
            } else {
                400
            };
            assert_eq!(row.status, expected, "{}", row.code);
        }
    }

    #[test]
    fn each_code_has_a_row() {
        for (at, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
    }
}
