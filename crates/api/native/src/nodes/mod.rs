//! Workers and clusters, for operators: who shares the store, who is to start nothing more.

mod clusters;
mod drain;
mod list;
mod metrics;
mod view;

use axum::routing::on;

use crate::routes::Route;

const SECTION: &str = "docs/api.md#workers-and-clusters";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/workers", "ListWorkers", |m| on(m, list::list))
        .does(
            "lists the servers and workers that share the store",
            SECTION,
        )
        .lists()
        .errors(&["denied"])
        .for_operators(),
    Route::new("PATCH", "/workers/{worker}", "ChangeWorker", |m| {
        on(m, drain::change)
    })
    .does("has a worker start nothing more, or go on", SECTION)
    .errors(&["denied", "not_found", "conflict"])
    .for_operators(),
    Route::new("GET", "/metrics", "GetMetrics", |m| on(m, metrics::get))
        .does("the figures of the server that answers", SECTION)
        .reads()
        .errors(&["denied"])
        .for_operators(),
    Route::new("GET", "/clusters", "ListClusters", |m| {
        on(m, clusters::list)
    })
    .does("lists clusters", SECTION)
    .lists()
    .errors(&["denied"])
    .for_operators(),
    Route::new("POST", "/clusters", "CreateCluster", |m| {
        on(m, clusters::create)
    })
    .does("creates a cluster", SECTION)
    .errors(&["denied", "conflict"])
    .kept(clusters::created_again)
    .for_operators(),
    Route::new("DELETE", "/clusters/{cluster}", "DeleteCluster", |m| {
        on(m, clusters::delete)
    })
    .does("deletes a cluster in which no worker stands", SECTION)
    .errors(&["denied", "not_found", "conflict"])
    .for_operators(),
];
