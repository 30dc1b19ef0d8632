//! Whether an authenticated call may go on: limits first, then what policies allow for the action.

use super::errors::ApiError;
use super::product::{Caller, Product};

/// Admits a call. Throttling comes before policies, so that refused calls count against the limits as well; what a
/// policy says about single resources is asked later, by the operation that knows them.
pub(super) async fn admit(
    caller: &Caller,
    product: &dyn Product,
    action: &str,
) -> Result<(), ApiError> {
    throttle(caller, product, action).await?;
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
