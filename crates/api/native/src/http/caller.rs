//! Who calls: the bearer key of a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_service::Caller;

use super::Problem;
use crate::NativeApi;

/// The caller that the request's API key belongs to.
pub(crate) struct Authorized(pub(crate) Caller);

impl FromRequestParts<Arc<NativeApi>> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        api: &Arc<NativeApi>,
    ) -> Result<Self, Self::Rejection> {
        let Some(key) = bearer(&parts.headers) else {
            let detail = "the header Authorization: Bearer <api_key> is missing";
            return Err(refused(detail, r#"Bearer realm="reelgate""#));
        };
        match api.service.authenticate_api_key(key).await? {
            Some(caller) => Ok(Self(caller)),
            None => Err(refused(
                "the API key is not valid",
                r#"Bearer realm="reelgate", error="invalid_token""#,
            )),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn refused(detail: &str, challenge: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}
