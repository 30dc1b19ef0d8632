//! The error codes of this product: status, meaning and advice, for the answers and for the error centre alike; and the
//! texts that go with them.
//!
//! Codes and texts are those of the vendor's page of common errors of AssumeRole, its statuses those of its error
//! centre as far as it names them; "ours" marks what it does not document.

use std::borrow::Cow;

use reelgate_api_kit::operation::{ErrorCode, row};

use crate::rpc::ApiError;

/// The table.
pub(super) const ROWS: &[ErrorCode] = &{
    let mut rows = [StsError::ALL[0].row(); StsError::ALL.len()];
    let mut at = 0;
    while at < StsError::ALL.len() {
        rows[at] = StsError::ALL[at].row();
        at += 1;
    }
    rows
};

/// An error of this product, with what its text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StsError<'a> {
    RoleArn,
    SessionName,
    /// With the longest session of the role, in seconds.
    Duration(u64),
    /// With what is wrong.
    PolicyGrammar(&'a str),
    PolicySize(usize),
    ExternalId,
    SourceIdentity,
    RoleNotFound(&'a str),
    /// The caller may not assume the role, or the role does not trust it: which of both is nobody's business who may not.
    RoleRefused,
    Denied {
        resource: &'a str,
        action: &'a str,
    },
}

impl StsError<'_> {
    const ALL: [StsError<'static>; 9] = [
        StsError::RoleArn,
        StsError::SessionName,
        StsError::Duration(0),
        StsError::PolicyGrammar(""),
        StsError::PolicySize(0),
        StsError::ExternalId,
        StsError::SourceIdentity,
        StsError::RoleNotFound(""),
        // The other refusals have the same row.
        StsError::RoleRefused,
    ];

    const fn row(&self) -> ErrorCode {
        match self {
            Self::RoleArn => row(
                "InvalidParameter.RoleArn",
                400,
                "RoleArn is no ARN of a role.",
                "Send it as acs:ram::<account>:role/<name>.",
            ),
            Self::SessionName => row(
                "InvalidParameter.RoleSessionName",
                400,
                "RoleSessionName is too short, too long or has other characters than it may have.",
                "Use 2 to 64 letters, digits, and the characters . @ - _ only.",
            ),
            Self::Duration(_) => row(
                "InvalidParameter.DurationSeconds",
                400,
                "DurationSeconds is no number, below 900 or above the role's longest session.",
                "Ask for less, or let the role have longer sessions.",
            ),
            Self::PolicyGrammar(_) => row(
                "InvalidParameter.PolicyGrammar",
                400,
                "Policy is no policy document.",
                "Correct what the message names; docs/access.md has the grammar.",
            ),
            Self::PolicySize(_) => row(
                "InvalidParameter.PolicySize",
                400,
                "Policy is longer than a session's policy may be.",
                "Shorten it to 2048 characters, or put what it says into a policy of the role.",
            ),
            // Ours.
            Self::ExternalId => row(
                "InvalidParameter.ExternalId",
                400,
                "ExternalId is not served: no trust policy here can ask for it.",
                "Leave it out, and name the trusted user in the role's trust policy.",
            ),
            // Ours.
            Self::SourceIdentity => row(
                "InvalidParameter.SourceIdentity",
                400,
                "SourceIdentity is not served: the audit names the session only.",
                "Leave it out, and say in RoleSessionName whose session it is.",
            ),
            Self::RoleNotFound(_) => row(
                "EntityNotExist.Role",
                404,
                "The role does not exist, as far as the caller may know.",
                "Check account and name in RoleArn; list the roles with `reelgate role list`.",
            ),
            Self::RoleRefused | Self::Denied { .. } => row(
                "NoPermission",
                403,
                "The caller may not assume the role: no policy of it allows the call, or the role does not trust \
                 it.",
                "Allow sts:AssumeRole on the role to the user, and name the user in the role's trust policy.",
            ),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::RoleArn => "The parameter RoleArn is wrongly formed.".into(),
            Self::SessionName => "The parameter RoleSessionName is wrongly formed.".into(),
            // The vendor writes 1hr, which is the longest session that a role has by default.
            Self::Duration(3600) => "The Min/Max value of DurationSeconds is 15min/1hr.".into(),
            Self::Duration(most) => {
                format!("The Min/Max value of DurationSeconds is 15min/{most}s.").into()
            }
            Self::PolicyGrammar(fault) => {
                format!("The parameter Policy has not passed grammar check: {fault}.").into()
            }
            Self::PolicySize(most) => {
                format!("The parameter Policy is longer than {most} characters.").into()
            }
            Self::ExternalId => "The parameter ExternalId is not supported.".into(),
            Self::SourceIdentity => "The parameter SourceIdentity is not supported.".into(),
            Self::RoleNotFound(arn) => format!("The role not exists: {arn}.").into(),
            Self::RoleRefused => {
                "No permission perform sts:AssumeRole on this Role. Maybe you are not authorized \
                 to perform sts:AssumeRole or the specified role does not trust you."
                    .into()
            }
            Self::Denied { resource, action } => format!(
                "You are not authorized to do this action. Resource: {resource} Action: {action}"
            )
            .into(),
        }
    }
}

impl From<StsError<'_>> for ApiError {
    fn from(error: StsError<'_>) -> Self {
        Self::new(error.row(), error.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_the_row_of_every_error() {
        let all = StsError::ALL.into_iter().chain([StsError::Denied {
            resource: "",
            action: "",
        }]);
        for error in all {
            // A new error does not compile here before somebody has looked at the list.
            match error {
                StsError::RoleArn
                | StsError::SessionName
                | StsError::Duration(_)
                | StsError::PolicyGrammar(_)
                | StsError::PolicySize(_)
                | StsError::ExternalId
                | StsError::SourceIdentity
                | StsError::RoleNotFound(_)
                | StsError::RoleRefused
                | StsError::Denied { .. } => {}
            }
            assert!(ROWS.contains(&error.row()), "{error:?}");
        }
    }

    #[test]
    fn texts_are_the_vendors() {
        let short = ApiError::from(StsError::Duration(3600));
        let expected = "InvalidParameter.DurationSeconds (400): \
                        The Min/Max value of DurationSeconds is 15min/1hr.";
        assert_eq!(short.to_string(), expected);
    }
}
