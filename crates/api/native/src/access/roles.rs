//! `/api/v1/roles`: what callers can turn into for a while, and what is attached to it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::access::{Grantee, Role, RoleName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::attachments::{HolderName, attached, named};
use super::policies::{GrantedView, raw};
use crate::NativeApi;
use crate::http::{InAccount, InPath, JsonBody, Problem, Query, created, format_time};

/// The body: `{"trust", "max_session_seconds"}`; `trust` is the document of the trust policy, which is
/// kept as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutBody {
    trust: Box<RawValue>,
    #[serde(default)]
    max_session_seconds: Option<u32>,
}

/// `{"roles": [ROLE, …]}`, by name.
#[derive(Serialize)]
struct RolesView {
    roles: Vec<RoleView>,
}

/// `{"name", "id", "arn", "trust", "max_session_seconds", "created_at"}`.
#[derive(Serialize)]
struct RoleView {
    name: String,
    id: String,
    arn: String,
    trust: Box<RawValue>,
    max_session_seconds: u32,
    created_at: String,
}

/// A role and what is attached to it.
#[derive(Serialize)]
struct WholeView {
    #[serde(flatten)]
    role: RoleView,
    policies: Vec<GrantedView>,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let found = api.service.roles(&caller, account).await?;
    let roles = found
        .into_iter()
        .map(RoleView::of)
        .collect::<Result<_, _>>()?;
    Ok(Json(RolesView { roles }).into_response())
}

/// Answers the role, with 201 if it is new.
pub(super) async fn put(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
    JsonBody(body): JsonBody<PutBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name = RoleName::new(name);
    let name = name.map_err(|error| Problem::invalid_field("role", error.to_string()))?;
    let (trust, longest) = (body.trust.get(), body.max_session_seconds);
    let (role, is_new) = api
        .service
        .put_role(&caller, account, name, trust, longest)
        .await?;
    let view = RoleView::of(role)?;
    if is_new {
        let location = format!("/api/v1/roles/{}", view.name);
        return Ok(created(&location, view));
    }
    Ok(Json(view).into_response())
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name: RoleName = named(&name)?;
    let role = api.service.role(&caller, account, &name).await?;
    let policies = attached(&api, &caller, account, name).await?;
    let view = WholeView {
        role: RoleView::of(role)?,
        policies,
    };
    Ok(Json(view).into_response())
}

/// Answers 204; sessions of the role have ended.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let name: RoleName = named(&name)?;
    api.service.delete_role(&caller, account, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl HolderName for RoleName {
    const WHAT: &str = "role";

    fn read(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }

    fn grantee(self) -> Grantee {
        Grantee::Role(self)
    }
}

impl RoleView {
    fn of(role: Role) -> Result<Self, Problem> {
        Ok(Self {
            arn: format!("acs:ram::{}:role/{}", role.account, role.name),
            name: role.name.to_string(),
            id: role.id.to_string(),
            trust: raw(role.trust)?,
            max_session_seconds: role.max_session,
            created_at: format_time(role.created_at),
        })
    }
}
