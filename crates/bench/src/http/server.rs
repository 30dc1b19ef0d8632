//! A server in this process, with its audit, without a worker, and with one bare route.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_api_kit::{Catalogue, Dialect};
use reelgate_api_native::NativeApi;
use reelgate_service::{Service, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Starts the server; it runs as long as the runtime.
pub(super) async fn start(service: Arc<Service>) -> Result<SocketAddr> {
    let native = Arc::new(NativeApi::new(
        Arc::clone(&service),
        Catalogue::default(),
        Vec::new(),
    ));
    // As in the program: without it calls would leave their records in memory, and cost less than they do.
    let house = Arc::clone(&service);
    tokio::spawn(async move {
        let (_open, stop) = watch::channel(false);
        house.keep_house(stop).await;
    });
    let gateway = Arc::new(reelgate_api_aliyun::gateway(service, Arc::new(SystemClock)));
    let bare = Router::new().route("/hello", get(async || "hello"));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = gateway.routes().merge(native.routes()).merge(bare);
    let forever = std::future::pending();
    tokio::spawn(serve(listener, routes, ServeOptions::default(), forever));
    Ok(address)
}
