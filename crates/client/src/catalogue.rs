//! What the server's APIs offer: the operations that policies name, and the errors they answer.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;

/// The operations of every API, as the server describes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Operations(pub Value);

/// Every error, or those of one code, as the server describes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Errors(pub Value);

impl Client {
    /// The operations of every product, or of the one with this name.
    pub async fn operations(&self, product: Option<&str>) -> Result<Operations, Error> {
        let query: Vec<_> = product.map(|name| ("product", name)).into_iter().collect();
        self.call(Method::GET, &["operations"])
            .query(&query)
            .answer()
            .await
    }

    pub async fn errors(&self) -> Result<Errors, Error> {
        self.call(Method::GET, &["errors"]).answer().await
    }

    /// What a code means, in each API that answers it.
    pub async fn error(&self, code: &str) -> Result<Errors, Error> {
        self.call(Method::GET, &["errors", code]).answer().await
    }
}
