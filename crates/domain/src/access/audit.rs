//! Who called what, and what came of it.

use core::net::IpAddr;

use super::AccountId;
use crate::time::Timestamp;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub at: Timestamp,
    /// The caller's; `None` if it is not known.
    pub account: Option<AccountId>,
    /// Such as `acs:ram::1000000000000001:user/ada`; empty if it is not known.
    pub principal: String,
    /// The key that the call was made with, if any.
    pub key_id: Option<String>,
    pub dialect: String,
    /// Such as `mts:CancelJob`.
    pub action: String,
    pub resource: Option<String>,
    /// The caller's address.
    pub source: Option<IpAddr>,
    pub allowed: bool,
    /// Why it was refused, or which statement allowed it.
    pub reason: Option<String>,
    /// Of the HTTP answer.
    pub status: u16,
    /// The error code of the answer, if it was one.
    pub code: Option<String>,
    pub request_id: String,
}

/// A stored record. Later calls have higher numbers; there are gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub number: i64,
    pub record: AuditRecord,
}
