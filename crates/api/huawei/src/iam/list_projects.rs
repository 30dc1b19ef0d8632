//! `GET /v3/projects`: the account's projects, by name.

use http::StatusCode;
use reelgate_domain::access::Project;
use reelgate_service::Service;
use serde_json::json as value;

use super::body::{bad_parameter, query};
use super::view::project_value;
use crate::answer::json;
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

/// What is asked for.
pub(crate) struct Filter {
    name: Option<String>,
    /// Whose they are to be, and in what they are to lie.
    places: Vec<String>,
    enabled: Option<bool>,
    is_domain: Option<bool>,
    page: Option<Page>,
}

/// So many, after so many others.
struct Page {
    before: usize,
    size: usize,
}

pub(super) async fn list(
    service: &Service,
    received: &Received,
    caller: &Authenticated,
) -> Outcome {
    let filter = read(received.query())?;
    let caller = &caller.caller;
    let mut projects = match &filter.name {
        Some(name) => service.projects_named(caller, name).await?,
        None => service.projects(caller, None).await?,
    };
    filter.narrow(&mut projects, &caller.account.to_string());
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

impl Filter {
    /// All projects are enabled, belong to the account and lie directly in it.
    fn narrow(&self, projects: &mut Vec<Project>, account: &str) {
        let is_elsewhere = self.places.iter().any(|place| place != account);
        if is_elsewhere || self.enabled == Some(false) || self.is_domain == Some(true) {
            projects.clear();
        }
        if let Some(Page { before, size }) = self.page {
            projects.drain(..before.min(projects.len()));
            projects.truncate(size);
        }
    }
}

/// What the query asks for.
pub(crate) fn read(text: &str) -> Result<Filter, ApiError> {
    let [name, domain, parent, enabled, is_domain, page, per_page] = query(text, PARAMETERS)?;
    Ok(Filter {
        name,
        places: [domain, parent].into_iter().flatten().collect(),
        enabled: flag("enabled", enabled)?,
        is_domain: flag("is_domain", is_domain)?,
        page: page_of(page, per_page)?,
    })
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

/// Both parameters or neither.
fn page_of(page: Option<String>, per_page: Option<String>) -> Result<Option<Page>, ApiError> {
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
        (None, None) => Ok(None),
        (Some(page), Some(size)) => {
            let before = (page - 1).saturating_mul(size);
            Ok(Some(Page { before, size }))
        }
        (Some(_), None) => Err(bad_parameter("per_page", "has to come with page")),
        (None, Some(_)) => Err(bad_parameter("page", "has to come with per_page")),
    }
}
