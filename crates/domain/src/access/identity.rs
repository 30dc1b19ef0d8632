//! Users, roles, and the policies that say what they may do.

use serde::{Deserialize, Serialize};

use super::{AccountId, PolicyName, ProjectId, RoleName, UserName};
use crate::ids::hex_id;
use crate::time::Timestamp;

hex_id! {
    /// A user: stays the same as long as the user exists, and is new if one of its name is made again.
    UserId
}
hex_id! {
    /// A role: as a [`UserId`].
    RoleId
}

/// Somebody inside an account, who may do what the policies attached to them say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub account: AccountId,
    pub name: UserName,
    pub id: UserId,
    /// Whether there is a password to ask for a token with.
    pub has_password: bool,
    pub created_at: Timestamp,
}

impl User {
    /// The user that every account starts with.
    pub const ADMIN: &'static str = "admin";
    /// The most users of an account.
    pub const MOST: u32 = 1000;
}

/// What callers can turn into for a while, if its trust policy lets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub account: AccountId,
    pub name: RoleName,
    pub id: RoleId,
    /// The document of the trust policy.
    pub trust: String,
    /// The longest session, in seconds.
    pub max_session: u32,
    pub created_at: Timestamp,
}

impl Role {
    /// In seconds: one quarter of an hour to half a day.
    pub const SESSION: std::ops::RangeInclusive<u32> = 900..=43_200;
    /// In seconds.
    pub const DEFAULT_SESSION: u32 = 3600;
    /// The most roles of an account.
    pub const MOST: u32 = 1000;
}

/// A policy that an account has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPolicy {
    pub account: AccountId,
    pub name: PolicyName,
    pub document: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl NamedPolicy {
    /// The most policies of an account.
    pub const MOST: u32 = 1000;
}

/// Whom a policy can be attached to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    User(UserName),
    Role(RoleName),
}

impl Grantee {
    /// The most policies attached to one user or role.
    pub const MOST_POLICIES: u32 = 20;
}

/// A policy that can be attached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyRef {
    /// One that the program brings along, by its name.
    System(String),
    /// One of the account's own.
    Custom(PolicyName),
}

impl PolicyRef {
    pub fn name(&self) -> &str {
        match self {
            Self::System(name) => name,
            Self::Custom(name) => name.as_str(),
        }
    }
}

/// A policy that is attached to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub policy: PolicyRef,
    /// Of the account's own policies.
    pub document: Option<String>,
}

/// What a user has got for a password. Only the digest of the token is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// SHA-256.
    pub digest: [u8; 32],
    pub account: AccountId,
    pub user: UserName,
    /// `None`: it is for the account, not for one of its projects.
    pub project: Option<ProjectId>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}
