//! Access: accounts, projects, keys, users, policies, roles, the audit log, the master key.

mod accounts;
mod attachments;
mod audit;
mod keys;
mod limits;
mod master_key;
mod policies;
mod projects;
mod resources;
mod roles;
mod users;

use axum::routing::on;
use reelgate_domain::access::{CallLimit, Period, RoleName, UserName};

use crate::routes::Route;
use resources::{KEY_OWNER, POLICY, ROLE, USER};

/// Each of these calls hashes a password, which takes long by intention.
const PASSWORDS: CallLimit = CallLimit {
    calls: 60,
    per: Period::Minute,
};

const ACCOUNTS: &str = "docs/api.md#accounts";
const LIMITS: &str = "docs/api.md#limits";
const PROJECTS: &str = "docs/api.md#projects";
const KEYS: &str = "docs/api.md#keys";
const USERS: &str = "docs/api.md#users";
const POLICIES: &str = "docs/api.md#policies";
const ROLES: &str = "docs/api.md#roles";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/accounts", "CreateAccount", |m| {
        on(m, accounts::create)
    })
    .does("creates an account", ACCOUNTS)
    .errors(&["conflict", "storage_full"])
    .kept(accounts::secret_again)
    .for_operators()
    .changes_access(),
    Route::new("GET", "/accounts", "ListAccounts", |m| {
        on(m, accounts::list)
    })
    .does("lists accounts", ACCOUNTS)
    .lists()
    .for_operators(),
    Route::new("GET", "/accounts/{account}", "GetAccount", |m| {
        on(m, accounts::get)
    })
    .does("shows an account", ACCOUNTS)
    .reads()
    .errors(&["not_found"])
    .for_operators(),
    Route::new(
        "PUT",
        "/accounts/{account}/features/{feature}",
        "SetFeature",
        |m| on(m, accounts::set_feature),
    )
    .does("turns a feature of an account on or off", ACCOUNTS)
    .errors(&["not_found"])
    .for_operators()
    .changes_access(),
    Route::new("GET", "/accounts/{account}/limits", "ListLimits", |m| {
        on(m, limits::list)
    })
    .does("lists an account's call limits", LIMITS)
    .lists()
    .errors(&["not_found"])
    .for_operators(),
    Route::new(
        "PUT",
        "/accounts/{account}/limits/{action}",
        "SetLimit",
        |m| on(m, limits::set),
    )
    .does("sets how often an account may call an action", LIMITS)
    .errors(&["not_found"])
    .for_operators()
    .changes_access(),
    Route::new(
        "DELETE",
        "/accounts/{account}/limits/{action}",
        "ResetLimit",
        |m| on(m, limits::reset),
    )
    .does("goes back to the action's default", LIMITS)
    .errors(&["not_found"])
    .for_operators()
    .changes_access(),
    Route::new("POST", "/projects", "CreateProject", |m| {
        on(m, projects::create)
    })
    .does("creates a project", PROJECTS)
    .errors(&["not_found", "conflict", "storage_full"])
    .kept(projects::again)
    .for_operators()
    .in_account()
    .changes_access(),
    Route::new("GET", "/projects", "ListProjects", |m| {
        on(m, projects::list)
    })
    .does("lists projects", PROJECTS)
    .lists()
    .errors(&["not_found"])
    .in_account(),
    Route::new("POST", "/keys", "CreateKey", |m| on(m, keys::create))
        .does("creates a key", KEYS)
        .on_found(&[KEY_OWNER])
        .errors(&["denied", "not_found", "conflict", "storage_full"])
        .kept(keys::secret_again)
        .in_account()
        .changes_access(),
    Route::new("GET", "/keys", "ListKeys", |m| on(m, keys::list))
        .does("lists keys", KEYS)
        .lists()
        .errors(&["not_found"])
        .in_account(),
    Route::new("PATCH", "/keys/{id}", "ChangeKey", |m| on(m, keys::change))
        .does("disables or enables a key", KEYS)
        .on_found(&[KEY_OWNER])
        .errors(&["denied", "not_found", "conflict"])
        .in_account()
        .changes_access(),
    Route::new("POST", "/keys/{id}/rotate", "RotateKey", |m| {
        on(m, keys::rotate)
    })
    .does("puts a new key in the place of one", KEYS)
    .on_found(&[KEY_OWNER])
    .errors(&["denied", "not_found", "conflict", "storage_full"])
    .kept(keys::secret_again)
    .in_account()
    .changes_access(),
    Route::new("DELETE", "/keys/{id}", "DeleteKey", |m| on(m, keys::delete))
        .does("deletes a key", KEYS)
        .on_found(&[KEY_OWNER])
        .errors(&["denied", "not_found", "conflict"])
        .in_account()
        .changes_access(),
    Route::new("POST", "/users", "CreateUser", |m| on(m, users::create))
        .does("creates a user", USERS)
        .at_most(PASSWORDS)
        .errors(&["not_found", "conflict", "storage_full"])
        .kept(users::again)
        .in_account()
        .changes_access(),
    Route::new("GET", "/users", "ListUsers", |m| on(m, users::list))
        .does("lists users", USERS)
        .lists()
        .errors(&["not_found"])
        .in_account(),
    Route::new("GET", "/users/{user}", "GetUser", |m| on(m, users::get))
        .does("shows a user and what is attached to it", USERS)
        .reads()
        .on(&[USER])
        .errors(&["not_found"])
        .in_account(),
    Route::new("DELETE", "/users/{user}", "DeleteUser", |m| {
        on(m, users::delete)
    })
    .does("deletes a user with its keys", USERS)
    .on(&[USER])
    .errors(&["not_found"])
    .in_account()
    .changes_access(),
    Route::new("PUT", "/users/{user}/password", "SetPassword", |m| {
        on(m, users::set_password)
    })
    .does("sets a user's password", USERS)
    .at_most(PASSWORDS)
    .on(&[USER])
    .errors(&["not_found"])
    .in_account()
    .changes_access(),
    Route::new(
        "PUT",
        "/users/{user}/policies/{policy}",
        "AttachUserPolicy",
        |m| on(m, attachments::attach::<UserName>),
    )
    .does("attaches a policy to a user", USERS)
    .on(&[USER, POLICY])
    .errors(&["not_found", "conflict"])
    .in_account()
    .changes_access(),
    Route::new(
        "DELETE",
        "/users/{user}/policies/{policy}",
        "DetachUserPolicy",
        |m| on(m, attachments::detach::<UserName>),
    )
    .does("detaches a policy from a user", USERS)
    .on(&[USER, POLICY])
    .errors(&["not_found"])
    .in_account()
    .changes_access(),
    Route::new("GET", "/policies", "ListPolicies", |m| {
        on(m, policies::list)
    })
    .does("lists policies, the system's too", POLICIES)
    .lists()
    .errors(&["not_found"])
    .in_account(),
    Route::new("PUT", "/policies/{policy}", "PutPolicy", |m| {
        on(m, policies::put)
    })
    .does("creates or replaces a policy", POLICIES)
    .on(&[POLICY])
    .errors(&["not_found", "conflict", "storage_full"])
    .in_account()
    .changes_access(),
    Route::new("GET", "/policies/{policy}", "GetPolicy", |m| {
        on(m, policies::get)
    })
    .does("shows a policy", POLICIES)
    .reads()
    .on(&[POLICY])
    .errors(&["not_found"])
    .in_account(),
    Route::new("DELETE", "/policies/{policy}", "DeletePolicy", |m| {
        on(m, policies::delete)
    })
    .does("deletes a policy that is attached to nobody", POLICIES)
    .on(&[POLICY])
    .errors(&["not_found", "conflict"])
    .in_account()
    .changes_access(),
    Route::new("POST", "/policy-check", "CheckPolicy", |m| {
        on(m, policies::check)
    })
    .does("whether a user may do something, and why", POLICIES)
    .reads()
    .errors(&["not_found"])
    .in_account(),
    Route::new("GET", "/roles", "ListRoles", |m| on(m, roles::list))
        .does("lists roles", ROLES)
        .lists()
        .errors(&["not_found"])
        .in_account(),
    Route::new("PUT", "/roles/{role}", "PutRole", |m| on(m, roles::put))
        .does("creates or replaces a role", ROLES)
        .on(&[ROLE])
        .errors(&["not_found", "conflict", "storage_full"])
        .in_account()
        .changes_access(),
    Route::new("GET", "/roles/{role}", "GetRole", |m| on(m, roles::get))
        .does("shows a role and what is attached to it", ROLES)
        .reads()
        .on(&[ROLE])
        .errors(&["not_found"])
        .in_account(),
    Route::new("DELETE", "/roles/{role}", "DeleteRole", |m| {
        on(m, roles::delete)
    })
    .does("deletes a role, which ends its sessions", ROLES)
    .on(&[ROLE])
    .errors(&["not_found"])
    .in_account()
    .changes_access(),
    Route::new(
        "PUT",
        "/roles/{role}/policies/{policy}",
        "AttachRolePolicy",
        |m| on(m, attachments::attach::<RoleName>),
    )
    .does("attaches a policy to a role", ROLES)
    .on(&[ROLE, POLICY])
    .errors(&["not_found", "conflict"])
    .in_account()
    .changes_access(),
    Route::new(
        "DELETE",
        "/roles/{role}/policies/{policy}",
        "DetachRolePolicy",
        |m| on(m, attachments::detach::<RoleName>),
    )
    .does("detaches a policy from a role", ROLES)
    .on(&[ROLE, POLICY])
    .errors(&["not_found"])
    .in_account()
    .changes_access(),
    Route::new("GET", "/audit", "ListAudit", |m| on(m, audit::list))
        .does("who called what, and what came of it", "docs/api.md#audit")
        .lists()
        .errors(&["not_found"])
        .in_account(),
    Route::new("POST", "/master-key/rotate", "RotateMasterKey", |m| {
        on(m, master_key::rotate)
    })
    .does(
        "makes a new master key and seals every secret with it",
        "docs/api.md#master-key",
    )
    .errors(&["conflict", "storage_full"])
    .without_keys()
    .for_operators()
    .changes_access(),
];

/// Reads the body of each call that has one, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_as_each_body(body: &[u8]) -> [Result<(), crate::http::Problem>; 11] {
    use crate::http::parse;
    [
        parse::<accounts::CreateBody>(body).map(drop),
        parse::<accounts::FeatureBody>(body).map(drop),
        parse::<limits::LimitBody>(body).map(drop),
        parse::<projects::CreateBody>(body).map(drop),
        parse::<keys::CreateBody>(body).map(drop),
        parse::<keys::ChangeBody>(body).map(drop),
        parse::<keys::RotateBody>(body).map(drop),
        parse::<users::CreateBody>(body).map(drop),
        parse::<users::PasswordBody>(body).map(drop),
        parse::<policies::CheckBody>(body).map(drop),
        parse::<roles::PutBody>(body).map(drop),
    ]
}
