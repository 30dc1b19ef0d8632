//! The codes of this product, and what failures of the service become.

use reelgate_api_kit::operation::{ErrorCode, row};
use reelgate_service::{ErrorKind, ServiceError};

use crate::errors::{ApiError, NOT_AUTHORISED};

pub(super) const INVALID: ErrorCode = row(
    "MPC.10202",
    400,
    "Invalid request parameter.",
    "Repair what the rest of the message names.",
);
pub(super) const INVALID_403: ErrorCode = ErrorCode {
    status: 403,
    advice: "Repair what the rest of the message names; templates are refused with this status.",
    ..INVALID
};
pub(super) const CONTENT_TYPE_WRONG: ErrorCode = row(
    "MPC.10205",
    400,
    "Incorrect request content type.",
    "Send application/json.",
);
pub(super) const TENANT_400: ErrorCode = row(
    "MPC.10208",
    400,
    "Failed to verify the tenant ID.",
    "Use the id of a project of the caller's account in the path.",
);
pub(super) const TENANT_403: ErrorCode = ErrorCode {
    status: 403,
    ..TENANT_400
};
pub(super) const PATH: ErrorCode = row(
    "MPC.10209",
    406,
    "Invalid input or output OBS path.",
    "Use a bucket that the account has here and a key that can be stored under.",
);
pub(super) const PATH_403: ErrorCode = ErrorCode {
    status: 403,
    ..PATH
};
pub(super) const FAILED: ErrorCode = row(
    "MPC.10212",
    400,
    "Operation failed.",
    "Only tasks that wait can be canceled; nothing is left to do when it has ended, or never was.",
);
pub(super) const FAILED_403: ErrorCode = ErrorCode {
    status: 403,
    advice: "Check the ids: the thing does not exist in this project or is in no state for this.",
    ..FAILED
};
pub(super) const NOT_FINAL: ErrorCode = row(
    "MPC.10213",
    400,
    "Operation failed. The task is not in the final state.",
    "Delete the record of a task that has ended; cancel one that waits.",
);
pub(super) const NOT_FINAL_403: ErrorCode = ErrorCode {
    status: 403,
    ..NOT_FINAL
};
pub(super) const TEMPLATE_MISSING: ErrorCode = row(
    "MPC.10089",
    400,
    "The template file does not exist.",
    "Use the id of a preset or of a template of this project.",
);
pub(super) const TEMPLATE_NAME_TAKEN: ErrorCode = row(
    "MPC.10091",
    400,
    "The template name already exists.",
    "Choose another name, or change the template that has it.",
);
pub(super) const GROUP_TAKEN: ErrorCode = row(
    "MPC.10230",
    400,
    "The template group already exists.",
    "Choose another name, or change the group that has it.",
);
pub(super) const GROUP_MISSING: ErrorCode = row(
    "MPC.10231",
    400,
    "The template group does not exist.",
    "Use the id of a template group of this project.",
);
pub(super) const AGENCY_CREATED: ErrorCode = row(
    "MPC.10223",
    400,
    "An agency has been created.",
    "Nothing is left to do: access to buckets needs no agency here.",
);
pub(super) const AGENCY_DELETED: ErrorCode = row(
    "MPC.10224",
    400,
    "The agency has been deleted.",
    "Nothing is left to do.",
);

/// The product's own codes.
pub(super) const ROWS: &[ErrorCode] = &[
    TEMPLATE_MISSING,
    TEMPLATE_NAME_TAKEN,
    INVALID,
    INVALID_403,
    CONTENT_TYPE_WRONG,
    TENANT_400,
    TENANT_403,
    PATH,
    PATH_403,
    FAILED,
    FAILED_403,
    NOT_FINAL,
    NOT_FINAL_403,
    AGENCY_CREATED,
    AGENCY_DELETED,
    GROUP_TAKEN,
    GROUP_MISSING,
];

/// The code's own words.
pub(super) fn plain(row: ErrorCode) -> ApiError {
    ApiError::mpc(row, row.meaning)
}

/// The code's words and some more, as the vendor joins them: `Invalid request parameter, <detail>.`
pub(super) fn detailed(row: ErrorCode, detail: &str) -> ApiError {
    let text = row.meaning.trim_end_matches('.');
    ApiError::mpc(row, format!("{text}, {detail}."))
}

/// A parameter that is not what it should be; `detail` names it and says why.
pub(super) fn invalid(detail: &str) -> ApiError {
    detailed(INVALID, detail)
}

/// A failed use case in this product's words.
pub(super) fn service_error(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::NotFound => detailed(PATH, &error.message),
        ErrorKind::Invalid | ErrorKind::TooLarge | ErrorKind::Conflict => invalid(&error.message),
        ErrorKind::Denied => NOT_AUTHORISED.into(),
        ErrorKind::Replayed | ErrorKind::Full | ErrorKind::Unavailable | ErrorKind::Internal => {
            error.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_follow_the_words_of_the_code() {
        let error = invalid("start_time cannot be greater than end_time");
        assert_eq!(
            error.to_string(),
            "MPC.10202 (400): Invalid request parameter, start_time cannot be greater than end_time."
        );
        assert_eq!(
            plain(FAILED).to_string(),
            "MPC.10212 (400): Operation failed."
        );
    }
}
