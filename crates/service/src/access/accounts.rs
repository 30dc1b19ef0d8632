//! Accounts: making them, their features and their limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reelgate_domain::access::{
    AccessKey, Account, AccountName, ApiKey, Feature, LimitRule, Owner, PolicyRef, Project,
    ProjectName, User, UserId, UserName,
};
use reelgate_domain::{AccountId, BucketName, PipelineId, PipelineState, Place, Timestamp};
use reelgate_store::{Bucket, CreateAccount, NewAccount, NewPipeline};

use super::caller::Caller;
use super::credentials::sha256;
use super::first_start::Credentials;
use super::master_key::require_operator;
use super::places::Claimant;
use super::secret::Secret;
use crate::{ErrorKind, Service, ServiceError};

/// The system policy of an account's first user.
pub const ADMINISTRATOR: &str = "AdministratorAccess";

impl Service {
    /// Makes an account with everything it needs to be used at once. Only operators may.
    pub async fn create_account(
        &self,
        caller: &Caller,
        name: AccountName,
    ) -> Result<(Account, Credentials), ServiceError> {
        require_operator(caller)?;
        // A name that is the id of another account would stand for that one.
        if name.as_str().parse::<AccountId>().is_ok() {
            let message = "an account is not named like an account id";
            return Err(ServiceError::invalid("name", message));
        }
        // Before a password is hashed and a folder made, which a name that is taken is not worth. Who takes it
        // meanwhile is met by the store.
        if self.store.account_named(&name).await?.is_some() {
            return Err(name_taken(name));
        }
        let made = self.invent_credentials();
        let new = self
            .new_account(&made, name.clone(), BTreeSet::new(), false)
            .await?;
        let account = new.account.clone();
        let once = caller.making(account.id);
        match self.store.create_account(new, once).await? {
            CreateAccount::Created => Ok((account, made)),
            CreateAccount::NameTaken | CreateAccount::NotFirst => Err(name_taken(name)),
        }
    }

    /// The first account of a store has a few rights that later ones are given, or not.
    pub(super) async fn new_account(
        &self,
        made: &Credentials,
        name: AccountName,
        features: BTreeSet<Feature>,
        is_first: bool,
    ) -> Result<NewAccount, ServiceError> {
        let now = self.clock.now();
        let account: AccountId = made.account_id.parse().map_err(ServiceError::internal)?;
        let bucket = BucketName::new(made.bucket.clone()).map_err(ServiceError::internal)?;
        let password = Secret::new(&*made.iam_password);
        let (claimant, passwords) = (Claimant::Account(account), &self.access.passwords);
        let password_hash = passwords.hash(claimant, &*self.ids, password).await?;
        // Where a further node would not see the directory it could not join: whoever uses the account makes
        // its bucket, on S3.
        let path = self.default_bucket_path(account, &bucket);
        let has_bucket = self.company.sees_all_directories();
        if has_bucket {
            reelgate_objects::Directory::make(&path)?;
        }
        let secret = Secret::new(&*made.access_key_secret);
        let project = Project {
            id: made.project_id.parse().map_err(ServiceError::internal)?,
            account,
            name: ProjectName::new("default").map_err(ServiceError::internal)?,
            created_at: now,
        };
        let pipelines = vec![
            NewPipeline {
                id: made.pipeline_id.parse().map_err(ServiceError::internal)?,
                ..self.plain_pipeline(account, "default".to_owned(), now)
            },
            self.project_pipeline(&project),
        ];
        Ok(NewAccount {
            account: Account {
                id: account,
                name,
                created_at: now,
                features,
            },
            project,
            access_key: AccessKey {
                id: made.access_key_id.clone(),
                account,
                owner: Owner::Account,
                sealed: self.seal_secret(&made.access_key_id, &secret),
                active: true,
                expires_at: None,
                created_at: now,
            },
            api_key: ApiKey {
                id: self.new_api_key_id(),
                digest: sha256(made.api_key.as_bytes()),
                account,
                owner: Owner::Account,
                operator: is_first,
                active: true,
                expires_at: None,
                created_at: now,
            },
            user: User {
                account,
                name: UserName::new(&*made.iam_user).map_err(ServiceError::internal)?,
                id: UserId::from_bytes(self.ids.uuid(now)),
                has_password: true,
                created_at: now,
            },
            password_hash: Some(password_hash),
            policies: vec![PolicyRef::System(ADMINISTRATOR.to_owned())],
            pipelines,
            bucket: has_bucket.then_some(Bucket {
                account,
                name: bucket,
                place: Place::Directory(path),
                created_at: now,
            }),
            only_first: is_first,
        })
    }

    /// The pipeline that the jobs of a project go through.
    pub(super) fn project_pipeline(&self, project: &Project) -> NewPipeline {
        let name = format!("mpc-{}", project.id);
        self.plain_pipeline(project.account, name, project.created_at)
    }

    fn plain_pipeline(&self, account: AccountId, name: String, now: Timestamp) -> NewPipeline {
        NewPipeline {
            id: PipelineId::from_bytes(self.ids.uuid(now)),
            account,
            name,
            state: PipelineState::Active,
            concurrency: None,
            origin: None,
            created_at: now,
        }
    }

    /// A page of accounts, by id. Callers that are no operators see their own.
    pub async fn accounts(
        &self,
        caller: &Caller,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, ServiceError> {
        if caller.operator {
            return Ok(self.store.accounts(after, limit.clamp(1, 1000)).await?);
        }
        let own = self.account(caller, caller.account).await?;
        let is_on_page = after.is_none_or(|after| own.id > after);
        Ok(Vec::from_iter(is_on_page.then_some(own)))
    }

    pub async fn account(&self, caller: &Caller, id: AccountId) -> Result<Account, ServiceError> {
        let is_visible = caller.operator || id == caller.account;
        let found = if is_visible {
            self.store.account(id).await?
        } else {
            None
        };
        found.ok_or_else(|| ServiceError::missing("account", id))
    }

    /// The account of this id or this name; `@self`, which no account can be called, is the caller's. Callers that are
    /// no operators see their own.
    pub async fn find_account(
        &self,
        caller: &Caller,
        named: &str,
    ) -> Result<Account, ServiceError> {
        if named == "@self" {
            return self.account(caller, caller.account).await;
        }
        if let Ok(id) = named.parse() {
            return self.account(caller, id).await;
        }
        let found = match AccountName::new(named) {
            Ok(name) => self.store.account_named(&name).await?,
            Err(_) => None,
        };
        let visible = found.filter(|found| caller.operator || found.id == caller.account);
        visible.ok_or_else(|| ServiceError::missing("account", named))
    }

    /// The account that a call is about: the caller's own, or another one that an operator names.
    pub(crate) async fn account_for(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<AccountId, ServiceError> {
        match account {
            Some(other) if other != caller.account => Ok(self.account(caller, other).await?.id),
            _ => Ok(caller.account),
        }
    }

    /// Switches a feature of an account on or off. Only operators may.
    pub async fn set_feature(
        &self,
        caller: &Caller,
        account: AccountId,
        feature: Feature,
        on: bool,
    ) -> Result<Account, ServiceError> {
        require_operator(caller)?;
        let store = Arc::clone(&self.store);
        let change = async move { store.set_feature(account, feature, on).await };
        self.changing(account, change).await?;
        self.account(caller, account).await
    }

    /// Whether the caller's account has a feature.
    pub async fn has_feature(
        &self,
        caller: &Caller,
        feature: Feature,
    ) -> Result<bool, ServiceError> {
        let account = self.account(caller, caller.account).await?;
        Ok(account.features.contains(&feature))
    }

    /// What an account has been given in place of documented limits, by action.
    pub async fn limits(
        &self,
        caller: &Caller,
        account: AccountId,
    ) -> Result<BTreeMap<String, LimitRule>, ServiceError> {
        let account = self.account(caller, account).await?;
        Ok(self.store.limits(account.id).await?)
    }

    /// Replaces the documented limit of an action for an account, or goes back to it. Only operators
    /// may. Holds for the next call.
    pub async fn set_limit(
        &self,
        caller: &Caller,
        account: AccountId,
        action: &str,
        rule: Option<LimitRule>,
    ) -> Result<(), ServiceError> {
        require_operator(caller)?;
        let (store, named) = (Arc::clone(&self.store), action.to_owned());
        let change = async move { store.set_limit(account, &named, rule).await };
        if !self.changing(account, change).await? {
            return Err(ServiceError::missing("account", account));
        }
        let begun = self.access.changes.begin();
        if let Err(error) = self.learn_limits(account, begun).await {
            // The limit is set; the next look-up of a key learns of it.
            tracing::warn!(%error, "the new limit of account {account} holds in a moment");
        }
        Ok(())
    }
}

fn name_taken(name: AccountName) -> ServiceError {
    let message = format!("there is already an account called {name}");
    ServiceError::new(ErrorKind::Conflict, name, message)
}
