//! Temporary keys: what a security token says, sealed by the master key and stored nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reelgate_domain::access::{RoleId, RoleName, UserId, UserName};
use reelgate_domain::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::secret::Secret;
use crate::Ids;

/// A key for signed calls that ends by itself. Shown once.
#[derive(Clone, Debug)]
pub struct TemporaryKey {
    pub access: String,
    pub secret: Secret,
    /// Has to come with each call that the key signs.
    pub security_token: Secret,
    pub expires_at: Timestamp,
}

/// Ids of temporary keys begin with these, and those of others never do.
pub(super) const ASSUMED: &str = "STS.";
pub(super) const OF_USER: &str = "HST";

const BELONGS_TO: &str = "security-token";

/// A session policy of 2,048 characters and the rest, in base64.
const MOST_BYTES: usize = 16 * 1024;

/// What a security token says.
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    #[serde(rename = "k")]
    pub(super) key_id: String,
    #[serde(rename = "s")]
    pub(super) secret: String,
    #[serde(rename = "a")]
    pub(super) account: AccountId,
    #[serde(rename = "w")]
    pub(super) who: Who,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<String>,
    #[serde(rename = "e")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub(super) made_with: Option<MadeWith>,
}

/// What its caller showed for it. When that is taken away, so is the temporary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum MadeWith {
    /// The id of a lasting key.
    Key(String),
    /// SHA-256 of a token. The store tells expired tokens from revoked ones for longer than any temporary
    /// key lasts.
    Token([u8; 32]),
}

/// For whom. The ids tell apart users and roles of one name that came after each other.
#[derive(Serialize, Deserialize)]
pub(super) enum Who {
    Root,
    User {
        name: UserName,
        id: UserId,
    },
    Role {
        name: RoleName,
        id: RoleId,
        session: String,
    },
}

impl Drop for Session {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

/// Whether a key of this id comes with a security token.
pub(super) fn is_temporary(key_id: &str) -> bool {
    key_id.starts_with(ASSUMED) || key_id.starts_with(OF_USER)
}

impl Session {
    /// The token that says this.
    pub(super) fn seal(&self, keyring: &Keyring, ids: &dyn Ids) -> Secret {
        let said = serde_json::to_vec(self);
        let said = Zeroizing::new(said.expect("a session has nothing that JSON cannot say"));
        let sealed = keyring.seal(ids, BELONGS_TO, &said);
        Secret::new(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What a token says; `None` if it is none of ours, or its master key is gone.
    pub(super) fn open(token: &str, keyring: &Keyring) -> Option<Self> {
        if token.len() > MOST_BYTES {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let said = keyring.open(BELONGS_TO, &sealed).ok()?;
        serde_json::from_slice(&said).ok()
    }

    pub(super) fn key(&self, keyring: &Keyring, ids: &dyn Ids) -> TemporaryKey {
        TemporaryKey {
            access: self.key_id.clone(),
            secret: Secret::new(&*self.secret),
            security_token: self.seal(keyring, ids),
            expires_at: self.expires_at,
        }
    }
}
