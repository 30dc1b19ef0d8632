//! Accounts, their features and call limits. Only operators see them.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::secret::Secret;
use crate::client::Client;
use crate::error::Error;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub features: Vec<String>,
    pub created_at: String,
}

/// A page of accounts, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    pub accounts: Vec<Account>,
    pub next_cursor: Option<String>,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AccountQuery {
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// An account to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewAccount {
    pub name: String,
}

/// A new account with its secrets, which are shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedAccount {
    #[serde(flatten)]
    pub account: Account,
    pub credentials: Credentials,
}

/// What a new account begins with, in the form of a server's `credentials.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub account_id: String,
    pub access_key_id: String,
    pub access_key_secret: Secret,
    pub project_id: String,
    pub pipeline_id: String,
    pub bucket: String,
    pub iam_user: String,
    pub iam_password: Secret,
    pub api_key: Secret,
}

/// How often an account may call one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    pub action: String,
    /// Such as `100/s`, `6000/min`, `10/h`, or `unlimited`.
    pub limit: String,
    /// What holds where nothing is set.
    pub default: String,
    /// Whether it was set for this account.
    pub is_set: bool,
}

/// The limits of one account, by action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub limits: Vec<Limit>,
}

impl Client {
    pub async fn create_account(&self, account: &NewAccount) -> Result<OpenedAccount, Error> {
        let call = self.call(Method::POST, &["accounts"]);
        call.json(account).answer().await
    }

    pub async fn accounts(&self, query: &AccountQuery) -> Result<Accounts, Error> {
        let call = self.call(Method::GET, &["accounts"]);
        call.query(query).answer().await
    }

    /// An account by its id or its name.
    pub async fn account(&self, account: &str) -> Result<Account, Error> {
        self.call(Method::GET, &["accounts", account])
            .answer()
            .await
    }

    pub async fn set_feature(
        &self,
        account: &str,
        feature: &str,
        enabled: bool,
    ) -> Result<Account, Error> {
        let call = self.call(Method::PUT, &["accounts", account, "features", feature]);
        call.json(&json!({ "enabled": enabled })).answer().await
    }

    pub async fn limits(&self, account: &str) -> Result<Limits, Error> {
        self.call(Method::GET, &["accounts", account, "limits"])
            .answer()
            .await
    }

    /// `limit` is such as `100/s`, or `unlimited`.
    pub async fn set_limit(
        &self,
        account: &str,
        action: &str,
        limit: &str,
    ) -> Result<Limit, Error> {
        let call = self.call(Method::PUT, &["accounts", account, "limits", action]);
        call.json(&json!({ "limit": limit })).answer().await
    }

    /// Goes back to the default.
    pub async fn reset_limit(&self, account: &str, action: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["accounts", account, "limits", action])
            .send()
            .await
            .map(drop)
    }
}
