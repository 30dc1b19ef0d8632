//! The service's access keys, as the gateway asks for them.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_service::Service;

use crate::rpc::{ApiError, CommonError, Credential, Credentials};

/// Looks keys up in the service.
pub(crate) struct Keys(pub(crate) Arc<Service>);

#[async_trait]
impl Credentials for Keys {
    async fn find(
        &self,
        key_id: &str,
        security_token: Option<&str>,
    ) -> Result<Option<Credential>, ApiError> {
        // There are no temporary keys, so no token can belong to this one.
        if security_token.is_some() {
            return Err(CommonError::SecurityTokenMismatch.into());
        }
        let found = self.0.access_key(key_id).await.map_err(|error| {
            tracing::error!(%error, "looking up an access key failed");
            ApiError::from(CommonError::ServiceUnavailable)
        })?;
        Ok(found.map(|key| Credential {
            account: key.account.number(),
            secret: key.secret,
            active: key.active,
        }))
    }
}
