//! Workers and clusters, for operators.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// A server or worker that shares the store with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub id: String,
    pub name: String,
    /// `live`, `draining` or `lost`.
    pub state: String,
    /// Whether it answers the APIs.
    pub serves: bool,
    pub cluster: Option<String>,
    pub kinds: Vec<String>,
    pub slots: u32,
    pub slots_taken: u32,
    /// Jobs that it holds.
    pub leases: u32,
    pub draining: bool,
    pub last_error: Option<WorkerError>,
    pub version: String,
    pub started_at: String,
    pub last_seen_at: String,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerError {
    pub at: String,
    pub message: String,
}

/// All that are known, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workers {
    pub workers: Vec<Worker>,
}

/// A group of workers, such as those of a data centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub name: String,
    pub created_at: String,
}

/// By name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    pub clusters: Vec<Cluster>,
}

#[derive(Serialize)]
struct WorkerChange {
    draining: bool,
}

#[derive(Serialize)]
struct NewCluster<'a> {
    name: &'a str,
}

/// A worker is named by its id, or by its name if only one has that.
impl Client {
    pub async fn workers(&self) -> Result<Workers, Error> {
        self.call(Method::GET, &["workers"]).answer().await
    }

    /// Has a worker start nothing more, or lets it go on.
    pub async fn set_draining(&self, worker: &str, draining: bool) -> Result<Worker, Error> {
        self.call(Method::PATCH, &["workers", worker])
            .json(&WorkerChange { draining })
            .answer()
            .await
    }

    pub async fn clusters(&self) -> Result<Clusters, Error> {
        self.call(Method::GET, &["clusters"]).answer().await
    }

    pub async fn create_cluster(&self, name: &str) -> Result<Cluster, Error> {
        self.call(Method::POST, &["clusters"])
            .json(&NewCluster { name })
            .answer()
            .await
    }

    pub async fn delete_cluster(&self, name: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["clusters", name])
            .send()
            .await
            .map(drop)
    }
}
