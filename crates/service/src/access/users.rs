//! Users: making them, their passwords, and the policies attached to them and to roles.

use std::sync::Arc;

use reelgate_domain::AccountId;
use reelgate_domain::access::{Grantee, PolicyName, PolicyRef, User, UserId, UserName};
use reelgate_store::Attach;

use super::caller::Caller;
use super::password;
use super::places::Claimant;
use super::projects::created;
use super::secret::Secret;
use crate::{ErrorKind, Service, ServiceError};

impl Service {
    /// Makes a user, who may do nothing until a policy is attached.
    pub async fn create_user(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: UserName,
        password: Option<Secret>,
    ) -> Result<User, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let hash = match password {
            Some(password) => Some(self.password_hash(caller, password).await?),
            None => None,
        };
        let now = self.clock.now();
        let user = User {
            account,
            name,
            id: UserId::from_bytes(self.ids.uuid(now)),
            has_password: hash.is_some(),
            created_at: now,
        };
        let (store, new) = (Arc::clone(&self.store), user.clone());
        let once = caller.making(&user.name);
        let change = async move { store.create_user(new, hash, once).await };
        let outcome = self.changing(account, change).await?;
        created(outcome, "user", &user.name, User::MOST)?;
        Ok(user)
    }

    /// The account's users, by name.
    pub async fn users(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<Vec<User>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        Ok(self.store.users(account).await?)
    }

    pub async fn user(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &UserName,
    ) -> Result<User, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let found = self.store.user(account, name).await?;
        found.ok_or_else(|| ServiceError::missing("user", name))
    }

    /// Sets a user's password, or takes it away. Tokens that were made with the old one end.
    pub async fn set_user_password(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &UserName,
        password: Option<Secret>,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let hash = match password {
            Some(password) => Some(self.password_hash(caller, password).await?),
            None => None,
        };
        let (store, named) = (Arc::clone(&self.store), name.clone());
        let change = async move { store.set_password(account, &named, hash).await };
        let is_set = self.changing(account, change).await?;
        let missing = || ServiceError::missing("user", name);
        is_set.then_some(()).ok_or_else(missing)
    }

    /// Deletes a user with its keys and tokens; what was made from them ends too.
    pub async fn delete_user(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &UserName,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let (store, named) = (Arc::clone(&self.store), name.clone());
        let change = async move { store.delete_user(account, &named).await };
        let is_deleted = self.changing(account, change).await?;
        let missing = || ServiceError::missing("user", name);
        is_deleted.then_some(()).ok_or_else(missing)
    }

    async fn password_hash(
        &self,
        caller: &Caller,
        password: Secret,
    ) -> Result<String, ServiceError> {
        password::check(&password)?;
        let claimant = Claimant::Account(caller.account);
        let passwords = &self.access.passwords;
        passwords.hash(claimant, &*self.ids, password).await
    }

    /// The policies attached to a user or role.
    pub async fn attached_policies(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        grantee: &Grantee,
    ) -> Result<Vec<PolicyRef>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let grants = self.store.grants(account, grantee).await?;
        let grants = grants.ok_or_else(|| no_grantee(grantee))?;
        Ok(grants.into_iter().map(|grant| grant.policy).collect())
    }

    /// Attaches a system policy or one of the account's own. Holds for the next call.
    pub async fn attach_policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        grantee: &Grantee,
        policy: &str,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let policy = self.policy_ref(policy)?;
        let store = Arc::clone(&self.store);
        let (whom, what) = (grantee.clone(), policy.clone());
        let change = async move { store.attach(account, &whom, &what).await };
        match self.changing(account, change).await? {
            Attach::Attached => Ok(()),
            Attach::GranteeMissing => Err(no_grantee(grantee)),
            Attach::PolicyMissing => Err(ServiceError::missing("policy", policy.name())),
            Attach::TooMany => {
                let most = Grantee::MOST_POLICIES;
                let message = format!("{} already has {most} policies", grantee_name(grantee));
                let subject = grantee_name(grantee);
                Err(ServiceError::new(ErrorKind::Conflict, subject, message))
            }
        }
    }

    /// Detaches a policy. Holds for the next call.
    pub async fn detach_policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        grantee: &Grantee,
        policy: &str,
    ) -> Result<(), ServiceError> {
        // What is attached says of which sort it is: an older release may have had other system policies.
        let attached = self.attached_policies(caller, account, grantee).await?;
        let found = attached
            .into_iter()
            .find(|attached| attached.name() == policy);
        let missing = || {
            let message = format!(
                "policy {policy} is not attached to {}",
                grantee_name(grantee)
            );
            ServiceError::new(ErrorKind::NotFound, policy, message)
        };
        let found = found.ok_or_else(missing)?;
        let account = self.account_for(caller, account).await?;
        let (store, whom) = (Arc::clone(&self.store), grantee.clone());
        let change = async move { store.detach(account, &whom, &found).await };
        let is_detached = self.changing(account, change).await?;
        is_detached.then_some(()).ok_or_else(missing)
    }

    /// The policy that goes by this name: system policies come first, and no other is named like one.
    pub(super) fn policy_ref(&self, name: &str) -> Result<PolicyRef, ServiceError> {
        if self.access.system_policies.contains_key(name) {
            return Ok(PolicyRef::System(name.to_owned()));
        }
        let custom = PolicyName::new(name);
        custom
            .map(PolicyRef::Custom)
            .map_err(|_| ServiceError::missing("policy", name))
    }
}

pub(super) fn grantee_name(grantee: &Grantee) -> String {
    match grantee {
        Grantee::User(name) => format!("user {name}"),
        Grantee::Role(name) => format!("role {name}"),
    }
}

fn no_grantee(grantee: &Grantee) -> ServiceError {
    match grantee {
        Grantee::User(name) => ServiceError::missing("user", name),
        Grantee::Role(name) => ServiceError::missing("role", name),
    }
}
