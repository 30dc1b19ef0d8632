//! Who calls, and in what circumstances.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use reelgate_domain::AccountId;
use reelgate_domain::access::{Once, ProjectId, RoleId, RoleName, UserName};
use reelgate_domain::policy::{self, PolicySet};

use super::secret::Secret;
use super::session::MadeWith;

/// Who makes a call, and which call it is.
#[derive(Clone, Debug)]
pub struct Caller {
    pub account: AccountId,
    /// Whether it may do what concerns the whole installation, such as mapping bucket paths.
    pub operator: bool,
    pub principal: Arc<Principal>,
    /// Identity of a call that changes something, by its signature or by the key that the caller gave it:
    /// written with its effect, so that a replay has none.
    pub once: Option<Once>,
}

impl Caller {
    /// The account itself.
    pub fn root(account: AccountId) -> Self {
        Principal::root(account, "", false).into()
    }

    /// The account itself, with an operator key.
    pub fn operator(account: AccountId) -> Self {
        Principal::root(account, "", true).into()
    }

    /// The same caller in a call that counts once.
    #[must_use]
    pub fn once(self, once: Once) -> Self {
        let once = Some(once);
        Self { once, ..self }
    }

    /// The call's identity, for the write by which this is made.
    pub(crate) fn making(&self, what: impl Display) -> Option<Once> {
        self.once.map(|once| once.makes(what))
    }

    /// Whether it may do what only an account itself may, such as handing out the account's own keys.
    pub(super) fn is_root(&self) -> bool {
        self.operator || matches!(self.principal.kind, PrincipalKind::Root)
    }
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Arc::new(principal).into()
    }
}

impl From<Arc<Principal>> for Caller {
    fn from(principal: Arc<Principal>) -> Self {
        Self {
            account: principal.account,
            operator: principal.operator,
            principal,
            once: None,
        }
    }
}

/// Somebody who can call, and the policies in force for them.
#[derive(Clone, Debug)]
pub struct Principal {
    pub account: AccountId,
    pub kind: PrincipalKind,
    /// Of the key that proved who it is.
    pub key_id: String,
    pub operator: bool,
    /// The only project that it may use: that of the token with which its temporary key was made.
    pub project: Option<ProjectId>,
    /// What a temporary key that it makes hangs on; none if it can make none, or nobody proved anything.
    pub(super) shown: Option<MadeWith>,
    /// What the policies of the user or role allow; `None` for the account itself, which may do
    /// everything.
    pub(super) own: Option<PolicySet>,
    /// What is left of that in this session.
    pub(super) session: Option<PolicySet>,
}

/// What sort of principal it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The account itself.
    Root,
    User(UserName),
    /// Somebody who has assumed a role.
    Session {
        role: RoleName,
        role_id: RoleId,
        session: String,
    },
}

impl Principal {
    pub(super) fn root(account: AccountId, key_id: impl Into<String>, operator: bool) -> Self {
        Self {
            account,
            kind: PrincipalKind::Root,
            key_id: key_id.into(),
            operator,
            project: None,
            shown: None,
            own: None,
            session: None,
        }
    }

    /// Its name in records and answers.
    pub fn arn(&self) -> String {
        let account = self.account;
        match &self.kind {
            PrincipalKind::Root => format!("acs:ram::{account}:root"),
            PrincipalKind::User(name) => format!("acs:ram::{account}:user/{name}"),
            PrincipalKind::Session { role, session, .. } => {
                format!("acs:ram::{account}:assumed-role/{role}/{session}")
            }
        }
    }

    /// As trust policies know it: sessions go by their role.
    pub(super) fn trusted_as(&self) -> policy::Principal<'_> {
        match &self.kind {
            PrincipalKind::Root => policy::Principal::Root(self.account),
            PrincipalKind::User(name) => policy::Principal::User(self.account, name.as_str()),
            PrincipalKind::Session { role, .. } => {
                policy::Principal::Role(self.account, role.as_str())
            }
        }
    }
}

/// A key that signs, and whose it is.
#[derive(Debug)]
pub struct Credential {
    pub principal: Arc<Principal>,
    pub secret: Secret,
}

/// What conditions of policies ask about a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// The peer's address, if it is known.
    pub source: Option<IpAddr>,
    /// Whether it came over TLS.
    pub secure: bool,
}
