//! `GET /v3/projects`: the account's projects, by name.

use http::StatusCode;
use reelgate_domain::access::Project;
use reelgate_service::Service;
use serde_json::json as value;

use super::body::{bad_parameter, query};
use super::view::{json, project_value};
use crate::errors::{ApiError, Outcome};
use crate::gateway::{Authenticated, Received};

const PARAMETERS: [&str; 7] = [
    "name",
    "domain_id",
    "parent_id",
    "enabled",
    "is_domain",
    "page",
    "per_page",
];

/// All projects are enabled, belong to the account and lie directly in it.
pub(super) async fn list(
    service: &Service,
    received: &Received,
    caller: &Authenticated,
) -> Outcome {
    let [name, domain, parent, enabled, is_domain, page, per_page] = query(received, PARAMETERS)?;
    let caller = &caller.caller;
    let mut projects = match &name {
        Some(name) => service.projects_named(caller, name).await?,
        None => service.projects(caller, None).await?,
    };
    let account = caller.account.to_string();
    let is_elsewhere = [domain, parent]
        .into_iter()
        .flatten()
        .any(|id| id != account);
    let is_disabled = flag("enabled", enabled)? == Some(false);
    let is_account = flag("is_domain", is_domain)? == Some(true);
    if is_elsewhere || is_disabled || is_account {
        projects.clear();
    }
    let projects = on_page(projects, page, per_page)?;
    let base = received.base();
    let projects: Vec<_> = projects
        .iter()
        .map(|project| project_value(project, &base))
        .collect();
    let itself = format!("{base}/v3/projects");
    let links = value!({"self": itself, "previous": null, "next": null});
    Ok(json(
        StatusCode::OK,
        &value!({"projects": projects, "links": links}),
    ))
}

fn flag(name: &str, text: Option<String>) -> Result<Option<bool>, ApiError> {
    match text.map(|text| text.to_ascii_lowercase()).as_deref() {
        // The documentation asks to leave one of them blank.
        None | Some("") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(bad_parameter(name, "is neither true nor false")),
    }
}

/// The page of so many projects; both parameters or neither.
fn on_page(
    projects: Vec<Project>,
    page: Option<String>,
    per_page: Option<String>,
) -> Result<Vec<Project>, ApiError> {
    let number = |name, text: Option<String>, most| match text {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            _ => Err(bad_parameter(name, "is no number in its range")),
        },
    };
    let page = number("page", page, usize::MAX)?;
    let per_page = number("per_page", per_page, 5000)?;
    match (page, per_page) {
        (None, None) => Ok(projects),
        (Some(page), Some(size)) => {
            let before = (page - 1).saturating_mul(size);
            Ok(projects.into_iter().skip(before).take(size).collect())
        }
        (Some(_), None) => Err(bad_parameter("per_page", "has to come with page")),
        (None, Some(_)) => Err(bad_parameter("page", "has to come with per_page")),
    }
}
