//! Roles that others may assume.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::InAccount;
use super::policies::GrantedPolicy;
use crate::error::Error;

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub id: String,
    /// What callers of AssumeRole name it by.
    pub arn: String,
    /// Who may assume it.
    pub trust: Value,
    /// The longest that a session of it may last.
    pub max_session_seconds: u32,
    pub created_at: String,
    /// What is attached to it; lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<GrantedPolicy>>,
}

/// All roles of an account, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roles {
    pub roles: Vec<Role>,
}

/// A role to create, or to put in place of an older one.
#[derive(Clone, Debug, Serialize)]
pub struct NewRole {
    pub trust: Value,
    /// 900 to 43200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_session_seconds: Option<u32>,
}

impl InAccount<'_> {
    pub async fn roles(&self) -> Result<Roles, Error> {
        self.call(Method::GET, &["roles"]).answer().await
    }

    pub async fn put_role(&self, name: &str, role: &NewRole) -> Result<Role, Error> {
        let call = self.call(Method::PUT, &["roles", name]);
        call.json(role).answer().await
    }

    pub async fn role(&self, name: &str) -> Result<Role, Error> {
        self.call(Method::GET, &["roles", name]).answer().await
    }

    /// Deletes a role, which ends its sessions.
    pub async fn delete_role(&self, name: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["roles", name])
            .send()
            .await
            .map(drop)
    }

    pub async fn attach_to_role(&self, name: &str, policy: &str) -> Result<(), Error> {
        self.call(Method::PUT, &["roles", name, "policies", policy])
            .send()
            .await
            .map(drop)
    }

    pub async fn detach_from_role(&self, name: &str, policy: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["roles", name, "policies", policy])
            .send()
            .await
            .map(drop)
    }
}
