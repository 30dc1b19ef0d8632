//! Keys as their owners see them.

use reelgate_domain::Timestamp;
use reelgate_domain::access::{AccessKey, ApiKey, Owner};

use super::secret::Secret;

/// What sort of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A pair of id and secret, for signed calls.
    Access,
    /// A bearer key of the native API.
    Api,
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// Says nothing of the secret.
    pub id: String,
    pub kind: KeyKind,
    pub owner: Owner,
    pub operator: bool,
    pub active: bool,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A new key with its secret, which is shown this once.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub view: KeyView,
    /// Of a bearer key: the key itself.
    pub secret: Secret,
}

impl From<&AccessKey> for KeyView {
    fn from(key: &AccessKey) -> Self {
        Self {
            id: key.id.clone(),
            kind: KeyKind::Access,
            owner: key.owner.clone(),
            operator: false,
            active: key.active,
            expires_at: key.expires_at,
            created_at: key.created_at,
        }
    }
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.clone(),
            kind: KeyKind::Api,
            owner: key.owner.clone(),
            operator: key.operator,
            active: key.active,
            expires_at: key.expires_at,
            created_at: key.created_at,
        }
    }
}
