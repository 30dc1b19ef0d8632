//! `/api/v1/policies`: policies, those that come with the program too, and what they come to.

use std::net::IpAddr;
use std::str;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_api_kit::operation::Permission;
use reelgate_domain::access::{PolicyName, PolicyRef};
use reelgate_domain::policy::{MAX_ACTION_CHARS, MAX_RESOURCE_CHARS};
use reelgate_service::{CallContext, PolicyVerdict, PolicyView};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::users::user_name;
use crate::NativeApi;
use crate::http::{
    Circumstances, Code, InAccount, InPath, JsonBody, Problem, Query, created, format_time,
    read_body,
};

/// The body: `{"user", "action", "resource", "source_ip", "secure"}`. The last two are those of this
/// very call where they are left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBody {
    user: String,
    action: String,
    resource: String,
    #[serde(default)]
    source_ip: Option<IpAddr>,
    #[serde(default)]
    secure: Option<bool>,
}

/// `{"policies": [POLICY, …]}`: the account's own by name, then those of the program.
#[derive(Serialize)]
struct PoliciesView {
    policies: Vec<SummaryView>,
}

/// `{"name", "kind", "created_at", "updated_at"}`; the times are null for those of the program.
#[derive(Serialize)]
struct SummaryView {
    name: String,
    kind: Kind,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// A policy with its document.
#[derive(Serialize)]
struct WholeView {
    #[serde(flatten)]
    summary: SummaryView,
    document: Box<RawValue>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    System,
    Custom,
}

/// What is attached to a user or role: `{"name", "kind"}`.
#[derive(Serialize)]
pub(super) struct GrantedView {
    name: String,
    kind: Kind,
}

/// `{"allowed", "policy", "statement", "reason"}`.
#[derive(Serialize)]
struct VerdictView {
    allowed: bool,
    policy: Option<String>,
    statement: Option<usize>,
    reason: String,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let found = api.service.policies(&caller, account).await?;
    let policies = found.iter().map(SummaryView::of).collect();
    Ok(Json(PoliciesView { policies }).into_response())
}

/// The body is the document. Answers the policy, with 201 if it is new.
pub(super) async fn put(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name = PolicyName::new(name);
    let name = name.map_err(|error| Problem::invalid_field("policy", error.to_string()))?;
    let body = read_body(request).await?;
    let document = str::from_utf8(&body).map_err(|error| {
        let detail = format!("the document is not UTF-8: {error}");
        Problem::new(Code::InvalidJson, detail)
    })?;
    let (policy, is_new) = api
        .service
        .put_policy(&caller, account, name, document)
        .await?;
    let view = WholeView::of(policy)?;
    if is_new {
        let location = format!("/api/v1/policies/{}", view.summary.name);
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
    let policy = api.service.policy(&caller, account, &name).await?;
    Ok(Json(WholeView::of(policy)?).into_response())
}

/// Answers 204, or 409 while it is attached to somebody.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let found = PolicyName::new(&*name).map_err(|_no_name| Problem::missing("policy", &name))?;
    api.service.delete_policy(&caller, account, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a user may do something, and which statement decides.
pub(super) async fn check(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    Circumstances(own): Circumstances,
    uri: Uri,
    JsonBody(body): JsonBody<CheckBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let user = user_name("user", body.user)?;
    for (field, text, most) in [
        ("action", &body.action, MAX_ACTION_CHARS),
        ("resource", &body.resource, MAX_RESOURCE_CHARS),
    ] {
        if !(1..=most).contains(&text.chars().count()) {
            let detail = format!("{field} has 1 to {most} characters");
            return Err(Problem::invalid_field(field, detail));
        }
    }
    let context = CallContext {
        source: body.source_ip.or(own.source),
        secure: body.secure.unwrap_or(own.secure),
    };
    let (action, resource) = (&*body.action, &*body.resource);
    let mut verdict = api
        .service
        .check_policy(&caller, account, &user, action, resource, &context)
        .await?;
    let known = api.catalogue.find(action);
    let is_undecided = verdict.policy.is_none();
    match known.map_or(Permission::Needed, |known| known.served.permission) {
        Permission::NeverAsked => {
            verdict = PolicyVerdict::open(format!("{action} needs no permission"));
        }
        Permission::UnlessDenied if is_undecided => {
            let reason = format!("{action} needs no permission, and no statement denies it");
            verdict = PolicyVerdict::open(reason);
        }
        Permission::UnlessDenied | Permission::Needed => {}
    }
    let view = VerdictView {
        allowed: verdict.allowed,
        policy: verdict.policy,
        statement: verdict.statement,
        reason: verdict.reason,
    };
    Ok(Json(view).into_response())
}

impl SummaryView {
    fn of(policy: &PolicyView) -> Self {
        let written = policy.written;
        Self {
            name: policy.name.clone(),
            kind: match written {
                None => Kind::System,
                Some(_) => Kind::Custom,
            },
            created_at: written.map(|written| format_time(written.created_at)),
            updated_at: written.map(|written| format_time(written.updated_at)),
        }
    }
}

impl WholeView {
    fn of(policy: PolicyView) -> Result<Self, Problem> {
        Ok(Self {
            summary: SummaryView::of(&policy),
            document: raw(policy.document)?,
        })
    }
}

/// A stored document as it was written.
pub(super) fn raw(document: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(document)
        .map_err(|error| Problem::internal(format!("a stored document is no JSON: {error}")))
}

impl GrantedView {
    pub(super) fn of(policy: &PolicyRef) -> Self {
        Self {
            name: policy.name().to_owned(),
            kind: match policy {
                PolicyRef::System(_) => Kind::System,
                PolicyRef::Custom(_) => Kind::Custom,
            },
        }
    }
}
