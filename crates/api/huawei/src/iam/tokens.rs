//! `GET` and `DELETE /v3/auth/tokens`: looking at a token, and ending it.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use reelgate_service::{Service, TokenError, TokenHolder};

use super::body;
use super::operations::{INVALID, MISSING};
use super::view::{TokenView, with_token};
use crate::answer::json;
use crate::errors::{ApiError, NOT_AUTHORISED, Outcome};
use crate::gateway::{Authenticated, Call, IamCall, Received};
use crate::iam::IAM;

pub(super) async fn validate(
    service: &Service,
    received: &Received,
    caller: &Authenticated,
    call: &mut Call,
) -> Outcome {
    let [nocatalog] = body::query(received.query(), ["nocatalog"])?;
    let (token, holder) = subject(service, received, caller, call, IamCall::ValidateToken).await?;
    let view = TokenView {
        user: &holder.user,
        domain: &holder.domain,
        project: holder.project.as_ref(),
        issued_at: holder.issued_at,
        expires_at: holder.expires_at,
    };
    let has_catalog = nocatalog.is_none_or(|value| value.is_empty());
    let body = view.to_value(received, has_catalog);
    with_token(json(StatusCode::OK, &body), token)
}

pub(super) async fn revoke(
    service: &Service,
    received: &Received,
    caller: &Authenticated,
    call: &mut Call,
) -> Outcome {
    let [] = body::query(received.query(), [])?;
    let (token, _) = subject(service, received, caller, call, IamCall::RevokeToken).await?;
    if !service.revoke_token(token).await? {
        return Err(missing());
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The token that the call is about. A user may look at and end their own; for those of others in the account a policy has
/// to allow it.
async fn subject<'a>(
    service: &Service,
    received: &'a Received,
    caller: &Authenticated,
    call: &mut Call,
    wanted: IamCall,
) -> Result<(&'a str, Arc<TokenHolder>), ApiError> {
    let token = received.header("x-subject-token")?;
    let token =
        token.ok_or_else(|| ApiError::iam(INVALID, "The header X-Subject-Token is missing"))?;
    let holder = match service.token_caller(token).await {
        Ok(holder) => holder,
        Err(TokenError::Unknown | TokenError::Expired { .. }) => return Err(missing()),
        Err(TokenError::Failed(error)) => return Err(error.into()),
    };
    let (principal, of) = (&caller.caller.principal, &holder.caller.principal);
    if principal.account != of.account {
        return Err(missing());
    }
    if principal.kind != of.kind {
        let action = IAM.policy_action(wanted.operation());
        let everything = IAM.all_resources(principal.account);
        let decided = service.authorise(principal, &action, &everything, &received.context());
        if let Err(denial) = decided {
            let reason = denial.to_string();
            let error = ApiError::detailed(NOT_AUTHORISED, &format!("{reason}."));
            call.refuse(reason);
            return Err(error);
        }
    }
    Ok((token, holder))
}

fn missing() -> ApiError {
    ApiError::iam(MISSING, "The token in X-Subject-Token does not exist")
}
