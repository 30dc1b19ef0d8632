//! Roles: what callers can turn into for a while.

use std::sync::Arc;

use reelgate_domain::AccountId;
use reelgate_domain::access::{Role, RoleId, RoleName};
use reelgate_domain::policy::TrustPolicy;

use super::caller::Caller;
use super::policies::{check_keys, is_new};
use crate::{Service, ServiceError};

impl Service {
    /// Stores a role or replaces its trust policy and longest session, in seconds; tells whether it is
    /// new. Sessions that there are go on.
    pub async fn put_role(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: RoleName,
        trust: &str,
        max_session: Option<u32>,
    ) -> Result<(Role, bool), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let parsed = TrustPolicy::parse(trust);
        let parsed = parsed.map_err(|error| ServiceError::invalid("trust", error.to_string()))?;
        check_keys(parsed.condition_keys())?;
        let max_session = max_session.unwrap_or(Role::DEFAULT_SESSION);
        if !Role::SESSION.contains(&max_session) {
            let (least, most) = (Role::SESSION.start(), Role::SESSION.end());
            let message = format!("the longest session of a role has {least} to {most} seconds");
            return Err(ServiceError::invalid("max_session_seconds", message));
        }
        let now = self.clock.now();
        let role = Role {
            account,
            name: name.clone(),
            id: RoleId::from_bytes(self.ids.uuid(now)),
            trust: trust.to_owned(),
            max_session,
            created_at: now,
        };
        let store = Arc::clone(&self.store);
        let change = async move { store.put_role(role).await };
        let is_new = is_new(self.changing(account, change).await?, Role::MOST)?;
        let stored = self.store.role(account, &name).await?;
        let stored = stored.ok_or_else(|| ServiceError::missing("role", &name))?;
        Ok((stored, is_new))
    }

    /// The account's roles, by name.
    pub async fn roles(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<Vec<Role>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        Ok(self.store.roles(account).await?)
    }

    pub async fn role(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &RoleName,
    ) -> Result<Role, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let found = self.store.role(account, name).await?;
        found.ok_or_else(|| ServiceError::missing("role", name))
    }

    /// Deletes a role; its sessions end with it.
    pub async fn delete_role(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &RoleName,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        let (store, named) = (Arc::clone(&self.store), name.clone());
        let change = async move { store.delete_role(account, &named).await };
        let is_deleted = self.changing(account, change).await?;
        let missing = || ServiceError::missing("role", name);
        is_deleted.then_some(()).ok_or_else(missing)
    }
}
