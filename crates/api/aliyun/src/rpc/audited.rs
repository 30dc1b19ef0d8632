//! What the audit keeps of a call.

use std::sync::Arc;

use reelgate_api_kit::RequestId;
use reelgate_api_kit::operation::Product as Table;
use reelgate_domain::Timestamp;
use reelgate_domain::access::AuditRecord;
use reelgate_service::{CallContext, Principal, Service};

use super::errors::ApiError;

/// In place of a status where nobody waited for one, as web servers log it.
const CALLER_LEFT: u16 = 499;

/// What a call was about.
pub(super) struct Subject<'a> {
    pub(super) table: &'static Table,
    pub(super) action: &'a str,
    /// Such as `acs:mts:*:1234567890123456:job/0123…`.
    pub(super) resource: String,
    pub(super) changes_access: bool,
    pub(super) context: &'a CallContext,
    pub(super) request_id: RequestId,
    pub(super) at: Timestamp,
}

/// The audit's entry of a call by a known key. It is written when the call is over, also when its caller does not wait
/// for that: nobody does something unseen by hanging up.
pub(super) struct Entry {
    service: Arc<Service>,
    /// Gone once it is on its way.
    record: Option<AuditRecord>,
    is_proven: bool,
    is_throttled: bool,
    changes_access: bool,
}

impl Entry {
    /// The entry of a call that says it comes from this principal.
    pub(super) fn new(service: &Arc<Service>, principal: &Principal, subject: Subject<'_>) -> Self {
        let record = AuditRecord {
            at: subject.at,
            account: Some(principal.account),
            principal: principal.arn(),
            key_id: Some(principal.key_id.clone()),
            dialect: subject.table.dialect.to_owned(),
            action: subject.table.policy_action(subject.action),
            resource: Some(subject.resource),
            source: subject.context.source,
            allowed: false,
            reason: None,
            status: CALLER_LEFT,
            code: None,
            request_id: subject.request_id.to_string(),
        };
        Self {
            service: Arc::clone(service),
            record: Some(record),
            is_proven: false,
            is_throttled: false,
            changes_access: subject.changes_access,
        }
    }

    /// The signature proves it.
    pub(super) fn proven(&mut self) {
        self.is_proven = true;
    }

    /// It came too often.
    pub(super) fn throttled(&mut self) {
        self.is_throttled = true;
    }

    /// Limits and policies let it pass.
    pub(super) fn admitted(&mut self) {
        if let Some(record) = &mut self.record {
            record.allowed = true;
        }
    }

    /// Takes down what came of the call. A change of access is on disk when this returns.
    pub(super) async fn answered(&mut self, error: Option<&ApiError>) {
        let Some(record) = &mut self.record else {
            return;
        };
        record.status = error.map_or(200, |error| error.status.as_u16());
        let Some(error) = error else {
            if self.changes_access
                && let Some(record) = self.record.take()
            {
                self.service.audit_change(record).await;
            }
            return;
        };
        record.code = Some(error.code.clone().into_owned());
        if error.refusal.is_some() {
            record.allowed = false;
            record.reason.clone_from(&error.refusal);
        } else if !record.allowed {
            record.reason = Some(first_part(&error.message));
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(record) = self.record.take() else {
            return;
        };
        match (self.is_proven, self.is_throttled) {
            (false, _) => self.service.audit_unproven(record),
            (true, true) => self.service.audit_throttled(record),
            (true, false) => self.service.audit(record),
        }
    }
}

/// A message without the string to sign, which holds every parameter of the call.
fn first_part(message: &str) -> String {
    let part = message.split(" server string to sign is:").next();
    part.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_hold_no_parameters() {
        let message = "Specified signature is not matched with our calculation. server string to sign is:GET&x";
        assert_eq!(
            first_part(message),
            "Specified signature is not matched with our calculation."
        );
        assert_eq!(
            first_part("Specified access key is disabled."),
            "Specified access key is disabled."
        );
    }
}
