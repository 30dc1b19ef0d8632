//! Trust policies: who may assume a role.

use std::fmt;
use std::sync::Arc;

use super::condition::Conditions;
use super::decide::{By, Decision};
use super::document::read_document;
use super::error::{Fault, PolicyError, excerpt};
use super::json::{Json, Members};
use super::statement::Effect;
use super::{Context, MAX_TRUST_POLICY_CHARS};
use crate::AccountId;

const STATEMENT_EXPECTED: &str = "Effect, Principal, Action, and perhaps Condition";
const KNOWN: [&str; 4] = ["Effect", "Principal", "Action", "Condition"];

/// The one action that a trust policy is about.
const ACTION: &str = "sts:AssumeRole";

const PRINCIPAL_EXPECTED: &str = "an object like {\"RAM\": [\"acs:ram::1234567890123456:root\"]}";
const TRUSTED_EXPECTED: &str = "\"*\", acs:ram::<account>:root, acs:ram::<account>:user/<name> \
     or acs:ram::<account>:role/<name>, without other wildcards";

/// The longest name of a user or role.
const MAX_NAME_CHARS: usize = 64;

/// Who asks to assume a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// The account itself.
    Root(AccountId),
    User(AccountId, &'a str),
    /// A role that was assumed already.
    Role(AccountId, &'a str),
}

impl Principal<'_> {
    pub fn account(&self) -> AccountId {
        match self {
            Self::Root(account) | Self::User(account, _) | Self::Role(account, _) => *account,
        }
    }
}

impl fmt::Display for Principal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(account) => write!(f, "acs:ram::{account}:root"),
            Self::User(account, name) => write!(f, "acs:ram::{account}:user/{name}"),
            Self::Role(account, name) => write!(f, "acs:ram::{account}:role/{name}"),
        }
    }
}

/// The trust policy of a role. `acs:ram::<account>:root` trusts the account with all its users and roles, `*` any
/// principal of any account; the names of users and roles are compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    text: Box<str>,
    /// What decisions name.
    name: Arc<str>,
    statements: Box<[Statement]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    principals: Box<[Trusted]>,
    conditions: Conditions,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Trusted {
    Anybody,
    Account(AccountId),
    User(AccountId, Box<str>),
    Role(AccountId, Box<str>),
}

impl TrustPolicy {
    /// Reads a trust policy of at most [`MAX_TRUST_POLICY_CHARS`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let json = Json::parse(text, MAX_TRUST_POLICY_CHARS)?;
        let statements = read_document(&json, |statements| {
            statements.statements(STATEMENT_EXPECTED, Statement::read)
        })?;
        Ok(Self {
            text: text.into(),
            name: "the trust policy".into(),
            statements,
        })
    }

    /// The document as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys of products that conditions ask for, as in [`Policy::condition_keys`](super::Policy::condition_keys).
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        let conditions = self
            .statements
            .iter()
            .map(|statement| &statement.conditions);
        conditions.flat_map(|conditions| conditions.carried_keys())
    }

    /// Whether the principal may assume the role; a denial beats what allows it.
    pub fn decides(&self, principal: &Principal<'_>, context: &Context<'_>) -> Decision {
        let statements = || self.statements.iter().enumerate();
        let first = |effect| {
            let (index, _) = statements()
                .filter(|(_, statement)| statement.effect == effect)
                .find(|(_, statement)| statement.applies_to(principal, context))?;
            Some(By::new(&self.name, index))
        };
        if let Some(by) = first(Effect::Deny) {
            return Decision::Denied(by);
        }
        first(Effect::Allow).map_or(Decision::NotAllowed, Decision::Allowed)
    }
}

impl Statement {
    fn read(json: &Json) -> Result<Self, PolicyError> {
        let members = json.members(STATEMENT_EXPECTED, &KNOWN)?;
        let effect = Effect::read(&members)?;
        let principals = members.require("Principal", PRINCIPAL_EXPECTED, read_principals)?;
        check_action(&members)?;
        let conditions = members.read("Condition", Conditions::read)?;
        Ok(Self {
            effect,
            principals,
            conditions: conditions.unwrap_or_default(),
        })
    }

    fn applies_to(&self, principal: &Principal<'_>, context: &Context<'_>) -> bool {
        self.principals.iter().any(|trusted| trusted.is(principal)) && self.conditions.hold(context)
    }
}

fn check_action(members: &Members<'_>) -> Result<(), PolicyError> {
    const EXPECTED: &str = "\"sts:AssumeRole\", the only action of a trust policy";
    let check = |json: &Json| match json.text(EXPECTED)? {
        action if action.eq_ignore_ascii_case(ACTION) => Ok(()),
        other => {
            let (value, expected) = (excerpt(other), EXPECTED);
            Err(Fault::Value { value, expected }.into())
        }
    };
    members.require("Action", EXPECTED, |json| json.each(EXPECTED, check))?;
    Ok(())
}

fn read_principals(json: &Json) -> Result<Box<[Trusted]>, PolicyError> {
    let members = json.members(PRINCIPAL_EXPECTED, &["RAM", "Service", "Federated"])?;
    members.read("Service", |_| -> Result<(), _> {
        Err(Fault::Trustee("a cloud service").into())
    })?;
    members.read("Federated", |_| -> Result<(), _> {
        Err(Fault::Trustee("an identity provider").into())
    })?;
    members.require("RAM", TRUSTED_EXPECTED, |json| {
        json.each(TRUSTED_EXPECTED, Trusted::read)
    })
}

impl Trusted {
    fn read(json: &Json) -> Result<Self, PolicyError> {
        let text = json.text(TRUSTED_EXPECTED)?;
        Self::parse(text).ok_or_else(|| {
            let (value, expected) = (excerpt(text), TRUSTED_EXPECTED);
            Fault::Value { value, expected }.into()
        })
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Anybody);
        }
        let (account, principal) = text.strip_prefix("acs:ram::")?.split_once(':')?;
        // Reading a number would also take a sign and more digits.
        let digits = account.len() == 16;
        let account = account.parse().ok().filter(|_| digits)?;
        if principal == "root" {
            return Some(Self::Account(account));
        }
        let (kind, name) = principal.split_once('/')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.bytes().all(plain) {
            return None;
        }
        match kind {
            "user" => Some(Self::User(account, name.into())),
            "role" => Some(Self::Role(account, name.into())),
            _ => None,
        }
    }

    fn is(&self, principal: &Principal<'_>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account(account) => *account == principal.account(),
            Self::User(account, name) => *principal == Principal::User(*account, name),
            Self::Role(account, name) => *principal == Principal::Role(*account, name),
        }
    }
}
