//! The native API: REST under `/api/v1` with bearer keys and problem details, and the health probes.

mod access;
mod buckets;
mod catalogue;
mod dna;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod health;
mod http;
mod jobs;
mod keeping;
mod nodes;
mod notify;
mod objects;
mod pipelines;
mod playlists;
mod presets;
pub mod routes;
mod streams;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};
use reelgate_api_kit::{Catalogue, Dialect};
use reelgate_service::Service;

pub use catalogue::{
    ChangeView, ErrorView, ErrorsView, OperationView, OperationsView, ProductView, ResourceView,
    errors_view, operations_view,
};
pub use health::{Check, probes};
pub use http::{is_asked, refuse_head};
pub use notify::NativeRenderer;

/// Reelgate's own API.
///
/// Every answer carries `X-Request-Id`; every refusal is `application/problem+json` (RFC 9457).
/// Paths under `/api/v1` want `Authorization: Bearer <api_key>`; the probes want nothing.
pub struct NativeApi {
    service: Arc<Service>,
    catalogue: Catalogue,
    checks: Vec<Check>,
    streams: notify::Streams,
    figures: Figures,
}

/// Makes the body of `/metrics`, in the text format of Prometheus.
type Figures = Arc<dyn Fn() -> String + Send + Sync>;

impl NativeApi {
    /// The name by which jobs and pipelines remember that this API made them.
    const NAME: &'static str = "native";

    /// `catalogue` has the products of all dialects that are served, this one's too; `health` is what
    /// `/readyz` asks, in the order it is shown.
    pub fn new(service: Arc<Service>, catalogue: Catalogue, health: Vec<Check>) -> Self {
        Self {
            service,
            catalogue,
            checks: health,
            streams: notify::Streams::default(),
            figures: Arc::new(String::new),
        }
    }

    /// `figures` makes the body of `/metrics`, in the text format of Prometheus; without it there are none.
    #[must_use]
    pub fn with_figures(mut self, figures: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.figures = Arc::new(figures);
        self
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
        let shared = get(objects::shared::shared).options(objects::shared::preflight);
        let api = v1(&self)
            // The one route without a caller: its address is signed.
            .route(objects::shared::PATH, shared)
            .fallback(http::no_such_route)
            .method_not_allowed_fallback(http::wrong_method);
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

/// Every route of the table, behind its admission: a handler cannot be reached without.
fn v1(api: &Arc<NativeApi>) -> Router<Arc<NativeApi>> {
    routes::all().iter().fold(Router::new(), |router, route| {
        let handler = (route.handler)(route.filter());
        let admission = from_fn_with_state((Arc::clone(api), route), http::admit);
        router.route(route.path, handler.route_layer(admission))
    })
}
