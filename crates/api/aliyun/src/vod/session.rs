//! `SessionId`: a token that one call of an action may have for a while.

use std::time::Duration;

use reelgate_service::{Caller, ErrorKind, Service, ServiceError, session_call};

use super::errors::{Code, Refusal};
use super::request;
use crate::rpc::{ApiError, Params};

/// An action whose calls can be told apart in this way, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    action: &'static str,
    kept: Duration,
}

/// The vendor's 10 minutes. A call's signature may be good for longer, and no replay of it may act: so the token is
/// remembered for half an hour.
pub(super) const UPLOAD: Kind = Kind {
    action: "UploadMediaByURL",
    kept: Duration::from_mins(10),
};

/// The same of the product that has the twin.
pub(crate) const UPLOAD_OF_ICE: Kind = Kind {
    action: "ice:UploadMediaByURL",
    ..UPLOAD
};

pub(super) const TRANSCODE: Kind = Kind {
    action: "SubmitTranscodeJobs",
    kept: Duration::from_hours(7 * 24),
};

const MOST_BYTES: usize = 50;

/// The caller in a call that counts once by its token, if it has one.
pub(super) fn in_session(
    service: &Service,
    caller: &Caller,
    params: &Params,
    kind: Kind,
) -> Result<Caller, Refusal> {
    let Some(token) = request::optional(params, "SessionId") else {
        return Ok(caller.clone());
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if token.len() > MOST_BYTES || !token.bytes().all(fits) {
        return Err(Refusal::parameter("SessionId"));
    }
    let now = service.now();
    let once = session_call(caller.account, kind.action, token, now, kind.kept);
    Ok(caller.clone().once(once))
}

/// What a failed call with or without a token is answered.
pub(super) fn refusal(
    error: ServiceError,
    params: &Params,
    otherwise: impl FnOnce(ServiceError) -> ApiError,
) -> ApiError {
    match request::optional(params, "SessionId") {
        Some(token) if error.kind == ErrorKind::Replayed => {
            Refusal::new(Code::SessionId, token).into()
        }
        _ => otherwise(error),
    }
}
