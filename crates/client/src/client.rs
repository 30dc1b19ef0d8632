//! The connection to one server, and how calls are made on it.

use std::net::IpAddr;
use std::time::Duration;

use reelgate_domain::ObjectRef;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;

use crate::error::{Error, Problem, tls_error};
use crate::trust::{self, Trust};

/// How long a connection may take to be made.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long the server may say nothing. The longest that a call waits on purpose is 60 s.
const READ_PATIENCE: Duration = Duration::from_secs(90);

/// A client of one server with one key. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    base: Url,
    api_key: String,
    http: reqwest::Client,
}

// The key must not reach a log by way of `{:?}`.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// `server` is an `https://` or `http://` URL, or `HOST:PORT`: a key leaves this machine by TLS unless the URL says
    /// otherwise. Nothing is sent yet.
    pub fn new(server: &str, api_key: impl Into<String>) -> Result<Self, Error> {
        Self::trusting(server, api_key, Trust::default())
    }

    /// As [`Client::new`]; by TLS it takes the server for itself only if its certificate is what `trust` says.
    pub fn trusting(server: &str, api_key: impl Into<String>, trust: Trust) -> Result<Self, Error> {
        let base = base(server).ok_or_else(|| Error::Address(server.to_owned()))?;
        let is_secured = base.scheme() == "https";
        let tls = match is_secured {
            true => trust.config(),
            false => trust::unused_config(),
        };
        let tls = tls.map_err(|source| Error::Tls {
            server: server.to_owned(),
            source,
        })?;
        // A proxy named by the environment is not for a server that the caller names.
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls)
            .https_only(is_secured)
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(READ_PATIENCE)
            .build()
            .map_err(|source| Error::Broken {
                call: "setting up the client".into(),
                source,
            })?;
        Ok(Self {
            base,
            api_key: api_key.into(),
            http,
        })
    }

    /// The server's address, as this client calls it.
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Starts a call to `/api/v1/…`; each part of the path is percent-encoded.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Call {
        let url = self.url(["api", "v1"].iter().chain(path));
        let name = format!("{method} {}", url.path());
        Call {
            name,
            server: self.server().to_owned(),
            request: self.http.request(method, url).bearer_auth(&self.api_key),
        }
    }

    /// A call about one object. A key's slashes separate parts of the path.
    pub(crate) fn object_call(&self, method: Method, object: &ObjectRef) -> Call {
        let mut path = vec!["buckets", object.bucket.as_str(), "objects"];
        path.extend(object.key.as_str().split('/'));
        self.call(method, &path)
    }

    /// A call outside `/api/v1` that wants no key.
    pub(crate) fn probe(&self, path: &str) -> Call {
        Call {
            name: format!("GET /{path}"),
            server: self.server().to_owned(),
            request: self.http.get(self.url([path].iter())),
        }
    }

    fn url<'a>(&self, path: impl Iterator<Item = &'a &'a str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        url
    }
}

/// One call that is being put together.
pub(crate) struct Call {
    name: String,
    server: String,
    request: RequestBuilder,
}

impl Call {
    pub(crate) fn query(mut self, query: &impl Serialize) -> Self {
        self.request = self.request.query(query);
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends the call and returns an answer below 400.
    pub(crate) async fn send(self) -> Result<Response, Error> {
        self.send_for(|status| !(status.is_client_error() || status.is_server_error()))
            .await
    }

    /// Sends the call and returns an answer with a status that is `wanted`.
    async fn send_for(self, wanted: impl FnOnce(StatusCode) -> bool) -> Result<Response, Error> {
        let Self {
            name,
            server,
            request,
        } = self;
        let response = request.send().await.map_err(|source| {
            if let Some(source) = tls_error(&source) {
                Error::Tls { server, source }
            } else if source.is_connect() {
                Error::Unreachable { server, source }
            } else {
                Error::Broken { call: name, source }
            }
        })?;
        if wanted(response.status()) {
            Ok(response)
        } else {
            Err(Error::Refused(Box::new(problem(response).await)))
        }
    }

    /// Sends the call and reads the JSON that it answers.
    pub(crate) async fn answer<T: DeserializeOwned>(self) -> Result<T, Error> {
        let call = self.name.clone();
        read(&call, self.send().await?).await
    }

    /// As [`Call::answer`], but 503 is an answer too.
    pub(crate) async fn answer_even_if_unready<T: DeserializeOwned>(self) -> Result<T, Error> {
        let call = self.name.clone();
        let answers =
            |status: StatusCode| status.is_success() || status == StatusCode::SERVICE_UNAVAILABLE;
        read(&call, self.send_for(answers).await?).await
    }
}

fn base(server: &str) -> Option<Url> {
    let base = match server.contains("://") {
        true => Url::parse(server).ok()?,
        false => {
            let mut base = Url::parse(&format!("http://{server}")).ok()?;
            if !is_this_machine(&base) {
                base = Url::parse(&format!("https://{server}")).ok()?;
            }
            base
        }
    };
    (matches!(base.scheme(), "http" | "https") && base.host().is_some()).then_some(base)
}

/// By its name or address alone; nothing is looked up.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| {
        address.to_canonical().is_loopback() || address.is_unspecified()
    })
}

async fn read<T: DeserializeOwned>(call: &str, response: Response) -> Result<T, Error> {
    let bytes = response.bytes().await.map_err(|source| Error::Broken {
        call: call.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Strange {
        call: call.to_owned(),
        why: error.to_string(),
    })
}

/// What the server says went wrong; something in front of it may answer in another form.
async fn problem(response: Response) -> Problem {
    let status = response.status();
    let header = response.headers().get("x-request-id");
    let request_id = header.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let bytes = response.bytes().await.unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_else(|_not_a_problem| Problem {
        status: status.as_u16(),
        code: String::new(),
        detail: match bytes.len() {
            0 => status.canonical_reason().unwrap_or("refused").to_owned(),
            _ => String::from_utf8_lossy(&bytes).chars().take(500).collect(),
        },
        request_id,
        field: None,
        more: Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_port_or_a_url() {
        let server = |text| Client::new(text, "k").map(|client| client.server().to_owned());
        assert_eq!(server("127.0.0.1:80").unwrap(), "http://127.0.0.1");
        assert_eq!(server("localhost:9000").unwrap(), "http://localhost:9000");
        assert_eq!(server("http://h:1/").unwrap(), "http://h:1");
        assert_eq!(server("[::1]:9000").unwrap(), "http://[::1]:9000");
        assert_eq!(server("https://h:1/").unwrap(), "https://h:1");
        for wrong in ["", "ftp://h", "https://", "http://"] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    /// The first thing that is sent is the key, and a server elsewhere speaks TLS unless it was told not to.
    #[test]
    fn a_key_goes_to_other_machines_in_the_clear_only_if_told_so() {
        for (text, expected) in [
            ("h:1", "https://h:1"),
            ("10.0.0.1:80", "https://10.0.0.1:80"),
            ("localhost.example.com", "https://localhost.example.com"),
            ("http://h:1", "http://h:1"),
            ("127.9.9.9:1", "http://127.9.9.9:1"),
            ("0.0.0.0:1", "http://0.0.0.0:1"),
        ] {
            assert_eq!(Client::new(text, "k").unwrap().server(), expected);
        }
    }

    #[test]
    fn keys_are_percent_encoded_part_by_part() {
        let client = Client::new("h:1", "k").unwrap();
        let object = ObjectRef {
            bucket: "media".parse().unwrap(),
            key: "a b/ü?#%.mp4".parse().unwrap(),
        };
        let call = client.object_call(Method::GET, &object);
        assert_eq!(
            call.name(),
            "GET /api/v1/buckets/media/objects/a%20b/%C3%BC%3F%23%25.mp4"
        );
    }
}
