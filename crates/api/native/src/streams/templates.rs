//! `/api/v1/stream-templates`: how live streams are encoded.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::stream::{EdgeTemplate, TemplateId};
use reelgate_service::{Caller, ChangeLiveTemplate, NewLiveTemplate};
use serde::{Deserialize, Serialize};

use super::settings::SettingsJson;
use super::{Templates, problem};
use crate::NativeApi;
use crate::http::{
    Again, Answering, Authorized, InPath, JsonBody, Problem, Query, created, format_time,
};

/// `{"templates": [TEMPLATE, …]}`.
#[derive(Serialize)]
struct TemplatesView {
    templates: Vec<TemplateView>,
}

/// `{"id", "name", "builtin", "settings", "created_at"}`: `created_at` is null for those that ship with the program.
#[derive(Serialize)]
struct TemplateView {
    id: TemplateId,
    name: String,
    builtin: bool,
    settings: SettingsJson,
    created_at: Option<String>,
}

/// The body: `{"name", "settings"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    settings: SettingsJson,
}

/// The body: any of `{"name", "settings"}`; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    settings: Option<SettingsJson>,
}

/// Those that ship with the program first, then the account's, oldest first.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let Templates(found) = Templates::of(&api.service, &caller).await?;
    let templates = found.iter().map(TemplateView::of).collect();
    Ok(Json(TemplatesView { templates }).into_response())
}

/// Answers 201 with the template.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let new = NewLiveTemplate {
        settings: body.settings.settings("settings")?,
        name: body.name,
    };
    let made = api.service.create_live_template(&caller, new).await;
    Ok(answer(&made.map_err(problem)?))
}

/// Answers with the template as it is now.
pub(super) fn created_again(again: Again) -> Answering {
    Box::pin(async move {
        let found = find(&again.api, &again.caller, &again.made).await?;
        Ok(answer(&found))
    })
}

fn answer(template: &EdgeTemplate) -> Response {
    let location = format!("/api/v1/stream-templates/{}", template.id);
    created(&location, TemplateView::of(template))
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let template = find(&api, &caller, &name).await?;
    Ok(Json(TemplateView::of(&template)).into_response())
}

/// Answers the template as it is now. What runs goes on as it was started.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    let settings = body
        .settings
        .map(|it| it.settings("settings"))
        .transpose()?;
    let id = find(&api, &caller, &name).await?.id;
    let change = ChangeLiveTemplate {
        name: body.name,
        settings,
    };
    let changed = api.service.change_live_template(&caller, id, change).await;
    Ok(Json(TemplateView::of(&changed.map_err(problem)?)).into_response())
}

/// Answers 204. What runs goes on as it was started.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
) -> Result<StatusCode, Problem> {
    let id = find(&api, &caller, &name).await?.id;
    let deleted = api.service.delete_live_template(&caller, id).await;
    deleted.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The template that a path names by id or name.
async fn find(api: &NativeApi, caller: &Caller, name: &str) -> Result<EdgeTemplate, Problem> {
    let templates = Templates::of(&api.service, caller).await?;
    let found = templates.find(name).cloned();
    found.ok_or_else(|| Problem::missing("template", name))
}

impl TemplateView {
    fn of(template: &EdgeTemplate) -> Self {
        let made_at = template.account.map(|_| format_time(template.created_at));
        Self {
            id: template.id,
            name: template.name.clone(),
            builtin: template.account.is_none(),
            settings: SettingsJson::of(&template.settings),
            created_at: made_at,
        }
    }
}

#[cfg(feature = "fuzzing")]
impl CreateBody {
    pub(super) fn check(self) -> Result<(), Problem> {
        self.settings.settings("settings").map(drop)
    }
}

#[cfg(feature = "fuzzing")]
impl ChangeBody {
    pub(super) fn check(self) -> Result<(), Problem> {
        let read = self.settings.map(|it| it.settings("settings"));
        read.transpose().map(drop)
    }
}
