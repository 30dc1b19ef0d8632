//! What the audit keeps of a call.

use std::sync::{Mutex, PoisonError};

use reelgate_api_kit::RequestId;
use reelgate_api_kit::operation::Product as Table;
use reelgate_domain::Timestamp;
use reelgate_domain::access::AuditRecord;
use reelgate_service::CallContext;

use super::admission::Progress;
use super::errors::ApiError;

/// Refused signatures of known keys that are kept, a second: whoever guesses does so often.
const UNPROVEN_PER_SECOND: u32 = 10;

/// What a call was about.
pub(super) struct Subject<'a> {
    pub(super) table: &'static Table,
    pub(super) action: &'a str,
    /// Such as `job/0123…`.
    pub(super) resource: Option<String>,
    pub(super) context: &'a CallContext,
    pub(super) request_id: RequestId,
    pub(super) at: Timestamp,
}

/// The record of a call and its end; `None` for a call that names no known key.
pub(super) fn record(
    subject: Subject<'_>,
    progress: &Progress,
    error: Option<&ApiError>,
) -> Option<AuditRecord> {
    let principal = &progress.credential.as_ref()?.principal;
    let refusal = (!progress.is_admitted).then_some(error).flatten();
    let reason = progress
        .denial
        .clone()
        .or_else(|| refusal.map(|error| first_part(&error.message)));
    Some(AuditRecord {
        at: subject.at,
        account: Some(principal.account),
        principal: principal.arn(),
        key_id: Some(principal.key_id.clone()),
        dialect: subject.table.dialect.to_owned(),
        action: subject.table.policy_action(subject.action),
        resource: subject.resource,
        source: subject.context.source,
        allowed: progress.is_admitted,
        reason,
        status: error.map_or(200, |error| error.status.as_u16()),
        code: error.map(|error| error.code.clone().into_owned()),
        request_id: subject.request_id.to_string(),
    })
}

/// A message without the string to sign, which holds every parameter of the call.
fn first_part(message: &str) -> String {
    let part = message.split(" server string to sign is:").next();
    part.unwrap_or_default().to_owned()
}

/// Lets so many pass in a second.
#[derive(Default)]
pub(super) struct Sparing(Mutex<(i64, u32)>);

impl Sparing {
    pub(super) fn passes(&self, now: Timestamp) -> bool {
        let second = now.as_millis().div_euclid(1000);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != second {
            *counted = (second, 0);
        }
        counted.1 += 1;
        counted.1 <= UNPROVEN_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_a_second() {
        let sparing = Sparing::default();
        let passed = |at: i64| {
            let now = Timestamp::from_millis(at);
            (0..100).filter(|_| sparing.passes(now)).count()
        };
        assert_eq!(passed(5_000), UNPROVEN_PER_SECOND as usize);
        assert_eq!(passed(5_999), 0);
        assert_eq!(passed(6_000), UNPROVEN_PER_SECOND as usize);
    }

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
