//! One statement of a policy: what it applies to, and with which effect.

use super::condition::Conditions;
use super::error::{Fault, PolicyError, excerpt};
use super::json::{Json, Members};
use super::pattern::{Case, Pattern};
use super::resource::{Resource, ResourcePattern};
use super::{Context, MAX_ACTION_CHARS};

pub(super) const EXPECTED: &str =
    "Effect, Action or NotAction, Resource or NotResource, and perhaps Condition";
const KNOWN: [&str; 6] = [
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

const ACTION_EXPECTED: &str =
    "\"*\", or <service>:<Operation> with wildcards, of letters, digits and -_*?";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// The patterns of one member, or of its `Not…` form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named<T> {
    /// Whether the statement applies to all but these.
    except: bool,
    patterns: Box<[T]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    actions: Named<Pattern>,
    resources: Named<ResourcePattern>,
    pub(super) conditions: Conditions,
}

impl Statement {
    pub(super) fn read(json: &Json) -> Result<Self, PolicyError> {
        let members = json.members(EXPECTED, &KNOWN)?;
        Ok(Self {
            effect: Effect::read(&members)?,
            actions: Named::read(
                &members,
                ["Action", "NotAction"],
                ACTION_EXPECTED,
                read_action,
            )?,
            resources: Named::read(
                &members,
                ["Resource", "NotResource"],
                "at least one resource",
                ResourcePattern::read,
            )?,
            conditions: members
                .read("Condition", Conditions::read)?
                .unwrap_or_default(),
        })
    }

    pub(super) fn applies_to(
        &self,
        action: &str,
        resource: &Resource<'_>,
        context: &Context<'_>,
    ) -> bool {
        self.names_action(action)
            && self.resources.apply(|pattern| pattern.covers(resource))
            && self.conditions.hold(context)
    }

    /// Whether it may apply to the action, on some resource or other.
    pub(super) fn may_apply_to(&self, action: &str, context: &Context<'_>) -> bool {
        self.names_action(action) && self.conditions.hold(context)
    }

    /// Whether it applies to every resource, whatever its name.
    pub(super) fn covers_all_resources(&self) -> bool {
        !self.resources.except
            && self
                .resources
                .patterns
                .iter()
                .any(ResourcePattern::is_everything)
    }

    fn names_action(&self, action: &str) -> bool {
        self.actions.apply(|pattern| pattern.matches(action))
    }
}

impl Effect {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, PolicyError> {
        const EXPECTED: &str = "\"Allow\" or \"Deny\"";
        members.require("Effect", EXPECTED, |json| match json.text(EXPECTED)? {
            "Allow" => Ok(Self::Allow),
            "Deny" => Ok(Self::Deny),
            other => {
                let (value, expected) = (excerpt(other), EXPECTED);
                Err(Fault::Value { value, expected }.into())
            }
        })
    }
}

impl<T> Named<T> {
    fn read(
        members: &Members<'_>,
        [one, other]: [&'static str; 2],
        expected: &'static str,
        read: impl Fn(&Json) -> Result<T, PolicyError>,
    ) -> Result<Self, PolicyError> {
        let named = members.read(one, |json| json.each(expected, &read))?;
        let excepted = members.read(other, |json| json.each(expected, &read))?;
        let (except, patterns) = match (named, excepted) {
            (Some(patterns), None) => (false, patterns),
            (None, Some(patterns)) => (true, patterns),
            (Some(_), Some(_)) => return Err(Fault::Both { one, other }.into()),
            (None, None) => return Err(Fault::Neither { one, other }.into()),
        };
        Ok(Self { except, patterns })
    }

    fn apply(&self, matches: impl Fn(&T) -> bool) -> bool {
        self.patterns.iter().any(matches) != self.except
    }
}

fn read_action(json: &Json) -> Result<Pattern, PolicyError> {
    let text = json.text(ACTION_EXPECTED)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_*?".contains(&b);
    let well_formed = text == "*"
        || text.split_once(':').is_some_and(|(service, operation)| {
            let parts = [service, operation];
            parts
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(plain))
        });
    if !well_formed {
        let (value, expected) = (excerpt(text), ACTION_EXPECTED);
        return Err(Fault::Value { value, expected }.into());
    }
    // These are all ASCII.
    if text.len() > MAX_ACTION_CHARS {
        let limit = MAX_ACTION_CHARS;
        return Err(Fault::TooLong { limit }.into());
    }
    Pattern::new(text, Case::Ignored)
}
