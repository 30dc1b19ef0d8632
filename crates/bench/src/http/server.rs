//! A server of the signed API in this process, without a worker, and with one bare route.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use reelgate_api_kit::Dialect;
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_service::{Credentials, RandomIds, Service, Settings, SystemClock};
use reelgate_store::{SqliteStore, Store};
use tokio::net::TcpListener;

use super::client::Signer;

pub(super) struct Bench {
    pub(super) address: SocketAddr,
    pub(super) signer: Signer,
    calls: AtomicUsize,
}

impl Bench {
    /// Starts the server; it runs as long as the runtime.
    pub(super) async fn start(dir: &Path) -> Result<Self> {
        let (service, credentials, _store) = service(dir).await?;
        let gateway = Arc::new(reelgate_api_aliyun::gateway(service, Arc::new(SystemClock)));
        let bare = Router::new().route("/hello", get(async || "hello"));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = gateway.routes().merge(bare);
        let forever = std::future::pending();
        tokio::spawn(serve(listener, routes, ServeOptions::default(), forever));
        let signer = Signer::new(credentials);
        Ok(Self {
            address,
            signer,
            calls: AtomicUsize::new(0),
        })
    }

    /// A number that no call before had, with room for a round's calls after it.
    pub(super) fn next(&self) -> usize {
        self.calls.fetch_add(super::CALLS, Ordering::Relaxed)
    }
}

/// A service over a new store, with its first account.
pub(super) async fn service(dir: &Path) -> Result<(Arc<Service>, Credentials, Arc<dyn Store>)> {
    std::fs::create_dir_all(dir)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir)?);
    let settings = Settings {
        data_dir: dir.canonicalize()?,
        max_object_bytes: 1 << 20,
    };
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds::default()));
    let service = Arc::new(Service::new(Arc::clone(&store), clock, ids, settings));
    let credentials = service.invent_credentials();
    service.create_first_account(&credentials).await?;
    Ok((service, credentials, store))
}
