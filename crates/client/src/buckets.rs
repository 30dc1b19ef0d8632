//! Buckets: list, create.

use reelgate_domain::ObjectRef;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub name: String,
    /// The directory on the server that has its objects, if one has; only operators are told.
    pub path: Option<String>,
    /// The place on an object store that has them, if one has; only operators are told.
    #[serde(default)]
    pub s3: Option<S3Place>,
    pub created_at: String,
}

/// A bucket on an object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Place {
    pub endpoint: String,
    pub bucket: String,
    pub prefix: String,
    pub region: String,
    pub style: String,
    pub access_key_id: String,
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
    /// A bucket on an object store, which only operators may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<NewS3Place>,
}

/// A bucket on an object store to keep objects in. What is left out the server knows by the endpoint.
#[derive(Clone, Serialize)]
pub struct NewS3Place {
    pub endpoint: String,
    pub bucket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: String,
}

// The secret must not reach a log by way of `{:?}`.
impl std::fmt::Debug for NewS3Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewS3Place")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// An address by which anybody can read an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub url: String,
    pub expires_at: String,
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

    /// Makes an address by which anybody can read an object for so many seconds.
    pub async fn link(&self, object: &ObjectRef, seconds: u64) -> Result<Link, Error> {
        let mut path = vec!["buckets", object.bucket.as_str(), "links"];
        path.extend(object.key.as_str().split('/'));
        let body = serde_json::json!({ "seconds": seconds });
        self.call(Method::POST, &path).json(&body).answer().await
    }
}
