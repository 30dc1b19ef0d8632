//! Keys: key pairs for signed calls and bearer keys of the native API.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::AccountId;
use reelgate_domain::access::{AccessKey, ApiKey, Owner, UserName};
use reelgate_store::{Create, Rotate};

use super::caller::Caller;
use super::credentials::sha256;
use super::key_view::{KeyKind, KeyView, NewKey};
use super::master_key::require_operator;
use super::projects::created;
use super::secret::Secret;
use crate::{ErrorKind, Service, ServiceError};

/// Ids of bearer keys begin with this; those of key pairs never do.
const API_KEY: &str = "rgk-";
const ACCESS_KEY: &str = "RGAK";

/// The longest time for which a replaced key stays good beside the new one.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3600);

impl Service {
    /// Makes a key pair, for a user or the account itself.
    pub async fn create_access_key(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        user: Option<UserName>,
    ) -> Result<NewKey, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let owner = owner(caller, user)?;
        let (key, secret) = self.new_access_key(account, owner);
        let view = KeyView::from(&key);
        let store = Arc::clone(&self.store);
        let once = caller.making(&view.id);
        let change = async move { store.create_access_key(key, once).await };
        let outcome = self.changing(account, change).await?;
        key_created(outcome, &view, AccessKey::MOST)?;
        Ok(NewKey { view, secret })
    }

    /// Makes a bearer key. Only an operator makes operator keys.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        user: Option<UserName>,
        operator: bool,
    ) -> Result<NewKey, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let owner = owner(caller, user)?;
        if operator {
            require_operator(caller)?;
        }
        let (key, secret) = self.new_api_key(account, owner, operator);
        let view = KeyView::from(&key);
        let store = Arc::clone(&self.store);
        let once = caller.making(&view.id);
        let change = async move { store.create_api_key(key, once).await };
        let outcome = self.changing(account, change).await?;
        key_created(outcome, &view, ApiKey::MOST)?;
        Ok(NewKey { view, secret })
    }

    /// The account's keys of both kinds, oldest first.
    pub async fn keys(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<Vec<KeyView>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        self.keys_of(account).await
    }

    /// One of these keys: whose it is has to be known before it is asked who may change it.
    pub async fn key(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        id: &str,
    ) -> Result<KeyView, ServiceError> {
        let account = self.account_for(caller, account).await?;
        self.key_of(account, id).await
    }

    async fn key_of(&self, account: AccountId, id: &str) -> Result<KeyView, ServiceError> {
        let keys = self.keys_of(account).await?;
        let found = keys.into_iter().find(|key| key.id == id);
        found.ok_or_else(|| ServiceError::missing("key", id))
    }

    async fn keys_of(&self, account: AccountId) -> Result<Vec<KeyView>, ServiceError> {
        let access = self.store.access_keys(account).await?;
        let api = self.store.api_keys(account).await?;
        let mut views: Vec<_> = access.iter().map(KeyView::from).collect();
        views.extend(api.iter().map(KeyView::from));
        views.sort_by_key(|view| view.created_at);
        Ok(views)
    }

    /// Switches a key on or off. Once this has returned, calls with a key that is off are refused.
    pub async fn set_key_active(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        id: &str,
        active: bool,
    ) -> Result<KeyView, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let mut view = self.changeable_key(caller, account, id).await?;
        if !active {
            refuse_own(caller, id, "switched off")?;
        }
        let (store, id) = (Arc::clone(&self.store), id.to_owned());
        let kind = view.kind;
        let change = async move {
            match kind {
                KeyKind::Access => store.set_access_key_active(account, &id, active).await,
                KeyKind::Api => store.set_api_key_active(account, &id, active).await,
            }
        };
        if !self.changing(account, change).await? {
            return Err(ServiceError::missing("key", view.id));
        }
        view.active = active;
        Ok(view)
    }

    /// Deletes a key for good.
    pub async fn delete_key(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        id: &str,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let view = self.changeable_key(caller, account, id).await?;
        refuse_own(caller, id, "deleted")?;
        let (store, id) = (Arc::clone(&self.store), id.to_owned());
        let change = async move {
            match view.kind {
                KeyKind::Access => store.delete_access_key(account, &id).await,
                KeyKind::Api => store.delete_api_key(account, &id).await,
            }
        };
        let is_deleted = self.changing(account, change).await?;
        let gone = || ServiceError::missing("key", &view.id);
        is_deleted.then_some(()).ok_or_else(gone)
    }

    /// Makes a key in the place of another one, which stays good for a while.
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        id: &str,
        overlap: Duration,
    ) -> Result<NewKey, ServiceError> {
        let account = self.account_for(caller, account).await?;
        if overlap > LONGEST_OVERLAP {
            let days = LONGEST_OVERLAP.as_secs() / (24 * 3600);
            let message = format!("a replaced key stays good for at most {days} days");
            return Err(ServiceError::invalid("overlap_seconds", message));
        }
        let old = self.changeable_key(caller, account, id).await?;
        let now = self.clock.now();
        // What was taken away comes back by being asked for, not by a turn of the key.
        if !old.active || old.expires_at.is_some_and(|at| at <= now) {
            let message = format!("key {id} is not in force: enable it, or create another one");
            return Err(ServiceError::new(ErrorKind::Conflict, id, message));
        }
        let until = now.after(overlap);
        let (store, id) = (Arc::clone(&self.store), id.to_owned());
        let (outcome, made) = match old.kind {
            KeyKind::Access => {
                let (key, secret) = self.new_access_key(account, old.owner);
                let view = KeyView::from(&key);
                let once = caller.making(&view.id);
                let change = async move {
                    let rotated = store.rotate_access_key(account, &id, key, until, once);
                    rotated.await
                };
                (
                    self.changing(account, change).await?,
                    NewKey { view, secret },
                )
            }
            KeyKind::Api => {
                let (key, secret) = self.new_api_key(account, old.owner, old.operator);
                let view = KeyView::from(&key);
                let once = caller.making(&view.id);
                let change = async move {
                    let rotated = store.rotate_api_key(account, &id, key, until, once);
                    rotated.await
                };
                (
                    self.changing(account, change).await?,
                    NewKey { view, secret },
                )
            }
        };
        match outcome {
            Rotate::Rotated => Ok(made),
            Rotate::Missing => Err(ServiceError::missing("key", old.id)),
            Rotate::Taken => Err(ServiceError::internal("a new key's id is taken")),
            Rotate::TooMany => {
                let message = "the account has as many keys as it may have: delete one first";
                Err(ServiceError::new(ErrorKind::Conflict, old.id, message))
            }
        }
    }

    /// A key that the caller may change: users may not lay hands on the account's own keys, nor on
    /// operator keys.
    async fn changeable_key(
        &self,
        caller: &Caller,
        account: AccountId,
        id: &str,
    ) -> Result<KeyView, ServiceError> {
        let found = self.key_of(account, id).await?;
        if found.owner == Owner::Account {
            require_root(caller)?;
        }
        if found.operator {
            require_operator(caller)?;
        }
        Ok(found)
    }

    fn new_access_key(&self, account: AccountId, owner: Owner) -> (AccessKey, Secret) {
        let secret = Secret::new(self.random_text(30));
        let id = self.new_access_key_id();
        let key = AccessKey {
            sealed: self.seal_secret(&id, &secret),
            id,
            account,
            owner,
            active: true,
            expires_at: None,
            created_at: self.clock.now(),
        };
        (key, secret)
    }

    fn new_api_key(&self, account: AccountId, owner: Owner, operator: bool) -> (ApiKey, Secret) {
        let secret = Secret::new(format!("rgk_{}", self.random_text(43)));
        let key = ApiKey {
            id: self.new_api_key_id(),
            digest: sha256(secret.expose().as_bytes()),
            account,
            owner,
            operator,
            active: true,
            expires_at: None,
            created_at: self.clock.now(),
        };
        (key, secret)
    }

    pub(super) fn new_access_key_id(&self) -> String {
        format!("{ACCESS_KEY}{}", self.random_text(16))
    }

    pub(super) fn new_api_key_id(&self) -> String {
        format!("{API_KEY}{}", self.random_text(8))
    }
}

fn key_created(outcome: Create, key: &KeyView, most: u32) -> Result<(), ServiceError> {
    match (outcome, &key.owner) {
        (Create::OwnerMissing, Owner::User(name)) => Err(ServiceError::missing("user", name)),
        _ => created(outcome, "key", &key.id, most),
    }
}

/// Whose a new key is to be. Only the account itself hands out keys of its own.
fn owner(caller: &Caller, user: Option<UserName>) -> Result<Owner, ServiceError> {
    match user {
        Some(user) => Ok(Owner::User(user)),
        None => require_root(caller).map(|()| Owner::Account),
    }
}

fn require_root(caller: &Caller) -> Result<(), ServiceError> {
    if caller.is_root() {
        return Ok(());
    }
    let message = "keys of the account itself are for the account itself: name a user";
    Err(ServiceError::new(ErrorKind::Denied, "user", message))
}

/// Nobody locks themselves out: whoever takes a key away holds another one.
fn refuse_own(caller: &Caller, id: &str, what: &str) -> Result<(), ServiceError> {
    if caller.principal.key_id != id {
        return Ok(());
    }
    let message = format!("key {id} makes this call and cannot be {what} by it");
    Err(ServiceError::new(ErrorKind::Conflict, id, message))
}
