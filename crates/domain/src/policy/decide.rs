//! What the policies in force for a principal say about a request.

use std::fmt;
use std::sync::Arc;

use super::document::Policy;
use super::resource::Resource;
use super::statement::{Effect, Statement};
use super::{Context, Request};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed(By),
    /// A statement denies it, whatever others say.
    Denied(By),
    /// No statement applies to it.
    NotAllowed,
}

/// The statement that decided; where several apply, the first with the deciding effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The name of its policy.
    pub policy: Arc<str>,
    /// Its place in the policy, counted from 0 as in the paths of errors.
    pub statement: usize,
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement[{}] of {}", self.statement, self.policy)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(by) => write!(f, "allowed by {by}"),
            Self::Denied(by) => write!(f, "denied by {by}"),
            Self::NotAllowed => f.write_str("not allowed by any statement"),
        }
    }
}

/// The policies in force for a principal, each under its name. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Arc<[(Arc<str>, Arc<Policy>)]>,
}

impl PolicySet {
    pub fn new(policies: impl IntoIterator<Item = (Arc<str>, Arc<Policy>)>) -> Self {
        let policies = policies.into_iter().collect();
        Self { policies }
    }

    /// Judges a request. An empty set allows nothing.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let resource = Resource::new(request.resource);
        first_applying(self.statements(), |statement| {
            statement.applies_to(request.action, &resource, request.context)
        })
    }

    /// Whether [`decide`](Self::decide) could allow the action on some resource: false only if no statement allows it
    /// in this context, or one denies it on all resources. For use before the resources of a call are known; the
    /// context has to be the one that will be decided with.
    pub fn may_use(&self, action: &str, context: &Context<'_>) -> bool {
        let mut allowed = false;
        for (_, _, statement) in self.statements() {
            if statement.may_apply_to(action, context) {
                match statement.effect {
                    Effect::Allow => allowed = true,
                    Effect::Deny if statement.covers_all_resources() => return false,
                    Effect::Deny => {}
                }
            }
        }
        allowed
    }

    /// Whether [`decide`](Self::decide) allows the action on every resource, as far as that is plain: a statement
    /// allows it on all of them in this context, and none denies it on any. For use where asking about each of many
    /// resources would take long; false says nothing.
    pub fn may_use_everywhere(&self, action: &str, context: &Context<'_>) -> bool {
        let mut allowed = false;
        for (_, _, statement) in self.statements() {
            if statement.may_apply_to(action, context) {
                match statement.effect {
                    Effect::Allow => allowed |= statement.covers_all_resources(),
                    Effect::Deny => return false,
                }
            }
        }
        allowed
    }

    fn statements(&self) -> impl Iterator<Item = (&Arc<str>, usize, &Statement)> {
        self.policies.iter().flat_map(|(name, policy)| {
            let statements = policy.statements.iter().enumerate();
            statements.map(move |(index, statement)| (name, index, statement))
        })
    }
}

/// What the statements that apply come to.
fn first_applying<'a>(
    statements: impl Iterator<Item = (&'a Arc<str>, usize, &'a Statement)>,
    applies: impl Fn(&Statement) -> bool,
) -> Decision {
    let mut allowed = None;
    for (name, index, statement) in statements {
        // Once something is allowed, only a denial can change that.
        let settled = statement.effect == Effect::Allow && allowed.is_some();
        if settled || !applies(statement) {
            continue;
        }
        match statement.effect {
            Effect::Deny => return Decision::Denied(By::new(name, index)),
            Effect::Allow => allowed = Some((name, index)),
        }
    }
    match allowed {
        Some((name, index)) => Decision::Allowed(By::new(name, index)),
        None => Decision::NotAllowed,
    }
}

impl By {
    pub(super) fn new(policy: &Arc<str>, statement: usize) -> Self {
        let policy = policy.clone();
        Self { policy, statement }
    }
}

/// What several sets that all have to allow a request come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// Which of the sets decided, counted from 0.
    pub set: usize,
}

/// Judges a request by several sets, as for a role's policies and that of a session. A denial by any set decides; if
/// there is none, the first set that does not allow it does; if all allow it, the first of all is named. Without sets
/// nothing is allowed.
pub fn decide_all(sets: &[&PolicySet], request: &Request<'_>) -> Verdict {
    let mut verdict: Option<Verdict> = None;
    for (set, policies) in sets.iter().enumerate() {
        let decision = policies.decide(request);
        let decides = match (&decision, &verdict) {
            (_, None) => true,
            (Decision::Denied(_), _) => true,
            (Decision::NotAllowed, Some(earlier)) => earlier.decision.is_allowed(),
            (Decision::Allowed(_), Some(_)) => false,
        };
        let denied = matches!(decision, Decision::Denied(_));
        if decides {
            verdict = Some(Verdict { decision, set });
        }
        if denied {
            break;
        }
    }
    verdict.unwrap_or(Verdict {
        decision: Decision::NotAllowed,
        set: 0,
    })
}

/// Whether [`decide_all`] could allow the action on some resource; see [`PolicySet::may_use`].
pub fn may_use_all(sets: &[&PolicySet], action: &str, context: &Context<'_>) -> bool {
    !sets.is_empty() && sets.iter().all(|set| set.may_use(action, context))
}
