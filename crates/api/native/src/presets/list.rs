//! `GET /api/v1/presets`: the presets that ship with the program.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::job::kind::transcode::Settings;
use reelgate_domain::preset;
use serde::Serialize;

use crate::http::{Authorized, Problem, Query};

/// `{"presets": [{"name", "summary", "settings"}, …]}`; `settings` has the form that an output's
/// settings have in a submitted job.
#[derive(Serialize)]
struct PresetsView {
    presets: Vec<PresetView>,
}

#[derive(Serialize)]
struct PresetView {
    name: String,
    summary: String,
    settings: Settings,
}

pub(crate) async fn list(_caller: Authorized, uri: Uri) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let presets = preset::all().into_iter().map(|preset| PresetView {
        name: preset.name,
        summary: preset.summary,
        settings: preset.settings,
    });
    Ok(Json(PresetsView {
        presets: presets.collect(),
    })
    .into_response())
}
