//! Rows of codes that both families have. "Ours" marks what the vendor does not publish.

use reelgate_api_kit::operation::{ErrorCode, row};

pub(crate) const LIBRARY_NOT_FOUND: ErrorCode = row(
    "InvalidParameter.DBNotExist",
    400,
    "There is no fingerprint library of this id in the account, or it has been deleted.",
    "See ListDNADB, and check that the key is of the account that has the library.",
);

/// The text for the library of this id.
pub(crate) fn library_not_found(id: &str) -> String {
    format!("The DB operated \"{id}\" does not exist.")
}

pub(crate) const LIBRARIES_EXCEEDED: ErrorCode = row(
    "PermissionDenied.ResourceQuotaExceed",
    403,
    "The account has 5 fingerprint libraries, which is as many as it may have.",
    "Delete a library that is not needed any more.",
);

pub(crate) const LIBRARIES_EXCEEDED_TEXT: &str =
    "The quota of the resource \"DB\" has been exceeded.";

/// Ours: what becomes of a second file under one key is not documented.
pub(crate) const KEY_TAKEN: ErrorCode = row(
    "InvalidParameter.PrimaryKeyExist",
    400,
    "Another file of the library has the primary key; only jobs carry this code.",
    "Use another key, or delete the file that has it.",
);

/// A job that was cancelled; the states of fingerprint jobs have no word for it. Ours.
pub(crate) const CANCELLED: ErrorCode = row(
    "Cancelled",
    400,
    "The job was cancelled; only jobs carry this code.",
    "Submit it again if it is wanted after all.",
);

pub(crate) const NOT_SUPPORTED: ErrorCode = row(
    "InvalidParameter.ResourceNotSupported",
    400,
    "The file cannot be looked for, or be stored, in a library of this kind.",
    "Use a library of the model that fits the file, or another MediaType.",
);

pub(crate) const SOURCE_NOT_FOUND: ErrorCode = row(
    "InvalidParameter.ResourceNotFound",
    404,
    "The file that a job reads does not exist.",
    "Check bucket and key, and submit the job again when the file is there.",
);

pub(crate) const SOURCE_BAD: ErrorCode = row(
    "InvalidParameter.ResourceContentBad",
    400,
    "The file that a job reads is no media that can be read, or has no picture where one is needed.",
    "Check the file; the message in the job says what is wrong with it.",
);

pub(crate) const NO_AUDIO: ErrorCode = row(
    "InvalidParameter.NoAudioStream",
    400,
    "The file that a job reads has no sound, and the library is one of sound.",
    "Use another file, or a library of another model.",
);
