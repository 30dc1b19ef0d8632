//! Whether a call may go on: who makes it is proven first, then limits count, replays are found and policies are asked.

use std::sync::Arc;

use reelgate_api_kit::operation::{AccessLevel, Permission, Served};
use reelgate_domain::Timestamp;
use reelgate_service::{
    CallContext, Caller, Credential, CredentialError, Principal, Service, Throttled, signed_call,
};

use super::audited::Entry;
use super::errors::{ApiError, CommonError};
use super::product::Product;
use super::signature::{Claims, Signed};
use super::timestamp;

/// Proves who makes a call; returns the time at which it was signed. The audit's entry is opened as soon as the key that
/// the call names is known.
///
/// What a stranger can get wrong without knowing a secret is counted. After too many failures the next ones are told no
/// more than that; who proves to hold the secret is never kept out by those who do not, whatever address they share.
pub(super) async fn authenticate(
    service: &Service,
    claims: &Claims<'_>,
    signed: &Signed<'_>,
    context: &CallContext,
    now: Timestamp,
    entry: &mut Option<Entry>,
    open: impl FnOnce(&Principal) -> Entry,
) -> Result<(Arc<Credential>, Timestamp), ApiError> {
    let failed = |error: ApiError| match service.may_try(claims.key_id, context.source) {
        Ok(()) => {
            service.failed_signature(claims.key_id, context.source);
            error
        }
        Err(throttled) => throttled_as(CommonError::Throttling, throttled),
    };
    let found = service
        .credential(claims.key_id, claims.security_token)
        .await;
    let credential = found.map_err(|error| match error {
        CredentialError::Failed(_) => credential_error(error),
        error => failed(credential_error(error)),
    })?;
    let entry = entry.insert(open(&credential.principal));
    let signed_at_ms = timestamp::check(claims.timestamp, now.as_millis())?;
    let verified = claims.verify(signed, credential.secret.expose());
    verified.map_err(failed)?;
    entry.proven();
    Ok((credential, Timestamp::from_millis(signed_at_ms)))
}

/// Admits a proven call. Throttling comes first, so that refused calls count against the limits as well and leave no
/// nonce. The nonce of a call that changes something goes with the caller, to be written with its effect; that of any
/// other call is remembered by this node.
pub(super) fn admit(
    service: &Service,
    product: &dyn Product,
    (action, served): (&str, &Served),
    call: &Proven<'_>,
    entry: &mut Option<Entry>,
) -> Result<Caller, ApiError> {
    let principal = &call.credential.principal;
    let table = product.table();
    let policy_action = table.policy_action(action);
    let throttled = service.throttle(principal.account, &policy_action, served.limit);
    throttled.map_err(|throttled| {
        if let Some(entry) = entry {
            entry.throttled();
        }
        throttled_as(CommonError::ThrottlingUser, throttled)
    })?;
    let once = signed_call(call.claims.key_id, call.claims.nonce, call.signed_at);
    let changes = served.access == AccessLevel::Write;
    if changes && service.is_from_before_restore(call.signed_at) {
        return Err(CommonError::TimestampExpired.into());
    }
    if !changes && !service.read_once(&once) {
        return Err(CommonError::SignatureNonceUsed.into());
    }
    if served.permission != Permission::NeverAsked {
        let decided = if served.resources.is_empty() {
            let resource = table.all_resources(principal.account);
            service.authorise(principal, &policy_action, &resource, call.context)
        } else {
            service.may_use(principal, &policy_action, call.context)
        };
        decided.map_err(|denial| {
            let error = product.denied(principal, &denial);
            error.refusing(denial.to_string())
        })?;
    }
    if let Some(entry) = entry {
        entry.admitted();
    }
    let caller = Caller::from(Arc::clone(principal));
    Ok(if changes { caller.once(once) } else { caller })
}

/// A call whose signature has been verified.
pub(super) struct Proven<'a> {
    pub(super) credential: &'a Credential,
    pub(super) claims: &'a Claims<'a>,
    pub(super) signed_at: Timestamp,
    pub(super) context: &'a CallContext,
}

fn throttled_as(error: CommonError<'_>, throttled: Throttled) -> ApiError {
    ApiError::from(error).retry_after(throttled.retry_after)
}

fn credential_error(error: CredentialError) -> ApiError {
    match error {
        CredentialError::Unknown => CommonError::AccessKeyNotFound.into(),
        CredentialError::Disabled => CommonError::AccessKeyInactive.into(),
        CredentialError::TokenMissing => CommonError::SecurityTokenMissing.into(),
        CredentialError::TokenMalformed => CommonError::SecurityTokenMalformed.into(),
        CredentialError::TokenMismatch => CommonError::SecurityTokenMismatch.into(),
        CredentialError::TokenExpired => CommonError::SecurityTokenExpired.into(),
        CredentialError::Failed(error) => error.into(),
    }
}
