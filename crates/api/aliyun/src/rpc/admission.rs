//! Whether an authenticated call may go on: limits first, then what policies allow for the action.

use super::errors::{ApiError, CommonError};
use super::nonces::Nonces;
use super::product::{Caller, Product};

/// Admits a call. Throttling comes first, so that refused calls count against the limits as well and leave no nonce;
/// what a policy says about single resources is asked later, by the operation that knows them.
pub(super) async fn admit(
    nonces: &Nonces,
    now_ms: i64,
    caller: &Caller,
    product: &dyn Product,
    action: &str,
) -> Result<(), ApiError> {
    throttle(caller, product, action).await?;
    if !nonces.is_new(&caller.key_id, &caller.nonce, now_ms) {
        return Err(CommonError::SignatureNonceUsed.into());
    }
    authorise(caller, product, action).await
}

/// Passes every call: there are no limits yet.
async fn throttle(_caller: &Caller, _product: &dyn Product, _action: &str) -> Result<(), ApiError> {
    Ok(())
}

/// Passes every call: there are no policies yet.
async fn authorise(
    _caller: &Caller,
    _product: &dyn Product,
    _action: &str,
) -> Result<(), ApiError> {
    Ok(())
}
