//! `/api/v1/accounts/{account}/limits`: how often an account may call what, for operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::access::LimitRule;
use serde::{Deserialize, Serialize};

use super::accounts::find_account;
use crate::NativeApi;
use crate::http::{Authorized, InPath, JsonBody, Problem, Query};

/// The body: `{"limit"}`, such as `100/s`, or `unlimited`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitBody {
    limit: String,
}

/// `{"limits": [LIMIT, …]}`, by action.
#[derive(Serialize)]
struct LimitsView {
    limits: Vec<LimitView>,
}

/// `{"action", "limit", "default", "is_set"}`.
#[derive(Serialize)]
struct LimitView {
    action: String,
    limit: String,
    default: String,
    is_set: bool,
}

/// Answers the actions that have a default or were given a limit.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let account = find_account(&api, &caller, &name).await?.id;
    let given = api.service.limits(&caller, account).await?;
    let limited = api
        .catalogue
        .actions()
        .filter(|action| action.served.limit.is_some())
        .map(|action| (action.policy_action(), None));
    let mut rules: BTreeMap<String, Option<LimitRule>> = limited.collect();
    rules.extend(given.into_iter().map(|(action, rule)| (action, Some(rule))));
    let limits = rules
        .into_iter()
        .map(|(action, rule)| LimitView::of(&api, action, rule));
    let limits = limits.collect();
    Ok(Json(LimitsView { limits }).into_response())
}

/// Answers the limit as it is now; it holds for the next call.
pub(super) async fn set(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((name, action)): InPath<(String, String)>,
    uri: Uri,
    JsonBody(body): JsonBody<LimitBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    check_action(&api, &action)?;
    let rule: LimitRule = body.limit.parse().map_err(|_not_a_limit| {
        let detail = format!(
            "limit must be calls and a period such as 100/s, 6000/min, 10/h or 200000/d, or unlimited, not {:?}",
            body.limit
        );
        Problem::invalid_field("limit", detail)
    })?;
    let account = find_account(&api, &caller, &name).await?.id;
    api.service
        .set_limit(&caller, account, &action, Some(rule))
        .await?;
    Ok(Json(LimitView::of(&api, action, Some(rule))).into_response())
}

/// Answers 204; what holds now is the default.
pub(super) async fn reset(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((name, action)): InPath<(String, String)>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &[])?;
    check_action(&api, &action)?;
    let account = find_account(&api, &caller, &name).await?.id;
    api.service
        .set_limit(&caller, account, &action, None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A limit on what nobody can call would only seem to protect something.
fn check_action(api: &NativeApi, action: &str) -> Result<(), Problem> {
    match api.catalogue.find(action) {
        Some(_) => Ok(()),
        None => Err(Problem::missing("action", action)),
    }
}

impl LimitView {
    fn of(api: &NativeApi, action: String, given: Option<LimitRule>) -> Self {
        let documented = api.catalogue.find(&action);
        let documented = documented.and_then(|action| action.served.limit);
        let default = documented.map_or(LimitRule::Unlimited, LimitRule::Limit);
        Self {
            limit: given.unwrap_or(default).to_string(),
            default: default.to_string(),
            is_set: given.is_some(),
            action,
        }
    }
}
