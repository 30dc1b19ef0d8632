//! Accounts, keys, users, policies, roles, tokens, calls that count once, and the audit.
//!
//! What an account has is changed by one node at a time: the account's row is locked before anything
//! is counted or looked up, so that limits and what belongs together hold whoever else is at it.

mod accounts;
mod audit;
mod keys;
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
use tokio_postgres::Row;

pub(super) use self::audit::first_at as first_record_at;
use super::PostgresStore;
use super::connect::{Param, Session};
use super::error::Answer;
use super::once::{self, counted};
use super::rows::{account_key, storable};
use super::sql::access as sql;
use super::transaction::{look_up, transact};
use crate::contract::{
    AccessStore, Attach, AuditFilter, Create, CreateAccount, DeletePolicy, NewAccount, NewPipeline,
    Put, Resealed, Result, Rotate, SealedSecret,
};
use crate::hints::Wakes;

/// How long an expired token can still be told from one that never was.
const TOKENS_KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Keeps everybody else from changing what the account has, until the transaction ends; false if there
/// is no such account.
async fn lock(session: &Session, account: AccountId) -> Answer<bool> {
    session
        .holds(sql::LOCK_ACCOUNT, &[&account_key(account)])
        .await
}

/// How many there are.
async fn count(session: &Session, query: &'static str, key: &[Param<'_>]) -> Answer<u32> {
    let row = session.one(query, key).await?;
    let count: i64 = row.map_or(0, |row| row.get(0));
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn one<T>(
    session: &Session,
    query: &'static str,
    key: &[Param<'_>],
    read: impl FnOnce(&Row) -> Result<T>,
) -> Answer<Option<T>> {
    let row = session.one(query, key).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

async fn list<T>(
    session: &Session,
    query: &'static str,
    key: &[Param<'_>],
    read: impl Fn(&Row) -> Result<T>,
) -> Answer<Vec<T>> {
    let rows = session.all(query, key).await?;
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}

impl PostgresStore {
    /// Tells all nodes that what they remember of access may have changed.
    fn changed<T>(&self, outcome: Result<T>) -> Result<T> {
        if outcome.is_ok() {
            self.hinter.ring(Wakes::ACCESS);
        }
        outcome
    }

    /// What was replaced is gone from the tables when this has returned, as far as the server can do it
    /// now. Its log keeps it until that is recycled.
    async fn vacuum_secrets(&self) {
        let vacuumed: Result<()> =
            look_up!(self.pool.for_walks(), s => s.batch(sql::VACUUM_SECRETS).await);
        if let Err(error) = vacuumed {
            tracing::error!(%error, "the tables of secrets still hold what was replaced");
        }
    }
}

#[async_trait]
impl AccessStore for PostgresStore {
    async fn create_account(&self, new: NewAccount, once: Option<Once>) -> Result<CreateAccount> {
        transact!(self.pool, s => counted(s, once, accounts::create(s, &new)).await)
    }

    async fn has_accounts(&self) -> Result<bool> {
        look_up!(self.pool, s => accounts::any(s).await)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        look_up!(self.pool, s => accounts::get(s, id).await)
    }

    async fn account_named(&self, name: &AccountName) -> Result<Option<Account>> {
        look_up!(self.pool, s => accounts::named(s, name).await)
    }

    async fn accounts(&self, after: Option<AccountId>, limit: u32) -> Result<Vec<Account>> {
        look_up!(self.pool, s => accounts::list(s, after, limit).await)
    }

    async fn set_feature(&self, account: AccountId, feature: Feature, on: bool) -> Result<bool> {
        let outcome =
            transact!(self.pool, s => accounts::set_feature(s, account, feature, on).await);
        self.changed(outcome)
    }

    async fn set_limit(
        &self,
        account: AccountId,
        action: &str,
        rule: Option<LimitRule>,
    ) -> Result<bool> {
        let outcome =
            transact!(self.pool, s => accounts::set_limit(s, account, action, rule).await);
        self.changed(outcome)
    }

    async fn limits(&self, account: AccountId) -> Result<BTreeMap<String, LimitRule>> {
        look_up!(self.pool, s => accounts::limits(s, account).await)
    }

    async fn create_project(
        &self,
        project: Project,
        pipeline: NewPipeline,
        once: Option<Once>,
    ) -> Result<Create> {
        let outcome = transact!(self.pool, s => {
            counted(s, once, accounts::create_project(s, &project, &pipeline)).await
        });
        self.changed(outcome)
    }

    async fn projects(&self, account: AccountId) -> Result<Vec<Project>> {
        look_up!(self.pool, s => accounts::projects(s, account).await)
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>> {
        look_up!(self.pool, s => accounts::project(s, id).await)
    }

    async fn create_access_key(&self, key: AccessKey, once: Option<Once>) -> Result<Create> {
        let outcome =
            transact!(self.pool, s => counted(s, once, keys::create_access_key(s, &key)).await);
        self.changed(outcome)
    }

    async fn access_key(&self, id: &str) -> Result<Option<AccessKey>> {
        look_up!(self.pool, s => keys::access_key(s, &storable(id)).await)
    }

    async fn access_keys(&self, account: AccountId) -> Result<Vec<AccessKey>> {
        look_up!(self.pool, s => keys::access_keys(s, account).await)
    }

    async fn set_access_key_active(
        &self,
        account: AccountId,
        id: &str,
        active: bool,
    ) -> Result<bool> {
        let outcome = transact!(self.pool, s => keys::switch(s, sql::SET_ACCESS_KEY_ACTIVE, account, &storable(id), active).await);
        self.changed(outcome)
    }

    async fn delete_access_key(&self, account: AccountId, id: &str) -> Result<bool> {
        let outcome = transact!(self.pool, s => keys::delete(s, sql::DELETE_ACCESS_KEY, account, &storable(id)).await);
        self.changed(outcome)
    }

    async fn rotate_access_key(
        &self,
        account: AccountId,
        old: &str,
        new: AccessKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate> {
        let outcome = transact!(self.pool, s => {
            let old = storable(old);
            counted(s, once, keys::rotate_access_key(s, account, &old, &new, old_until)).await
        });
        self.changed(outcome)
    }

    async fn create_api_key(&self, key: ApiKey, once: Option<Once>) -> Result<Create> {
        let outcome =
            transact!(self.pool, s => counted(s, once, keys::create_api_key(s, &key)).await);
        self.changed(outcome)
    }

    async fn api_key(&self, digest: &[u8; 32]) -> Result<Option<ApiKey>> {
        look_up!(self.pool, s => keys::api_key(s, digest).await)
    }

    async fn api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        look_up!(self.pool, s => keys::api_keys(s, account).await)
    }

    async fn set_api_key_active(&self, account: AccountId, id: &str, active: bool) -> Result<bool> {
        let outcome = transact!(self.pool, s => keys::switch(s, sql::SET_API_KEY_ACTIVE, account, &storable(id), active).await);
        self.changed(outcome)
    }

    async fn delete_api_key(&self, account: AccountId, id: &str) -> Result<bool> {
        let outcome = transact!(self.pool, s => keys::delete(s, sql::DELETE_API_KEY, account, &storable(id)).await);
        self.changed(outcome)
    }

    async fn rotate_api_key(
        &self,
        account: AccountId,
        old: &str,
        new: ApiKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate> {
        let outcome = transact!(self.pool, s => {
            let old = storable(old);
            counted(s, once, keys::rotate_api_key(s, account, &old, &new, old_until)).await
        });
        self.changed(outcome)
    }

    async fn create_user(
        &self,
        user: User,
        password_hash: Option<String>,
        once: Option<Once>,
    ) -> Result<Create> {
        let outcome = transact!(self.pool, s => {
            counted(s, once, users::create(s, &user, password_hash.as_deref())).await
        });
        self.changed(outcome)
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>> {
        look_up!(self.pool, s => users::list(s, account).await)
    }

    async fn user(&self, account: AccountId, name: &UserName) -> Result<Option<User>> {
        look_up!(self.pool, s => users::get(s, account, name).await)
    }

    async fn password_hash(&self, account: AccountId, name: &UserName) -> Result<Option<String>> {
        look_up!(self.pool, s => users::password_hash(s, account, name).await)
    }

    async fn set_password(
        &self,
        account: AccountId,
        name: &UserName,
        password_hash: Option<String>,
    ) -> Result<bool> {
        let outcome = transact!(self.pool, s => users::set_password(s, account, name, password_hash.as_deref()).await);
        self.changed(outcome)
    }

    async fn delete_user(&self, account: AccountId, name: &UserName) -> Result<bool> {
        let outcome = transact!(self.pool, s => users::delete(s, account, name).await);
        self.changed(outcome)
    }

    async fn put_policy(&self, policy: NamedPolicy) -> Result<Put> {
        let outcome = transact!(self.pool, s => policies::put(s, &policy).await);
        self.changed(outcome)
    }

    async fn policies(&self, account: AccountId) -> Result<Vec<NamedPolicy>> {
        look_up!(self.pool, s => policies::list(s, account).await)
    }

    async fn policy(&self, account: AccountId, name: &PolicyName) -> Result<Option<NamedPolicy>> {
        look_up!(self.pool, s => policies::get(s, account, name).await)
    }

    async fn delete_policy(&self, account: AccountId, name: &PolicyName) -> Result<DeletePolicy> {
        let outcome = transact!(self.pool, s => policies::delete(s, account, name).await);
        self.changed(outcome)
    }

    async fn put_role(&self, role: Role) -> Result<Put> {
        let outcome = transact!(self.pool, s => policies::put_role(s, &role).await);
        self.changed(outcome)
    }

    async fn roles(&self, account: AccountId) -> Result<Vec<Role>> {
        look_up!(self.pool, s => policies::roles(s, account).await)
    }

    async fn role(&self, account: AccountId, name: &RoleName) -> Result<Option<Role>> {
        look_up!(self.pool, s => policies::role(s, account, name).await)
    }

    async fn delete_role(&self, account: AccountId, name: &RoleName) -> Result<bool> {
        let outcome = transact!(self.pool, s => policies::delete_role(s, account, name).await);
        self.changed(outcome)
    }

    async fn attach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<Attach> {
        let outcome =
            transact!(self.pool, s => policies::attach(s, account, grantee, policy).await);
        self.changed(outcome)
    }

    async fn detach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<bool> {
        let outcome =
            transact!(self.pool, s => policies::detach(s, account, grantee, policy).await);
        self.changed(outcome)
    }

    async fn grants(&self, account: AccountId, grantee: &Grantee) -> Result<Option<Vec<Grant>>> {
        look_up!(self.pool, s => policies::grants(s, account, grantee).await)
    }

    async fn create_token(&self, token: Token) -> Result<bool> {
        transact!(self.pool, s => users::create_token(s, &token).await)
    }

    async fn token(&self, digest: &[u8; 32]) -> Result<Option<Token>> {
        look_up!(self.pool, s => users::token(s, digest).await)
    }

    async fn revoke_token(&self, digest: &[u8; 32]) -> Result<bool> {
        let outcome = transact!(self.pool, s => Ok(s.execute(sql::DELETE_TOKEN, &[&&digest[..]]).await? == 1));
        self.changed(outcome)
    }

    async fn add_secret(&self, secret: SealedSecret) -> Result<bool> {
        transact!(self.pool, s => {
            let row: [Param<'_>; 2] = [&secret.id, &secret.sealed];
            Ok(s.execute(sql::ADD_SECRET, &row).await? == 1)
        })
    }

    async fn secret(&self, id: &str) -> Result<Option<SealedSecret>> {
        look_up!(self.pool, s => reseal::get(s, id).await)
    }

    async fn sealed_secrets(&self, after: Option<&str>, limit: u32) -> Result<Vec<SealedSecret>> {
        look_up!(self.pool.for_walks(), s => reseal::list(s, after, limit).await)
    }

    async fn reseal(&self, secrets: Vec<Resealed>) -> Result<u64> {
        let replaced = transact!(self.pool, s => reseal::reseal(s, &secrets).await)?;
        if replaced > 0 {
            self.vacuum_secrets().await;
        }
        Ok(replaced)
    }

    async fn use_once(&self, once: Once) -> Result<()> {
        transact!(self.pool, s => counted(s, Some(once), async { Ok(()) }).await)
    }

    async fn noted(&self, hash: [u8; 16]) -> Result<Option<Note>> {
        look_up!(self.pool, s => once::noted(s, &hash).await)
    }

    async fn record(&self, records: Vec<AuditRecord>) -> Result<()> {
        transact!(self.pool, s => audit::record(s, &records).await)
    }

    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
        look_up!(self.pool.for_walks(), s => audit::list(s, &filter, limit).await)
    }

    async fn prune(&self, now: Timestamp, audit_before: Timestamp, most: u32) -> Result<bool> {
        let tokens_before = now.as_millis() - TOKENS_KEPT.as_millis() as i64;
        let most = i64::from(most.max(1));
        transact!(self.pool, s => {
            let calls: [Param<'_>; 2] = [&now.as_millis(), &most];
            let calls = s.execute(sql::PRUNE_NONCES, &calls).await?;
            let keyed: [Param<'_>; 2] = [&now.as_millis(), &most];
            let keyed = s.execute(sql::PRUNE_KEYED_CALLS, &keyed).await?;
            let tokens: [Param<'_>; 2] = [&tokens_before, &most];
            let tokens = s.execute(sql::PRUNE_TOKENS, &tokens).await?;
            s.execute(sql::PRUNE_COMMITS, &[&most]).await?;
            let records = audit::prune(s, audit_before, most).await?;
            Ok(calls.max(keyed).max(tokens).max(records) >= most.cast_unsigned())
        })
    }
}
