//! What an operation is given: who asks, for which project, and what.

use http::header::CONTENT_TYPE;
use reelgate_domain::access::ProjectId;
use reelgate_service::{Caller, Service};

use super::errors::{self, CONTENT_TYPE_WRONG};
use super::fields::Fields;
use super::query::Query;
use crate::errors::ApiError;
use crate::gateway::Received;

/// A call of somebody who may make it.
pub(crate) struct Asked<'a> {
    pub(crate) service: &'a Service,
    pub(crate) caller: &'a Caller,
    /// The one in the path, which is the caller's.
    pub(crate) project: ProjectId,
    pub(crate) received: &'a Received,
}

impl Asked<'_> {
    /// The query, which has no parameters but these.
    pub(super) fn query(&self, known: &[&'static str]) -> Result<Query, ApiError> {
        Query::read(self.received.query(), known)
    }

    /// The body, an object. No operation that has one has a query.
    pub(super) fn body(&self) -> Result<Fields, ApiError> {
        self.query(&[])?;
        let kind = self.received.header(CONTENT_TYPE.as_str())?;
        let is_json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json")
        };
        if !kind.is_none_or(is_json) {
            return Err(errors::plain(CONTENT_TYPE_WRONG));
        }
        Fields::body(&self.received.body)
    }
}
