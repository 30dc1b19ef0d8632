//! `AccessDeniedDetail`: what a refusal by policies says beside its code, in the members that the SDKs hand on.

use reelgate_domain::policy::Decision;
use reelgate_service::{Denial, Principal, PrincipalKind};
use serde_json::{Value, json};

/// Who asked for what, and which kind of policy refused it. The vendor packs the statement that decided into a text that
/// another call decodes; here `Reason` says it.
pub fn detail(principal: &Principal, denial: &Denial) -> Value {
    let account = principal.account.to_string();
    let (kind, name) = match &principal.kind {
        PrincipalKind::Root => ("Account", account.clone()),
        PrincipalKind::User(name) => ("SubUser", name.to_string()),
        PrincipalKind::Session { role, session, .. } => {
            ("AssumedRoleUser", format!("{role}:{session}"))
        }
    };
    let refusal = match denial.decision {
        Decision::Denied(_) => "ExplicitDeny",
        Decision::Allowed(_) | Decision::NotAllowed => "ImplicitDeny",
    };
    let policy = if denial.by_session {
        "SessionPolicy"
    } else {
        "AccountLevelIdentityBasedPolicy"
    };
    json!({
        "AuthAction": denial.action,
        "AuthResource": denial.resource,
        "AuthPrincipalType": kind,
        "AuthPrincipalDisplayName": name,
        "AuthPrincipalOwnerId": account,
        "NoPermissionType": refusal,
        "PolicyType": policy,
        "Reason": denial.to_string(),
    })
}
