//! Accounts, keys, users, policies, roles, tokens, calls that count once, and the audit.

mod accounts;
mod audit;
mod keys;
mod once;
mod policies;
mod reseal;
mod users;

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::{
    AccessKey, Account, AccountName, ApiKey, AuditEntry, AuditRecord, Feature, Grant, Grantee,
    LimitRule, NamedPolicy, Note, Once, PolicyName, PolicyRef, Project, ProjectId, Role, RoleName,
    Token, User, UserName,
};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, Params, params};

pub(super) use self::accounts::exists as account_exists;
pub(super) use self::audit::first_at as first_record_at;
#[cfg(feature = "mutants")]
pub(super) use self::once::stored;
pub(super) use self::once::{Walk, counted};
use super::SqliteStore;
use super::inbox::Lane;
use super::rows::{cell, execute};
use super::sql::access as sql;
use crate::contract::{
    AccessStore, Attach, AuditFilter, Create, CreateAccount, DeletePolicy, NewAccount, NewPipeline,
    Put, Resealed, Result, Rotate, SealedSecret,
};

/// How long an expired token can still be told from one that never was.
const TOKENS_KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// The answer to a query that asks whether something exists.
fn holds(connection: &Connection, query: &str, key: impl Params) -> Result<bool> {
    Ok(cell(connection, query, key)?.unwrap_or(false))
}

#[async_trait]
impl AccessStore for SqliteStore {
    async fn create_account(
        &self,
        mut new: NewAccount,
        once: Option<Once>,
    ) -> Result<CreateAccount> {
        new.bucket = new.bucket.map(|bucket| self.within(bucket));
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || accounts::create(tx, &new))
        })
        .await
    }

    async fn has_accounts(&self) -> Result<bool> {
        self.readers.look_up(accounts::any).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        self.readers
            .look_up(move |connection| accounts::get(connection, id))
            .await
    }

    async fn account_named(&self, name: &AccountName) -> Result<Option<Account>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| accounts::named(connection, &name))
            .await
    }

    async fn accounts(&self, after: Option<AccountId>, limit: u32) -> Result<Vec<Account>> {
        self.readers
            .read(move |connection| accounts::list(connection, after, limit))
            .await
    }

    async fn set_feature(&self, account: AccountId, feature: Feature, on: bool) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| {
            accounts::set_feature(tx.connection(), account, feature, on)
        })
        .await
    }

    async fn set_limit(
        &self,
        account: AccountId,
        action: &str,
        rule: Option<LimitRule>,
    ) -> Result<bool> {
        let action = action.to_owned();
        self.write(Lane::Urgent, move |tx| {
            accounts::set_limit(tx.connection(), account, &action, rule)
        })
        .await
    }

    async fn limits(&self, account: AccountId) -> Result<BTreeMap<String, LimitRule>> {
        self.readers
            .look_up(move |connection| accounts::limits(connection, account))
            .await
    }

    async fn create_project(
        &self,
        project: Project,
        pipeline: NewPipeline,
        once: Option<Once>,
    ) -> Result<Create> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                accounts::create_project(tx, &project, &pipeline)
            })
        })
        .await
    }

    async fn projects(&self, account: AccountId) -> Result<Vec<Project>> {
        self.readers
            .look_up(move |connection| accounts::projects(connection, account))
            .await
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>> {
        self.readers
            .look_up(move |connection| accounts::project(connection, id))
            .await
    }

    async fn create_access_key(&self, key: AccessKey, once: Option<Once>) -> Result<Create> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || keys::create_access_key(tx.connection(), &key))
        })
        .await
    }

    async fn access_key(&self, id: &str) -> Result<Option<AccessKey>> {
        let id = id.to_owned();
        self.readers
            .look_up(move |connection| keys::access_key(connection, &id))
            .await
    }

    async fn access_keys(&self, account: AccountId) -> Result<Vec<AccessKey>> {
        self.readers
            .read(move |connection| keys::access_keys(connection, account))
            .await
    }

    async fn set_access_key_active(
        &self,
        account: AccountId,
        id: &str,
        active: bool,
    ) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lane::Urgent, move |tx| {
            let set = sql::SET_ACCESS_KEY_ACTIVE;
            keys::switch(tx.connection(), set, account, &id, active)
        })
        .await
    }

    async fn delete_access_key(&self, account: AccountId, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lane::Urgent, move |tx| {
            keys::delete(tx.connection(), sql::DELETE_ACCESS_KEY, account, &id)
        })
        .await
    }

    async fn rotate_access_key(
        &self,
        account: AccountId,
        old: &str,
        new: AccessKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate> {
        let old = old.to_owned();
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                keys::rotate_access_key(tx.connection(), account, &old, &new, old_until)
            })
        })
        .await
    }

    async fn create_api_key(&self, key: ApiKey, once: Option<Once>) -> Result<Create> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || keys::create_api_key(tx.connection(), &key))
        })
        .await
    }

    async fn api_key(&self, digest: &[u8; 32]) -> Result<Option<ApiKey>> {
        let digest = *digest;
        self.readers
            .look_up(move |connection| keys::api_key(connection, &digest))
            .await
    }

    async fn api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        self.readers
            .read(move |connection| keys::api_keys(connection, account))
            .await
    }

    async fn set_api_key_active(&self, account: AccountId, id: &str, active: bool) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lane::Urgent, move |tx| {
            let set = sql::SET_API_KEY_ACTIVE;
            keys::switch(tx.connection(), set, account, &id, active)
        })
        .await
    }

    async fn delete_api_key(&self, account: AccountId, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lane::Urgent, move |tx| {
            keys::delete(tx.connection(), sql::DELETE_API_KEY, account, &id)
        })
        .await
    }

    async fn rotate_api_key(
        &self,
        account: AccountId,
        old: &str,
        new: ApiKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate> {
        let old = old.to_owned();
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                keys::rotate_api_key(tx.connection(), account, &old, &new, old_until)
            })
        })
        .await
    }

    async fn create_user(
        &self,
        user: User,
        password_hash: Option<String>,
        once: Option<Once>,
    ) -> Result<Create> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                users::create(tx.connection(), &user, password_hash.as_deref())
            })
        })
        .await
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>> {
        self.readers
            .read(move |connection| users::list(connection, account))
            .await
    }

    async fn user(&self, account: AccountId, name: &UserName) -> Result<Option<User>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| users::get(connection, account, &name))
            .await
    }

    async fn password_hash(&self, account: AccountId, name: &UserName) -> Result<Option<String>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| users::password_hash(connection, account, &name))
            .await
    }

    async fn set_password(
        &self,
        account: AccountId,
        name: &UserName,
        password_hash: Option<String>,
    ) -> Result<bool> {
        let name = name.clone();
        self.write(Lane::Urgent, move |tx| {
            users::set_password(tx.connection(), account, &name, password_hash.as_deref())
        })
        .await
    }

    async fn delete_user(&self, account: AccountId, name: &UserName) -> Result<bool> {
        let name = name.clone();
        self.write(Lane::Urgent, move |tx| {
            users::delete(tx.connection(), account, &name)
        })
        .await
    }

    async fn put_policy(&self, policy: NamedPolicy) -> Result<Put> {
        self.write(Lane::Normal, move |tx| {
            policies::put(tx.connection(), &policy)
        })
        .await
    }

    async fn policies(&self, account: AccountId) -> Result<Vec<NamedPolicy>> {
        self.readers
            .read(move |connection| policies::list(connection, account))
            .await
    }

    async fn policy(&self, account: AccountId, name: &PolicyName) -> Result<Option<NamedPolicy>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| policies::get(connection, account, &name))
            .await
    }

    async fn delete_policy(&self, account: AccountId, name: &PolicyName) -> Result<DeletePolicy> {
        let name = name.clone();
        self.write(Lane::Urgent, move |tx| {
            policies::delete(tx.connection(), account, &name)
        })
        .await
    }

    async fn put_role(&self, role: Role) -> Result<Put> {
        self.write(Lane::Normal, move |tx| {
            policies::put_role(tx.connection(), &role)
        })
        .await
    }

    async fn roles(&self, account: AccountId) -> Result<Vec<Role>> {
        self.readers
            .read(move |connection| policies::roles(connection, account))
            .await
    }

    async fn role(&self, account: AccountId, name: &RoleName) -> Result<Option<Role>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| policies::role(connection, account, &name))
            .await
    }

    async fn delete_role(&self, account: AccountId, name: &RoleName) -> Result<bool> {
        let name = name.clone();
        self.write(Lane::Urgent, move |tx| {
            policies::delete_role(tx.connection(), account, &name)
        })
        .await
    }

    async fn attach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<Attach> {
        let (grantee, policy) = (grantee.clone(), policy.clone());
        self.write(Lane::Normal, move |tx| {
            policies::attach(tx.connection(), account, &grantee, &policy)
        })
        .await
    }

    async fn detach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<bool> {
        let (grantee, policy) = (grantee.clone(), policy.clone());
        self.write(Lane::Urgent, move |tx| {
            policies::detach(tx.connection(), account, &grantee, &policy)
        })
        .await
    }

    async fn grants(&self, account: AccountId, grantee: &Grantee) -> Result<Option<Vec<Grant>>> {
        let grantee = grantee.clone();
        self.readers
            .look_up(move |connection| policies::grants(connection, account, &grantee))
            .await
    }

    async fn create_token(&self, token: Token) -> Result<bool> {
        self.write(Lane::Normal, move |tx| {
            users::create_token(tx.connection(), &token)
        })
        .await
    }

    async fn token(&self, digest: &[u8; 32]) -> Result<Option<Token>> {
        let digest = *digest;
        self.readers
            .look_up(move |connection| users::token(connection, &digest))
            .await
    }

    async fn revoke_token(&self, digest: &[u8; 32]) -> Result<bool> {
        let digest = *digest;
        self.write(Lane::Urgent, move |tx| {
            Ok(execute(tx.connection(), sql::DELETE_TOKEN, [digest])? == 1)
        })
        .await
    }

    async fn add_secret(&self, secret: SealedSecret) -> Result<bool> {
        self.write(Lane::Normal, move |tx| {
            let row = (&secret.id, &secret.sealed);
            Ok(execute(tx.connection(), sql::ADD_SECRET, row)? == 1)
        })
        .await
    }

    async fn secret(&self, id: &str) -> Result<Option<SealedSecret>> {
        let id = id.to_owned();
        self.readers
            .look_up(move |connection| reseal::get(connection, &id))
            .await
    }

    async fn sealed_secrets(&self, after: Option<&str>, limit: u32) -> Result<Vec<SealedSecret>> {
        let after = after.map(str::to_owned);
        self.readers
            .read(move |connection| reseal::list(connection, after.as_deref(), limit))
            .await
    }

    async fn reseal(&self, secrets: Vec<Resealed>) -> Result<u64> {
        let replaced = self
            .write(Lane::Normal, move |tx| {
                reseal::reseal(tx.connection(), &secrets)
            })
            .await?;
        if replaced > 0 {
            self.empty_log().await;
        }
        Ok(replaced)
    }

    async fn use_once(&self, once: Once) -> Result<()> {
        // What it goes before may be what relieves a full disk.
        self.write(Lane::Urgent, move |tx| counted(tx, Some(once), || Ok(())))
            .await
    }

    async fn noted(&self, hash: [u8; 16]) -> Result<Option<Note>> {
        self.readers
            .look_up(move |connection| once::noted(connection, &hash))
            .await
    }

    async fn record(&self, records: Vec<AuditRecord>) -> Result<()> {
        self.write(Lane::Normal, move |tx| {
            audit::record(tx.connection(), &records)
        })
        .await
    }

    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
        self.readers
            .read(move |connection| audit::list(connection, &filter, limit))
            .await
    }

    async fn prune(&self, now: Timestamp, audit_before: Timestamp, most: u32) -> Result<bool> {
        let tokens_before = now.as_millis() - TOKENS_KEPT.as_millis() as i64;
        let walk = self.walk.clone();
        let pruned = self.write(Lane::Urgent, move |tx| {
            let connection = tx.connection();
            let place = walk.step(connection, now, most)?;
            let keyed = params![now.as_millis(), most];
            let keyed = execute(connection, sql::PRUNE_KEYED_CALLS, keyed)?;
            let tokens = execute(connection, sql::PRUNE_TOKENS, params![tokens_before, most])?;
            let records = audit::prune(connection, audit_before, most)?;
            Ok((place, keyed.max(tokens).max(records) >= most as usize))
        });
        let (place, more) = pruned.await?;
        // Not before it is on disk. Two walks at once would only meet each other.
        self.walk.go_on(place);
        Ok(place.is_some() || more)
    }
}
