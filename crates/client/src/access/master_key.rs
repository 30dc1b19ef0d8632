//! The master key, under which the server keeps secrets.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// What a rotation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedMasterKey {
    /// The new key's id; the key itself stays on the server.
    pub key_id: String,
    /// Secrets that were sealed anew.
    pub resealed: u64,
    /// The keys before it are kept until then.
    pub older_until: String,
}

impl Client {
    /// Makes a new master key and seals every secret with it. For operators.
    pub async fn rotate_master_key(&self) -> Result<RotatedMasterKey, Error> {
        self.call(Method::POST, &["master-key", "rotate"])
            .answer()
            .await
    }
}
