//! The HTTP/1 server under every dialect: accepting, limits per connection, and draining at the end.

mod client_stream;
mod exchange;
mod refusal;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tower::Service;

use client_stream::ClientStream;
use exchange::{AnswerBody, Exchange};
pub use refusal::Refuse;

/// Room for the request line and all headers together. The URI alone may have 65,534 bytes: a limit of the `http`
/// crate.
const MAX_HEAD_BYTES: usize = 192 * 1024;

/// Pause after the system refused a connection for want of descriptors or memory; retrying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Limits of the server.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// How long a client may take to send a request's head; an idle kept-alive connection is closed after it, too.
    pub header_read_timeout: Duration,
    /// How long a client may take nothing of an answer; its connection is cut then.
    pub write_stall_timeout: Duration,
    /// Connections served at a time; more of them wait in the listener's backlog.
    pub max_connections: usize,
    /// How long requests in flight may go on after the shutdown signal.
    pub drain_grace: Duration,
    /// Words the answer to a head that cannot be read, which no route sees; without it that answer has no body.
    pub refuse: Option<Refuse>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            header_read_timeout: Duration::from_secs(60),
            write_stall_timeout: Duration::from_secs(60),
            max_connections: 4096,
            drain_grace: Duration::from_secs(20),
            refuse: None,
        }
    }
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the grace time was over and have been cut off.
    pub cut_off: usize,
}

/// Serves the routes until `shutdown` resolves, then stops accepting and lets requests in flight finish.
///
/// Handlers find the peer's address as axum's `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let slots = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                log_panic(ended);
                continue;
            }
            accepted = next_connection(&listener, &slots) => accepted,
        };
        let connection = graceful.watch(connection(stream, peer, router.clone(), &options));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection from {peer} ended early");
            }
            drop(slot);
        });
    }
    // Closing the listener first makes new clients go elsewhere while the old ones are served.
    drop(listener);
    drain(graceful, connections, options.drain_grace).await
}

/// Waits for a free slot, then for a connection: what cannot be served yet stays in the system's queue.
async fn next_connection(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) if concerns_one_connection(&error) => {
                tracing::debug!(%error, "a client went away before it was accepted");
            }
            Err(error) => {
                tracing::warn!(%error, "accepting connections failed, pausing");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    options: &ServeOptions,
) -> http1::Connection<
    TokioIo<ClientStream<TcpStream>>,
    impl hyper::service::HttpService<Incoming, ResBody = AnswerBody, Error = Infallible, Future: Send>
    + use<>,
> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "could not switch off delayed sending to {peer}");
    }
    let exchange = Exchange::default();
    let patience = options.write_stall_timeout;
    let stream = ClientStream::new(stream, patience, exchange.clone(), options.refuse);
    let service = service_fn(move |request| {
        exchange.begin();
        answer(router.clone(), request, peer, exchange.clone())
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_read_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}

async fn answer(
    mut router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    exchange: Exchange,
) -> Result<Response<AnswerBody>, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    // An axum router is always ready, so `poll_ready` need not be asked.
    let response = router.call(request.map(Body::new)).await?;
    Ok(response.map(|body| AnswerBody { body, exchange }))
}

async fn drain(
    graceful: GracefulShutdown,
    mut connections: JoinSet<()>,
    grace: Duration,
) -> Drained {
    let finish = async {
        graceful.shutdown().await;
        while let Some(ended) = connections.join_next().await {
            log_panic(ended);
        }
    };
    if tokio::time::timeout(grace, finish).await.is_ok() {
        return Drained { cut_off: 0 };
    }
    while let Some(ended) = connections.try_join_next() {
        log_panic(ended);
    }
    let cut_off = connections.len();
    connections.shutdown().await;
    Drained { cut_off }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a request handler panicked");
    }
}

#[cfg(test)]
mod tests;
