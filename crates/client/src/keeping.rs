//! How long what is over is kept, and taking it away. Only operators may.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;

/// For how many days an account keeps something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFor {
    /// `jobs`, `events`, `deliveries`, `audit` or `attempts`.
    pub what: String,
    pub days: u32,
    /// What holds where nothing is set.
    pub default: u32,
    /// Whether it was set for this account.
    pub is_set: bool,
}

/// For how long one account keeps what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub retention: Vec<KeptFor>,
}

/// How much of one kind an account has kept for long enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    pub what: String,
    /// None for what is of no account.
    pub account: Option<String>,
    pub rows: u64,
    /// About as many bytes as they take in the store.
    pub bytes: u64,
}

/// What some seconds of pruning came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneStep {
    pub dry_run: bool,
    pub pruned: Vec<Pruned>,
    /// Where to go on; none when all has been looked at.
    pub next_cursor: Option<String>,
}

impl Client {
    pub async fn retention(&self, account: &str) -> Result<Retention, Error> {
        let call = self.call(Method::GET, &["accounts", account, "retention"]);
        call.answer().await
    }

    pub async fn set_retention(
        &self,
        account: &str,
        what: &str,
        days: u32,
    ) -> Result<KeptFor, Error> {
        let call = self.call(Method::PUT, &["accounts", account, "retention", what]);
        call.json(&json!({ "days": days })).answer().await
    }

    /// Goes back to the default.
    pub async fn reset_retention(&self, account: &str, what: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["accounts", account, "retention", what]);
        call.send().await.map(drop)
    }

    /// Takes away what has been kept for long enough, or only tells what that is, for some seconds.
    pub async fn prune(&self, dry_run: bool, cursor: Option<&str>) -> Result<PruneStep, Error> {
        let call = self.call(Method::POST, &["prune"]);
        let body = json!({ "dry_run": dry_run, "cursor": cursor });
        call.json(&body).answer().await
    }
}
