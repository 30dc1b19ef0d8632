//! Documents: small things that a dialect keeps for an account and that only it reads, such as groups
//! of templates, categories and addresses for callbacks.

use crate::access::AccountId;
use crate::time::Timestamp;

/// Which of a dialect's things a document is: `dialect.thing`, such as `vod.category`.
pub type DocumentKind = &'static str;

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub account: AccountId,
    pub kind: String,
    /// Unique among the account's documents of its kind; 1 to 128 bytes.
    pub id: String,
    /// 1 at first, one more with each change.
    pub revision: u64,
    pub body: serde_json::Value,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

impl Document {
    /// The most bytes that a body may have as JSON.
    pub const MAX_BYTES: usize = 64 * 1024;
}
