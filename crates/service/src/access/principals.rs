//! Making principals: whom a key stands for, with the policies in force for them.

use std::sync::Arc;

use reelgate_domain::AccountId;
use reelgate_domain::access::{Grant, Grantee, Owner, PolicyRef};
use reelgate_domain::policy::{Policy, PolicySet};

use super::caller::{Principal, PrincipalKind};
use super::session::{Session, Who};
use crate::{Service, ServiceError};

impl Service {
    /// The account or user that owns a key; `None` if the user is gone.
    pub(super) async fn owner_principal(
        &self,
        account: AccountId,
        owner: &Owner,
        key_id: &str,
        operator: bool,
    ) -> Result<Option<Principal>, ServiceError> {
        let mut principal = Principal::root(account, key_id, operator);
        if let Owner::User(name) = owner {
            principal.kind = PrincipalKind::User(name.clone());
            let grantee = Grantee::User(name.clone());
            principal.own = match self.policies_of(account, &grantee).await? {
                None => return Ok(None),
                policies => policies,
            };
        }
        Ok(Some(principal))
    }

    /// Who has a temporary key; `None` if the user or role is gone.
    pub(super) async fn session_principal(
        &self,
        session: &Session,
    ) -> Result<Option<Principal>, ServiceError> {
        let account = session.account;
        let mut principal = Principal::root(account, &*session.key_id, false);
        let grantee = match &session.who {
            Who::Root => None,
            Who::User { name, id } => {
                let user = self.store.user(account, name).await?;
                if user.is_none_or(|user| user.id != *id) {
                    return Ok(None);
                }
                principal.kind = PrincipalKind::User(name.clone());
                Some(Grantee::User(name.clone()))
            }
            Who::Role { name, id, session } => {
                let role = self.store.role(account, name).await?;
                if role.is_none_or(|role| role.id != *id) {
                    return Ok(None);
                }
                principal.kind = PrincipalKind::Session {
                    role: name.clone(),
                    role_id: *id,
                    session: session.clone(),
                };
                Some(Grantee::Role(name.clone()))
            }
        };
        if let Some(grantee) = grantee {
            principal.own = match self.policies_of(account, &grantee).await? {
                None => return Ok(None),
                policies => policies,
            };
        }
        if let Some(document) = &session.policy {
            let policy = Policy::parse_session(document).map_err(ServiceError::internal)?;
            let policy = ("the session policy".into(), Arc::new(policy));
            principal.session = Some(PolicySet::new([policy]));
        }
        Ok(Some(principal))
    }

    /// The policies of a user or role; `None` if it is gone.
    pub(super) async fn policies_of(
        &self,
        account: AccountId,
        grantee: &Grantee,
    ) -> Result<Option<PolicySet>, ServiceError> {
        let Some(grants) = self.store.grants(account, grantee).await? else {
            return Ok(None);
        };
        let mut policies = Vec::with_capacity(grants.len());
        for Grant { policy, document } in grants {
            let parsed = match &policy {
                PolicyRef::System(name) => match self.access.system_policies.get(name.as_str()) {
                    Some(policy) => Arc::clone(policy),
                    None => {
                        // They only ever allow: without it less is allowed.
                        tracing::warn!(
                            "this release has no system policy {name}; it allows nothing"
                        );
                        continue;
                    }
                },
                // What cannot be read might deny something, so it is not passed over.
                PolicyRef::Custom(name) => {
                    let parsed = Policy::parse(document.as_deref().unwrap_or_default());
                    let unreadable = |error| {
                        let cause = format!("policy {name} of account {account}: {error}");
                        ServiceError::internal(cause)
                    };
                    Arc::new(parsed.map_err(unreadable)?)
                }
            };
            policies.push((policy.name().into(), parsed));
        }
        Ok(Some(PolicySet::new(policies)))
    }
}
