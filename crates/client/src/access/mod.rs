//! Access: accounts, projects, keys, users, policies, roles, the audit log.

mod accounts;
mod audit;
mod keys;
mod master_key;
mod policies;
mod projects;
mod roles;
mod secret;
mod users;

pub use accounts::{
    Account, AccountQuery, Accounts, Credentials, Limit, Limits, NewAccount, OpenedAccount,
};
pub use audit::{Audit, AuditEntry, AuditQuery};
pub use keys::{Key, KeyKind, KeyQuery, Keys, NewKey, OpenedKey, RotatedKey};
pub use master_key::RotatedMasterKey;
pub use policies::{
    GrantedPolicy, Policies, Policy, PolicyKind, PolicyQuestion, PolicySummary, Verdict,
};
pub use projects::{NewProject, Project, Projects};
pub use roles::{NewRole, Role, Roles};
pub use secret::Secret;
pub use users::{NewUser, User, Users};

use reqwest::Method;

use crate::client::{Call, Client};

/// What belongs to one account: the key's own, or the one that an operator names.
#[derive(Clone, Copy, Debug)]
pub struct InAccount<'a> {
    client: &'a Client,
    account: Option<&'a str>,
}

impl Client {
    /// Calls about one account; without `account` the one that the key belongs to. Only operators
    /// may name another.
    pub fn in_account<'a>(&'a self, account: Option<&'a str>) -> InAccount<'a> {
        InAccount {
            client: self,
            account,
        }
    }
}

impl InAccount<'_> {
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Call {
        let call = self.client.call(method, path);
        match self.account {
            None => call,
            Some(account) => call.query(&[("account", account)]),
        }
    }
}
