//! Errors as the gateway, IAM and MPC word them: statuses and texts are those of the tables that the error centre shows.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reelgate_api_kit::operation::{ErrorCode, row};
use reelgate_api_kit::render::to_json;
use reelgate_service::{ErrorKind, ServiceError};
use serde_json::{Value, json};

use crate::request_id::RequestId;

type Cause = Box<dyn Error + Send + Sync>;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

// A macro because a code is put together from two literals; newer pages of the vendor's have "APIG." in its place.
macro_rules! apigw {
    ($number:literal) => {
        concat!("APIGW.", $number)
    };
}

pub(crate) const NOT_FOUND: ErrorCode = row(
    apigw!("0101"),
    404,
    "The API does not exist or has not been published in the environment.",
    "Check the method and the path; not every documented operation is served.",
);
pub(crate) const BAD_REQUEST: ErrorCode = row(
    apigw!("0201"),
    400,
    "API request error.",
    "Repair what the rest of the message names: the path, the query, a header or the body.",
);
pub(crate) const BODY_TOO_LARGE: ErrorCode = row(
    apigw!("0201"),
    413,
    "Request entity too large.",
    "Send a body of at most 12 MB; media is not sent in requests.",
);
pub(crate) const URI_TOO_LARGE: ErrorCode = row(
    apigw!("0201"),
    414,
    "Request URI too large.",
    "Send at most 32 KB of path and query.",
);
pub(crate) const HEADERS_TOO_LARGE: ErrorCode = row(
    apigw!("0201"),
    494,
    "Request headers too large.",
    "Send fewer or shorter headers.",
);
pub(crate) const UNAVAILABLE: ErrorCode = row(
    apigw!("0201"),
    502,
    "Backend unavailable.",
    "Try again later; the server's log says what it cannot reach.",
);
pub(crate) const NOT_AUTHENTICATED: ErrorCode = row(
    apigw!("0301"),
    401,
    "Incorrect IAM authentication information.",
    "The message says what is wrong with the key, the signature, the time or the token. A wrong signature is answered with \
     the canonical request, which your own has to equal.",
);
pub(crate) const NOT_AUTHORISED: ErrorCode = row(
    apigw!("0302"),
    403,
    "The IAM user is not authorized to access the API.",
    "Attach a policy to the user that allows the action the message names.",
);
pub(crate) const TOKEN_OUTDATED: ErrorCode = row(
    apigw!("0307"),
    401,
    "The token must be updated.",
    "Ask for new temporary credentials.",
);
pub(crate) const THROTTLED: ErrorCode = row(
    apigw!("0308"),
    429,
    "The throttling threshold has been reached.",
    "Wait as many seconds as Retry-After says.",
);
pub(crate) const INTERNAL: ErrorCode = row(
    apigw!("0601"),
    500,
    "Internal server error.",
    "Look the request id up in the server's log.",
);
pub(crate) const WRONG_PROJECT: ErrorCode = row(
    "MPC.10208",
    401,
    "Tenant ID verification failed, please check.",
    "Use the id of a project of the caller's account in the path, the same in X-Project-Id, and the one that a token is for.",
);

/// What any call can be answered with.
pub(crate) const SHARED: &[ErrorCode] = &[
    NOT_FOUND,
    BAD_REQUEST,
    BODY_TOO_LARGE,
    URI_TOO_LARGE,
    HEADERS_TOO_LARGE,
    UNAVAILABLE,
    NOT_AUTHENTICATED,
    NOT_AUTHORISED,
    TOKEN_OUTDATED,
    THROTTLED,
    INTERNAL,
    WRONG_PROJECT,
];

/// Whose words an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Gateway,
    Iam,
    Mpc,
}

/// An error that reaches the client as HTTP status, code and message.
#[derive(Debug, thiserror::Error)]
#[error("{} ({}): {message}", row.code, row.status)]
pub(crate) struct ApiError {
    row: ErrorCode,
    voice: Voice,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    #[source]
    cause: Option<Cause>,
}

impl From<ErrorCode> for ApiError {
    /// In the words of the table.
    fn from(row: ErrorCode) -> Self {
        Self {
            row,
            voice: Voice::Gateway,
            message: Cow::Borrowed(row.meaning),
            retry_after: None,
            cause: None,
        }
    }
}

impl ApiError {
    /// In the words of the table and some more; they are public.
    pub(crate) fn detailed(row: ErrorCode, detail: &str) -> Self {
        Self {
            message: format!("{} {detail}", row.meaning).into(),
            ..row.into()
        }
    }

    /// Nobody is proven to call, for the reason given.
    pub(crate) fn unauthenticated(reason: impl std::fmt::Display) -> Self {
        Self {
            message: format!("Incorrect IAM authentication information: {reason}").into(),
            ..NOT_AUTHENTICATED.into()
        }
    }

    pub(crate) fn throttled(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..THROTTLED.into()
        }
    }

    /// Our fault; the cause is for the log.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..INTERNAL.into()
        }
    }

    /// As IAM answers; its codes are the statuses, and this one's row is in IAM's table.
    pub(crate) fn iam(row: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            voice: Voice::Iam,
            message: message.into(),
            ..row.into()
        }
    }

    /// As MPC answers: code and message, and nothing else.
    pub(crate) fn mpc(row: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            voice: Voice::Mpc,
            message: message.into(),
            ..row.into()
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn code(&self) -> &'static str {
        self.row.code
    }

    /// Whether the call came too often.
    pub(crate) fn is_throttled(&self) -> bool {
        self.row == THROTTLED
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn to_value(&self, request_id: RequestId) -> Value {
        match self.voice {
            Voice::Gateway => json!({
                "error_msg": self.message,
                "error_code": self.row.code,
                "request_id": request_id.to_string(),
            }),
            Voice::Iam => json!({"error": {
                "code": self.row.status,
                "message": self.message,
                "title": self.status().canonical_reason(),
            }}),
            Voice::Mpc => json!({
                "error_code": self.row.code,
                "error_msg": self.message,
            }),
        }
    }

    /// Status, headers and body of the answer.
    pub(crate) fn to_response<Body: From<Vec<u8>>>(
        &self,
        request_id: RequestId,
    ) -> http::Response<Body> {
        let body = to_json(&self.to_value(request_id));
        let mut response = http::Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers: &mut HeaderMap = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(REQUEST_ID, request_id.header());
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<ServiceError> for ApiError {
    /// What failed on our side; what a caller did wrong is worded where it is known what it was about.
    fn from(error: ServiceError) -> Self {
        let row = match error.kind {
            ErrorKind::Unavailable => UNAVAILABLE,
            _ => INTERNAL,
        };
        Self {
            cause: Some(Box::new(error)),
            ..row.into()
        }
    }
}

/// An answer of the gateway, or an error.
pub(crate) type Outcome = Result<Response, ApiError>;

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(error: &ApiError) -> (http::Response<Vec<u8>>, String) {
        let response: http::Response<Vec<u8>> = error.to_response(RequestId::random());
        let body = String::from_utf8(response.body().clone()).unwrap();
        (response, body)
    }

    #[test]
    fn causes_stay_here() {
        let kinds = [
            (
                ErrorKind::Unavailable,
                "502 APIGW.0201 Backend unavailable.",
            ),
            (ErrorKind::Internal, "500 APIGW.0601 Internal server error."),
            (ErrorKind::Full, "500 APIGW.0601 Internal server error."),
        ];
        for (kind, expected) in kinds {
            let cause = ServiceError::new(kind, "store", "disk 7 is on fire");
            let error = ApiError::from(cause);
            let shown = format!(
                "{} {} {}",
                error.status().as_u16(),
                error.code(),
                error.message()
            );
            assert_eq!(shown, expected);
            let (_, body) = answered(&error);
            assert!(!body.contains("disk"), "{body}");
            let cause = error.source().unwrap();
            assert_eq!(cause.to_string(), "disk 7 is on fire");
        }
    }

    #[test]
    fn waits_are_told_in_whole_seconds_that_are_enough() {
        for (wait_ms, expected) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            let error = ApiError::throttled(Duration::from_millis(wait_ms));
            assert_eq!(answered(&error).0.headers()[RETRY_AFTER], expected);
        }
    }

    #[test]
    fn identity_errors_have_a_shape_of_their_own() {
        let error = ApiError::iam(row("403", 403, "No.", "No."), "not \"yours\"");
        let expected = r#"{"error":{"code":403,"message":"not \"yours\"","title":"Forbidden"}}"#;
        assert_eq!(answered(&error).1, expected);
    }
}
