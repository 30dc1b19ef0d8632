//! The audit log: who called what, from where, and what came of it.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::InAccount;
use crate::error::Error;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub number: i64,
    pub at: String,
    pub account: Option<String>,
    /// Such as `acs:ram::1234567890123456:user/alice`.
    pub principal: String,
    pub key_id: Option<String>,
    pub dialect: String,
    pub action: String,
    pub resource: Option<String>,
    pub source: Option<String>,
    pub allowed: bool,
    /// Why it was refused.
    pub reason: Option<String>,
    pub status: u16,
    pub code: Option<String>,
    pub request_id: String,
}

/// A page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub entries: Vec<AuditEntry>,
    pub next_cursor: Option<String>,
}

/// Which calls to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditQuery {
    /// Only calls of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
    /// RFC 3339, both included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl InAccount<'_> {
    pub async fn audit(&self, query: &AuditQuery) -> Result<Audit, Error> {
        let call = self.call(Method::GET, &["audit"]);
        call.query(query).answer().await
    }
}
