//! Health: is the server alive and ready.

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// Whether the server should get requests, check by check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub ready: bool,
    pub checks: Vec<ReadinessCheck>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessCheck {
    pub name: String,
    pub ok: bool,
    pub detail: Option<String>,
}

impl Client {
    /// Whether the server answers at all.
    pub async fn live(&self) -> Result<(), Error> {
        self.probe("livez").send().await.map(drop)
    }

    /// Whether the server is ready; one that is not is no error.
    pub async fn ready(&self) -> Result<Readiness, Error> {
        self.probe("readyz").answer_even_if_unready().await
    }
}
