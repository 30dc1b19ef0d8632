//! What a product brings to the gateway, and what the gateway asks of the service: callers and their keys.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use reelgate_api_kit::RequestId;
use serde_json::Value;

use super::errors::ApiError;
use super::params::Params;

/// One product: its operations and how to call them.
#[async_trait]
pub trait Product: Send + Sync {
    /// The vendor's product code, such as `Mts`.
    fn name(&self) -> &'static str;

    /// The API version, which also tells the products apart: no two share one.
    fn version(&self) -> &'static str;

    /// Looks an action up; names are case-sensitive.
    fn operation(&self, action: &str) -> Operation;

    /// Runs a served operation. The value is an object without `RequestId`, which the gateway adds.
    async fn call(&self, caller: &Caller, action: &str, params: &Params)
    -> Result<Value, ApiError>;
}

/// What a product says about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Served,
    /// Documented by the vendor but not served, with the reason for the caller.
    Refused(&'static str),
    /// Not documented.
    Unknown,
}

/// An authenticated caller and the call's own identity.
#[derive(Debug, Clone)]
pub struct Caller {
    pub account: u64,
    pub key_id: String,
    /// With the key id, names this signed request. It is to be written with the effect of a call that changes
    /// something, so that a replay never acts twice.
    pub nonce: String,
    /// When the request was signed. Its nonce can be forgotten once this lies outside the timestamp window.
    pub signed_at_ms: i64,
    pub request_id: RequestId,
    /// Address of the peer, for policy conditions; absent when the server did not tell.
    pub source: Option<IpAddr>,
}

/// Finds access keys.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Looks a key up; `None` if there is none of this id. A security token belongs to temporary keys: whoever
    /// implements this judges it and answers the security-token errors of [`CommonError`](super::CommonError).
    async fn find(
        &self,
        key_id: &str,
        security_token: Option<&str>,
    ) -> Result<Option<Credential>, ApiError>;
}

/// An access key.
#[derive(Clone)]
pub struct Credential {
    pub account: u64,
    pub secret: String,
    pub active: bool,
}

impl fmt::Debug for Credential {
    /// Keeps the secret out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("account", &self.account)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}
