//! Access: who calls, what they may do, how often, and what is noted of it.

mod accounts;
mod assume_role;
mod attempts;
mod audit;
mod authorise;
mod caller;
mod content_keys;
mod credentials;
mod first_start;
mod house;
mod key_view;
mod keyring;
mod keys;
mod known;
mod master_key;
mod nonces;
mod once;
mod password;
mod places;
mod policies;
mod principals;
mod projects;
mod roles;
mod secret;
mod session;
mod sparing;
mod temporary;
#[cfg(test)]
mod tests;
mod throttle;
mod tokens;
mod users;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reelgate_domain::access::{CallLimit, Once};
use reelgate_domain::policy::Policy;
use reelgate_domain::{AccountId, Timestamp};

pub use accounts::ADMINISTRATOR;
pub use assume_role::{ASSUME_ROLE, AssumeRefusal, AssumeRole, Session};
pub use authorise::{Denial, PolicyVerdict};
pub use caller::{CallContext, Caller, Credential, Principal, PrincipalKind};
pub use content_keys::ContentKeys;
pub use credentials::CredentialError;
pub(crate) use credentials::secret_of;
pub use first_start::Credentials;
pub use key_view::{KeyKind, KeyView, NewKey};
pub use keyring::{Keyring, MasterKeyError};
pub use master_key::MasterKeyRotated;
pub(crate) use master_key::require_operator;
pub use once::{Earlier, KeyedCall, SIGNATURE_HOLDS, session_call, signed_call};
pub use policies::{PolicyView, Written};
pub use secret::Secret;
pub use session::TemporaryKey;
pub use throttle::Throttled;
pub use tokens::{
    IssuedToken, ProvenUser, TokenError, TokenHolder, TokenRefusal, TokenRequest, TokenScope,
};

use crate::{Ids, Service, ServiceError};
use attempts::Attempts;
use known::{Changes, Known};

/// What an operator may set about access.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    pub keyring: Keyring,
    /// Policies that every account can attach, by name. [`ADMINISTRATOR`] is always among them.
    pub system_policies: Vec<(String, Policy)>,
    /// Live nodes that share the limits on calls.
    pub nodes: u32,
    /// Failed signatures a minute of one key from one address.
    pub max_failed_signatures: u32,
    /// How long calls stay in the audit.
    pub audit_keep: Duration,
}

/// An address may come with this many keys that fail as often as one key may.
const KEYS_PER_ADDRESS: u32 = 10;
/// Failed passwords a minute of one user from one address.
const MAX_FAILED_PASSWORDS: u32 = 30;
/// Failed passwords a minute of one address, whatever users it names: a small part of those that can be looked at.
const MAX_FAILED_LOGINS: u32 = 300;

impl AccessSettings {
    /// The defaults, with these master keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            system_policies: Vec::new(),
            nodes: 1,
            max_failed_signatures: 1000,
            audit_keep: Duration::from_secs(30 * 24 * 3600),
        }
    }

    /// For tests and figures: what is sealed nobody opens later.
    pub(crate) fn passing(ids: &dyn Ids) -> Self {
        Self::new(Keyring::passing(ids))
    }
}

/// All that is kept in memory about access.
pub(crate) struct Access {
    keyring: Keyring,
    rotating: tokio::sync::Mutex<()>,
    content_keys: content_keys::Sealing,
    system_policies: BTreeMap<String, Arc<Policy>>,
    changes: Arc<Changes>,
    keys: Known<String, credentials::KnownKey>,
    api_keys: Known<[u8; 32], credentials::KnownApiKey>,
    tokens: Known<[u8; 32], TokenHolder>,
    throttle: throttle::Throttle,
    failed_keys: Attempts,
    failed_addresses: Attempts,
    failed_passwords: Attempts,
    failed_logins: Attempts,
    nonces: nonces::Nonces,
    passwords: password::Passwords,
    audit: audit::AuditQueue,
    throttled: sparing::Sparing,
    unproven: sparing::Sparing,
    audit_keep: Duration,
    /// Milliseconds; see [`Service::is_from_before_restore`].
    signed_after: AtomicI64,
}

impl Access {
    pub(crate) fn new(settings: AccessSettings) -> Self {
        let everything = Policy::parse(
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        );
        let everything = everything.expect("the policy that allows everything is one");
        let mut system_policies =
            BTreeMap::from([(ADMINISTRATOR.to_owned(), Arc::new(everything))]);
        let given = settings.system_policies.into_iter();
        system_policies.extend(given.map(|(name, policy)| (name, Arc::new(policy))));
        let changes = Arc::default();
        let most = settings.max_failed_signatures;
        Self {
            keyring: settings.keyring,
            rotating: tokio::sync::Mutex::default(),
            content_keys: content_keys::Sealing::default(),
            system_policies,
            keys: Known::new(&changes),
            api_keys: Known::new(&changes),
            tokens: Known::new(&changes),
            changes,
            throttle: throttle::Throttle::new(settings.nodes),
            failed_keys: Attempts::per_minute(most),
            failed_addresses: Attempts::per_minute(most.saturating_mul(KEYS_PER_ADDRESS)),
            failed_passwords: Attempts::per_minute(MAX_FAILED_PASSWORDS),
            failed_logins: Attempts::per_minute(MAX_FAILED_LOGINS),
            nonces: nonces::Nonces::default(),
            passwords: password::Passwords::default(),
            audit: audit::AuditQueue::default(),
            throttled: sparing::Sparing::default(),
            unproven: sparing::Sparing::default(),
            audit_keep: settings.audit_keep,
            signed_after: AtomicI64::new(i64::MIN),
        }
    }

    /// How long calls stay in the audit, unless an account has a time of its own.
    pub(crate) fn audit_keep(&self) -> Duration {
        self.audit_keep
    }

    /// The limits on calls are for all nodes together that answer calls.
    pub(crate) fn share_limits(&self, nodes: u32) {
        self.throttle.share(nodes);
    }

    /// Drops all that is known, because another node may have changed something.
    fn forget_all(&self) {
        self.changes.note();
        self.keys.forget_all();
        self.api_keys.forget_all();
        self.tokens.forget_all();
    }

    /// Drops what is known of an account, because something about it has changed.
    fn forget(&self, account: AccountId) {
        self.changes.note();
        self.keys.forget(account);
        self.api_keys.forget(account);
        self.tokens.forget(account);
    }

    pub(crate) fn keyring(&self) -> Keyring {
        self.keyring.clone()
    }

    fn tidy(&self, now: Timestamp) {
        self.keys.tidy(now);
        self.api_keys.tidy(now);
        self.tokens.tidy(now);
        self.throttle.tidy(now);
    }

    /// Whether another password of this user may be tried from this address.
    fn may_try_password(
        &self,
        tried: &str,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.failed_logins.may_try("", source.into(), now)?;
        self.failed_passwords.may_try(tried, source.into(), now)
    }

    fn failed_password(&self, tried: &str, source: Option<IpAddr>, now: Timestamp) {
        self.failed_logins.failed("", source.into(), now);
        self.failed_passwords.failed(tried, source.into(), now);
    }
}

impl Service {
    /// The same service with these settings in place of those for tests.
    #[must_use]
    pub fn with_access(mut self, settings: AccessSettings) -> Self {
        self.access = Arc::new(Access::new(settings));
        self
    }

    /// Drops what is known of who may do what whenever another node has changed that, until `stop` turns true
    /// or its sender is gone. What is missed is seen when what is known has become old.
    pub async fn follow_access(&self, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut changed = self.store.hints().access;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                told = changed.changed() => if told.is_err() {
                    return;
                },
            }
            self.access.forget_all();
        }
    }

    /// Whether a key may be tried from this address: not after too many failures.
    pub fn may_try(&self, key_id: &str, source: Option<IpAddr>) -> Result<(), Throttled> {
        let now = self.clock.now();
        self.access
            .failed_addresses
            .may_try("", source.into(), now)?;
        self.access.failed_keys.may_try(key_id, source.into(), now)
    }

    /// Counts a signature, or a bearer key or token, that did not prove what it was to prove.
    pub fn failed_signature(&self, key_id: &str, source: Option<IpAddr>) {
        let now = self.clock.now();
        self.access.failed_addresses.failed("", source.into(), now);
        self.access.failed_keys.failed(key_id, source.into(), now);
    }

    /// Counts a call of an action, or refuses it. `default` is the documented limit, if there is one.
    pub fn throttle(
        &self,
        account: AccountId,
        action: &str,
        default: Option<CallLimit>,
    ) -> Result<(), Throttled> {
        self.access
            .throttle
            .take(account, action, default, &*self.clock)
    }

    /// Whether a signed read comes for the first time; from now on it does not.
    pub fn read_once(&self, once: &Once) -> bool {
        self.access.nonces.is_new(once, self.clock.now())
    }

    /// Whether a call that was signed at this time may have been made before the store was restored from a
    /// backup: then nothing here knows of it, and it must not be made again.
    pub fn is_from_before_restore(&self, signed_at: Timestamp) -> bool {
        signed_at.as_millis() <= self.access.signed_after.load(Ordering::Relaxed)
    }

    /// Finds out whether the store was restored, and when.
    async fn learn_restore(&self) -> Result<(), ServiceError> {
        if let Some(after) = self.store.signed_after().await? {
            let millis = after.as_millis();
            self.access.signed_after.store(millis, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Uses up the caller's signed call, if it is one: for what has no effect in the store that it could
    /// be part of, or one that comes last. Fails with `Replayed` if it was made before.
    pub(crate) async fn use_once(&self, caller: &Caller) -> Result<(), ServiceError> {
        match caller.once {
            Some(once) => Ok(self.store.use_once(once).await?),
            None => Ok(()),
        }
    }

    /// Changes who may do what: drops what was known of the account once the change is stored, also when
    /// whoever asked for it does not wait for the end.
    async fn changing<T: Send + 'static>(
        &self,
        account: AccountId,
        change: impl Future<Output = Result<T, reelgate_store::StoreError>> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let access = Arc::clone(&self.access);
        let changing = tokio::spawn(async move {
            let outcome = change.await;
            // After a failure too: nobody can be sure that nothing was written.
            access.forget(account);
            outcome
        });
        let outcome = changing.await.map_err(ServiceError::internal)?;
        Ok(outcome?)
    }
}
