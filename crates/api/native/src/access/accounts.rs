//! `/api/v1/accounts`: accounts and their features, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::access::{Account, AccountName, Feature};
use reelgate_service::{Caller, Credentials};
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{
    Again, Answering, Authorized, InPath, JsonBody, Problem, Query, created, format_time,
};

/// The body: `{"name"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
}

/// The body: `{"enabled"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureBody {
    enabled: bool,
}

/// `{"accounts": [ACCOUNT, …], "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct AccountsView {
    accounts: Vec<AccountView>,
    next_cursor: Option<String>,
}

/// `{"id", "name", "features", "created_at"}`.
#[derive(Serialize)]
struct AccountView {
    id: String,
    name: String,
    features: Vec<&'static str>,
    created_at: String,
}

/// An account and, this once, what it begins with.
#[derive(Serialize)]
struct OpenedView<'a> {
    #[serde(flatten)]
    account: AccountView,
    credentials: &'a Credentials,
}

/// Answers 201 with the account and its secrets, 409 if the name is taken.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let name = AccountName::new(body.name);
    let name = name.map_err(|error| Problem::invalid_field("name", error.to_string()))?;
    let (account, credentials) = api.service.create_account(&caller, name).await?;
    let view = OpenedView {
        account: AccountView::of(&account),
        credentials: &credentials,
    };
    Ok(created(&format!("/api/v1/accounts/{}", account.id), view))
}

/// The answer to a repeat: the secrets are shown once.
pub(super) fn secret_again(again: Again) -> Answering {
    again.secret(&format!("accounts/{}", again.made))
}

/// Parameters: `cursor`, `limit` (1 to 100, by default 20).
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["cursor", "limit"])?;
    let after = query.parsed("cursor", "the next_cursor of an earlier page")?;
    let limit = query.limit(20, 100)?;
    // One more tells whether there is another page.
    let mut found = api.service.accounts(&caller, after, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let view = AccountsView {
        next_cursor: last.map(|account| account.id.to_string()),
        accounts: found.iter().map(AccountView::of).collect(),
    };
    Ok(Json(view).into_response())
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let account = find_account(&api, &caller, &name).await?;
    Ok(Json(AccountView::of(&account)).into_response())
}

/// Answers the account as it is now.
pub(super) async fn set_feature(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((name, feature)): InPath<(String, String)>,
    uri: Uri,
    JsonBody(body): JsonBody<FeatureBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let feature: Feature = feature
        .parse()
        .map_err(|_unknown| Problem::missing("feature", &feature))?;
    let id = find_account(&api, &caller, &name).await?.id;
    let account = api
        .service
        .set_feature(&caller, id, feature, body.enabled)
        .await?;
    Ok(Json(AccountView::of(&account)).into_response())
}

/// The account with this id or this name.
pub(super) async fn find_account(
    api: &NativeApi,
    caller: &Caller,
    name: &str,
) -> Result<Account, Problem> {
    Ok(api.service.find_account(caller, name).await?)
}

impl AccountView {
    fn of(account: &Account) -> Self {
        let features = account.features.iter();
        Self {
            id: account.id.to_string(),
            name: account.name.to_string(),
            features: features.map(|feature| feature.word()).collect(),
            created_at: format_time(account.created_at),
        }
    }
}
