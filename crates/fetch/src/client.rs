//! Sending requests to addresses that others name.

use std::error::Error as _;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;

use crate::guard::{Guard, Refused};

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For finding the host and being connected to it.
    pub connect: Duration,
    /// For everything.
    pub total: Duration,
    /// The most bytes of an answer's body that are read. What is beyond is left unread.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(20),
            body: 16 * 1024,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the name of the host could not be resolved: {0}")]
    Unresolved(String),
    #[error("no connection could be made: {0}")]
    Unreachable(String),
    #[error("there was no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("the answer did not come through: {0}")]
    Broken(String),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// As much of it as is read.
    pub body: Bytes,
}

/// A client that connects to no address that its guard refuses.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    limits: Limits,
}

impl Client {
    /// Servers with TLS need a certificate of an authority that this machine knows.
    pub fn new(guard: Guard, limits: Limits) -> Result<Self, FetchError> {
        let broken = |error: &dyn std::fmt::Display| FetchError::Broken(error.to_string());
        let tls = tls().map_err(|error| broken(&error))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver::new(guard.clone(), system())))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(8)
            .user_agent(concat!("reelgate/", env!("CARGO_PKG_VERSION")))
            .build();
        let http = http.map_err(|error| broken(&error))?;
        Ok(Self {
            http,
            guard,
            limits,
        })
    }

    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts to an address. An answer that sends elsewhere is an answer as any other.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, FetchError> {
        let url: Url = self.guard.read(url)?;
        let sent = self.http.post(url).headers(headers).body(body).send().await;
        let mut answer = sent.map_err(|error| self.failure(error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while body.len() < self.limits.body {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    let room = self.limits.body - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(None) => break,
                // The status says what matters.
                Err(_broken) => break,
            }
        }
        Ok(Answer {
            status,
            headers,
            body: body.into(),
        })
    }

    /// Without the address: it may hold a secret, and whoever asked knows it.
    fn failure(&self, error: reqwest::Error) -> FetchError {
        if error.is_timeout() {
            return FetchError::TimedOut(self.limits.total);
        }
        let error = error.without_url();
        let mut cause = error.source();
        let mut last = error.to_string();
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<Refused>() {
                return refused.clone().into();
            }
            if let Some(Unresolved(why)) = inner.downcast_ref::<Unresolved>() {
                return FetchError::Unresolved(why.clone());
            }
            last = inner.to_string();
            cause = inner.source();
        }
        if error.is_connect() {
            FetchError::Unreachable(last)
        } else {
            FetchError::Broken(last)
        }
    }
}

pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Lookups at once. Each takes a thread for as long as the system asks name servers, also when nobody waits
/// for it any longer, and a name's owner can have that last: the process has threads for more than this.
const LOOKUPS: usize = 64;

/// Finds the addresses of a name. It blocks.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Asks the system.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
}

/// Hands out those addresses of a name that may be connected to.
pub(crate) struct Resolver {
    guard: Guard,
    lookup: Lookup,
    turns: Arc<Semaphore>,
}

impl Resolver {
    pub(crate) fn new(guard: Guard, lookup: Lookup) -> Self {
        Self {
            guard,
            lookup,
            turns: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unresolved(pub(crate) String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, lookup) = (self.guard.clone(), Arc::clone(&self.lookup));
        let turns = Arc::clone(&self.turns);
        Box::pin(async move {
            let unresolved = |error: &dyn std::fmt::Display| Unresolved(error.to_string());
            let turn = turns.acquire_owned().await;
            let turn = turn.map_err(|error| unresolved(&error))?;
            let host = name.as_str().to_owned();
            let looking = tokio::task::spawn_blocking(move || {
                let found = lookup(name.as_str());
                drop(turn);
                found
            });
            let found = looking.await.map_err(|error| unresolved(&error))?;
            let found = found.map_err(|error| unresolved(&error))?;
            let (mut good, mut refused) = (Vec::new(), None);
            for address in found {
                match guard.allow(address.ip()) {
                    Ok(()) => good.push(address),
                    Err(why) => refused = Some((address.ip(), why)),
                }
            }
            match (good.is_empty(), refused) {
                (false, _) => Ok(Box::new(good.into_iter()) as Addrs),
                (true, Some((address, why))) => {
                    // Whoever named it is not told which one it is.
                    tracing::info!(host, %address, "{host} leads to {address}: {why}");
                    Err(why.into())
                }
                (true, None) => {
                    let none: Vec<SocketAddr> = Vec::new();
                    Ok(Box::new(none.into_iter()) as Addrs)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request with this and returns what it got.
    async fn serve_once(listener: TcpListener, answer: Vec<u8>) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = vec![0; 4096];
        let mut length = 0;
        while !got[..length].windows(4).any(|end| end == b"body") {
            length += stream.read(&mut got[length..]).await.unwrap();
        }
        stream.write_all(&answer).await.unwrap();
        String::from_utf8(got[..length].to_vec()).unwrap()
    }

    fn loopback() -> Guard {
        Guard::new(vec![
            "127.0.0.0/8".parse().unwrap(),
            "::1/128".parse().unwrap(),
        ])
    }

    fn client(guard: Guard) -> Client {
        client_within(Duration::from_secs(60), guard)
    }

    fn client_within(total: Duration, guard: Guard) -> Client {
        let limits = Limits {
            total,
            body: 10,
            ..Limits::default()
        };
        Client::new(guard, limits).unwrap()
    }

    async fn post(client: &Client, url: &str) -> Result<Answer, FetchError> {
        client
            .post(url, HeaderMap::new(), Bytes::from_static(b"body"))
            .await
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_bodies_are_bounded() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answer = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\n\
            content-length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz";
        let server = tokio::spawn(serve_once(listener, answer.to_vec()));
        let answer = post(&client(loopback()), &url).await.unwrap();
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(&answer.body[..], b"abcdefghij");
        assert!(server.await.unwrap().starts_with("POST /hook HTTP/1.1\r\n"));
    }

    /// The name is fine by itself; what it resolves to is not.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_before_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = post(
            &client(Guard::default()),
            &format!("http://localhost:{port}/"),
        )
        .await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, FetchError::Refused(_)), "{refused:?}");
        let told = refused.to_string();
        assert!(!told.contains("127.0") && !told.contains("::"), "{told}");
        let literal = post(
            &client(Guard::default()),
            &format!("http://127.0.0.1:{port}/"),
        )
        .await;
        assert!(matches!(literal, Err(FetchError::Refused(_))));
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let impatient = client_within(Duration::from_millis(500), loopback());
        let silent = post(&impatient, &url).await;
        assert!(matches!(silent, Err(FetchError::TimedOut(_))), "{silent:?}");
    }

    /// Some receivers' addresses are secrets, and errors are kept and shown.
    #[tokio::test]
    async fn no_error_tells_the_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hush", listener.local_addr().unwrap());
        let server = tokio::spawn(serve_once(listener, b"no HTTP\r\n\r\n".to_vec()));
        let strange = post(&client(loopback()), &url).await.unwrap_err();
        server.await.unwrap();
        // Now nobody is there.
        let nobody = post(&client(loopback()), &url).await.unwrap_err();
        for error in [strange, nobody] {
            let told = format!("{error} {error:?}");
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_said_so() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let nobody = post(&client(loopback()), &url).await;
        assert!(
            matches!(nobody, Err(FetchError::Unreachable(_))),
            "{nobody:?}"
        );
    }
}
