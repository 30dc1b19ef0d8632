//! Who may do what: accounts, their keys, users, roles and policies, and what is noted of calls.

mod account;
mod audit;
mod identity;
mod key;
mod limit;
mod names;
mod once;

pub use account::{
    Account, AccountId, Feature, InvalidAccountId, InvalidFeature, Project, ProjectId,
};
pub use audit::{AuditEntry, AuditRecord};
pub use identity::{Grant, Grantee, NamedPolicy, PolicyRef, Role, RoleId, Token, User, UserId};
pub use key::{AccessKey, ApiKey, Owner, unsealed};
pub use limit::{CallLimit, InvalidLimit, LimitRule, Period};
pub use names::{AccountName, InvalidAccessName, PolicyName, ProjectName, RoleName, UserName};
pub use once::{Made, Note, Once};
