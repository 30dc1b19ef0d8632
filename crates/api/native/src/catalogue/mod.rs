//! The catalogue of all products: the operations that policies name, and the error centre.

mod errors;
mod operations;

pub use errors::{ErrorView, ErrorsView, errors_view};
pub use operations::{
    ChangeView, OperationView, OperationsView, ProductView, ResourceView, operations_view,
};

use axum::routing::on;

use crate::routes::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/operations", "ListOperations", |m| {
        on(m, operations::list)
    })
    .does(
        "lists the operations of all APIs, which policies name",
        "docs/api.md#operations",
    )
    .lists()
    .errors(&["not_found"]),
    Route::new("GET", "/errors", "ListErrors", |m| on(m, errors::list))
        .does("lists the errors of all APIs", "docs/api.md#error-centre")
        .lists(),
    Route::new("GET", "/errors/{code}", "GetError", |m| on(m, errors::get))
        .does("what an error code means", "docs/api.md#error-centre")
        .reads()
        .errors(&["not_found"]),
];
