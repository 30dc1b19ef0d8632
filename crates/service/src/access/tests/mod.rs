//! What the tests of access share, and those that need a store.

mod accounts;
mod auditing;
mod content_keys;
mod keys;
mod limits;
mod passwords;
mod policies;
mod replays;
mod roles;
mod rotation;
mod secrecy;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelgate_domain::access::{Grantee, PolicyName, UserName};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_store::{SqliteStore, Store};

use super::{
    AccessSettings, CallContext, Caller, Credential, CredentialError, Keyring, NewKey, TemporaryKey,
};
use crate::{Clock, Credentials, RandomIds, Service, Settings};

/// A clock that stands still until it is moved.
pub(super) struct FixedClock(Mutex<Timestamp>);

impl Default for FixedClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_millis(1_763_712_000_000)))
    }
}

impl FixedClock {
    pub(super) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(by);
    }

    pub(super) fn set_back(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        let millis = now.as_millis() - i64::try_from(by.as_millis()).unwrap();
        *now = Timestamp::from_millis(millis);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An address that calls come from.
const SOURCE: &str = "192.0.2.7";

/// A service on a store of its own, with its first account.
struct House {
    service: Service,
    clock: Arc<FixedClock>,
    store: Arc<dyn Store>,
    made: Credentials,
    account: AccountId,
    root: Caller,
    /// With the first account's operator key.
    operator: Caller,
    dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::create_file(&key_file(dir.path()), &RandomIds::default()).unwrap();
        Self::with(dir, keyring).await
    }

    async fn with(dir: tempfile::TempDir, keyring: Keyring) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let clock = Arc::new(FixedClock::default());
        let service = service(&store, &clock, dir.path(), keyring);
        service.unlock().await.unwrap();
        let made = service.invent_credentials();
        assert!(service.create_first_account(&made).await.unwrap());
        let operator = service
            .api_key_caller(&made.api_key)
            .await
            .unwrap()
            .unwrap();
        Self {
            service,
            clock,
            store,
            account: operator.account,
            root: Caller::root(operator.account),
            made,
            operator,
            dir,
        }
    }

    /// The service of a process that starts on the same store, with the master keys of the file.
    fn started_again(&self) -> Service {
        let keyring = Keyring::read_file(&key_file(self.dir.path()))
            .unwrap()
            .unwrap();
        service(&self.store, &self.clock, self.dir.path(), keyring)
    }

    /// The first account itself.
    fn root(&self) -> &Caller {
        &self.root
    }

    /// A user with a key and one policy of its own, called like the user.
    async fn user(&self, name: &str, statements: &str) -> NewKey {
        let (root, user) = (self.root(), user_name(name));
        self.service
            .create_user(root, None, user.clone(), None)
            .await
            .unwrap();
        self.put_policy(name, statements).await;
        self.attach(name, name).await;
        self.service
            .create_access_key(root, None, Some(user))
            .await
            .unwrap()
    }

    async fn put_policy(&self, name: &str, statements: &str) {
        let name = PolicyName::new(name).unwrap();
        let document = policy(statements);
        let put = self.service.put_policy(self.root(), None, name, &document);
        put.await.unwrap();
    }

    async fn attach(&self, user: &str, policy: &str) {
        let grantee = Grantee::User(user_name(user));
        let attached = self
            .service
            .attach_policy(self.root(), None, &grantee, policy);
        attached.await.unwrap();
    }

    /// Whose a key is, as a signed call finds out.
    async fn credential(&self, key: &str) -> Result<Arc<Credential>, CredentialError> {
        self.service.credential(key, None).await
    }

    async fn caller(&self, key: &NewKey) -> Caller {
        let credential = self.credential(&key.view.id).await.unwrap();
        Arc::clone(&credential.principal).into()
    }

    /// The same with a temporary key.
    async fn session(&self, key: &TemporaryKey) -> Result<Caller, CredentialError> {
        let token = key.security_token.expose();
        let found = self.service.credential(&key.access, Some(token)).await?;
        assert_eq!(found.secret.expose(), key.secret.expose());
        Ok(Arc::clone(&found.principal).into())
    }

    fn may(&self, caller: &Caller, action: &str) -> bool {
        let may = self
            .service
            .authorise(&caller.principal, action, "*", &CallContext::default());
        may.is_ok()
    }
}

fn service(
    store: &Arc<dyn Store>,
    clock: &Arc<FixedClock>,
    dir: &Path,
    keyring: Keyring,
) -> Service {
    let settings = Settings {
        data_dir: dir.canonicalize().unwrap(),
        max_object_bytes: 1 << 20,
        free_space_floor: 0,
    };
    let (store, clock): (_, Arc<dyn Clock>) = (Arc::clone(store), Arc::clone(clock) as _);
    let service = Service::new(store, clock, Arc::new(RandomIds::default()), settings);
    service.with_access(AccessSettings::new(keyring))
}

fn key_file(dir: &Path) -> std::path::PathBuf {
    dir.join("master.key")
}

fn user_name(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

/// A document with these statements.
fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

/// A statement that allows an action everywhere.
fn allow(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#)
}

fn deny(action: &str) -> String {
    format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#)
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}
