//! Keys: pairs for signed calls, and bearer keys of the native API.

use std::fmt;

use super::{AccountId, UserName};
use crate::time::Timestamp;

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The account itself: may do everything in it.
    Account,
    User(UserName),
}

/// A key pair for signed calls.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub account: AccountId,
    pub owner: Owner,
    /// The secret, encrypted. Only the service can open it.
    pub sealed: Vec<u8>,
    pub active: bool,
    /// From this time on it counts as if it were not there.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl AccessKey {
    /// The most key pairs of an account.
    pub const MOST: u32 = 100;
}

// Not even the encrypted secret is for a log by way of `{:?}`.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("owner", &self.owner)
            .field("active", &self.active)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The secret inside `sealed` if it is one that was stored before secrets were encrypted: those are
/// marked by a zero in front.
pub fn unsealed(sealed: &[u8]) -> Option<&[u8]> {
    sealed.strip_prefix(&[0])
}

/// A bearer key of the native API. Only the digest of the key itself is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is called in lists: `rgk-` and 8 letters and digits. Says nothing of the key.
    pub id: String,
    /// SHA-256.
    pub digest: [u8; 32],
    pub account: AccountId,
    pub owner: Owner,
    /// Operator keys may map bucket paths and manage accounts.
    pub operator: bool,
    pub active: bool,
    /// From this time on it counts as if it were not there.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl ApiKey {
    /// The most bearer keys of an account.
    pub const MOST: u32 = 100;
}

// The digest is of no use in a log.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("owner", &self.owner)
            .field("operator", &self.operator)
            .field("active", &self.active)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_from_before_encryption_is_known_by_its_first_byte() {
        assert_eq!(unsealed(b"\0secret"), Some(&b"secret"[..]));
        assert_eq!(unsealed(b"\x01secret"), None);
        assert_eq!(unsealed(b""), None);
    }

    #[test]
    fn a_key_that_is_printed_keeps_its_secret() {
        let key = AccessKey {
            id: "AKID".into(),
            account: AccountId::from_random(1),
            owner: Owner::Account,
            sealed: b"\0secret".to_vec(),
            active: true,
            expires_at: None,
            created_at: Timestamp::from_millis(0),
        };
        let printed = format!("{key:?}");
        assert!(printed.contains("AKID"), "{printed}");
        // Neither as text nor as numbers.
        assert!(
            !printed.contains("secret") && !printed.contains("115"),
            "{printed}"
        );
    }
}
