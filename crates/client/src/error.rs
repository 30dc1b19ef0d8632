//! What can go wrong between a client and the server.

use std::fmt;
use std::io;

use rustls::CertificateError;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one this client can talk to.
    #[error(
        "{0:?} is not a server's address: write HOST:PORT, https://HOST:PORT or http://HOST:PORT"
    )]
    Address(String),
    /// What should be authorities' certificates is something else.
    #[error("no authority's certificate: {0}")]
    Authorities(String),
    /// Nobody answered.
    #[error("no server answers at {server}")]
    Unreachable {
        server: String,
        #[source]
        source: reqwest::Error,
    },
    /// Somebody answered who does not speak TLS, or has not the certificate that was expected.
    #[error("{}", tls_words(server, source))]
    Tls {
        server: String,
        source: rustls::Error,
    },
    /// The connection broke, or nothing came for too long.
    #[error("{call} broke off")]
    Broken {
        call: String,
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// The answer is not of the form that this client knows.
    #[error("{call} answered what this client cannot read: {why}")]
    Strange { call: String, why: String },
    /// This machine gives no random numbers.
    #[error("this machine gives no random numbers, of which the call needs some")]
    Random,
    /// A file on this side could not be read or written.
    #[error("{what}")]
    File {
        what: String,
        #[source]
        source: io::Error,
    },
    /// The object's content stopped short of its length.
    #[error("{what} ended after {got} of {expected} bytes")]
    Short {
        what: String,
        got: u64,
        expected: u64,
    },
}

impl Error {
    /// The server's problem, if it was the server that refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the server says that the thing does not exist.
    pub fn is_not_found(&self) -> bool {
        self.problem().is_some_and(|problem| problem.status == 404)
    }

    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }
}

fn tls_words(server: &str, source: &rustls::Error) -> String {
    match source {
        rustls::Error::InvalidCertificate(why) => {
            let why = certificate_words(why);
            format!("the certificate of {server} is not trusted: {why}")
        }
        rustls::Error::InvalidMessage(_) => {
            format!("{server} does not speak TLS: write http:// if it is meant not to")
        }
        other => format!("no TLS with {server}: {other}"),
    }
}

/// The library's own words are names of its variants.
fn certificate_words(error: &CertificateError) -> String {
    use CertificateError as Why;
    match error {
        Why::UnknownIssuer => "nobody who is trusted here vouches for it".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has ended".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => {
            "it is for other names".to_owned()
        }
        Why::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is an authority's, and a server's needs basicConstraints CA:FALSE".to_owned()
        }
        other => other.to_string(),
    }
}

/// What TLS had against the other side, if that is the cause. Errors of IO hide theirs from `source`.
pub(crate) fn tls_error(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found.clone());
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// A refusal as the server gave it (RFC 9457).
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    pub status: u16,
    /// Stable from release to release.
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub detail: String,
    /// What the server's log knows this exchange by.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The field of the body or the query parameter that is wrong.
    #[serde(default)]
    pub field: Option<String>,
    /// Whatever else was said, such as the `state` that refused a cancel.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{} ({}", self.detail, self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        match &self.request_id {
            Some(id) => write!(f, ", request {id})"),
            None => f.write_str(")"),
        }
    }
}

impl std::error::Error for Problem {}
