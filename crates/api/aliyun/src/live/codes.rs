//! The codes of this product: status, meaning and advice, for the answers and for the error centre alike.

use reelgate_api_kit::operation::{ErrorCode, row};

/// The codes of this product.
pub(crate) const ROWS: &[ErrorCode] = &{
    let mut rows = [Code::ALL[0].row(); Code::ALL.len()];
    let mut at = 0;
    while at < Code::ALL.len() {
        rows[at] = Code::ALL[at].row();
        at += 1;
    }
    rows
};

/// A code of this product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    MissingParameter,
    InvalidParameter,
    OperationDenied,
    Forbidden,
    JobNotFound,
    /// The last one: the list below is as long as its number says.
    TemplateNotFound,
}

impl Code {
    const ALL: [Self; Self::TemplateNotFound as usize + 1] = [
        Self::MissingParameter,
        Self::InvalidParameter,
        Self::OperationDenied,
        Self::Forbidden,
        Self::JobNotFound,
        Self::TemplateNotFound,
    ];

    pub(super) const fn row(self) -> ErrorCode {
        match self {
            Self::MissingParameter => row(
                "MissingParameter",
                400,
                "A parameter that the call needs is absent or empty.",
                "Send the parameter that the message names.",
            ),
            Self::InvalidParameter => row(
                "InvalidParameter",
                400,
                "A parameter is invalid: its form, its range or what it asks for.",
                "Correct what the message names; docs/dialects/aliyun-live.md says what is served.",
            ),
            Self::OperationDenied => row(
                "OperationDenied",
                403,
                "The job's state, the cluster, the account or the addresses do not allow it now.",
                "Do as the message says: start what does not run, stop what does, or ask the operator.",
            ),
            Self::Forbidden => row(
                "Forbidden",
                403,
                "The account may not use edge transcoding, or the caller's policies do not allow the action on the job's domains.",
                "Ask the operator for the feature, or the account for a policy on acs:live:*:{accountId}:domain/{DomainName}.",
            ),
            Self::JobNotFound => row(
                "JobNotFound",
                404,
                "The job does not exist in this account and this cluster.",
                "Check JobId and ClusterId; see ListEdgeTranscodeJob.",
            ),
            Self::TemplateNotFound => row(
                "TemplateNotFound",
                404,
                "The template does not exist in this account.",
                "See ListEdgeTranscodeTemplate.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_row() {
        for (at, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
    }
}
