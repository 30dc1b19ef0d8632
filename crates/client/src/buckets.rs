//! Buckets: list, create.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub name: String,
    /// Where its objects are on the server; only operators are told.
    pub path: Option<String>,
    pub created_at: String,
}

/// Every bucket of the account, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    pub buckets: Vec<Bucket>,
}

/// A bucket to create.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewBucket {
    pub name: String,
    /// An absolute directory on the server, which only operators may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Client {
    pub async fn buckets(&self) -> Result<Buckets, Error> {
        self.call(Method::GET, &["buckets"]).answer().await
    }

    pub async fn create_bucket(&self, bucket: &NewBucket) -> Result<Bucket, Error> {
        self.call(Method::POST, &["buckets"])
            .json(bucket)
            .answer()
            .await
    }
}
