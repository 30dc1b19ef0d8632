//! Finding out who calls: a token, or a signature by a permanent or a temporary key.

use std::sync::Arc;

use reelgate_domain::Timestamp;
use reelgate_service::{Caller, CredentialError, TokenError, TokenHolder};

use super::record::Call;
use super::{Gateway, IamCall, Received, Target};
use crate::errors::{ApiError, BAD_REQUEST, TOKEN_OUTDATED};
use crate::signature::{Claims, SignatureError, check_date};
use crate::{iam, time};

/// As much of a token as tells it from others without being of use.
const TRIED_CHARS: usize = 8;

/// Who calls, and what proved it.
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    /// The token that was shown, unless the request is signed.
    pub(crate) token: Option<Arc<TokenHolder>>,
}

impl Gateway {
    /// A token counts before a signature: what proves enough by itself leaves nothing to verify.
    pub(super) async fn authenticate(
        &self,
        received: &Received,
        target: &Target,
        call: &mut Call,
    ) -> Result<Authenticated, ApiError> {
        if let Some(token) = received.header("x-auth-token")? {
            return self.by_token(token, call).await;
        }
        if received.has_header("authorization") {
            return self.by_signature(received, call).await;
        }
        if *target == Target::Iam(IamCall::CreateTemporaryKey)
            && let Some(token) = iam::token_in_body(received)?
        {
            return self.by_token(&token, call).await;
        }
        Err(ApiError::unauthenticated("x-auth-token not found"))
    }

    async fn by_token(&self, token: &str, call: &mut Call) -> Result<Authenticated, ApiError> {
        // By its beginning, so that clients with old tokens are counted apart.
        let tried: String = token.chars().take(TRIED_CHARS).collect();
        match self.service.token_caller(token).await {
            Ok(holder) => Ok(Authenticated {
                caller: holder.caller.clone(),
                token: Some(holder),
            }),
            Err(error) => {
                let is_wrong = matches!(error, TokenError::Unknown);
                let error = token_error(error);
                Err(match is_wrong {
                    true => self.failed(&tried, call, error),
                    false => error,
                })
            }
        }
    }

    async fn by_signature(
        &self,
        received: &Received,
        call: &mut Call,
    ) -> Result<Authenticated, ApiError> {
        let signed = received.signed();
        let claims = Claims::read(signed.headers).map_err(signature_error)?;
        call.key_id = Some(claims.key_id.to_owned());
        let found = self
            .service
            .credential(claims.key_id, claims.security_token)
            .await;
        let credential = found.map_err(|error| {
            // Guessing at ids costs as much as guessing at signatures.
            match error {
                CredentialError::Failed(_) => credential_error(claims.key_id, error),
                error => self.failed(claims.key_id, call, credential_error(claims.key_id, error)),
            }
        })?;
        // A key that is known is worth a record when it is misused.
        call.misused = Some(Arc::clone(&credential.principal));
        let now_ms = self.clock.now().as_millis();
        check_date(claims.date, now_ms).map_err(signature_error)?;
        claims
            .verify(&signed, credential.secret.expose())
            .map_err(|error| self.failed(claims.key_id, call, signature_error(error)))?;
        Ok(Authenticated {
            caller: Arc::clone(&credential.principal).into(),
            token: None,
        })
    }

    /// What somebody is told who proves nothing: what is wrong, and after too many failures only that. Who proves
    /// something is never kept out by those who do not, whatever address they share.
    fn failed(&self, tried: &str, call: &Call, error: ApiError) -> ApiError {
        match self.service.may_try(tried, call.context.source) {
            Ok(()) => {
                self.service.failed_signature(tried, call.context.source);
                error
            }
            Err(throttled) => ApiError::throttled(throttled.retry_after),
        }
    }
}

fn signature_error(error: SignatureError) -> ApiError {
    match &error {
        SignatureError::Malformed => ApiError::detailed(
            BAD_REQUEST,
            "A percent sign is not followed by two hex digits.",
        ),
        SignatureError::Algorithm(_) | SignatureError::Unusable(_) => {
            ApiError::unauthenticated(error)
        }
        SignatureError::Expired { .. } => {
            ApiError::unauthenticated(format_args!("calc aksk signature fail:{error}"))
        }
        SignatureError::Mismatch { canonical } => {
            ApiError::unauthenticated(format_args!("{error}, canonicalRequest:{canonical}"))
        }
    }
}

fn credential_error(key_id: &str, error: CredentialError) -> ApiError {
    match error {
        CredentialError::Unknown => {
            ApiError::unauthenticated(format_args!("ak {key_id} not exist"))
        }
        CredentialError::Disabled => {
            ApiError::unauthenticated(format_args!("ak {key_id} is disabled"))
        }
        CredentialError::TokenMissing => ApiError::unauthenticated(format_args!(
            "x-security-token not found, ak {key_id} is a temporary one"
        )),
        CredentialError::TokenMalformed | CredentialError::TokenMismatch => {
            ApiError::unauthenticated("decrypt token fail")
        }
        CredentialError::TokenExpired => TOKEN_OUTDATED.into(),
        CredentialError::Failed(error) => error.into(),
    }
}

/// As for a token in `X-Auth-Token`.
fn token_error(error: TokenError) -> ApiError {
    match error {
        TokenError::Unknown => ApiError::unauthenticated("decrypt token fail"),
        TokenError::Expired { at } => ApiError::unauthenticated(expired(at)),
        TokenError::Failed(error) => error.into(),
    }
}

fn expired(at: Timestamp) -> String {
    format!("token expires, expires_at: {}", time::format(at))
}
