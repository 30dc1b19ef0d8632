//! The part of the contract that a worker does not use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::{
    AccessKey, Account, AccountName, ApiKey, AuditEntry, AuditRecord, Feature, Grant, Grantee,
    LimitRule, NamedPolicy, Note, Once, PolicyName, PolicyRef, Project, ProjectId, Role, RoleName,
    Token, User, UserName,
};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_store::{
    AccessStore, Attach, AuditFilter, Create, CreateAccount, DeletePolicy, NewAccount, NewPipeline,
    Put, Resealed, Result, Rotate, SealedSecret,
};

use super::{ELSEWHERE, Faulty};

// A macro because all that these methods have is a signature.
macro_rules! unused {
    ($(fn $name:ident($($argument:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl AccessStore for Faulty {
            $(async fn $name(&self, $(_: $argument),*) -> Result<$answer> {
                unreachable!("{ELSEWHERE}")
            })*
        }
    };
}

unused! {
    fn create_account(NewAccount, Option<Once>) -> CreateAccount;
    fn has_accounts() -> bool;
    fn account(AccountId) -> Option<Account>;
    fn account_named(&AccountName) -> Option<Account>;
    fn accounts(Option<AccountId>, u32) -> Vec<Account>;
    fn set_feature(AccountId, Feature, bool) -> bool;
    fn set_limit(AccountId, &str, Option<LimitRule>) -> bool;
    fn limits(AccountId) -> BTreeMap<String, LimitRule>;
    fn create_project(Project, NewPipeline, Option<Once>) -> Create;
    fn projects(AccountId) -> Vec<Project>;
    fn project(ProjectId) -> Option<Project>;
    fn create_access_key(AccessKey, Option<Once>) -> Create;
    fn access_key(&str) -> Option<AccessKey>;
    fn access_keys(AccountId) -> Vec<AccessKey>;
    fn set_access_key_active(AccountId, &str, bool) -> bool;
    fn delete_access_key(AccountId, &str) -> bool;
    fn rotate_access_key(AccountId, &str, AccessKey, Timestamp, Option<Once>) -> Rotate;
    fn create_api_key(ApiKey, Option<Once>) -> Create;
    fn api_key(&[u8; 32]) -> Option<ApiKey>;
    fn api_keys(AccountId) -> Vec<ApiKey>;
    fn set_api_key_active(AccountId, &str, bool) -> bool;
    fn delete_api_key(AccountId, &str) -> bool;
    fn rotate_api_key(AccountId, &str, ApiKey, Timestamp, Option<Once>) -> Rotate;
    fn create_user(User, Option<String>, Option<Once>) -> Create;
    fn users(AccountId) -> Vec<User>;
    fn user(AccountId, &UserName) -> Option<User>;
    fn password_hash(AccountId, &UserName) -> Option<String>;
    fn set_password(AccountId, &UserName, Option<String>) -> bool;
    fn delete_user(AccountId, &UserName) -> bool;
    fn put_policy(NamedPolicy) -> Put;
    fn policies(AccountId) -> Vec<NamedPolicy>;
    fn policy(AccountId, &PolicyName) -> Option<NamedPolicy>;
    fn delete_policy(AccountId, &PolicyName) -> DeletePolicy;
    fn put_role(Role) -> Put;
    fn roles(AccountId) -> Vec<Role>;
    fn role(AccountId, &RoleName) -> Option<Role>;
    fn delete_role(AccountId, &RoleName) -> bool;
    fn attach(AccountId, &Grantee, &PolicyRef) -> Attach;
    fn detach(AccountId, &Grantee, &PolicyRef) -> bool;
    fn grants(AccountId, &Grantee) -> Option<Vec<Grant>>;
    fn create_token(Token) -> bool;
    fn token(&[u8; 32]) -> Option<Token>;
    fn revoke_token(&[u8; 32]) -> bool;
    fn add_secret(SealedSecret) -> bool;
    fn secret(&str) -> Option<SealedSecret>;
    fn sealed_secrets(Option<&str>, u32) -> Vec<SealedSecret>;
    fn reseal(Vec<Resealed>) -> u64;
    fn use_once(Once) -> ();
    fn noted([u8; 16]) -> Option<Note>;
    fn record(Vec<AuditRecord>) -> ();
    fn audit(AuditFilter, u32) -> Vec<AuditEntry>;
    fn prune(Timestamp, Timestamp, u32) -> bool;
}
