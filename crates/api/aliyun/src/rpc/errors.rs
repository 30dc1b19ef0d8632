//! Errors as Alibaba's gateway words them, for all products. Codes and statuses are those of the tables.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use reelgate_api_kit::RequestId;
use reelgate_api_kit::operation::ErrorCode;
use reelgate_service::{ErrorKind, ServiceError};
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
    /// How long the caller should wait; the new SDKs hand it to their callers.
    pub retry_after: Option<Duration>,
    denied: Option<Box<Value>>,
    /// Why the call was refused to this caller, for the audit.
    pub refusal: Option<String>,
    #[source]
    cause: Option<Cause>,
}

impl ApiError {
    /// An error of one product, from its row. The message is public.
    pub fn new(row: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: status(row),
            code: row.code.into(),
            message: message.into(),
            retry_after: None,
            denied: None,
            refusal: None,
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

    /// Says when the call may be tried again.
    pub fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// Tells the audit that this is a matter of who calls, and why.
    pub fn refusing(self, why: impl Into<String>) -> Self {
        Self {
            refusal: Some(why.into()),
            ..self
        }
    }

    /// Says what was refused to whom, in the members of `AccessDeniedDetail`.
    pub fn denied(self, detail: Value) -> Self {
        Self {
            denied: Some(Box::new(detail)),
            ..self
        }
    }

    /// The members of the error envelope. `Recommend`, a link to the vendor's troubleshooting page, is left out.
    pub fn to_value(&self, request_id: RequestId, host_id: &str) -> Value {
        let mut members = json!({
            "RequestId": request_id.to_string(),
            "HostId": host_id,
            "Code": self.code,
            "Message": self.message,
        });
        if let Some(detail) = &self.denied {
            members["AccessDeniedDetail"] = Value::clone(detail);
        }
        members
    }
}

fn status(row: ErrorCode) -> StatusCode {
    StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The errors that all products share, with what each one's text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommonError<'a> {
    /// The query or body could not be read, for the given reason.
    Malformed(&'a str),
    /// The body is larger than the given number of bytes.
    BodyTooLarge(usize),
    /// The address with the parameters in it is longer than is ever read.
    AddressTooLong,
    /// Address and headers together are more than is ever read.
    HeadTooLarge,
    UnsupportedHttpMethod,
    InvalidFormat,
    /// A mandatory parameter, business or common, is absent: `MissingJobId`, `MissingSignature` …
    Missing(&'a str),
    /// A parameter has the wrong type or range: `InvalidPageSize`, `InvalidVersion` …
    Invalid(&'a str),
    ActionNotFound,
    /// A documented action that Reelgate does not serve, with the reason.
    UnsupportedOperation(&'a str),
    InvalidSignatureMethod,
    /// Carries our string to sign, or why there is none.
    IncompleteSignature(&'a str),
    /// Too many signatures were wrong.
    Throttling,
    AccessKeyNotFound,
    AccessKeyInactive,
    SecurityTokenMissing,
    SecurityTokenMalformed,
    SecurityTokenMismatch,
    SecurityTokenExpired,
    TimestampFormat,
    TimestampExpired,
    /// Carries our string to sign.
    SignatureDoesNotMatch(&'a str),
    ThrottlingUser,
    SignatureNonceUsed,
    ForbiddenRam,
    Internal,
    ServiceUnavailable,
}

impl CommonError<'_> {
    /// The gateway's wording.
    fn message(&self) -> Cow<'static, str> {
        let text = match self {
            Self::Missing(name) => return format!("{name} is mandatory for this action.").into(),
            Self::Invalid(name) => {
                return format!("Specified parameter {name} is not valid.").into();
            }
            Self::Malformed(reason) => {
                return format!("The request could not be parsed: {reason}.").into();
            }
            Self::BodyTooLarge(limit_bytes) => {
                return format!("The request body is larger than {limit_bytes} bytes.").into();
            }
            Self::UnsupportedOperation(reason) => return (*reason).to_owned().into(),
            Self::SignatureDoesNotMatch(string_to_sign) => {
                return format!(
                    "Specified signature is not matched with our calculation. \
                     server string to sign is:{string_to_sign}"
                )
                .into();
            }
            Self::IncompleteSignature(string_to_sign) => {
                return format!(
                    "The request signature does not conform to Aliyun standards. \
                     server string to sign is:{string_to_sign}"
                )
                .into();
            }
            Self::InvalidFormat => "Specified parameter format is not valid.",
            Self::AddressTooLong => {
                "The request URI is too long; send long parameters in the body."
            }
            Self::HeadTooLarge => {
                "The request URI and headers are too large; send long parameters in the body."
            }
            Self::ActionNotFound => "Specified api is not found, please check your url and method.",
            Self::UnsupportedHttpMethod => "This http method is not supported.",
            Self::AccessKeyNotFound => "Specified access key is not found.",
            Self::AccessKeyInactive => "Specified access key is disabled.",
            Self::TimestampFormat => "Specified time stamp or date value is not well formatted.",
            Self::TimestampExpired => "Specified time stamp or date value is expired.",
            Self::SignatureNonceUsed => "Specified signature nonce was used already.",
            Self::InvalidSignatureMethod => "Specified signature method is not valid.",
            Self::SecurityTokenMissing => "SecurityToken is mandatory for this action.",
            Self::SecurityTokenExpired => "Specified SecurityToken is expired.",
            Self::SecurityTokenMalformed => "Specified SecurityToken is malformed.",
            Self::SecurityTokenMismatch => "Specified SecurityToken mismatch with the AccessKey.",
            Self::Throttling => "Request was denied due to request throttling.",
            Self::ThrottlingUser => "Request was denied due to user flow control.",
            Self::ForbiddenRam => {
                "User not authorized to operate on the specified resource, or this API doesn't \
                 support RAM."
            }
            Self::Internal => {
                "The request processing has failed due to some unknown error, exception or failure."
            }
            Self::ServiceUnavailable => {
                "The request has failed due to a temporary failure of the server."
            }
        };
        text.into()
    }
}

impl From<CommonError<'_>> for ApiError {
    fn from(error: CommonError<'_>) -> Self {
        let row = error.row();
        let code = match error {
            CommonError::Missing(name) | CommonError::Invalid(name) => {
                row.code.replace("{Name}", name).into()
            }
            _ => row.code.into(),
        };
        Self {
            code,
            ..Self::new(row, error.message())
        }
    }
}

impl From<ServiceError> for ApiError {
    /// For what no product has words of its own.
    fn from(error: ServiceError) -> Self {
        match error.kind {
            ErrorKind::Replayed => CommonError::SignatureNonceUsed.into(),
            ErrorKind::Full | ErrorKind::Unavailable => Self::unavailable(with_causes(&error)),
            _ => Self::internal(with_causes(&error)),
        }
    }
}

/// The whole chain, for the log.
fn with_causes(error: &ServiceError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
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
