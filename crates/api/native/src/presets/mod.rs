//! Presets: list.

mod list;

use axum::routing::on;

use crate::routes::Route;

pub(crate) const ROUTES: &[Route] =
    &[
        Route::new("GET", "/presets", "ListPresets", |m| on(m, list::list))
            .does("lists the presets", "docs/api.md#presets")
            .lists(),
    ];
