//! Users of an account, and what is attached to them.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::policies::GrantedPolicy;
use super::{InAccount, Secret};
use crate::error::Error;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub id: String,
    pub has_password: bool,
    pub created_at: String,
    /// What is attached to it; lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<GrantedPolicy>>,
}

/// All users of an account, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    pub users: Vec<User>,
}

/// A user to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewUser {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

impl InAccount<'_> {
    pub async fn create_user(&self, user: &NewUser) -> Result<User, Error> {
        let call = self.call(Method::POST, &["users"]);
        call.json(user).answer().await
    }

    pub async fn users(&self) -> Result<Users, Error> {
        self.call(Method::GET, &["users"]).answer().await
    }

    pub async fn user(&self, name: &str) -> Result<User, Error> {
        self.call(Method::GET, &["users", name]).answer().await
    }

    /// Deletes a user with its keys and attachments.
    pub async fn delete_user(&self, name: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["users", name])
            .send()
            .await
            .map(drop)
    }

    pub async fn set_password(&self, name: &str, password: &Secret) -> Result<(), Error> {
        let call = self.call(Method::PUT, &["users", name, "password"]);
        call.json(&json!({ "password": password }))
            .send()
            .await
            .map(drop)
    }

    /// Attaches a policy of the account or of the program.
    pub async fn attach_to_user(&self, name: &str, policy: &str) -> Result<(), Error> {
        self.call(Method::PUT, &["users", name, "policies", policy])
            .send()
            .await
            .map(drop)
    }

    pub async fn detach_from_user(&self, name: &str, policy: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["users", name, "policies", policy])
            .send()
            .await
            .map(drop)
    }
}
