//! `GET /api/v1/audit`: who called what, from where, and what came of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::access::{AuditEntry, UserName};
use reelgate_service::AuditFilter;
use serde::Serialize;

use crate::NativeApi;
use crate::http::{InAccount, Problem, Query, format_time, parse_time};

/// `{"entries": [ENTRY, …], "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct AuditView<'a> {
    entries: Vec<EntryView<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct EntryView<'a> {
    number: i64,
    at: String,
    account: Option<String>,
    principal: &'a str,
    key_id: Option<&'a str>,
    dialect: &'a str,
    action: &'a str,
    resource: Option<&'a str>,
    source: Option<String>,
    allowed: bool,
    reason: Option<&'a str>,
    status: u16,
    code: Option<&'a str>,
    request_id: &'a str,
}

const KNOWN: [&str; 11] = [
    "account",
    "user",
    "principal",
    "action",
    "resource",
    "request_id",
    "allowed",
    "from",
    "to",
    "cursor",
    "limit",
];

/// Newest first. An operator who names no account sees the calls of all.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &KNOWN)?;
    let limit = query.limit(100, 1000)?;
    let text = |name| Ok::<_, Problem>(query.one(name)?.map(str::to_owned));
    let time = |name| {
        let given = query.one(name)?;
        given.map(|text| parse_time(name, text)).transpose()
    };
    let principal = match (text("principal")?, query.one("user")?) {
        (Some(_), Some(_)) => {
            let detail = "user and principal both say whose calls: give one of them";
            return Err(Problem::invalid_field("user", detail));
        }
        (principal, None) => principal,
        (None, Some(user)) => {
            let user = UserName::new(user);
            let user = user.map_err(|error| Problem::invalid_field("user", error.to_string()))?;
            let account = account.unwrap_or(caller.account);
            Some(format!("acs:ram::{account}:user/{user}"))
        }
    };
    let filter = AuditFilter {
        account,
        principal,
        action: text("action")?,
        resource: text("resource")?,
        request_id: text("request_id")?,
        allowed: query.parsed("allowed", "true or false")?,
        from: time("from")?,
        to: time("to")?,
        before: query.parsed("cursor", "the next_cursor of an earlier page")?,
    };
    let entries = api.service.audited(&caller, filter, limit).await?;
    // A full page may be the last; whoever asks on gets an empty one.
    let last = entries.last().filter(|_| entries.len() >= limit as usize);
    let view = AuditView {
        next_cursor: last.map(|entry| entry.number.to_string()),
        entries: entries.iter().map(EntryView::of).collect(),
    };
    Ok(Json(view).into_response())
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a AuditEntry) -> Self {
        let record = &entry.record;
        Self {
            number: entry.number,
            at: format_time(record.at),
            account: record.account.map(|account| account.to_string()),
            principal: &record.principal,
            key_id: record.key_id.as_deref(),
            dialect: &record.dialect,
            action: &record.action,
            resource: record.resource.as_deref(),
            source: record.source.map(|source| source.to_string()),
            allowed: record.allowed,
            reason: record.reason.as_deref(),
            status: record.status,
            code: record.code.as_deref(),
            request_id: &record.request_id,
        }
    }
}
