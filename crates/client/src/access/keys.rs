//! Keys: pairs for signed calls, and bearer keys of the native API.

use std::fmt;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::InAccount;
use super::secret::Secret;
use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Id and secret, for calls that are signed.
    Access,
    /// A bearer key of the native API.
    Api,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Access => "access",
            Self::Api => "api",
        })
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    pub kind: KeyKind,
    /// Whose it is; none for the account's own.
    pub user: Option<String>,
    pub operator: bool,
    pub active: bool,
    /// When a rotated key stops to count.
    pub expires_at: Option<String>,
    pub created_at: String,
}

/// Keys of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub keys: Vec<Key>,
}

/// Which keys to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeyQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// A key to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewKey {
    pub kind: KeyKind,
    /// Whose it is to be; none for the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether it may do what concerns the whole installation; for API keys.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
}

/// A new key with its secret, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedKey {
    #[serde(flatten)]
    pub key: Key,
    pub secret: Secret,
}

/// A key that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedKey {
    #[serde(flatten)]
    pub new: OpenedKey,
    /// The key before it, with the time until which it still counts; none if it is gone.
    pub replaces: Option<Key>,
}

impl InAccount<'_> {
    pub async fn create_key(&self, key: &NewKey) -> Result<OpenedKey, Error> {
        let call = self.call(Method::POST, &["keys"]);
        call.json(key).answer().await
    }

    pub async fn keys(&self, query: &KeyQuery) -> Result<Keys, Error> {
        let call = self.call(Method::GET, &["keys"]);
        call.query(query).answer().await
    }

    pub async fn set_key_active(&self, id: &str, active: bool) -> Result<Key, Error> {
        let call = self.call(Method::PATCH, &["keys", id]);
        call.json(&json!({ "active": active })).answer().await
    }

    /// Makes a new key in place of this one, which goes on to count for `overlap_seconds`.
    pub async fn rotate_key(
        &self,
        id: &str,
        overlap_seconds: Option<u64>,
    ) -> Result<RotatedKey, Error> {
        let body = match overlap_seconds {
            None => json!({}),
            Some(seconds) => json!({ "overlap_seconds": seconds }),
        };
        let call = self.call(Method::POST, &["keys", id, "rotate"]);
        call.json(&body).answer().await
    }

    pub async fn delete_key(&self, id: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["keys", id])
            .send()
            .await
            .map(drop)
    }
}
