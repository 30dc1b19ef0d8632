//! The seam between the server and a vendor's API.

use std::sync::Arc;

use axum::Router;

/// An API that Reelgate speaks: a translator between HTTP requests and the service.
pub trait Dialect: Send + Sync + 'static {
    /// Name used in logs and in the configuration.
    fn name(&self) -> &'static str;

    /// Builds the routes this dialect answers. Called once, at start; the routes share the dialect.
    fn routes(self: Arc<Self>) -> Router;
}
