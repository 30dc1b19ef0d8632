//! The part of the contract that says who may do what: accounts, keys, users, policies, roles and
//! tokens; signed calls that count once; the audit.
//!
//! What belongs to an account goes by the account and its name or id. Lists are bounded by how many
//! of a kind an account may have, and sorted by name, or by time where there is none.
//!
//! Switching off, detaching, deleting and revoking go before queued submits and have room to write
//! when these have none left; so do limits and new passwords.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::{
    AccessKey, Account, AccountName, ApiKey, AuditEntry, AuditRecord, Feature, Grant, Grantee,
    LimitRule, NamedPolicy, Note, Once, PolicyRef, Project, ProjectId, Role, Token, User,
};
use reelgate_domain::access::{PolicyName, RoleName, UserName};
use reelgate_domain::{AccountId, Timestamp};

use super::{Bucket, NewPipeline, Result};

/// An account with everything it needs to be used at once.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub account: Account,
    pub project: Project,
    pub access_key: AccessKey,
    pub api_key: ApiKey,
    pub user: User,
    /// The user's; stored as it is.
    pub password_hash: Option<String>,
    /// What the user may do.
    pub policies: Vec<PolicyRef>,
    pub pipelines: Vec<NewPipeline>,
    /// Absent where no directory is one that all nodes see.
    pub bucket: Option<Bucket>,
    /// Only if there is no account yet.
    pub only_first: bool,
}

/// What became of a wish for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateAccount {
    Created,
    /// Another account has the name.
    NameTaken,
    /// It was to be the first and is not.
    NotFirst,
}

/// What became of a wish for something new inside an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    Created,
    /// There is one of this name or id.
    Taken,
    /// The account, or the user it is for, does not exist.
    OwnerMissing,
    /// The account has as many as it may have.
    TooMany,
}

/// What became of a wish to have something in this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Created,
    Replaced,
    /// The account does not exist.
    OwnerMissing,
    /// The account has as many as it may have.
    TooMany,
}

/// What became of a wish to replace a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotate {
    Rotated,
    /// The account has no such key of this owner.
    Missing,
    /// The new key's id is taken.
    Taken,
    /// The account has as many as it may have.
    TooMany,
}

/// What became of a wish to delete a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeletePolicy {
    Deleted,
    Missing,
    /// To these; nothing was deleted.
    Attached(Vec<Grantee>),
}

/// What became of a wish to attach a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// It is attached, or was before.
    Attached,
    GranteeMissing,
    /// The account has no policy of this name.
    PolicyMissing,
    /// The user or role has as many as it may have.
    TooMany,
}

/// The secret of a key pair or of an S3 bucket, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The key's, or the bucket's `secret_id`.
    pub id: String,
    pub sealed: Vec<u8>,
}

/// A secret in a new seal.
#[derive(Clone, PartialEq, Eq)]
pub struct Resealed {
    /// The key's.
    pub id: String,
    /// What it was made from: if something else is stored by now, that stays.
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

// Neither is for a log: the old one may be a secret as it is.
impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedSecret")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Resealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resealed")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Which records an audit shows, newest first. Absent fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub account: Option<AccountId>,
    pub principal: Option<String>,
    pub action: Option<String>,
    pub resource: Option<String>,
    pub request_id: Option<String>,
    pub allowed: Option<bool>,
    /// Of this time or later, and of this time or earlier.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only records with lower numbers: that of the last of the page before.
    pub before: Option<i64>,
}

/// Who may do what.
#[async_trait]
pub trait AccessStore: Send + Sync + 'static {
    /// Makes an account with its project, keys, user, pipelines and bucket, all or nothing.
    async fn create_account(&self, new: NewAccount, once: Option<Once>) -> Result<CreateAccount>;

    /// Whether there is an account yet.
    async fn has_accounts(&self) -> Result<bool>;

    async fn account(&self, id: AccountId) -> Result<Option<Account>>;

    async fn account_named(&self, name: &AccountName) -> Result<Option<Account>>;

    /// A page of accounts, by id; `after` is the last of the page before.
    async fn accounts(&self, after: Option<AccountId>, limit: u32) -> Result<Vec<Account>>;

    /// Switches a feature on or off; false if there is no such account.
    async fn set_feature(&self, account: AccountId, feature: Feature, on: bool) -> Result<bool>;

    /// Replaces an action's limit for an account, or goes back to the default; false if there is no
    /// such account.
    async fn set_limit(
        &self,
        account: AccountId,
        action: &str,
        rule: Option<LimitRule>,
    ) -> Result<bool>;

    /// The limits that an account has been given, by action.
    async fn limits(&self, account: AccountId) -> Result<BTreeMap<String, LimitRule>>;

    /// Makes a project and its pipeline. At most [`Project::MOST`].
    async fn create_project(
        &self,
        project: Project,
        pipeline: NewPipeline,
        once: Option<Once>,
    ) -> Result<Create>;

    async fn projects(&self, account: AccountId) -> Result<Vec<Project>>;

    /// The project with this id, of whichever account.
    async fn project(&self, id: ProjectId) -> Result<Option<Project>>;

    /// At most [`AccessKey::MOST`].
    async fn create_access_key(&self, key: AccessKey, once: Option<Once>) -> Result<Create>;

    /// The key pair with this id, of whichever account, active or not, expired or not.
    async fn access_key(&self, id: &str) -> Result<Option<AccessKey>>;

    /// Oldest first.
    async fn access_keys(&self, account: AccountId) -> Result<Vec<AccessKey>>;

    /// False if the account has no such key.
    async fn set_access_key_active(
        &self,
        account: AccountId,
        id: &str,
        active: bool,
    ) -> Result<bool>;

    /// False if the account has no such key.
    async fn delete_access_key(&self, account: AccountId, id: &str) -> Result<bool>;

    /// Stores a new key of the same owner and lets the old one expire at `old_until`, unless it does
    /// so earlier anyway.
    async fn rotate_access_key(
        &self,
        account: AccountId,
        old: &str,
        new: AccessKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate>;

    /// At most [`ApiKey::MOST`].
    async fn create_api_key(&self, key: ApiKey, once: Option<Once>) -> Result<Create>;

    /// The bearer key whose SHA-256 this is, of whichever account, active or not, expired or not.
    async fn api_key(&self, digest: &[u8; 32]) -> Result<Option<ApiKey>>;

    /// Oldest first.
    async fn api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>>;

    /// False if the account has no such key.
    async fn set_api_key_active(&self, account: AccountId, id: &str, active: bool) -> Result<bool>;

    /// False if the account has no such key.
    async fn delete_api_key(&self, account: AccountId, id: &str) -> Result<bool>;

    /// As [`AccessStore::rotate_access_key`]; the new key is an operator key only if the old one is.
    async fn rotate_api_key(
        &self,
        account: AccountId,
        old: &str,
        new: ApiKey,
        old_until: Timestamp,
        once: Option<Once>,
    ) -> Result<Rotate>;

    /// Makes a user, with a password if there is a hash. At most [`User::MOST`].
    async fn create_user(
        &self,
        user: User,
        password_hash: Option<String>,
        once: Option<Once>,
    ) -> Result<Create>;

    async fn users(&self, account: AccountId) -> Result<Vec<User>>;

    async fn user(&self, account: AccountId, name: &UserName) -> Result<Option<User>>;

    /// `None` if there is no such user, or no password.
    async fn password_hash(&self, account: AccountId, name: &UserName) -> Result<Option<String>>;

    /// Sets or removes a password and ends the tokens that the user has; false if there is no such
    /// user.
    async fn set_password(
        &self,
        account: AccountId,
        name: &UserName,
        password_hash: Option<String>,
    ) -> Result<bool>;

    /// Deletes a user with its keys, tokens and attachments; false if there is none.
    async fn delete_user(&self, account: AccountId, name: &UserName) -> Result<bool>;

    /// Stores a policy or replaces its document; one that is replaced keeps the time of its creation.
    /// At most [`NamedPolicy::MOST`].
    async fn put_policy(&self, policy: NamedPolicy) -> Result<Put>;

    async fn policies(&self, account: AccountId) -> Result<Vec<NamedPolicy>>;

    async fn policy(&self, account: AccountId, name: &PolicyName) -> Result<Option<NamedPolicy>>;

    /// Deletes a policy that is attached to nobody.
    async fn delete_policy(&self, account: AccountId, name: &PolicyName) -> Result<DeletePolicy>;

    /// Stores a role or replaces its trust policy and longest session; one that is replaced keeps its
    /// id and the time of its creation. At most [`Role::MOST`].
    async fn put_role(&self, role: Role) -> Result<Put>;

    async fn roles(&self, account: AccountId) -> Result<Vec<Role>>;

    async fn role(&self, account: AccountId, name: &RoleName) -> Result<Option<Role>>;

    /// Deletes a role with its attachments; false if there is none.
    async fn delete_role(&self, account: AccountId, name: &RoleName) -> Result<bool>;

    /// Attaches a policy. At most [`Grantee::MOST_POLICIES`] to one. Whether a system policy exists is
    /// not known here.
    async fn attach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<Attach>;

    /// False if it was not attached.
    async fn detach(
        &self,
        account: AccountId,
        grantee: &Grantee,
        policy: &PolicyRef,
    ) -> Result<bool>;

    /// The policies that are attached; `None` if there is no such user or role.
    async fn grants(&self, account: AccountId, grantee: &Grantee) -> Result<Option<Vec<Grant>>>;

    /// False if there is no such user; nothing was stored.
    async fn create_token(&self, token: Token) -> Result<bool>;

    /// The token whose SHA-256 this is, expired or not. Those that expired a day ago may be gone.
    async fn token(&self, digest: &[u8; 32]) -> Result<Option<Token>>;

    /// False if there is none.
    async fn revoke_token(&self, digest: &[u8; 32]) -> Result<bool>;

    /// Keeps a secret that is neither a key pair's nor a bucket's, unless there is one of this id: then false, and
    /// that one stays.
    async fn add_secret(&self, secret: SealedSecret) -> Result<bool>;

    /// What [`AccessStore::add_secret`] keeps under an id, in the seal that it has now.
    async fn secret(&self, id: &str) -> Result<Option<SealedSecret>>;

    /// The secrets of the key pairs and of the S3 buckets of all accounts and those that were added, by their ids;
    /// `after` is the last of the page before.
    async fn sealed_secrets(&self, after: Option<&str>, limit: u32) -> Result<Vec<SealedSecret>>;

    /// Replaces secrets by the same ones in another seal, in one write; tells how many were still as
    /// they were when they were read. When this has returned, what was replaced is also gone from
    /// whatever the engine writes to.
    async fn reseal(&self, secrets: Vec<Resealed>) -> Result<u64>;

    /// Notes a call that has no effect in the store, such as one that makes keys out of nothing but
    /// others. If the call was noted before, fails with
    /// [`StoreError::Replayed`](super::StoreError::Replayed).
    async fn use_once(&self, once: Once) -> Result<()>;

    /// What was kept of a call with this hash, if it was made with a note.
    async fn noted(&self, hash: [u8; 16]) -> Result<Option<Note>>;

    /// Stores records, all or none.
    async fn record(&self, records: Vec<AuditRecord>) -> Result<()>;

    /// The newest records that match, at most `limit`.
    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>>;

    /// Removes what is no longer needed, in one write that looks at no more than `most` of each kind:
    /// calls that are too old to come again, tokens that expired a day ago, records older than
    /// `audit_before`. Tells whether there may be more of it; when it says no for the first time after
    /// a start or a no before, all that there was is gone.
    async fn prune(&self, now: Timestamp, audit_before: Timestamp, most: u32) -> Result<bool>;
}
