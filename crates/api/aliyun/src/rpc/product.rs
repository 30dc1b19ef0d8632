//! What a product brings to the gateway, and what the gateway hands to it.

use async_trait::async_trait;
use reelgate_api_kit::RequestId;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::{CallContext, Caller, Denial, Principal};
use serde_json::Value;

use super::denied;
use super::errors::{ApiError, CommonError};
use super::params::Params;

/// One product: its operations and how to call them.
#[async_trait]
pub trait Product: Send + Sync {
    /// What the product says of itself and of its operations. The version tells the products apart: no two share one.
    fn table(&self) -> &'static Table;

    /// Runs a served operation for a caller who may call it. The value is an object without `RequestId`, which the
    /// gateway adds. An operation that names resource types in the table asks itself whether the caller may touch the
    /// resources of the call.
    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError>;

    /// Whether an operation hands out access: the audit has it before the caller has the answer.
    fn changes_access(&self, _action: &str) -> bool {
        false
    }

    /// What the call is about, for the audit: no secret, and not what a policy is asked. A whole ARN, or what stands in
    /// one after product and account; none: all that is the account's.
    fn subject(&self, _params: &Params) -> Option<String> {
        None
    }

    /// How the product words that policies refuse a call.
    fn denied(&self, principal: &Principal, denial: &Denial) -> ApiError {
        ApiError::from(CommonError::ForbiddenRam).denied(denied::detail(principal, denial))
    }
}

/// An admitted call.
#[derive(Debug)]
pub struct Call<'a> {
    pub caller: &'a Caller,
    pub action: &'a str,
    pub params: &'a Params,
    pub request_id: RequestId,
    pub context: &'a CallContext,
}
