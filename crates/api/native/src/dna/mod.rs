//! Fingerprint libraries: create, list, get, purge, delete; and what is in them. Jobs search and fill them.

mod create;
mod delete;
mod entries;
mod get;
mod list;
mod view;

#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;

use axum::routing::on;
use reelgate_domain::dna::LibraryId;

use crate::http::Problem;
use crate::routes::Route;

const SECTION: &str = "docs/api.md#libraries";
const ENTRIES: &str = "docs/api.md#entries";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/libraries", "CreateLibrary", |m| {
        on(m, create::create)
    })
    .does("creates a fingerprint library", SECTION)
    .errors(&["conflict", "storage_full"])
    .kept(create::again),
    Route::new("GET", "/libraries", "ListLibraries", |m| on(m, list::list))
        .does("lists fingerprint libraries", SECTION)
        .lists(),
    Route::new("GET", "/libraries/{id}", "GetLibrary", |m| on(m, get::get))
        .does("shows a fingerprint library", SECTION)
        .reads()
        .errors(&["not_found"]),
    Route::new("POST", "/libraries/{id}/purge", "PurgeLibrary", |m| {
        on(m, delete::purge)
    })
    .does("removes all that a fingerprint library holds", SECTION)
    .errors(&["not_found", "storage_full"])
    .kept(delete::purged_again),
    Route::new("DELETE", "/libraries/{id}", "DeleteLibrary", |m| {
        on(m, delete::delete)
    })
    .does("deletes a fingerprint library", SECTION)
    .errors(&["not_found", "storage_full"]),
    Route::new(
        "GET",
        "/libraries/{id}/entries",
        "ListLibraryEntries",
        |m| on(m, entries::list),
    )
    .does("lists what a fingerprint library holds", ENTRIES)
    .lists()
    .errors(&["not_found"]),
    Route::new(
        "DELETE",
        "/libraries/{id}/entries",
        "DeleteLibraryEntries",
        |m| on(m, entries::delete),
    )
    .does("removes entries from a fingerprint library", ENTRIES)
    .errors(&["not_found", "storage_full"]),
];

/// Reads a library's id. A text that cannot be one names no library.
fn library_id(text: &str) -> Result<LibraryId, Problem> {
    text.parse()
        .map_err(|_not_an_id| Problem::missing("library", text))
}
