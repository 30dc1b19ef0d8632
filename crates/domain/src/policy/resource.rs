//! Resources: the name of one, taken apart once, and patterns that cover it segment by segment.

use super::MAX_RESOURCE_CHARS;
use super::error::{Fault, PolicyError, excerpt};
use super::json::Json;
use super::pattern::{Case, Pattern};

const EXPECTED: &str = "\"*\", or acs:<service>:<region>:<account>:<relative> with wildcards";

/// The resource of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resource<'a> {
    Named(Segments<&'a str>),
    /// All of them, or a name that is none: only the pattern `*` covers it.
    Other,
}

/// What stands between the colons behind `acs:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segments<T> {
    service: T,
    region: T,
    account: T,
    relative: T,
}

impl<'a> Segments<&'a str> {
    fn split(name: &'a str) -> Option<Self> {
        let mut segments = name.strip_prefix("acs:")?.splitn(4, ':');
        Some(Self {
            service: segments.next()?,
            region: segments.next()?,
            account: segments.next()?,
            relative: segments.next()?,
        })
    }
}

impl<'a> Resource<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Segments::split(name).map_or(Self::Other, Self::Named)
    }
}

/// Resources that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ResourcePattern {
    Everything,
    Named(Box<Segments<Pattern>>),
}

impl ResourcePattern {
    pub(super) fn read(json: &Json) -> Result<Self, PolicyError> {
        let text = json.text(EXPECTED)?;
        let value = || excerpt(text);
        if text.contains("${") {
            return Err(Fault::Variable { value: value() }.into());
        }
        if text.chars().count() > MAX_RESOURCE_CHARS {
            let limit = MAX_RESOURCE_CHARS;
            return Err(Fault::TooLong { limit }.into());
        }
        let pattern = Pattern::new(text, Case::Exact)?;
        if pattern.is_everything() {
            return Ok(Self::Everything);
        }
        let segments = Segments::split(text);
        let segments = segments.filter(|s| !s.service.is_empty() && !s.relative.is_empty());
        let Some(segments) = segments else {
            let expected = EXPECTED;
            return Err(Fault::Value {
                value: value(),
                expected,
            }
            .into());
        };
        let segment = |text: &str| Pattern::new(text, Case::Exact);
        let segment_or_any = |text: &str| match text {
            "" => Ok(Pattern::everything()),
            text => segment(text),
        };
        Ok(Self::Named(Box::new(Segments {
            service: segment(segments.service)?,
            region: segment_or_any(segments.region)?,
            account: segment_or_any(segments.account)?,
            relative: segment(segments.relative)?,
        })))
    }

    pub(super) fn covers(&self, resource: &Resource<'_>) -> bool {
        match (self, resource) {
            (Self::Everything, _) => true,
            (Self::Named(_), Resource::Other) => false,
            (Self::Named(pattern), Resource::Named(name)) => {
                pattern.service.matches(name.service)
                    && (name.region == "*" || pattern.region.matches(name.region))
                    && pattern.account.matches(name.account)
                    && pattern.relative.matches(name.relative)
            }
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        *self == Self::Everything
    }
}
