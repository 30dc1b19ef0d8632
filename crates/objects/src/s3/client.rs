//! The connections to object stores, and how one request is made on them: signed, and again if the
//! store does not answer it as stores do.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reelgate_domain::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;

use super::memory::Memory;
use super::place::Home;
use super::sign::{self, Moment, Signed};
use super::xml::Element;
use crate::error::ObjectError;

/// The longest answer that is read whole, in bytes: a page of a listing has less than one.
const LONGEST_ANSWER: usize = 8 << 20;
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Uploads may take as long as this many bytes a second allow, beside the time for an answer.
pub(super) const SLOWEST_UPLOAD: u64 = 64 << 10;
/// What all streams together may hold that are being stored, in bytes.
const UPLOAD_MEMORY: u64 = 256 << 20;

/// How long an object store is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often a request is sent at most.
    pub tries: u32,
    /// The pause before the second try; each further one doubles it.
    pub first_pause: Duration,
    /// How long an answer, or the next piece of one, may take.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_millis(200),
            answer: Duration::from_secs(20),
        }
    }
}

/// Connections to object stores, shared by all buckets.
#[derive(Clone)]
pub struct S3Client {
    http: reqwest::Client,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) patience: Patience,
    pub(super) upload_memory: Memory,
}

impl std::fmt::Debug for S3Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Client")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// One request about a bucket.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// As it is in the store; `None` for the bucket itself.
    pub(super) key: Option<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The store may have much to do before it answers.
    pub(super) is_slow: bool,
}

impl Request {
    pub(super) fn new(method: Method, key: impl Into<Option<String>>) -> Self {
        Self {
            method,
            key: key.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            is_slow: false,
        }
    }

    pub(super) fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    pub(super) fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }
}

/// An answer that was read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer as asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// The store says no, by this status and this code.
    Refused { status: StatusCode, code: String },
    /// It could not be reached or could not do it; perhaps later.
    Away(String),
}

/// What a refusal means for whoever asked for a key.
impl Failure {
    pub(super) fn about(self, doing: &str, name: &str) -> ObjectError {
        match self {
            Self::Refused { status, code } => match (status, code.as_str()) {
                (_, "NoSuchBucket") => refused(doing, name, code),
                (StatusCode::NOT_FOUND, _) => ObjectError::Missing(name.to_owned()),
                (StatusCode::PRECONDITION_FAILED, _) => ObjectError::Changed(name.to_owned()),
                _ => refused(doing, name, code),
            },
            Self::Away(why) => ObjectError::Away {
                what: format!("{doing} {name}"),
                why,
            },
        }
    }

    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}

fn refused(doing: &str, name: &str, why: String) -> ObjectError {
    let what = format!("{doing} {name}");
    ObjectError::Refused { what, why }
}

impl S3Client {
    /// `now` is what signatures are dated by; a store takes none that is 15 minutes off.
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        patience: Patience,
    ) -> Result<Self, ObjectError> {
        let broken = |why: String| ObjectError::Io {
            what: "setting up the client of object stores".to_owned(),
            source: std::io::Error::other(why),
        };
        let mut roots = RootCertStore::empty();
        // What cannot be read vouches for nobody, and that is then said of the store's certificate.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| broken(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // An operator names the endpoint: no proxy of the environment and no redirect takes its place.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls)
            .dns_resolver(Names)
            .connect_timeout(CONNECT_PATIENCE)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            http,
            now: Arc::new(now),
            patience,
            upload_memory: Memory::new(UPLOAD_MEMORY),
        })
    }

    /// The same with so many bytes for all streams that are being stored.
    #[must_use]
    pub fn with_upload_memory(self, bytes: u64) -> Self {
        let upload_memory = Memory::new(bytes);
        Self {
            upload_memory,
            ..self
        }
    }

    pub(super) fn moment(&self) -> Moment {
        let at = jiff::Timestamp::from_millisecond((self.now)().as_millis());
        Moment::of(at.unwrap_or_default())
    }

    /// Milliseconds by which two times of ours can be compared with the store's.
    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Sends a request until it is answered, at most as often as patience allows, and reads the answer.
    pub(super) async fn call(&self, home: &Home, request: Request) -> Result<Answer, Failure> {
        let (mut tried, begun) = (0, Instant::now());
        loop {
            tried += 1;
            match self.call_once(home, &request).await {
                Err(Failure::Away(why)) if self.tries_again(&request, tried, begun) => {
                    self.pause(tried, &why).await;
                }
                other => return other,
            }
        }
    }

    /// The same for an answer that is read piece by piece by whoever asks.
    pub(super) async fn open(&self, home: &Home, request: Request) -> Result<Response, Failure> {
        let (mut tried, begun) = (0, Instant::now());
        loop {
            tried += 1;
            match self.open_once(home, &request).await {
                Err(Failure::Away(why)) if self.tries_again(&request, tried, begun) => {
                    self.pause(tried, &why).await;
                }
                other => return other,
            }
        }
    }

    /// A store that takes requests and answers none is left sooner than one that refuses them: whoever called waits
    /// all that time.
    fn tries_again(&self, request: &Request, tried: u32, begun: Instant) -> bool {
        let in_time = || begun.elapsed() < 2 * self.answer_patience(request);
        tried < self.patience.tries && (tried < 2 || in_time())
    }

    /// How long the answer to a request may take.
    fn answer_patience(&self, request: &Request) -> Duration {
        let bytes = request.body.len() as u64;
        let patience = self.patience.answer + Duration::from_secs(bytes / SLOWEST_UPLOAD);
        match request.is_slow {
            true => patience * 15,
            false => patience,
        }
    }

    async fn pause(&self, tried: u32, why: &str) {
        tracing::debug!(why, tried, "an object store does not answer; trying again");
        let pause = self.patience.first_pause * 2_u32.saturating_pow(tried - 1);
        // Those that were turned away together do not come back together.
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
    }

    async fn call_once(&self, home: &Home, request: &Request) -> Result<Answer, Failure> {
        let response = self.send(home, request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read_whole(response).await?;
        // Some errors come with a status that says that all is well, once the store has begun to answer.
        let is_error =
            status.is_success() && Element::parse(&body).is_ok_and(|it| it.name == "Error");
        if status.is_success() && !is_error {
            return Ok(Answer { headers, body });
        }
        Err(failure(status, &body))
    }

    async fn open_once(&self, home: &Home, request: &Request) -> Result<Response, Failure> {
        let response = self.send(home, request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(failure(status, &self.read_whole(response).await?))
    }

    async fn send(&self, home: &Home, request: &Request) -> Result<Response, Failure> {
        let at = self.moment();
        let content_sha256 = match (request.body.is_empty(), home.vendor.signs_content) {
            (true, _) => sign::empty_sha256(),
            (false, true) => sign::sha256_hex([&request.body[..]]),
            (false, false) => sign::UNSIGNED.to_owned(),
        };
        let path = home.path(request.key.as_deref());
        let mut headers = request.headers.clone();
        headers.push(("host".to_owned(), home.host.clone()));
        headers.push(("x-amz-content-sha256".to_owned(), content_sha256.clone()));
        headers.push(("x-amz-date".to_owned(), at.full.clone()));
        let signed = Signed {
            method: request.method.as_str(),
            path: &path,
            query: &request.query,
            headers: &headers,
            content_sha256: &content_sha256,
        };
        let authorization = home.signer().authorization(signed, &at);
        let url = home.url(&path, &sign::encoded_query(&request.query));
        let mut built = self.http.request(request.method.clone(), url);
        for (name, value) in &headers {
            built = built.header(name, value);
        }
        let bytes = request.body.len() as u64;
        if bytes > 0 || matches!(request.method, Method::PUT | Method::POST) {
            built = built
                .header("content-length", bytes)
                .body(request.body.clone());
        }
        let patience = self.answer_patience(request);
        let sent = built.header("authorization", authorization).send();
        match tokio::time::timeout(patience, sent).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Failure::Away(cause(error))),
            Err(_elapsed) => Err(Failure::Away("it takes too long to answer".to_owned())),
        }
    }

    async fn read_whole(&self, mut response: Response) -> Result<Bytes, Failure> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.piece(&mut response).await? {
            if body.len() + piece.len() > LONGEST_ANSWER {
                return Err(Failure::Away("its answer is too long".to_owned()));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The next piece of an answer, `None` at its end.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, Failure> {
        match tokio::time::timeout(self.patience.answer, response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(Failure::Away(cause(error))),
            Err(_elapsed) => Err(Failure::Away("its answer stopped on the way".to_owned())),
        }
    }
}

fn failure(status: StatusCode, body: &[u8]) -> Failure {
    let error = Element::parse(body).ok().filter(|it| it.name == "Error");
    let code = error.as_ref().and_then(|error| error.text("Code"));
    // The answer to HEAD has no words.
    // It is shown and kept, and is a word in every store's documentation.
    let is_word = |code: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        (1..=64).contains(&code.len()) && code.bytes().all(fits)
    };
    let code = code.filter(is_word).map_or_else(
        || {
            status
                .canonical_reason()
                .unwrap_or("an unknown status")
                .to_owned()
        },
        str::to_owned,
    );
    let is_for_now = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        || matches!(code.as_str(), "SlowDown" | "InternalError" | "RequestTimeout" | "ServiceUnavailable")
        // A success that holds no error that makes sense was cut off or made up on the way.
        || status.is_success();
    if is_for_now {
        Failure::Away(format!("it answers {} {code}", status.as_u16()))
    } else {
        Failure::Refused { status, code }
    }
}

/// What went wrong, without the address, which is for operators only.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

/// Names of hosts: those below `localhost` are this machine (RFC 6761), which not every resolver knows.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            if host == "localhost" || host.ends_with(".localhost") {
                let here = [
                    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
                ];
                return Ok(Box::new(here.into_iter()) as Addrs);
            }
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &str) {
        let body = format!("<Error><Code>{code}</Code></Error>");
        match failure(StatusCode::FORBIDDEN, body.as_bytes()) {
            Failure::Refused { code, .. } => assert_eq!(code, expected),
            away => panic!("{away:?}"),
        }
    }

    #[test]
    fn a_code_that_is_no_word_is_not_passed_on() {
        check("AccessDenied", "AccessDenied");
        check("", "Forbidden");
        check("a\nline: of somebody else's log", "Forbidden");
        check(&"x".repeat(65), "Forbidden");
    }
}
