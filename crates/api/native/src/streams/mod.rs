//! Live streams: create, list, get, change, start, stop, delete; what was seen of them; their templates, and the
//! hosts they may come from and go to.

mod change;
mod create;
mod delete;
mod follow;
mod get;
mod health;
mod list;
mod notes;
mod rules;
mod running;
mod settings;
mod spec;
mod templates;
mod thumbnail;
mod view;

use axum::routing::on;
use reelgate_domain::stream::{EdgeTemplate, StreamId, TemplateId};
use reelgate_service::{Caller, ErrorKind, Service, ServiceError, StreamError};

use crate::http::{Code, Problem};
use crate::routes::Route;

const SECTION: &str = "docs/api.md#streams";
const RUNNING: &str = "docs/api.md#start-and-stop";
const SEEN: &str = "docs/api.md#health-and-notes";
const TEMPLATES: &str = "docs/api.md#stream-templates";
const RULES: &str = "docs/api.md#stream-rules";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/streams", "CreateStream", |m| {
        on(m, create::create)
    })
    .does("creates a live stream, which does not run", SECTION)
    .errors(&["denied", "not_found", "conflict", "storage_full"])
    .kept(create::again),
    Route::new("GET", "/streams", "ListStreams", |m| on(m, list::list))
        .does("lists live streams", SECTION)
        .lists(),
    Route::new("GET", "/streams/{id}", "GetStream", |m| on(m, get::get))
        .does(
            "shows a live stream, or waits until it is live or stopped",
            SECTION,
        )
        .reads()
        .errors(&["not_found"]),
    Route::new("PATCH", "/streams/{id}", "ChangeStream", |m| {
        on(m, change::change)
    })
    .does("changes a live stream, also while it runs", SECTION)
    .errors(&["denied", "not_found", "conflict", "storage_full"]),
    Route::new("DELETE", "/streams/{id}", "DeleteStream", |m| {
        on(m, delete::delete)
    })
    .does("deletes a live stream that does not run", SECTION)
    .errors(&["not_found", "conflict"]),
    Route::new("POST", "/streams/{id}/start", "StartStream", |m| {
        on(m, running::start)
    })
    .does("starts a live stream", RUNNING)
    .errors(&["denied", "not_found", "conflict", "storage_full"])
    .kept(running::again),
    Route::new("POST", "/streams/{id}/stop", "StopStream", |m| {
        on(m, running::stop)
    })
    .does("stops a live stream", RUNNING)
    .errors(&["not_found", "conflict"])
    .kept(running::again),
    Route::new("GET", "/streams/{id}/notes", "ListStreamNotes", |m| {
        on(m, notes::list)
    })
    .does("what has happened to a live stream", SEEN)
    .lists()
    .errors(&["not_found"]),
    Route::new("GET", "/streams/{id}/health", "ListStreamHealth", |m| {
        on(m, health::list)
    })
    .does("what was seen of a live stream", SEEN)
    .lists()
    .errors(&["not_found"]),
    Route::new(
        "GET",
        "/streams/{id}/thumbnail",
        "GetStreamThumbnail",
        |m| on(m, thumbnail::get),
    )
    .does("the newest picture of a live stream", SEEN)
    .reads()
    .errors(&["denied", "not_found"]),
    Route::new("GET", "/streams/{id}/events", "FollowStream", |m| {
        on(m, follow::follow)
    })
    .does("follows a live stream", "docs/api.md#follow-a-stream")
    .reads()
    .errors(&["not_found"]),
    Route::new("GET", "/stream-templates", "ListStreamTemplates", |m| {
        on(m, templates::list)
    })
    .does("lists templates of live streams", TEMPLATES)
    .lists(),
    Route::new("POST", "/stream-templates", "CreateStreamTemplate", |m| {
        on(m, templates::create)
    })
    .does("creates a template of live streams", TEMPLATES)
    .errors(&["denied", "conflict", "storage_full"])
    .kept(templates::created_again),
    Route::new(
        "GET",
        "/stream-templates/{template}",
        "GetStreamTemplate",
        |m| on(m, templates::get),
    )
    .does("shows a template of live streams", TEMPLATES)
    .reads()
    .errors(&["not_found"]),
    Route::new(
        "PATCH",
        "/stream-templates/{template}",
        "ChangeStreamTemplate",
        |m| on(m, templates::change),
    )
    .does("changes a template of live streams", TEMPLATES)
    .errors(&["denied", "not_found", "conflict", "storage_full"]),
    Route::new(
        "DELETE",
        "/stream-templates/{template}",
        "DeleteStreamTemplate",
        |m| on(m, templates::delete),
    )
    .does("deletes a template of live streams", TEMPLATES)
    .errors(&["denied", "not_found"]),
    Route::new("GET", "/stream-rules", "GetStreamRules", |m| {
        on(m, rules::get)
    })
    .does("the hosts that live streams may come from and go to", RULES)
    .reads()
    .in_account()
    .errors(&["not_found"]),
    Route::new("PUT", "/stream-rules", "SetStreamRules", |m| {
        on(m, rules::set)
    })
    .does(
        "sets the hosts that live streams may come from and go to",
        RULES,
    )
    .for_operators()
    .in_account()
    .errors(&["denied", "not_found", "conflict", "storage_full"]),
];

#[cfg(feature = "fuzzing")]
pub(crate) fn read_as_each_body(body: &[u8]) -> [Result<(), Problem>; 5] {
    use crate::http::parse;

    [
        parse::<create::CreateBody>(body).and_then(|body| body.check()),
        parse::<change::ChangeBody>(body).and_then(|body| body.check()),
        parse::<templates::CreateBody>(body).and_then(|body| body.check()),
        parse::<templates::ChangeBody>(body).and_then(|body| body.check()),
        parse::<rules::RulesJson>(body).and_then(|body| body.rules().map(drop)),
    ]
}

/// Reads a stream's id. A text that cannot be one names no stream.
fn stream_id(text: &str) -> Result<StreamId, Problem> {
    text.parse()
        .map_err(|_not_an_id| Problem::missing("stream", text))
}

/// The templates that a caller may name.
struct Templates(Vec<EdgeTemplate>);

impl Templates {
    async fn of(service: &Service, caller: &Caller) -> Result<Self, Problem> {
        let found = service.live_templates(caller).await;
        Ok(Self(found.map_err(problem)?))
    }

    /// The template with this id or, failing that, the first of this name: built-in ones come first, then the oldest.
    fn find(&self, name: &str) -> Option<&EdgeTemplate> {
        let id: Option<TemplateId> = name.parse().ok();
        let of_id = self.0.iter().find(|it| Some(it.id) == id);
        of_id.or_else(|| self.0.iter().find(|it| it.name == name))
    }
}

/// A refusal in the words of this API. `field` stands before those that say which part of the body is wrong.
fn problem(error: StreamError) -> Problem {
    let field = match &error {
        StreamError::NoCluster(_) => Some("cluster".to_owned()),
        StreamError::NoTemplate(_) | StreamError::NoBucket(_) | StreamError::PushRefused(_) => {
            Some("outputs".to_owned())
        }
        StreamError::PullRefused(_) => Some("input.address".to_owned()),
        StreamError::PlaceTaken { output } => Some(format!("outputs[{}].target", output - 1)),
        _ => None,
    };
    let problem = match error {
        StreamError::Full(_) => Problem::new(Code::Conflict, error.to_string()),
        other => {
            let error = ServiceError::from(other);
            match error.kind {
                // Of a kind there are as many as there may be.
                ErrorKind::TooLarge => Problem::new(Code::Conflict, error.message),
                _ => error.into(),
            }
        }
    };
    match field {
        Some(field) => problem.field(field),
        None => problem,
    }
}
