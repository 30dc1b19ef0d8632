//! `POST /v3.0/OS-CREDENTIAL/securitytokens`: a key pair that ends by itself, for a token.

use std::time::Duration;

use http::StatusCode;
use reelgate_service::{ErrorKind, Service, ServiceError};
use serde::Deserialize;
use serde_json::json as value;

use super::body::{self, invalid};
use super::operations::FORBIDDEN;
use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::gateway::{Authenticated, Received};
use crate::time;

const DEFAULT_SECONDS: u64 = 900;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    auth: Auth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    identity: Identity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    methods: Vec<String>,
    #[serde(default)]
    token: Token,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    id: Option<String>,
    duration_seconds: Option<u64>,
}

/// The token that the caller shows in the body, for want of a header.
pub(crate) fn token_in_body(received: &Received) -> Result<Option<String>, ApiError> {
    Ok(read(&received.body)?.id)
}

/// What the body asks for.
pub(crate) fn read(body: &[u8]) -> Result<Token, ApiError> {
    let Input { auth } = body::read(body)?;
    match auth.identity.methods == ["token"] {
        true => Ok(auth.identity.token),
        false => Err(invalid("auth.identity.methods is not [\"token\"]")),
    }
}

pub(super) async fn create(
    service: &Service,
    received: &Received,
    caller: &Authenticated,
) -> Outcome {
    let [] = body::query(received.query(), [])?;
    let Token {
        id,
        duration_seconds,
    } = read(&received.body)?;
    // Whom the key is for has to be who was authenticated.
    if let Some(id) = id {
        let is_shown = received
            .header("x-auth-token")?
            .is_none_or(|shown| shown == id);
        if caller.token.is_none() || !is_shown {
            return Err(invalid(
                "auth.identity.token.id is another token than the caller's",
            ));
        }
    }
    let duration = Duration::from_secs(duration_seconds.unwrap_or(DEFAULT_SECONDS));
    let key = service
        .temporary_key(&caller.caller, duration)
        .await
        .map_err(refused)?;
    Ok(json(
        StatusCode::CREATED,
        &value!({"credential": {
            "access": key.access,
            "secret": key.secret.expose(),
            "securitytoken": key.security_token.expose(),
            "expires_at": time::format(key.expires_at),
        }}),
    ))
}

fn refused(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::Invalid => invalid(&error.message),
        ErrorKind::Denied => ApiError::iam(FORBIDDEN, error.message),
        _ => error.into(),
    }
}
