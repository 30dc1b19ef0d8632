//! What a principal may do: the policies of its user or role, and those of its session.

use std::fmt;

use reelgate_domain::AccountId;
use reelgate_domain::access::{Grantee, UserName};
use reelgate_domain::policy::{Context, Decision, PolicySet, Request, decide_all, may_use_all};

use super::caller::{CallContext, Caller, Principal};
use crate::{Service, ServiceError};

/// A principal may not do something, and what said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub action: String,
    /// `None`: on no resource at all.
    pub resource: Option<String>,
    /// `Denied` with the statement, or `NotAllowed`.
    pub decision: Decision,
    /// The policy of the session stands in the way; those of the user or role do not.
    pub by_session: bool,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.action)?;
        match &self.resource {
            Some(resource) => write!(f, " on {resource}")?,
            None => f.write_str(" on any resource")?,
        }
        let policies = if self.by_session {
            "the session policy"
        } else {
            "the policies in force"
        };
        match &self.decision {
            Decision::Denied(by) => write!(f, " is denied by {by}"),
            _ => write!(f, " is allowed by no statement of {policies}"),
        }
    }
}

impl std::error::Error for Denial {}

/// What a user's policies say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerdict {
    pub allowed: bool,
    /// The policy and the number of its statement, from 0, that decided; none if no statement applies.
    pub policy: Option<String>,
    pub statement: Option<usize>,
    /// All of it in a sentence.
    pub reason: String,
}

impl PolicyVerdict {
    /// Of what policies need not allow.
    pub fn open(reason: String) -> Self {
        Self {
            allowed: true,
            policy: None,
            statement: None,
            reason,
        }
    }
}

impl Service {
    /// Whether the principal may use the action on any resource at all: to be asked before a call whose
    /// resources only the operation knows.
    pub fn may_use(
        &self,
        principal: &Principal,
        action: &str,
        context: &CallContext,
    ) -> Result<(), Denial> {
        let context = self.policy_context(context);
        let may = |sets: &[&PolicySet]| may_use_all(sets, action, &context);
        match (&principal.own, &principal.session) {
            (None, None) => return Ok(()),
            (Some(one), None) | (None, Some(one)) if may(&[one]) => return Ok(()),
            (Some(own), Some(session)) if may(&[own, session]) => return Ok(()),
            _ => {}
        }
        Err(Denial {
            action: action.to_owned(),
            resource: None,
            decision: Decision::NotAllowed,
            by_session: principal.own.as_ref().is_none_or(|own| may(&[own])),
        })
    }

    /// Whether the principal plainly may use the action on every resource, so that none of many need be asked about.
    pub fn may_use_everywhere(
        &self,
        principal: &Principal,
        action: &str,
        context: &CallContext,
    ) -> bool {
        let context = self.policy_context(context);
        let sets = [&principal.own, &principal.session];
        let mut sets = sets.into_iter().flatten();
        sets.all(|set| set.may_use_everywhere(action, &context))
    }

    /// Whether the principal may use the action on this resource.
    pub fn authorise(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
        context: &CallContext,
    ) -> Result<(), Denial> {
        let context = self.policy_context(context);
        let request = Request {
            action,
            resource,
            context: &context,
        };
        let (verdict, session) = match (&principal.own, &principal.session) {
            (None, None) => return Ok(()),
            (Some(own), None) => (decide_all(&[own], &request), usize::MAX),
            (None, Some(session)) => (decide_all(&[session], &request), 0),
            (Some(own), Some(session)) => (decide_all(&[own, session], &request), 1),
        };
        if verdict.decision.is_allowed() {
            return Ok(());
        }
        Err(Denial {
            action: action.to_owned(),
            resource: Some(resource.to_owned()),
            by_session: verdict.set == session,
            decision: verdict.decision,
        })
    }

    /// What a user's policies say about a request, without making it.
    pub async fn check_policy(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        user: &UserName,
        action: &str,
        resource: &str,
        context: &CallContext,
    ) -> Result<PolicyVerdict, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let policies = self
            .policies_of(account, &Grantee::User(user.clone()))
            .await?;
        let policies = policies.ok_or_else(|| ServiceError::missing("user", user))?;
        // What knows no single resources acts on all of its product's in the account.
        let everything = match (resource, action.split_once(':')) {
            ("*", Some((product, _))) => Some(format!("acs:{product}:*:{account}:*")),
            _ => None,
        };
        let resource = everything.as_deref().unwrap_or(resource);
        let context = self.policy_context(context);
        let decision = policies.decide(&Request {
            action,
            resource,
            context: &context,
        });
        let by = match &decision {
            Decision::Allowed(by) | Decision::Denied(by) => Some(by),
            Decision::NotAllowed => None,
        };
        Ok(PolicyVerdict {
            allowed: decision.is_allowed(),
            policy: by.map(|by| by.policy.to_string()),
            statement: by.map(|by| by.statement),
            reason: format!("{action} on {resource} is {decision}"),
        })
    }

    pub(super) fn policy_context(&self, context: &CallContext) -> Context<'static> {
        Context {
            now: self.clock.now(),
            source: context.source,
            secure: context.secure,
            keys: &[],
        }
    }
}
