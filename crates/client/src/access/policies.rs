//! Policies of an account, those that come with the program, and what they come to.

use std::fmt;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::InAccount;
use crate::error::Error;

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// It comes with the program.
    System,
    /// The account made it.
    Custom,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::System => "system",
            Self::Custom => "custom",
        })
    }
}

/// A policy in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySummary {
    pub name: String,
    pub kind: PolicyKind,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

/// A policy with its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    #[serde(flatten)]
    pub summary: PolicySummary,
    pub document: Value,
}

/// All policies that an account can attach, its own first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    pub policies: Vec<PolicySummary>,
}

/// A policy that is attached to a user or a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedPolicy {
    pub name: String,
    pub kind: PolicyKind,
}

/// Whether a user may do something.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyQuestion {
    pub user: String,
    /// Such as `mts:SubmitJobs`.
    pub action: String,
    pub resource: String,
    /// Where the call would come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Whether it would come over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
}

/// What a user's policies come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub allowed: bool,
    /// The policy that decided; none where no statement is about the question.
    pub policy: Option<String>,
    /// Its statement, counted from 0.
    pub statement: Option<u64>,
    pub reason: String,
}

impl InAccount<'_> {
    pub async fn policies(&self) -> Result<Policies, Error> {
        self.call(Method::GET, &["policies"]).answer().await
    }

    /// Creates a policy, or puts this document in place of an older one.
    pub async fn put_policy(&self, name: &str, document: &str) -> Result<Policy, Error> {
        let document = document.to_owned();
        self.call(Method::PUT, &["policies", name])
            .with(|request| {
                request
                    .header(CONTENT_TYPE, "application/json")
                    .body(document)
            })
            .answer()
            .await
    }

    pub async fn policy(&self, name: &str) -> Result<Policy, Error> {
        self.call(Method::GET, &["policies", name]).answer().await
    }

    pub async fn delete_policy(&self, name: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["policies", name])
            .send()
            .await
            .map(drop)
    }

    pub async fn check_policy(&self, question: &PolicyQuestion) -> Result<Verdict, Error> {
        let call = self.call(Method::POST, &["policy-check"]);
        call.json(question).answer().await
    }
}
