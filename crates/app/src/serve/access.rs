//! Wires the Alibaba gateway to the service: its products, the keys and the clock.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_api_aliyun::mps::Mts;
use reelgate_api_aliyun::rpc::{ApiError, CommonError, Credential, Credentials, Gateway};
use reelgate_service::{Clock, Service};

/// The endpoint of all Alibaba products.
pub(super) fn aliyun(service: Arc<Service>, clock: Arc<dyn Clock>) -> Gateway {
    let keys = Keys(Arc::clone(&service));
    let now_ms = Arc::new(move || clock.now().as_millis());
    Gateway::new(vec![Arc::new(Mts::new(service))], Arc::new(keys), now_ms)
}

struct Keys(Arc<Service>);

#[async_trait]
impl Credentials for Keys {
    async fn find(
        &self,
        key_id: &str,
        security_token: Option<&str>,
    ) -> Result<Option<Credential>, ApiError> {
        // There are no temporary keys yet, so no token can belong to this key.
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
