//! What can go wrong between a client and the server.

use std::fmt;
use std::io;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one this client can talk to.
    #[error("{0:?} is not a server's address: write HOST:PORT or http://HOST:PORT")]
    Address(String),
    /// Nobody answered.
    #[error("no server answers at {server}")]
    Unreachable {
        server: String,
        #[source]
        source: reqwest::Error,
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
