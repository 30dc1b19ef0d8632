//! Asking for permission: what a call acts on, what the caller's policies say of that, and how a refusal reads.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use reelgate_domain::AccountId;
use reelgate_domain::access::AuditRecord;
use reelgate_domain::policy::Decision;
use reelgate_service::{Denial, Principal, Service};

use super::caller::{Admitted, admitted};
use super::problem::shortened;
use super::{Code, Problem};
use crate::routes::product;

/// For handlers of routes of which only they find out what the call acts on. What such a handler changes it asks
/// for first.
pub(crate) struct Permission(Admitted);

impl<S: Send + Sync> FromRequestParts<S> for Permission {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        admitted(parts).map(Self)
    }
}

impl Permission {
    /// Whether the caller may do this to what the route's resource stands for, by the name in its braces.
    pub(crate) fn ask(&self, service: &Service, name: &str, value: &str) -> Result<(), Problem> {
        let account = self.account();
        let [resource] = self.0.route.served.resources else {
            let action = self.0.route.action;
            let cause = format!("{action} has no resource that its handler could ask about");
            return Err(Problem::internal(cause));
        };
        let resource = filled(resource.arn, |known| match known {
            "accountId" => account.to_string(),
            known if known == name => value.to_owned(),
            _ => "*".to_owned(),
        });
        self.ask_for(service, resource)
    }

    /// Whether the caller may do this to everything in the account.
    pub(crate) fn ask_for_all(&self, service: &Service) -> Result<(), Problem> {
        self.ask_for(service, product().all_resources(self.account()))
    }

    fn account(&self) -> AccountId {
        self.0.account.unwrap_or(self.0.caller.account)
    }

    fn ask_for(&self, service: &Service, resource: String) -> Result<(), Problem> {
        let Admitted {
            caller,
            context,
            route,
            ruling,
            ..
        } = &self.0;
        let (principal, action) = (&caller.principal, route.policy_action());
        let asked = service.authorise(principal, &action, &resource, context);
        let refusal = asked.as_ref().err().map(Denial::to_string);
        let refused = asked.map_err(|denial| forbidden(principal, &denial, &resource));
        ruling.note(&resource, refusal);
        refused
    }
}

/// What a handler was told when it asked, for the audit log.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruling(Arc<OnceLock<Ruled>>);

#[derive(Debug)]
struct Ruled {
    resource: String,
    refusal: Option<String>,
}

impl Ruling {
    fn note(&self, resource: &str, refusal: Option<String>) {
        let resource = shortened(resource);
        let refusal = refusal.map(shortened);
        // A handler asks once.
        let _ = self.0.set(Ruled { resource, refusal });
    }

    /// Puts what was asked for before what the call is about in its line of the log, and the answer with it.
    pub(super) fn tell(&self, record: &mut AuditRecord) {
        let Some(Ruled { resource, refusal }) = self.0.get() else {
            return;
        };
        record.resource = Some(match &record.resource {
            Some(about) => shortened(format!("{resource}, {about}")),
            None => resource.clone(),
        });
        if refusal.is_some() {
            record.allowed = false;
            record.reason.clone_from(refusal);
        }
    }
}

/// The refusal of a call by policies, naming what it was to act on.
pub(super) fn forbidden(principal: &Principal, denial: &Denial, resource: &str) -> Problem {
    let detail = format!("{} may not do this: {denial}", principal.arn());
    let by = match &denial.decision {
        Decision::Denied(by) => Some(by),
        Decision::Allowed(_) | Decision::NotAllowed => None,
    };
    Problem::new(Code::Forbidden, detail)
        .member("action", denial.action.as_str())
        .member("resource", shortened(resource))
        .member("policy", by.map(|by| by.policy.to_string()))
        .member("statement", by.map(|by| by.statement))
}

/// A template with a value in place of each name in braces.
pub(super) fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        text.push_str(&value(name));
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_what_the_path_names() {
        let value = |name: &str| format!("<{name}>");
        assert_eq!(
            filled("acs:reelgate:*:{accountId}:bucket/{bucket}/{key}", value),
            "acs:reelgate:*:<accountId>:bucket/<bucket>/<key>"
        );
    }
}
