//! What is kept of a call: a line in the log, and a record in the audit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;
use reelgate_domain::access::AuditRecord;
use reelgate_service::{CallContext, Caller, Principal};

use super::{Gateway, IamCall, Received, Target};
use crate::DIALECT;
use crate::errors::{ApiError, Outcome};
use crate::request_id::RequestId;

/// In place of a status where nobody waited for one, as web servers log it.
const CALLER_LEFT: u16 = 499;

/// A path is shown this far: its end is the caller's, not ours.
const MOST_CHARS: usize = 200;

/// What a call was found to be, for the answer, the log and the audit.
pub(crate) struct Call {
    pub(crate) request_id: RequestId,
    started: Instant,
    pub(super) context: CallContext,
    /// Its name in policies; empty until the path is known.
    action: String,
    resource: Option<String>,
    /// The key that was claimed, proven or not.
    pub(super) key_id: Option<String>,
    /// Whose key was claimed.
    pub(super) misused: Option<Arc<Principal>>,
    /// Who has been proven to call.
    pub(crate) caller: Option<Caller>,
    /// Whose password was tried, as the caller has it.
    pub(crate) tried: Option<String>,
    pub(crate) allowed: bool,
    pub(super) reason: Option<String>,
    changes_access: bool,
}

impl Call {
    pub(super) fn begin(request_id: RequestId) -> Self {
        Self {
            request_id,
            started: Instant::now(),
            context: CallContext::default(),
            action: String::new(),
            resource: None,
            key_id: None,
            misused: None,
            caller: None,
            tried: None,
            allowed: false,
            reason: None,
            changes_access: false,
        }
    }

    pub(super) fn is_for(&mut self, target: &Target, received: &Received) {
        self.action = target.policy_action();
        match target {
            Target::Iam(call) => {
                self.changes_access = match call {
                    IamCall::CreateToken | IamCall::RevokeToken | IamCall::CreateTemporaryKey => {
                        true
                    }
                    IamCall::ValidateToken | IamCall::ListProjects => false,
                }
            }
            Target::Project { .. } | Target::Bare(_) | Target::Unknown => {
                let path = received.path.as_str();
                // Which task, or which template.
                let query = match received.query() {
                    "" => String::new(),
                    query => format!("?{query}"),
                };
                let asked: String = format!("{path}{query}").chars().take(MOST_CHARS).collect();
                self.resource = Some(format!("{} {asked}", received.method()));
            }
        }
    }

    /// Whether somebody is known to have made the call, or to have been claimed to.
    fn is_attributed(&self) -> bool {
        self.caller.is_some() || self.misused.is_some() || self.tried.is_some()
    }

    pub(crate) fn source(&self) -> Option<IpAddr> {
        self.context.source
    }

    /// Notes that the caller may not do this, after all.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.allowed = false;
        self.reason = Some(reason);
    }

    /// Notes that a password was tried for this user of this account.
    pub(crate) fn tries_password(&mut self, domain: &str, user: &str) {
        let tried = format!("user {user} of {domain}");
        self.tried = Some(tried.chars().take(MOST_CHARS).collect());
    }
}

/// A call until there is an answer. One whose caller does not wait for that is kept, too: nobody does something unseen by
/// hanging up.
pub(super) struct UnderWay<'g> {
    gateway: &'g Gateway,
    pub(super) call: Call,
    is_over: bool,
}

impl<'g> UnderWay<'g> {
    pub(super) fn begin(gateway: &'g Gateway, request_id: RequestId) -> Self {
        Self {
            gateway,
            call: Call::begin(request_id),
            is_over: false,
        }
    }

    /// There is an answer, with which the call is concluded: what it hands to the audit is written whoever hangs up.
    pub(super) fn over(&mut self) -> &Call {
        self.is_over = true;
        &self.call
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Self { gateway, call, .. } = self;
        if !self.is_over && call.is_attributed() {
            let record = gateway.record(call, CALLER_LEFT, None);
            gateway.keep(call, record);
        }
    }
}

impl Gateway {
    /// Hands a record to the audit; of those that nothing proves a few are enough.
    fn keep(&self, call: &Call, record: AuditRecord) {
        match call.caller {
            Some(_) => self.service.audit(record),
            None => self.service.audit_unproven(record),
        }
    }

    /// Logs the call once, and keeps a record of it if somebody is known to have made it, or to have been claimed to.
    ///
    /// Records of calls that hand out or end access are on disk before the caller is answered.
    pub(super) async fn conclude(&self, call: &Call, outcome: Outcome) -> Outcome {
        log(call, outcome.as_ref());
        if !call.is_attributed() {
            return outcome;
        }
        let record = self.record(call, status(outcome.as_ref()), outcome.as_ref().err());
        match &outcome {
            Ok(_) if call.changes_access => self.service.audit_change(record).await,
            Err(error) if error.is_throttled() && call.caller.is_some() => {
                self.service.audit_throttled(record);
            }
            _ => self.keep(call, record),
        }
        outcome
    }

    fn record(&self, call: &Call, status: u16, error: Option<&ApiError>) -> AuditRecord {
        let principal = call.caller.as_ref().map(|caller| &caller.principal);
        let principal = principal.or(call.misused.as_ref());
        let refusal = error.filter(|_| !call.allowed);
        let reason = call
            .reason
            .clone()
            .or_else(|| refusal.map(|error| first_part(error.message())));
        AuditRecord {
            at: self.clock.now(),
            account: principal.map(|principal| principal.account),
            principal: principal
                .map(|principal| principal.arn())
                .unwrap_or_default(),
            key_id: call.key_id.clone(),
            dialect: DIALECT.to_owned(),
            action: call.action.clone(),
            resource: call.tried.clone().or_else(|| call.resource.clone()),
            source: call.context.source,
            allowed: call.allowed,
            reason,
            status,
            code: error.map(|error| error.code().to_owned()),
            request_id: call.request_id.to_string(),
        }
    }
}

fn status(outcome: Result<&Response, &ApiError>) -> u16 {
    match outcome {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.status().as_u16(),
    }
}

/// A message without the canonical request, which holds every parameter of the call.
fn first_part(message: &str) -> String {
    let part = message.split(", canonicalRequest:").next();
    part.unwrap_or_default().to_owned()
}

/// Failures of ours are errors with their cause; what clients do wrong is everyday business.
fn log(call: &Call, outcome: Result<&Response, &ApiError>) {
    let Call {
        request_id, action, ..
    } = call;
    let account = call.caller.as_ref().map(|caller| caller.account.number());
    let duration_ms = u64::try_from(call.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = status(outcome);
    let error = outcome.err();
    let code = error.map(ApiError::code);
    if status >= 500 {
        let cause = error.and_then(std::error::Error::source).map(cause_chain);
        tracing::error!(
            request.id = %request_id, action, account.id = account, status, code, cause,
            duration_ms, "request {request_id} ({action}) failed"
        );
    } else {
        tracing::debug!(
            request.id = %request_id, action, account.id = account, status, code,
            duration_ms, "request {request_id} ({action}) answered {status}"
        );
    }
}

/// What went wrong, and what made it go wrong.
fn cause_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_hold_no_canonical_request() {
        let message = "verify aksk signature fail, canonicalRequest:GET|/v1/";
        assert_eq!(first_part(message), "verify aksk signature fail");
        assert_eq!(first_part("decrypt token fail"), "decrypt token fail");
    }
}
