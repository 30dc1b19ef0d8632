//! The native API: REST under `/api/v1` with bearer keys and problem details, and the health probes.

mod buckets;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod health;
mod http;
mod jobs;
mod objects;
mod pipelines;
mod playlists;
mod presets;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};
use reelgate_api_kit::Dialect;
use reelgate_service::Service;

pub use health::Check;
pub use http::{is_asked, refuse_head};

/// Reelgate's own API.
///
/// Every answer carries `X-Request-Id`; every refusal is `application/problem+json` (RFC 9457).
/// Paths under `/api/v1` want `Authorization: Bearer <api_key>`; the probes want nothing.
pub struct NativeApi {
    service: Arc<Service>,
    checks: Vec<Check>,
}

impl NativeApi {
    /// The name by which jobs and pipelines remember that this API made them.
    const NAME: &'static str = "native";

    /// `health` is what `/readyz` asks, in the order it is shown.
    pub fn new(service: Arc<Service>, health: Vec<Check>) -> Self {
        Self {
            service,
            checks: health,
        }
    }
}

/// Answers a path that no dialect serves, as the native API answers its own unknown ones.
pub fn unserved_paths() -> Router {
    Router::new()
        .fallback(http::no_such_route)
        .layer(from_fn(http::exchange))
}

impl Dialect for NativeApi {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn routes(self: Arc<Self>) -> Router {
        let api = v1()
            .fallback(http::no_such_route)
            .method_not_allowed_fallback(http::wrong_method)
            .layer(from_fn(http::refuse_idempotency_key));
        let probes = Router::new()
            .route("/livez", get(health::live))
            .route("/readyz", get(health::ready))
            .method_not_allowed_fallback(http::wrong_method);
        Router::new()
            .nest("/api/v1", api)
            // Nesting covers the prefix and what is below it, but not its bare slash.
            .route("/api/v1/", any(http::no_such_route))
            .merge(probes)
            .layer(from_fn(http::exchange))
            .with_state(self)
    }
}

fn v1() -> Router<Arc<NativeApi>> {
    Router::new()
        .route("/jobs", get(jobs::list).post(jobs::submit))
        .route("/jobs/{id}", get(jobs::get))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/jobs/{id}/retry", post(jobs::retry))
        .route("/jobs/{id}/history", get(jobs::history))
        .route("/jobs/{id}/log", get(jobs::log))
        .route("/pipelines", get(pipelines::list).post(pipelines::create))
        .route(
            "/pipelines/{pipeline}",
            get(pipelines::get)
                .patch(pipelines::change)
                .delete(pipelines::delete),
        )
        .route("/buckets", get(buckets::list).post(buckets::create))
        .route("/buckets/{bucket}/objects", get(objects::list))
        .route(
            "/buckets/{bucket}/objects/{*key}",
            get(objects::get)
                .head(objects::head)
                .put(objects::put)
                .delete(objects::delete),
        )
        .route("/playlists", post(playlists::create))
        .route("/presets", get(presets::list))
}
