//! Master playlists and manifests: create.

mod create;

#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;

use axum::routing::on;

use crate::routes::Route;

pub(crate) const ROUTES: &[Route] = &[Route::new("POST", "/playlists", "CreatePlaylist", |m| {
    on(m, create::create)
})
.does(
    "writes a master playlist or a manifest over HLS outputs",
    "docs/api.md#playlists",
)
.errors(&["denied", "not_found", "conflict", "storage_full"])
.with(&["GetJob"])];
