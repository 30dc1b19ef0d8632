//! What the server's APIs offer: the operations that policies name, and the errors they answer.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// The operations of each product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    pub products: Vec<Product>,
}

/// A product of an API, with what is served of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub name: String,
    pub title: String,
    pub version: String,
    pub dialect: String,
    pub operations: Vec<Operation>,
}

/// An operation. Without resources a policy allows it on all of them or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// As policies, limits and the audit log name it, such as `mts:CancelJob`.
    pub action: String,
    /// `read`, `write` or `list`.
    pub access: String,
    pub resources: Vec<ResourceType>,
    /// Beside those that every policy may ask for.
    pub condition_keys: Vec<String>,
    pub associated: Vec<String>,
    /// The documented limit, such as `100/s`.
    pub limit: Option<String>,
    /// Beside those that every operation of the dialect may answer.
    pub errors: Vec<String>,
    pub documentation: String,
    pub history: Vec<Change>,
}

/// A kind of thing that policies can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceType {
    pub name: String,
    pub arn: String,
    pub required: bool,
}

/// A change that callers of an operation notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub date: String,
    pub what: String,
}

/// Codes that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCodes {
    pub errors: Vec<ErrorCode>,
}

/// A code, what it says of a call and what its caller can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCode {
    pub code: String,
    pub status: u16,
    pub dialect: String,
    /// None where every product of the dialect answers it.
    pub product: Option<String>,
    pub meaning: String,
    pub advice: String,
}

impl Client {
    /// The operations of every product, or of the one with this name.
    pub async fn operations(&self, product: Option<&str>) -> Result<Operations, Error> {
        let query: Vec<_> = product.map(|name| ("product", name)).into_iter().collect();
        self.call(Method::GET, &["operations"])
            .query(&query)
            .answer()
            .await
    }

    /// Every code of every API.
    pub async fn error_codes(&self) -> Result<ErrorCodes, Error> {
        self.call(Method::GET, &["errors"]).answer().await
    }

    /// What a code means, in each API that answers it.
    pub async fn error_code(&self, code: &str) -> Result<ErrorCodes, Error> {
        self.call(Method::GET, &["errors", code]).answer().await
    }
}
