//! Finding out who calls: key pairs for signed calls, bearer keys for the native API.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use reelgate_domain::{AccessKey, AccountId};
use ring::digest;

use crate::{Service, ServiceError};

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    /// Whether it may do what concerns the whole installation, such as mapping bucket paths.
    pub operator: bool,
}

/// Key pairs that were looked up before. A key never changes its account or secret; whoever
/// disables one must also forget it here.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(RwLock<HashMap<String, AccessKey>>);

impl Service {
    /// The key pair with this id, whether active or not. The caller checks the signature.
    pub async fn access_key(&self, id: &str) -> Result<Option<AccessKey>, ServiceError> {
        let cached = {
            let keys = self.keys.0.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(id).cloned()
        };
        if cached.is_some() {
            return Ok(cached);
        }
        let key = self.store.access_key(id).await?;
        if let Some(key) = &key {
            let mut keys = self.keys.0.write().unwrap_or_else(PoisonError::into_inner);
            keys.insert(key.id.clone(), key.clone());
        }
        Ok(key)
    }

    /// Who holds this API key; `None` if nobody does.
    pub async fn authenticate_api_key(&self, key: &str) -> Result<Option<Caller>, ServiceError> {
        let found = self.store.api_key(&key_digest(key)).await?;
        Ok(found.map(|key| Caller {
            account: key.account,
            operator: key.operator,
        }))
    }
}

/// API keys carry 256 random bits, so a plain hash is enough to store them by.
pub(crate) fn key_digest(key: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
    bytes
}
