//! The domains that an account's streams may come from and go to.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::access::InAccount;
use crate::error::Error;

/// Patterns such as `example.com`, `*.example.com` and `host:1935`; an empty list stands for every public host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRules {
    pub pull: Vec<String>,
    pub push: Vec<String>,
}

impl InAccount<'_> {
    pub async fn stream_rules(&self) -> Result<StreamRules, Error> {
        self.call(Method::GET, &["stream-rules"]).answer().await
    }

    /// Sets the rules; for operators.
    pub async fn set_stream_rules(&self, rules: &StreamRules) -> Result<StreamRules, Error> {
        let call = self.call(Method::PUT, &["stream-rules"]);
        call.json(rules).answer().await
    }
}
