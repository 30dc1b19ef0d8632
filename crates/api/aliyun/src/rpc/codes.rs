//! The codes that every RPC product answers: status, meaning and advice, for the answers and for the error centre alike.

use reelgate_api_kit::operation::{ErrorCode, row};

use super::errors::CommonError;

/// The table, in the order in which a call is checked.
pub const SHARED: &[ErrorCode] = &{
    let mut rows = [ALL[0].row(); ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        rows[at] = ALL[at].row();
        at += 1;
    }
    rows
};

/// Each error once; what an error names does not change its row.
const ALL: [CommonError<'static>; 27] = [
    CommonError::Malformed(""),
    CommonError::BodyTooLarge(0),
    CommonError::AddressTooLong,
    CommonError::HeadTooLarge,
    CommonError::UnsupportedHttpMethod,
    CommonError::InvalidFormat,
    CommonError::Missing(""),
    CommonError::Invalid(""),
    CommonError::ActionNotFound,
    CommonError::UnsupportedOperation(""),
    CommonError::InvalidSignatureMethod,
    CommonError::IncompleteSignature(""),
    CommonError::Throttling,
    CommonError::AccessKeyNotFound,
    CommonError::AccessKeyInactive,
    CommonError::SecurityTokenMissing,
    CommonError::SecurityTokenMalformed,
    CommonError::SecurityTokenMismatch,
    CommonError::SecurityTokenExpired,
    CommonError::TimestampFormat,
    CommonError::TimestampExpired,
    CommonError::SignatureDoesNotMatch(""),
    CommonError::ThrottlingUser,
    CommonError::SignatureNonceUsed,
    CommonError::ForbiddenRam,
    CommonError::Internal,
    CommonError::ServiceUnavailable,
];

impl CommonError<'_> {
    /// The error's row. The statuses are the gateway's; where single product pages name another one (400 for an unknown
    /// action or key, 403 for a method or signature) the gateway's holds for all. "Ours" marks what the vendor does not
    /// document.
    pub(super) const fn row(&self) -> ErrorCode {
        match self {
            // Ours.
            Self::Malformed(_) => row(
                "InvalidParameter",
                400,
                "The request, its query or its form cannot be read.",
                "Percent-encode parameters as UTF-8, and send each name once in the query and once in the form at most.",
            ),
            // Ours.
            Self::BodyTooLarge(_) => row(
                "RequestEntityTooLarge",
                413,
                "The body is larger than any operation needs.",
                "Split the call; media never travels in a request.",
            ),
            // Ours; a larger body may be sent than an address.
            Self::AddressTooLong => row(
                "RequestEntityTooLarge",
                414,
                "The address with the parameters in it is longer than is ever read.",
                "Send long parameters in a form body, or split the call.",
            ),
            // Ours.
            Self::HeadTooLarge => row(
                "RequestEntityTooLarge",
                431,
                "Address and headers together are more than is ever read.",
                "Send long parameters in a form body, and fewer headers.",
            ),
            Self::UnsupportedHttpMethod => row(
                "UnsupportedHTTPMethod",
                400,
                "The HTTP method is neither GET nor POST.",
                "Use GET or POST.",
            ),
            Self::InvalidFormat => row(
                "InvalidParameter.Format",
                400,
                "Format names neither JSON nor XML.",
                "Set Format to JSON or XML, or leave it out.",
            ),
            Self::Missing(_) => row(
                "Missing{Name}",
                400,
                "A mandatory parameter, of the protocol or of the operation, is absent.",
                "Send the parameter that the code names.",
            ),
            Self::Invalid(_) => row(
                "Invalid{Name}",
                400,
                "A parameter has a value that it cannot have, such as a Version that no product has.",
                "Correct the parameter that the code names.",
            ),
            Self::ActionNotFound => row(
                "InvalidAction.NotFound",
                404,
                "The product has no operation of this name.",
                "Check the spelling of Action, capitals included, and that Version is the product's.",
            ),
            // Ours. The action exists at the vendor: "not found" would send its caller looking for a typo.
            Self::UnsupportedOperation(_) => row(
                "UnsupportedOperation",
                400,
                "The vendor documents the operation, and Reelgate does not serve it; the message says why.",
                "Use what the message names instead, if anything.",
            ),
            Self::InvalidSignatureMethod => row(
                "InvalidSignatureMethod",
                400,
                "The signature is of an algorithm that is not served.",
                "Sign with HMAC-SHA1, HMAC-SHA256 or ACS3-HMAC-SHA256.",
            ),
            Self::IncompleteSignature(_) => row(
                "IncompleteSignature",
                400,
                "A part of the signature is missing or cannot be read; the message says which.",
                "Let an SDK sign, and let no proxy change Host, Accept, User-Agent or headers that begin with x-acs-.",
            ),
            Self::Throttling => row(
                "Throttling",
                400,
                "Too many requests with wrong signatures came from this address, or with this key from this address.",
                "Correct the secret: a right signature passes at once. What is wrong with another is told again after x-acs-retry-after milliseconds.",
            ),
            Self::AccessKeyNotFound => row(
                "InvalidAccessKeyId.NotFound",
                404,
                "There is no access key of this id.",
                "Check the id; list the keys with `reelgate key list`.",
            ),
            Self::AccessKeyInactive => row(
                "InvalidAccessKeyId.Inactive",
                400,
                "The access key is disabled or has expired.",
                "Use another key, or enable it with `reelgate key enable`.",
            ),
            Self::SecurityTokenMissing => row(
                "MissingSecurityToken",
                400,
                "The key is a temporary one, and its security token was not sent.",
                "Give the SDK all three parts of the credentials: id, secret and security token.",
            ),
            Self::SecurityTokenMalformed => row(
                "InvalidSecurityToken.Malformed",
                400,
                "The security token is none that this server issued.",
                "Send the token exactly as AssumeRole answered it, or ask for a new one.",
            ),
            Self::SecurityTokenMismatch => row(
                "InvalidSecurityToken.MismatchWithAccessKey",
                400,
                "The security token belongs to another access key.",
                "Send the token that came with the key, and none with a key that is not temporary.",
            ),
            Self::SecurityTokenExpired => row(
                "InvalidSecurityToken.Expired",
                400,
                "The security token has expired.",
                "Ask for new credentials with AssumeRole.",
            ),
            Self::TimestampFormat => row(
                "InvalidTimeStamp.Format",
                400,
                "The time of the request is not of the form 2026-01-02T03:04:05Z.",
                "Send the time in UTC and in this form.",
            ),
            Self::TimestampExpired => row(
                "InvalidTimeStamp.Expired",
                400,
                "The time of the request lies over 15 minutes from the server's, or before the server was restored from a backup.",
                "Set the clock of the machine that signs, and sign each request anew.",
            ),
            // With status 400, the old Python core compares what follows the first colon with its own string to sign
            // to tell a wrong secret from a wrong request, and dies with an IndexError when there is no colon.
            Self::SignatureDoesNotMatch(_) => row(
                "SignatureDoesNotMatch",
                400,
                "The signature was made with another secret or for another request; the message ends with the string \
                 that the server signed.",
                "Compare the strings: if they are equal the secret is wrong, else something changed the request.",
            ),
            Self::ThrottlingUser => row(
                "Throttling.User",
                400,
                "The account with all its users calls the operation more often than its limit allows.",
                "Wait for as long as x-acs-retry-after says, in milliseconds; an operator can set another limit.",
            ),
            Self::SignatureNonceUsed => row(
                "SignatureNonceUsed",
                400,
                "The same signed request came before.",
                "Sign each request, repeated ones too, with a nonce of its own.",
            ),
            Self::ForbiddenRam => row(
                "Forbidden.RAM",
                403,
                "No policy of the caller allows the operation, or one denies it.",
                "See AccessDeniedDetail for what was asked and what decided; `reelgate policy check` asks the same.",
            ),
            Self::Internal => row(
                "InternalError",
                500,
                "Something failed here that should not fail.",
                "Try again; the server's log has the cause under the request id.",
            ),
            Self::ServiceUnavailable => row(
                "ServiceUnavailable",
                503,
                "The store cannot be read or written now or has no space left, or there is no room for so many large bodies.",
                "Try again later with a new nonce.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_the_row_of_every_error() {
        // A new error does not compile here before it has a place, and it is in the table only if it is in the list.
        let place = |error: &CommonError<'_>| match error {
            CommonError::Malformed(_) => 0,
            CommonError::BodyTooLarge(_) => 1,
            CommonError::AddressTooLong => 2,
            CommonError::HeadTooLarge => 3,
            CommonError::UnsupportedHttpMethod => 4,
            CommonError::InvalidFormat => 5,
            CommonError::Missing(_) => 6,
            CommonError::Invalid(_) => 7,
            CommonError::ActionNotFound => 8,
            CommonError::UnsupportedOperation(_) => 9,
            CommonError::InvalidSignatureMethod => 10,
            CommonError::IncompleteSignature(_) => 11,
            CommonError::Throttling => 12,
            CommonError::AccessKeyNotFound => 13,
            CommonError::AccessKeyInactive => 14,
            CommonError::SecurityTokenMissing => 15,
            CommonError::SecurityTokenMalformed => 16,
            CommonError::SecurityTokenMismatch => 17,
            CommonError::SecurityTokenExpired => 18,
            CommonError::TimestampFormat => 19,
            CommonError::TimestampExpired => 20,
            CommonError::SignatureDoesNotMatch(_) => 21,
            CommonError::ThrottlingUser => 22,
            CommonError::SignatureNonceUsed => 23,
            CommonError::ForbiddenRam => 24,
            CommonError::Internal => 25,
            CommonError::ServiceUnavailable => 26,
        };
        for (at, error) in ALL.iter().enumerate() {
            assert_eq!(place(error), at, "{error:?}");
            assert_eq!(SHARED[at], error.row());
        }
    }
}
