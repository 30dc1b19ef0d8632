//! `POST /api/v1/libraries`: creates a library, which can be used at once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_domain::dna::{DnaModel, Library};
use reelgate_service::{ErrorKind, NewLibrary};
use serde::Deserialize;

use super::library_id;
use super::view::LibraryView;
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, Code, JsonBody, Problem, created};

/// The body: `{"name", "model", "description"}`; `model` is `video`, `audio`, `image` or `text`, and `description`
/// may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    model: DnaModel,
    #[serde(default)]
    description: String,
}

/// Answers 201 with the library.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let new = NewLibrary {
        name: body.name,
        model: body.model,
        description: body.description,
    };
    let made = api.service.create_library(&caller, new).await;
    let made = made.map_err(|error| match error.kind {
        // There are as many as there may be. A disk that is full is another thing.
        ErrorKind::Full if error.subject == "libraries" => {
            Problem::new(Code::Conflict, error.message)
        }
        _ => error.into(),
    });
    Ok(answer(&made?))
}

/// Answers with the library as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = library_id(&again.made)?;
        let library = again.api.service.library(&again.caller, id).await?;
        Ok(answer(&library))
    })
}

fn answer(library: &Library) -> Response {
    let location = format!("/api/v1/libraries/{}", library.id);
    created(&location, LibraryView::of(library))
}
