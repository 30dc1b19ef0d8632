//! Policies: those that an account writes, and those that the program brings along.

use std::sync::Arc;

use reelgate_domain::access::{NamedPolicy, PolicyName};
use reelgate_domain::policy::Policy;
use reelgate_domain::{AccountId, Timestamp};
use reelgate_store::{DeletePolicy, Put};

use super::caller::Caller;
use crate::{ErrorKind, Service, ServiceError};

/// A policy as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    pub name: String,
    pub document: String,
    /// When it was written and last replaced; none of a system policy.
    pub written: Option<Written>,
}

/// When a policy was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Service {
    /// Stores a policy or replaces its document; tells whether it is new. Holds for the next call of
    /// whomever it is attached to.
    pub async fn put_policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: PolicyName,
        document: &str,
    ) -> Result<(PolicyView, bool), ServiceError> {
        let account = self.account_for(caller, account).await?;
        if self.access.system_policies.contains_key(name.as_str()) {
            let message = format!("{name} is the name of a system policy");
            return Err(ServiceError::new(ErrorKind::Conflict, name, message));
        }
        check_document(document)?;
        let now = self.clock.now();
        let policy = NamedPolicy {
            account,
            name: name.clone(),
            document: document.to_owned(),
            created_at: now,
            updated_at: now,
        };
        let store = Arc::clone(&self.store);
        let change = async move { store.put_policy(policy).await };
        let is_new = is_new(self.changing(account, change).await?, NamedPolicy::MOST)?;
        let stored = self.store.policy(account, &name).await?;
        let stored = stored.ok_or_else(|| ServiceError::missing("policy", &name))?;
        Ok((stored.into(), is_new))
    }

    /// The account's policies by name, and after them those of the program.
    pub async fn policies(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<Vec<PolicyView>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let own = self.store.policies(account).await?;
        let own = own.into_iter().map(PolicyView::from);
        let system = self.access.system_policies.iter();
        Ok(own.chain(system.map(system_view)).collect())
    }

    pub async fn policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &str,
    ) -> Result<PolicyView, ServiceError> {
        let account = self.account_for(caller, account).await?;
        if let Some(system) = self.access.system_policies.get_key_value(name) {
            return Ok(system_view(system));
        }
        let found = match PolicyName::new(name) {
            Ok(name) => self.store.policy(account, &name).await?,
            Err(_) => None,
        };
        let found = found.ok_or_else(|| ServiceError::missing("policy", name))?;
        Ok(found.into())
    }

    /// Deletes a policy that is attached to nobody.
    pub async fn delete_policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: &PolicyName,
    ) -> Result<(), ServiceError> {
        let account = self.account_for(caller, account).await?;
        if self.access.system_policies.contains_key(name.as_str()) {
            let message = format!("{name} is a system policy and stays");
            return Err(ServiceError::new(ErrorKind::Conflict, name, message));
        }
        let (store, named) = (Arc::clone(&self.store), name.clone());
        let change = async move { store.delete_policy(account, &named).await };
        match self.changing(account, change).await? {
            DeletePolicy::Deleted => Ok(()),
            DeletePolicy::Missing => Err(ServiceError::missing("policy", name)),
            DeletePolicy::Attached(to) => {
                let first = to
                    .first()
                    .map_or_else(String::new, super::users::grantee_name);
                let message = match to.len() {
                    0 | 1 => format!("policy {name} is attached to {first}"),
                    many => format!("policy {name} is attached to {first} and {} more", many - 1),
                };
                Err(ServiceError::new(ErrorKind::Conflict, name, message))
            }
        }
    }
}

/// Refuses a document with what is wrong in it.
fn check_document(document: &str) -> Result<(), ServiceError> {
    let policy = Policy::parse(document);
    let policy = policy.map_err(|error| ServiceError::invalid("document", error.to_string()))?;
    check_keys(policy.condition_keys())
}

/// What conditions can ask about every call.
pub(super) const KNOWN_KEYS: &str =
    "acs:CurrentTime, acs:SourceIp, acs:SecureTransport or acs:MFAPresent";

/// A condition on what no call carries would never hold, or always.
pub(super) fn check_keys<'a>(mut keys: impl Iterator<Item = &'a str>) -> Result<(), ServiceError> {
    match keys.next() {
        None => Ok(()),
        Some(key) => {
            let message = format!("no call carries the condition key {key}; expected {KNOWN_KEYS}");
            Err(ServiceError::invalid("document", message))
        }
    }
}

/// What became of a wish to have something in this form: whether it is new.
pub(super) fn is_new(outcome: Put, most: u32) -> Result<bool, ServiceError> {
    match outcome {
        Put::Created => Ok(true),
        Put::Replaced => Ok(false),
        Put::OwnerMissing => {
            let message = "the account that it is for does not exist";
            Err(ServiceError::new(ErrorKind::NotFound, "account", message))
        }
        Put::TooMany => {
            let message = format!("the account has {most} of this kind, which is the most");
            Err(ServiceError::new(ErrorKind::Conflict, "account", message))
        }
    }
}

fn system_view((name, policy): (&String, &Arc<Policy>)) -> PolicyView {
    PolicyView {
        name: name.clone(),
        document: policy.text().to_owned(),
        written: None,
    }
}

impl From<NamedPolicy> for PolicyView {
    fn from(policy: NamedPolicy) -> Self {
        Self {
            name: policy.name.to_string(),
            document: policy.document,
            written: Some(Written {
                created_at: policy.created_at,
                updated_at: policy.updated_at,
            }),
        }
    }
}
