//! Why a policy document is refused: where in it, what is wrong, and what to write instead.

use std::fmt;

use super::{MAX_KEY_CHARS, MAX_NESTING};

/// The longest piece of a document that a message repeats, in characters.
const EXCERPT_CHARS: usize = 64;

/// A document that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    path: String,
    fault: Fault,
}

/// What is wrong at one place of a document. Messages repeat at most a short piece of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("has more than {limit} characters; shorten it, or split it into several policies")]
    TooLong { limit: usize },
    #[error("nests deeper than {MAX_NESTING} levels; no policy needs that")]
    TooDeep,
    #[error("is no JSON: {0}")]
    Syntax(String),
    #[error("is missing; write {expected}")]
    Missing { expected: &'static str },
    #[error("unknown {kind} {name}; expected {expected}")]
    Unknown {
        kind: &'static str,
        name: String,
        expected: &'static str,
    },
    #[error("{0} stands here twice; write it once, with a list of values where there are several")]
    Repeated(String),
    #[error("expected {expected}, found {found}")]
    Type {
        expected: &'static str,
        found: &'static str,
    },
    #[error("is empty; write {expected}")]
    Empty { expected: &'static str },
    #[error("has both {one} and {other}; keep one of them")]
    Both {
        one: &'static str,
        other: &'static str,
    },
    #[error("has neither {one} nor {other}; write one of them")]
    Neither {
        one: &'static str,
        other: &'static str,
    },
    #[error("has more than {limit} entries; split the document into several")]
    TooMany { limit: usize },
    #[error("{value} is not {expected}")]
    Value {
        value: String,
        expected: &'static str,
    },
    #[error("{key} is compared with {expected}, not with this operator")]
    Operator {
        key: &'static str,
        expected: &'static str,
    },
    #[error(
        "condition keys are written <service>:<name>, in at most {MAX_KEY_CHARS} letters, digits and -_./, unlike {0}"
    )]
    KeyForm(String),
    #[error("{value} has a policy variable, which is not supported; write the value itself")]
    Variable { value: String },
    #[error(
        "{value} has more than {limit} characters beside a '*' in a part that needs a slow search; \
         shorten the part or leave its '?' out"
    )]
    Searched { value: String, limit: usize },
    #[error("roles trusted by {0} are not supported; name accounts, users and roles under RAM")]
    Trustee(&'static str),
}

impl PolicyError {
    /// Where in the document, as in `Statement[1].Condition.StringEquals`; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The same error, seen from the member of that name around it.
    pub(super) fn within(mut self, member: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{member}{dot}{}", self.path);
        self
    }

    /// The same error, seen from the list around it.
    pub(super) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl From<Fault> for PolicyError {
    fn from(fault: Fault) -> Self {
        Self {
            path: String::new(),
            fault,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        write!(f, "{path}: {}", self.fault)
    }
}

impl std::error::Error for PolicyError {}

/// The beginning of a piece of the document, quoted, with everything unprintable escaped.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
