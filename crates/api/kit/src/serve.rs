//! The HTTP/1 server under every dialect, with or without TLS: accepting, limits per connection and per address, and
//! draining at the end.

mod asked;
mod client_stream;
mod exchange;
mod patience;
mod peers;
mod proxies;
mod refusal;
mod tls;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tower::Service;

use asked::{AskedBody, ReadUp};
use client_stream::ClientStream;
use exchange::{AnswerBody, Exchange};
use patience::Patience;
pub(crate) use peers::counted_as;
use peers::{Peers, Place};
pub use proxies::{NotANetwork, ProxyNetwork, TrustedProxies};
pub use refusal::Refuse;
pub use tls::{TlsSettings, tls_config};

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
    /// Those of them that one peer address may have, or one IPv6 network of 64 bits; further ones are closed.
    pub max_connections_per_address: usize,
    /// Peers that are believed when they name their client.
    pub trusted_proxies: TrustedProxies,
    /// Secures all connections; without it they are plain HTTP.
    pub tls: Option<TlsSettings>,
    /// How long a client may take until it is ready to send requests by TLS.
    pub handshake_timeout: Duration,
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
            max_connections_per_address: 1024,
            trusted_proxies: TrustedProxies::default(),
            tls: None,
            handshake_timeout: Duration::from_secs(10),
            drain_grace: Duration::from_secs(20),
            refuse: None,
        }
    }
}

/// What a request came over: handlers find it among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// The other end of the connection or, if that is a trusted proxy, the client that it names, perhaps without a port.
    pub peer: SocketAddr,
    /// Whether that one's connection is secured by TLS.
    pub secure: bool,
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the grace time was over and have been cut off.
    pub cut_off: usize,
}

/// Serves the routes until `shutdown` resolves, then stops accepting and lets requests in flight finish.
///
/// Handlers find the client as [`Transport`], and the other end of the connection as axum's `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let slots = Arc::new(Semaphore::new(options.max_connections));
    let peers = Peers::new(options.max_connections_per_address);
    let graceful = GracefulShutdown::new();
    let (serving, ending) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, held) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                log_panic(ended);
                continue;
            }
            accepted = next_connection(&listener, &slots, &peers) => accepted,
        };
        let connection = Connection {
            peer,
            router: router.clone(),
            options: options.clone(),
            ending: ending.clone(),
            watcher: graceful.watcher(),
        };
        connections.spawn(async move {
            if let Err(error) = connection.run(stream).await {
                tracing::debug!(%peer, error, "connection from {peer} ended early");
            }
            drop(held);
        });
    }
    // Handshakes are given up: nothing was asked yet.
    drop(serving);
    // Closing the listener first makes new clients go elsewhere while the old ones are served.
    drop(listener);
    drain(graceful, connections, options.drain_grace).await
}

/// What a connection takes while it is open.
struct Held {
    _slot: OwnedSemaphorePermit,
    _place: Place,
}

/// Waits for a free slot, then for a connection: what cannot be served yet stays in the system's queue.
async fn next_connection(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    peers: &Arc<Peers>,
) -> (TcpStream, SocketAddr, Held) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(place) = peers.admit(peer) {
                    let held = Held {
                        _slot: slot,
                        _place: place,
                    };
                    return (stream, peer, held);
                }
            }
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

/// One client's connection and what serving it takes.
struct Connection {
    peer: SocketAddr,
    router: Router,
    options: ServeOptions,
    /// Closed when the server is about to end.
    ending: watch::Receiver<()>,
    watcher: Watcher,
}

impl Connection {
    async fn run(mut self, stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
        let peer = self.peer;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "could not switch off delayed sending to {peer}");
        }
        let patience = self.options.write_stall_timeout;
        let Some(settings) = self.options.tls.clone() else {
            return Ok(self
                .converse(Patience::new(stream, patience), false)
                .await?);
        };
        let limit = self.options.handshake_timeout;
        let stream = tokio::select! {
            shaken = tls::shake_hands(stream, settings, limit, patience) => shaken?,
            _ = self.ending.changed() => return Ok(()),
        };
        Ok(self.converse(stream, true).await?)
    }

    /// Answers requests until one side ends it.
    async fn converse<S>(self, stream: S, secure: bool) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = Transport {
            peer: self.peer,
            secure,
        };
        let proxies = self.options.trusted_proxies;
        let exchange = Exchange::default();
        let stream = ClientStream::new(stream, exchange.clone(), self.options.refuse);
        let router = self.router;
        let service = service_fn(move |request| {
            exchange.begin();
            let client = proxies.client(connection, request.headers());
            answer(
                router.clone(),
                request,
                connection,
                client,
                exchange.clone(),
            )
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_read_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        self.watcher.watch(served).await
    }
}

async fn answer(
    mut router: Router,
    mut request: Request<Incoming>,
    connection: Transport,
    client: Transport,
    exchange: Exchange,
) -> Result<Response<AnswerBody>, Infallible> {
    let extensions = request.extensions_mut();
    extensions.insert(ConnectInfo(connection.peer));
    extensions.insert(client);
    // An axum router is always ready, so `poll_ready` need not be asked.
    let read_up = ReadUp::default();
    let request = request.map(|body| Body::new(AskedBody::new(body, read_up.clone())));
    let mut response = router.call(request).await?;
    if !read_up.is_complete() {
        // Said, because a client that uses the connection again would find it closed.
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
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
