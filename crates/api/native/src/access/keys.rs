//! `/api/v1/keys`: key pairs for signed calls, and bearer keys of this API.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::access::{Owner, UserName};
use reelgate_service::{KeyKind, KeyView, NewKey, Service};
use serde::{Deserialize, Serialize};

use super::users::user_name;
use crate::NativeApi;
use crate::http::{
    Again, Answering, InAccount, InPath, JsonBody, OptionalJsonBody, Permission, Problem, Query,
    created, format_time,
};

/// The body: `{"kind", "user", "operator"}`. Without `user` the key is the account's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    kind: Kind,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    operator: bool,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Access,
    Api,
}

/// The body: `{"active"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    active: bool,
}

/// The body, which may be left out: `{"overlap_seconds"}`, for which the old key still counts.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    #[serde(default)]
    overlap_seconds: u64,
}

/// `{"keys": [KEY, …]}`, oldest first.
#[derive(Serialize)]
struct KeysView {
    keys: Vec<KeyJson>,
}

/// `{"id", "kind", "user", "operator", "active", "expires_at", "created_at"}`; `user` is null for a key
/// of the account itself.
#[derive(Serialize)]
struct KeyJson {
    id: String,
    kind: Kind,
    user: Option<String>,
    operator: bool,
    active: bool,
    expires_at: Option<String>,
    created_at: String,
}

/// A key and, this once, its secret.
#[derive(Serialize)]
struct OpenedJson<'a> {
    #[serde(flatten)]
    key: KeyJson,
    secret: &'a str,
}

/// A new key, and the one that it is in the place of: null if that was deleted in this very moment.
#[derive(Serialize)]
struct RotatedJson<'a> {
    #[serde(flatten)]
    new: OpenedJson<'a>,
    replaces: Option<KeyJson>,
}

/// Answers 201 with the key and its secret.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    permission: Permission,
    uri: Uri,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let user = body.user.map(owner).transpose()?;
    let service = &api.service;
    ask_about(&permission, service, user.as_ref())?;
    let made = match (body.kind, body.operator) {
        (Kind::Access, true) => {
            let detail = "only API keys can be for operators";
            return Err(Problem::invalid_field("operator", detail));
        }
        (Kind::Access, false) => service.create_access_key(&caller, account, user).await?,
        (Kind::Api, operator) => {
            service
                .create_api_key(&caller, account, user, operator)
                .await?
        }
    };
    let location = format!("/api/v1/keys/{}", made.view.id);
    Ok(created(&location, OpenedJson::of(&made)))
}

/// Parameters: `user`, `kind`. Whoever may list keys sees those of all users: they hold no secrets.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["account", "user", "kind"])?;
    let user = query
        .one("user")?
        .map(str::to_owned)
        .map(owner)
        .transpose()?;
    let kind = query.one("kind")?.map(kind).transpose()?;
    let mut found = api.service.keys(&caller, account).await?;
    if let Some(user) = user {
        // A list without entries would look as if the user existed.
        api.service.user(&caller, account, &user).await?;
        let wanted = Owner::User(user);
        found.retain(|key| key.owner == wanted);
    }
    found.retain(|key| kind.is_none_or(|kind| key.kind == kind));
    let keys = found.iter().map(KeyJson::of).collect();
    Ok(Json(KeysView { keys }).into_response())
}

/// Answers the key as it is now. When a disabled key is answered, calls with it are refused.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    permission: Permission,
    InPath(id): InPath<String>,
    uri: Uri,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let service = &api.service;
    let key = service.key(&caller, account, &id).await?;
    ask_about(&permission, service, user_of(&key))?;
    let key = service
        .set_key_active(&caller, account, &id, body.active)
        .await?;
    Ok(Json(KeyJson::of(&key)).into_response())
}

/// Answers 201 with the new key and its secret, and the old one as `replaces`.
pub(super) async fn rotate(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    permission: Permission,
    InPath(id): InPath<String>,
    uri: Uri,
    OptionalJsonBody(body): OptionalJsonBody<RotateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let overlap = Duration::from_secs(body.overlap_seconds);
    let service = &api.service;
    let old = service.key(&caller, account, &id).await?;
    ask_about(&permission, service, user_of(&old))?;
    let made = service.rotate_key(&caller, account, &id, overlap).await?;
    // Whatever goes wrong from here on: the secret can be answered only now.
    let keys = service.keys(&caller, account).await.unwrap_or_default();
    let replaced = keys.iter().find(|key| key.id == id);
    let view = RotatedJson {
        new: OpenedJson::of(&made),
        replaces: replaced.map(KeyJson::of),
    };
    Ok(created(&format!("/api/v1/keys/{}", made.view.id), view))
}

/// The answer to a repeat of what has made a key: its secret is shown once.
pub(super) fn secret_again(again: Again) -> Answering {
    again.secret(&format!("keys/{}", again.made))
}

/// Answers 204.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    permission: Permission,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let service = &api.service;
    let key = service.key(&caller, account, &id).await?;
    ask_about(&permission, service, user_of(&key))?;
    service.delete_key(&caller, account, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for permission to do this to a user's keys. Whoever may do it to everything is told by the service that the
/// account's own keys are for the account itself.
fn ask_about(
    permission: &Permission,
    service: &Service,
    user: Option<&UserName>,
) -> Result<(), Problem> {
    match user {
        Some(user) => permission.ask(service, "user", user.as_str()),
        None => permission.ask_for_all(service),
    }
}

fn user_of(key: &KeyView) -> Option<&UserName> {
    match &key.owner {
        Owner::Account => None,
        Owner::User(name) => Some(name),
    }
}

/// The user in a body or query.
fn owner(name: String) -> Result<UserName, Problem> {
    user_name("user", name)
}

fn kind(word: &str) -> Result<KeyKind, Problem> {
    match word {
        "access" => Ok(KeyKind::Access),
        "api" => Ok(KeyKind::Api),
        _ => {
            let detail = format!("kind must be access or api, not {word:?}");
            Err(Problem::invalid_field("kind", detail))
        }
    }
}

impl KeyJson {
    fn of(key: &KeyView) -> Self {
        Self {
            id: key.id.clone(),
            kind: match key.kind {
                KeyKind::Access => Kind::Access,
                KeyKind::Api => Kind::Api,
            },
            user: user_of(key).map(UserName::to_string),
            operator: key.operator,
            active: key.active,
            expires_at: key.expires_at.map(format_time),
            created_at: format_time(key.created_at),
        }
    }
}

impl<'a> OpenedJson<'a> {
    fn of(made: &'a NewKey) -> Self {
        Self {
            key: KeyJson::of(&made.view),
            secret: made.secret.expose(),
        }
    }
}
