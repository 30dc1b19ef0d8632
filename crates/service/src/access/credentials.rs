//! Finding out whose a key is: key pairs for signed calls, temporary ones too, and bearer keys.

use std::sync::Arc;

use reelgate_domain::access::unsealed;
use reelgate_domain::{AccountId, Timestamp};
use ring::digest;

use super::caller::{Caller, Credential, Principal};
use super::known::Begun;
use super::secret::Secret;
use super::session::{self, MadeWith, Session};
use crate::{Service, ServiceError};

/// Why a key proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// There is no such key, or whose it was is gone.
    #[error("there is no such key")]
    Unknown,
    /// It was switched off, or replaced and the time of both is over.
    #[error("the key is not active")]
    Disabled,
    #[error("a temporary key comes with its security token")]
    TokenMissing,
    #[error("the security token is none")]
    TokenMalformed,
    #[error("the security token belongs to another key")]
    TokenMismatch,
    #[error("the security token has expired")]
    TokenExpired,
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// A key that was looked up, good or not.
pub(super) struct KnownKey {
    credential: Arc<Credential>,
    active: bool,
    expires_at: Option<Timestamp>,
    /// SHA-256 of the security token that it was opened with.
    token: Option<[u8; 32]>,
}

/// A bearer key that was looked up.
pub(super) struct KnownApiKey {
    principal: Arc<Principal>,
    active: bool,
    expires_at: Option<Timestamp>,
}

impl Service {
    /// Whose a signing key is, and its secret. The caller checks the signature.
    pub async fn credential(
        &self,
        key_id: &str,
        security_token: Option<&str>,
    ) -> Result<Arc<Credential>, CredentialError> {
        let now = self.clock.now();
        let digest = security_token.map(|token| sha256(token.as_bytes()));
        let known = self.access.keys.get(key_id, now);
        // Another token than the one that was looked up may be as good, or tells why it is not.
        let known =
            known.filter(|key| key.token.is_none() || key.token == digest || digest.is_none());
        let key = match known {
            Some(key) => key,
            None if session::is_temporary(key_id) => {
                let token = security_token.ok_or(CredentialError::TokenMissing)?;
                self.temporary(key_id, token, now).await?
            }
            None => self.permanent(key_id, now).await?,
        };
        match (&key.token, security_token) {
            (Some(_), None) => return Err(CredentialError::TokenMissing),
            (None, Some(_)) => return Err(CredentialError::TokenMismatch),
            _ => {}
        }
        let has_expired = key.expires_at.is_some_and(|at| at <= now);
        match (key.active, has_expired) {
            (true, false) => Ok(Arc::clone(&key.credential)),
            (_, true) if key.token.is_some() => Err(CredentialError::TokenExpired),
            _ => Err(CredentialError::Disabled),
        }
    }

    async fn permanent(
        &self,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Arc<KnownKey>, CredentialError> {
        let begun = self.access.changes.begin();
        let found = self
            .store
            .access_key(key_id)
            .await
            .map_err(ServiceError::from)?;
        let key = found.ok_or(CredentialError::Unknown)?;
        let secret = self.open_secret(key_id, &key.sealed)?;
        let principal = self
            .owner_principal(key.account, &key.owner, key_id, false)
            .await?;
        let mut principal = principal.ok_or(CredentialError::Unknown)?;
        principal.shown = Some(MadeWith::Key(key_id.to_owned()));
        let credential = Credential {
            principal: Arc::new(principal),
            secret,
        };
        let known = Arc::new(KnownKey {
            credential: Arc::new(credential),
            active: key.active,
            expires_at: key.expires_at,
            token: None,
        });
        self.learn_limits(key.account, begun).await?;
        let value = Arc::clone(&known);
        self.access.keys.put(key.id, key.account, value, now, begun);
        Ok(known)
    }

    async fn temporary(
        &self,
        key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<KnownKey>, CredentialError> {
        let begun = self.access.changes.begin();
        let session = Session::open(token, &self.access.keyring);
        let session = session.ok_or(CredentialError::TokenMalformed)?;
        if session.key_id != key_id {
            return Err(CredentialError::TokenMismatch);
        }
        if session.expires_at <= now {
            return Err(CredentialError::TokenExpired);
        }
        let bounds = self.bounds_of(&session).await?;
        let bounds = bounds.ok_or(CredentialError::Unknown)?;
        if bounds.end <= now {
            return Err(CredentialError::TokenExpired);
        }
        let principal = self.session_principal(&session).await?;
        let mut principal = principal.ok_or(CredentialError::Unknown)?;
        principal.project = bounds.project;
        let credential = Credential {
            principal: Arc::new(principal),
            secret: Secret::new(&*session.secret),
        };
        let known = Arc::new(KnownKey {
            credential: Arc::new(credential),
            active: true,
            expires_at: Some(bounds.end),
            token: Some(sha256(token.as_bytes())),
        });
        self.learn_limits(session.account, begun).await?;
        let (key, value) = (key_id.to_owned(), Arc::clone(&known));
        self.access
            .keys
            .put(key, session.account, value, now, begun);
        Ok(known)
    }

    /// Who holds this API key; `None` if nobody does.
    pub async fn api_key_caller(&self, key: &str) -> Result<Option<Caller>, ServiceError> {
        let now = self.clock.now();
        let digest = sha256(key.as_bytes());
        let known = match self.access.api_keys.get(&digest, now) {
            Some(known) => known,
            None => match self.find_api_key(digest, now).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let has_expired = known.expires_at.is_some_and(|at| at <= now);
        let is_good = known.active && !has_expired;
        Ok(is_good.then(|| Arc::clone(&known.principal).into()))
    }

    async fn find_api_key(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Arc<KnownApiKey>>, ServiceError> {
        let begun = self.access.changes.begin();
        let Some(key) = self.store.api_key(&digest).await? else {
            return Ok(None);
        };
        let principal = self.owner_principal(key.account, &key.owner, &key.id, key.operator);
        let Some(principal) = principal.await? else {
            return Ok(None);
        };
        let known = Arc::new(KnownApiKey {
            principal: Arc::new(principal),
            active: key.active,
            expires_at: key.expires_at,
        });
        self.learn_limits(key.account, begun).await?;
        let value = Arc::clone(&known);
        self.access
            .api_keys
            .put(digest, key.account, value, now, begun);
        Ok(Some(known))
    }

    /// What the account has been given in place of documented limits, for `throttle`, which cannot wait.
    pub(super) async fn learn_limits(
        &self,
        account: AccountId,
        begun: Begun,
    ) -> Result<(), ServiceError> {
        let rules = self.store.limits(account).await?;
        self.access
            .throttle
            .set_rules(account, rules.into_iter().collect(), begun);
        Ok(())
    }

    pub(crate) fn open_secret(&self, key_id: &str, sealed: &[u8]) -> Result<Secret, ServiceError> {
        let unusable = |why: &dyn std::fmt::Display| {
            ServiceError::internal(format!("the secret of key {key_id} cannot be read: {why}"))
        };
        if let Some(plain) = unsealed(sealed) {
            let text = std::str::from_utf8(plain).map_err(|_| unusable(&"it is no text"))?;
            return Ok(Secret::new(text));
        }
        let opened = self.access.keyring.open(&secret_of(key_id), sealed);
        let opened = opened.map_err(|error| unusable(&error))?;
        let text = std::str::from_utf8(&opened).map_err(|_| unusable(&"it is no text"))?;
        Ok(Secret::new(text))
    }

    pub(crate) fn seal_secret(&self, key_id: &str, secret: &Secret) -> Vec<u8> {
        let plain = secret.expose().as_bytes();
        self.access
            .keyring
            .seal(&*self.ids, &secret_of(key_id), plain)
    }
}

/// What a sealed secret belongs to.
pub(crate) fn secret_of(key_id: &str) -> String {
    format!("access-key:{key_id}")
}

/// API keys and tokens carry 256 random bits or more, so a plain hash is enough to know them by.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    digest
}
