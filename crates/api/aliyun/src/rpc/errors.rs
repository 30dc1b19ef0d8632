//! Errors as Alibaba's gateway words them: one table of codes, statuses and messages for all products.

use std::borrow::Cow;
use std::error::Error;

use http::StatusCode;
use reelgate_api_kit::RequestId;
use serde_json::{Value, json};

type Cause = Box<dyn Error + Send + Sync>;

/// An error that reaches the client as HTTP status, `Code` and `Message`.
///
/// Shared errors come from [`CommonError`]; products add their own through [`ApiError::new`].
#[derive(Debug, thiserror::Error)]
#[error("{code} ({}): {message}", status.as_u16())]
pub struct ApiError {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
    #[source]
    cause: Option<Cause>,
}

impl ApiError {
    /// An error of one product. The message is public.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            cause: None,
        }
    }

    /// `InternalError` to the client, and the cause to the log.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::from(CommonError::Internal)
        }
    }

    /// `ServiceUnavailable` to the client, and the cause to the log.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::from(CommonError::ServiceUnavailable)
        }
    }

    /// The members of the error envelope. `Recommend`, a link to the vendor's troubleshooting page, is left out.
    pub fn to_value(&self, request_id: RequestId, host_id: &str) -> Value {
        json!({
            "RequestId": request_id.to_string(),
            "HostId": host_id,
            "Code": self.code,
            "Message": self.message,
        })
    }
}

/// The errors that all products share, with what each one's text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommonError<'a> {
    /// A mandatory parameter, business or common, is absent: `MissingJobId`, `MissingSignature` …
    Missing(&'a str),
    /// A parameter has the wrong type or range: `InvalidPageSize`, `InvalidVersion` …
    Invalid(&'a str),
    /// A product's own check found something absent; the text is the product's.
    MissingParameter(&'a str),
    InvalidFormat,
    /// The query or body could not be read, for the given reason.
    Malformed(&'a str),
    /// The body is larger than the given number of bytes.
    BodyTooLarge(usize),
    /// The address with the parameters in it is longer than is ever read.
    AddressTooLong,
    /// Address and headers together are more than is ever read.
    HeadTooLarge,
    ActionNotFound,
    /// A documented action that Reelgate does not serve, with the reason.
    UnsupportedOperation(&'a str),
    UnsupportedHttpMethod,
    AccessKeyNotFound,
    AccessKeyInactive,
    TimestampFormat,
    TimestampExpired,
    /// An older wording of a missing timestamp.
    IllegalTimestamp,
    SignatureNonceUsed,
    InvalidSignatureMethod,
    /// Carries our string to sign.
    SignatureDoesNotMatch(&'a str),
    /// Carries our string to sign, or why there is none.
    IncompleteSignature(&'a str),
    SecurityTokenExpired,
    SecurityTokenMalformed,
    SecurityTokenMismatch,
    Throttling,
    ThrottlingUser,
    ThrottlingApi,
    ForbiddenRam,
    NoPermission {
        resource: &'a str,
        action: &'a str,
    },
    /// The text is the product's.
    Forbidden(&'a str),
    /// The product is not activated for the account, or frozen.
    ServiceDisabled,
    Internal,
    ServiceUnavailable,
}

impl From<CommonError<'_>> for ApiError {
    /// The table. The statuses are the gateway's; where single product pages name another one (400 for an unknown
    /// action or key, 403 for a method or signature) the gateway's holds for all. "Ours" marks what the vendor does
    /// not document.
    fn from(error: CommonError<'_>) -> Self {
        use CommonError as E;
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
        const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
        match error {
            E::Missing(name) => {
                let message = format!("{name} is mandatory for this action.");
                Self::new(BAD, format!("Missing{name}"), message)
            }
            E::Invalid(name) => {
                let message = format!("Specified parameter {name} is not valid.");
                Self::new(BAD, format!("Invalid{name}"), message)
            }
            E::MissingParameter(text) => Self::new(BAD, "MissingParameter", text.to_owned()),
            E::InvalidFormat => {
                let message = "Specified parameter format is not valid.";
                Self::new(BAD, "InvalidParameter.Format", message)
            }
            // Ours.
            E::Malformed(reason) => {
                let message = format!("The request could not be parsed: {reason}.");
                Self::new(BAD, "InvalidParameter", message)
            }
            // Ours.
            E::BodyTooLarge(limit_bytes) => {
                let message = format!("The request body is larger than {limit_bytes} bytes.");
                Self::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "RequestEntityTooLarge",
                    message,
                )
            }
            // Ours; a larger body may be sent than an address.
            E::AddressTooLong => Self::new(
                StatusCode::URI_TOO_LONG,
                "RequestEntityTooLarge",
                "The request URI is too long; send long parameters in the body.",
            ),
            E::HeadTooLarge => Self::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RequestEntityTooLarge",
                "The request URI and headers are too large; send long parameters in the body.",
            ),
            E::ActionNotFound => {
                let message = "Specified api is not found, please check your url and method.";
                Self::new(NOT_FOUND, "InvalidAction.NotFound", message)
            }
            // Ours. The action exists at the vendor: "not found" would send its caller looking for a typo.
            E::UnsupportedOperation(reason) => {
                Self::new(BAD, "UnsupportedOperation", reason.to_owned())
            }
            E::UnsupportedHttpMethod => Self::new(
                BAD,
                "UnsupportedHTTPMethod",
                "This http method is not supported.",
            ),
            E::AccessKeyNotFound => {
                let message = "Specified access key is not found.";
                Self::new(NOT_FOUND, "InvalidAccessKeyId.NotFound", message)
            }
            E::AccessKeyInactive => {
                let message = "Specified access key is disabled.";
                Self::new(BAD, "InvalidAccessKeyId.Inactive", message)
            }
            E::TimestampFormat => {
                let message = "Specified time stamp or date value is not well formatted.";
                Self::new(BAD, "InvalidTimeStamp.Format", message)
            }
            E::TimestampExpired => {
                let message = "Specified time stamp or date value is expired.";
                Self::new(BAD, "InvalidTimeStamp.Expired", message)
            }
            E::IllegalTimestamp => {
                let message = "The input parameter \"Timestamp\" that is mandatory for processing \
                               this request is not supplied.";
                Self::new(BAD, "IllegalTimestamp", message)
            }
            E::SignatureNonceUsed => {
                let message = "Specified signature nonce was used already.";
                Self::new(BAD, "SignatureNonceUsed", message)
            }
            E::InvalidSignatureMethod => {
                let message = "Specified signature method is not valid.";
                Self::new(BAD, "InvalidSignatureMethod", message)
            }
            // With status 400, the old Python core compares what follows the first colon with its own string to sign
            // to tell a wrong secret from a wrong request, and dies with an IndexError when there is no colon.
            E::SignatureDoesNotMatch(string_to_sign) => {
                let message = format!(
                    "Specified signature is not matched with our calculation. \
                     server string to sign is:{string_to_sign}"
                );
                Self::new(BAD, "SignatureDoesNotMatch", message)
            }
            E::IncompleteSignature(string_to_sign) => {
                let message = format!(
                    "The request signature does not conform to Aliyun standards. \
                     server string to sign is:{string_to_sign}"
                );
                Self::new(BAD, "IncompleteSignature", message)
            }
            E::SecurityTokenExpired => {
                let message = "Specified SecurityToken is expired.";
                Self::new(BAD, "InvalidSecurityToken.Expired", message)
            }
            E::SecurityTokenMalformed => {
                let message = "Specified SecurityToken is malformed.";
                Self::new(BAD, "InvalidSecurityToken.Malformed", message)
            }
            E::SecurityTokenMismatch => {
                let message = "Specified SecurityToken mismatch with the AccessKey.";
                Self::new(BAD, "InvalidSecurityToken.MismatchWithAccessKey", message)
            }
            E::Throttling => {
                let message = "Request was denied due to request throttling.";
                Self::new(BAD, "Throttling", message)
            }
            E::ThrottlingUser => {
                let message = "Request was denied due to user flow control.";
                Self::new(BAD, "Throttling.User", message)
            }
            E::ThrottlingApi => {
                let message = "Request was denied due to api flow control.";
                Self::new(BAD, "Throttling.Api", message)
            }
            E::ForbiddenRam => {
                let message = "User not authorized to operate on the specified resource, \
                               or this API doesn't support RAM.";
                Self::new(FORBIDDEN, "Forbidden.RAM", message)
            }
            E::NoPermission { resource, action } => {
                let message = format!(
                    "You are not authorized to do this action. \
                     Resource: {resource} Action: {action}"
                );
                Self::new(FORBIDDEN, "NoPermission", message)
            }
            E::Forbidden(text) => Self::new(FORBIDDEN, "Forbidden", text.to_owned()),
            E::ServiceDisabled => {
                let message = "The request identity was not allowed operated.";
                Self::new(FORBIDDEN, "InvalidIdentity.ServiceDisabled", message)
            }
            E::Internal => {
                let message = "The request processing has failed due to some unknown error, \
                               exception or failure.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
            }
            E::ServiceUnavailable => {
                let message = "The request has failed due to a temporary failure of the server.";
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "ServiceUnavailable",
                    message,
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_become_part_of_the_code() {
        let error = ApiError::from(CommonError::Missing("JobId"));
        assert_eq!(
            error.to_string(),
            "MissingJobId (400): JobId is mandatory for this action."
        );

        let error = ApiError::from(CommonError::Invalid("Version"));
        let expected = "InvalidVersion (400): Specified parameter Version is not valid.";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_old_python_core_finds_the_string_to_sign_after_the_first_colon() {
        let string_to_sign = "GET&%2F&Timestamp%3D2026-01-02T03%253A04%253A05Z";
        let error = ApiError::from(CommonError::SignatureDoesNotMatch(string_to_sign));

        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert_eq!(error.message.split(':').nth(1), Some(string_to_sign));
        assert_eq!(error.message.split(':').count(), 2);
    }

    #[test]
    fn the_cause_of_an_internal_error_stays_out_of_the_envelope() {
        let request_id = RequestId::random();
        let error = ApiError::internal("disk on fire");

        let expected = json!({
            "RequestId": request_id.to_string(),
            "HostId": "h",
            "Code": "InternalError",
            "Message": "The request processing has failed due to some unknown error, exception or failure.",
        });
        assert_eq!(error.to_value(request_id, "h"), expected);
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    }
}
