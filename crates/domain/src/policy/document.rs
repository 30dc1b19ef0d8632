//! Policy documents: the text as it was written and the statements in it.

use serde_json::json;

use super::error::{Fault, PolicyError, excerpt};
use super::json::{Json, Members};
use super::statement::{self, Statement};
use super::{MAX_POLICY_CHARS, MAX_SESSION_POLICY_CHARS};

/// The version of the grammar, the only one there is.
const VERSION: &str = "1";

/// An access policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    text: Box<str>,
    pub(super) statements: Box<[Statement]>,
}

impl Policy {
    /// Reads a policy of at most [`MAX_POLICY_CHARS`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::parse_within(text, MAX_POLICY_CHARS)
    }

    /// Reads the policy of a session, which is at most [`MAX_SESSION_POLICY_CHARS`] long.
    pub fn parse_session(text: &str) -> Result<Self, PolicyError> {
        Self::parse_within(text, MAX_SESSION_POLICY_CHARS)
    }

    /// A policy that allows these actions on all resources. However many there are: the limits are for documents that
    /// somebody sends.
    pub fn allowing(actions: impl IntoIterator<Item = String>) -> Result<Self, PolicyError> {
        let actions: Vec<String> = actions.into_iter().collect();
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let text = json!({"Version": VERSION, "Statement": [statement]}).to_string();
        Self::parse_within(&text, usize::MAX / 4)
    }

    fn parse_within(text: &str, limit: usize) -> Result<Self, PolicyError> {
        let json = Json::parse(text, limit)?;
        let statements = read_document(&json, |statements| {
            statements.statements(statement::EXPECTED, Statement::read)
        })?;
        let text = text.into();
        Ok(Self { text, statements })
    }

    /// The document as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys of products that conditions ask for, in small letters; a key may come more than once. One that no
    /// request carries is a slip that reading cannot see.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        let conditions = self
            .statements
            .iter()
            .map(|statement| &statement.conditions);
        conditions.flat_map(|conditions| conditions.carried_keys())
    }
}

/// Reads what is around the statements of any document.
pub(super) fn read_document<'a, T>(
    json: &'a Json,
    read: impl FnOnce(&'a Json) -> Result<T, PolicyError>,
) -> Result<T, PolicyError> {
    let members = json.members(
        "an object with Version and Statement",
        &["Version", "Statement"],
    )?;
    check_version(&members)?;
    members.require("Statement", "a list of statements", read)
}

fn check_version(members: &Members<'_>) -> Result<(), PolicyError> {
    const EXPECTED: &str = "the string \"1\"";
    members.require("Version", EXPECTED, |json| match json.text(EXPECTED)? {
        VERSION => Ok(()),
        other => {
            let (value, expected) = (excerpt(other), EXPECTED);
            Err(Fault::Value { value, expected }.into())
        }
    })
}
