//! `/api/v1/users`: users, their passwords, and what is attached to them.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::access::{Grantee, User, UserName};
use reelgate_service::Secret;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use super::attachments::{HolderName, attached, named};
use super::policies::GrantedView;
use crate::NativeApi;
use crate::http::{
    Again, Answering, InAccount, InPath, JsonBody, Problem, Query, created, format_time,
};

/// The body: `{"name", "password"}`; without a password there is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    #[serde(default)]
    password: Option<Password>,
}

/// The body: `{"password"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    password: Password,
}

/// A password, wiped when it is dropped. A value that is none is not repeated in the refusal.
struct Password(Secret);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PasswordVisitor)
    }
}

struct PasswordVisitor;

impl Visitor<'_> for PasswordVisitor {
    type Value = Password;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a password, which is a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Password, E> {
        Ok(Password(Secret::new(text)))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Password, E> {
        Ok(Password(Secret::new(text)))
    }

    fn visit_i64<E: serde::de::Error>(self, _number: i64) -> Result<Password, E> {
        Err(E::custom("a password is a text, not a number"))
    }

    fn visit_u64<E: serde::de::Error>(self, _number: u64) -> Result<Password, E> {
        Err(E::custom("a password is a text, not a number"))
    }

    fn visit_f64<E: serde::de::Error>(self, _number: f64) -> Result<Password, E> {
        Err(E::custom("a password is a text, not a number"))
    }
}

/// `{"users": [USER, …]}`, by name.
#[derive(Serialize)]
struct UsersView {
    users: Vec<UserView>,
}

/// `{"name", "id", "has_password", "created_at"}`.
#[derive(Serialize)]
struct UserView {
    name: String,
    id: String,
    has_password: bool,
    created_at: String,
}

/// A user and what is attached to it.
#[derive(Serialize)]
struct WholeView {
    #[serde(flatten)]
    user: UserView,
    policies: Vec<GrantedView>,
}

/// Answers 201 with the user, 409 if the name is taken.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name = user_name("name", body.name)?;
    let password = body.password.map(|Password(password)| password);
    let user = api
        .service
        .create_user(&caller, account, name, password)
        .await?;
    Ok(answer(&user))
}

/// Answers a repeat with the user as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let name = user_name("name", again.made)?;
        let service = &again.api.service;
        let user = service.user(&again.caller, again.account, &name).await?;
        Ok(answer(&user))
    })
}

fn answer(user: &User) -> Response {
    let location = format!("/api/v1/users/{}", user.name);
    created(&location, UserView::of(user))
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let found = api.service.users(&caller, account).await?;
    let users = found.iter().map(UserView::of).collect();
    Ok(Json(UsersView { users }).into_response())
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name: UserName = named(&name)?;
    let user = api.service.user(&caller, account, &name).await?;
    let policies = attached(&api, &caller, account, name).await?;
    let view = WholeView {
        user: UserView::of(&user),
        policies,
    };
    Ok(Json(view).into_response())
}

/// Answers 204; the user's keys, tokens and attachments are gone, too.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let name: UserName = named(&name)?;
    api.service.delete_user(&caller, account, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers 204; tokens that the old password got have ended.
pub(super) async fn set_password(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let name: UserName = named(&name)?;
    let Password(password) = body.password;
    api.service
        .set_user_password(&caller, account, &name, Some(password))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl HolderName for UserName {
    const WHAT: &str = "user";

    fn read(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }

    fn grantee(self) -> Grantee {
        Grantee::User(self)
    }
}

/// Reads a name in a body or query.
pub(super) fn user_name(field: &str, text: String) -> Result<UserName, Problem> {
    UserName::new(text).map_err(|error| Problem::invalid_field(field, error.to_string()))
}

impl UserView {
    fn of(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            id: user.id.to_string(),
            has_password: user.has_password,
            created_at: format_time(user.created_at),
        }
    }
}
