//! What the fuzz targets reach: the readers of what servers answer, without a server.

use std::ops::Range;

use http::{HeaderMap, StatusCode};

use crate::pull::answer::{self, Body, Known};
use crate::pull::fault::PullFault;

/// What an answer has come to.
#[derive(Debug, PartialEq, Eq)]
pub struct Brought {
    /// The bytes that it brings, as far as it says which.
    pub range: Option<Range<u64>>,
    /// Of the whole content, as far as that is known.
    pub total: Option<u64>,
    /// What further parts are asked for with.
    pub condition: Option<String>,
    pub file_name: Option<String>,
}

/// Reads an answer to a request for these bytes, after an earlier answer to a request for all of them if there was one.
pub fn answer(
    status: u16,
    headers: &HeaderMap,
    asked: Option<&Range<u64>>,
    earlier: Option<&HeaderMap>,
) -> Result<Brought, PullFault> {
    let earlier = earlier.and_then(|headers| {
        let all = 0..u64::MAX;
        let (body, facts) = answer::read(StatusCode::OK, headers, Some(&all), None).ok()?;
        match body {
            Body::Whole { length, .. } => Some((length?, facts.validators)),
            Body::Part { .. } => None,
        }
    });
    let known = earlier.as_ref().map(|(total, validators)| Known {
        total: *total,
        validators,
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match answer::read(status, headers, asked, known) {
        Ok((body, facts)) => {
            let (range, total) = match body {
                Body::Whole { length, .. } => (length.map(|length| 0..length), length),
                Body::Part { range, total } => (Some(range), Some(total)),
            };
            Ok(Brought {
                range,
                total,
                condition: facts.validators.condition,
                file_name: facts.file_name,
            })
        }
        Err(verdict) => Err(PullFault::from_verdict(verdict, "h", asked)),
    }
}
