//! `/api/v1/projects`: what some dialects divide an account into.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::access::{Project, ProjectName};
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{Again, Answering, InAccount, JsonBody, Problem, Query, created, format_time};

/// The body: `{"name"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
}

/// `{"projects": [PROJECT, …]}`.
#[derive(Serialize)]
struct ProjectsView {
    projects: Vec<ProjectView>,
}

/// `{"id", "name", "account", "created_at"}`.
#[derive(Serialize)]
struct ProjectView {
    id: String,
    name: String,
    account: String,
    created_at: String,
}

/// Answers 201 with the project; its pipeline `mpc-<id>` is there, too.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let name = ProjectName::new(body.name);
    let name = name.map_err(|error| Problem::invalid_field("name", error.to_string()))?;
    let project = api.service.create_project(&caller, account, name).await?;
    Ok(created("/api/v1/projects", ProjectView::of(&project)))
}

/// Answers a repeat with the project.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let projects = again.api.service.projects(&again.caller, again.account);
        let projects = projects.await?;
        let project = projects.iter().find(|it| it.id.to_string() == again.made);
        let project = project.ok_or_else(|| Problem::missing("project", &again.made))?;
        Ok(created("/api/v1/projects", ProjectView::of(project)))
    })
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let found = api.service.projects(&caller, account).await?;
    let projects = found.iter().map(ProjectView::of).collect();
    Ok(Json(ProjectsView { projects }).into_response())
}

impl ProjectView {
    fn of(project: &Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: project.name.to_string(),
            account: project.account.to_string(),
            created_at: format_time(project.created_at),
        }
    }
}
