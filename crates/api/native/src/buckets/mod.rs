//! Buckets: list, create.

mod create;
mod list;
mod view;

#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;

use axum::routing::on;

use crate::routes::Route;

const SECTION: &str = "docs/api.md#buckets";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/buckets", "ListBuckets", |m| on(m, list::list))
        .does("lists buckets", SECTION)
        .lists(),
    Route::new("POST", "/buckets", "CreateBucket", |m| {
        on(m, create::create)
    })
    .does("creates a bucket", SECTION)
    .errors(&["denied", "conflict", "storage_full"])
    .kept(create::again),
];
