//! Security Token Service: product `Sts`, version 2015-04-01. Temporary keys for roles, and who a key belongs to.

mod assume_role;
mod codes;
mod get_caller_identity;
pub mod operations;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_kit::operation::Product as Table;
use reelgate_service::{Denial, Principal, Service};
use serde_json::Value;

use crate::rpc::{ApiError, Call, Params, Product, denied};
use codes::StsError;

/// The product, over the service.
pub struct Sts {
    service: Arc<Service>,
}

impl Sts {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

#[async_trait]
impl Product for Sts {
    fn table(&self) -> &'static Table {
        &operations::PRODUCT
    }

    fn changes_access(&self, action: &str) -> bool {
        action == "AssumeRole"
    }

    fn subject(&self, params: &Params) -> Option<String> {
        assume_role::subject(params)
    }

    fn denied(&self, principal: &Principal, denial: &Denial) -> ApiError {
        let error = ApiError::from(StsError::Denied {
            resource: denial.resource.as_deref().unwrap_or("*"),
            action: &denial.action,
        });
        error.denied(denied::detail(principal, denial))
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        match call.action {
            "AssumeRole" => assume_role::call(&self.service, call).await,
            "GetCallerIdentity" => get_caller_identity::call(&self.service, call.caller).await,
            action => Err(ApiError::internal(format!("{action} has no code"))),
        }
    }
}
