//! The master key at work: sealing what is stored anew, and rotation.
//!
//! A rotation puts a new key into the file (1), seals every stored secret with it (2), marks the older
//! keys as retired (3) and forgets them a day later, when no token made with them can be good (4). Each
//! step leaves every secret readable. What is left of it when the process dies in between is done at the
//! next start; what is left by a caller who goes away, by whoever keeps house.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::unsealed;
use reelgate_store::{Resealed, SealedSecret, Store};
use zeroize::Zeroizing;

use super::caller::Caller;
use super::credentials::secret_of;
use super::keyring::{KeyId, OpenError};
use crate::{ErrorKind, Service, ServiceError};

/// A day, for which security tokens can be good, and an hour in case clocks differ.
const TOKENS_HOLD: Duration = Duration::from_secs(25 * 3600);

/// Secrets sealed anew in one write.
const AT_ONCE: u32 = 200;

/// What a rotation has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyRotated {
    /// The new key's name, which says nothing of the key.
    pub key_id: String,
    /// How many secrets were sealed anew.
    pub resealed: u64,
    /// Until then the older keys are kept.
    pub older_until: Timestamp,
}

impl Service {
    /// Seals with the newest master key what older ones sealed, or nobody did; how many that were. To
    /// be called at each start, before anything else. Fails if a secret needs a master key that is not
    /// there.
    pub async fn unlock(&self) -> Result<u64, ServiceError> {
        self.learn_restore().await?;
        let resealed = self.reseal_all().await?;
        self.retire_older_master_keys()?;
        if resealed > 0 {
            let key = self.access.keyring.newest();
            tracing::info!(
                resealed,
                "{resealed} secrets are sealed with master key {key} now"
            );
        }
        Ok(resealed)
    }

    /// Whether stored secrets need a master key: then a new one must not be made.
    pub async fn needs_master_key(store: &dyn Store) -> Result<bool, ServiceError> {
        let mut after: Option<String> = None;
        loop {
            let page = store.sealed_secrets(after.as_deref(), AT_ONCE).await?;
            let Some(last) = page.last() else {
                return Ok(false);
            };
            after = Some(last.id.clone());
            if page
                .iter()
                .any(|secret| KeyId::of(&secret.sealed).is_some())
            {
                return Ok(true);
            }
        }
    }

    /// Makes a new master key and seals everything with it. Only where the keys are in a file.
    pub async fn rotate_master_key(
        &self,
        caller: &Caller,
    ) -> Result<MasterKeyRotated, ServiceError> {
        require_operator(caller)?;
        if !self.access.keyring.is_file() {
            let message = "the master key was given to the server from outside: put a new one before \
                           it, separated by a comma, and start the server again";
            return Err(ServiceError::new(
                ErrorKind::Conflict,
                "master-key",
                message,
            ));
        }
        if !self.is_alone_now().await? {
            let message = "other nodes use this store and do not know the new key: give the key to all of them, \
                           as docs/cluster.md says, or end them until it is rotated";
            return Err(ServiceError::new(
                ErrorKind::Conflict,
                "master-key",
                message,
            ));
        }
        let _rotating = self.access.rotating.lock().await;
        // (1) The key is in the file when it is used first. Dying here leaves a key that nothing needs.
        self.add_master_key()?;
        // (2) Page by page: dying here leaves secrets of both keys, and both keys are in the file.
        let resealed = self.reseal_all().await?;
        // (3) Nothing stored needs the older keys. Dying before leaves them in use, as far as the file
        // knows; the next start marks them.
        self.retire_older_master_keys()?;
        Ok(MasterKeyRotated {
            key_id: self.access.keyring.newest().to_string(),
            resealed,
            older_until: self.clock.now().after(TOKENS_HOLD),
        })
    }

    pub(super) fn add_master_key(&self) -> Result<KeyId, ServiceError> {
        let added = self.access.keyring.add_key(&*self.ids);
        added.map_err(ServiceError::internal)
    }

    pub(super) fn retire_older_master_keys(&self) -> Result<(), ServiceError> {
        let retired = self.access.keyring.retire_older(self.clock.now());
        retired.map_err(ServiceError::internal)
    }

    /// Seals with the newest key whatever is not. Each write replaces only what is still as it was read,
    /// by the same secret in a new seal.
    pub(super) async fn reseal_all(&self) -> Result<u64, ServiceError> {
        let (mut after, mut resealed): (Option<String>, u64) = (None, 0);
        loop {
            let page = self.store.sealed_secrets(after.as_deref(), AT_ONCE).await?;
            let Some(last) = page.last() else {
                return Ok(resealed);
            };
            after = Some(last.id.clone());
            let mut outdated = Vec::new();
            for secret in page {
                if self.access.keyring.is_outdated(&secret.sealed) {
                    outdated.extend(self.sealed_anew(secret)?);
                }
            }
            if !outdated.is_empty() {
                resealed += self.store.reseal(outdated).await?;
            }
        }
    }

    /// The same secret in a new seal; none if it is damaged, which must not stop the others.
    pub(super) fn sealed_anew(
        &self,
        secret: SealedSecret,
    ) -> Result<Option<Resealed>, ServiceError> {
        let SealedSecret { id, sealed } = secret;
        let opened = match unsealed(&sealed) {
            Some(plain) => Ok(Zeroizing::new(plain.to_vec())),
            None => self.access.keyring.open(&secret_of(&id), &sealed),
        };
        match opened {
            Ok(plain) => {
                let new = self
                    .access
                    .keyring
                    .seal(&*self.ids, &secret_of(&id), &plain);
                let old = sealed;
                Ok(Some(Resealed { id, old, new }))
            }
            Err(OpenError::Malformed) => {
                tracing::error!("the secret of key {id} is damaged: the key is of no use any more");
                Ok(None)
            }
            Err(OpenError::UnknownKey(key)) => {
                let message = format!(
                    "the secret of key {id} was sealed with master key {key}, which is not among those \
                     given: bring back the master key file or variable that this store was used with, \
                     and give newer keys in front of older ones"
                );
                Err(ServiceError::new(ErrorKind::Conflict, id, message))
            }
        }
    }

    /// Does the rest of a rotation that was given up on the way.
    pub(super) async fn finish_rotation(&self) -> Result<(), ServiceError> {
        if !self.access.keyring.is_between_keys() {
            return Ok(());
        }
        let _rotating = self.access.rotating.lock().await;
        self.reseal_all().await?;
        self.retire_older_master_keys()
    }

    /// (4) Forgets master keys that no token can have been made with. What was sealed with one of them
    /// while it was being replaced is sealed anew before.
    pub(super) async fn drop_retired_master_keys(&self) -> Result<(), ServiceError> {
        let now = self.clock.now().as_millis();
        let hold = i64::try_from(TOKENS_HOLD.as_millis()).unwrap_or(i64::MAX);
        let then = Timestamp::from_millis(now.saturating_sub(hold));
        let keyring = &self.access.keyring;
        if !keyring.is_file() || keyring.retired_before(then).is_empty() {
            return Ok(());
        }
        let _rotating = self.access.rotating.lock().await;
        self.reseal_all().await?;
        let retired = keyring.retired_before(then);
        keyring.forget(&retired).map_err(ServiceError::internal)?;
        for key in retired {
            tracing::info!("master key {key} is forgotten: nothing needs it any more");
        }
        Ok(())
    }
}

pub(crate) fn require_operator(caller: &Caller) -> Result<(), ServiceError> {
    if caller.operator {
        return Ok(());
    }
    let message = "only an operator key may do this";
    Err(ServiceError::new(ErrorKind::Denied, "key", message))
}
