//! What is kept for a time: how long per account, and taking it away when that is over.

mod prune;
mod retention;

use axum::routing::on;

use crate::routes::Route;

const RETENTION: &str = "docs/api.md#retention";

pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/accounts/{account}/retention",
        "ListRetention",
        |m| on(m, retention::list),
    )
    .does(
        "lists for how long an account keeps what is over",
        RETENTION,
    )
    .lists()
    .errors(&["not_found"])
    .for_operators(),
    Route::new(
        "PUT",
        "/accounts/{account}/retention/{what}",
        "SetRetention",
        |m| on(m, retention::set),
    )
    .does("sets for how many days something is kept", RETENTION)
    .errors(&["not_found"])
    .for_operators()
    .changes_access(),
    Route::new(
        "DELETE",
        "/accounts/{account}/retention/{what}",
        "ResetRetention",
        |m| on(m, retention::reset),
    )
    .does("goes back to the default time", RETENTION)
    .errors(&["not_found"])
    .for_operators()
    .changes_access(),
    Route::new("POST", "/prune", "Prune", |m| on(m, prune::prune))
        .does(
            "takes away what has been kept for long enough, or tells what that is",
            RETENTION,
        )
        .for_operators()
        .changes_access(),
];

/// Reads the body of each call that has one, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_as_each_body(body: &[u8]) -> [Result<(), crate::http::Problem>; 2] {
    use crate::http::parse;
    [
        parse::<retention::DaysBody>(body).map(drop),
        parse::<prune::PruneBody>(body).map(drop),
    ]
}
