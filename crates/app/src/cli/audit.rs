//! `reelgate audit`: who called what, from where, and what came of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use reelgate_client::{AuditEntry, AuditQuery, InAccount};

use super::screen::{Format, json, or_dash, remark, table};

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only calls of this user.
    #[arg(long)]
    user: Option<String>,
    /// Only calls of this principal, such as acs:ram::1234567890123456:root.
    #[arg(long, conflicts_with = "user")]
    principal: Option<String>,
    /// Only calls of this action, such as mts:CancelJob.
    #[arg(long)]
    action: Option<String>,
    /// Only calls on this resource.
    #[arg(long)]
    resource: Option<String>,
    /// Only the call with this request id.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Only calls that were refused.
    #[arg(long)]
    denied: bool,
    /// Only calls at this time or later, such as 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only calls at this time or earlier.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Go on where an earlier page ended.
    #[arg(long)]
    cursor: Option<String>,
    /// How many calls, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub(super) async fn run(account: InAccount<'_>, wanted: Audit, format: Format) -> Result<ExitCode> {
    let query = AuditQuery {
        user: wanted.user,
        principal: wanted.principal,
        action: wanted.action,
        resource: wanted.resource,
        request_id: wanted.request_id,
        allowed: wanted.denied.then_some(false),
        from: wanted.from,
        to: wanted.to,
        cursor: wanted.cursor,
        limit: Some(wanted.limit),
    };
    let page = account.audit(&query).await?;
    if format == Format::Json {
        json(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    let header = [
        "AT", "WHO", "ACTION", "RESOURCE", "FROM", "ANSWER", "REASON",
    ];
    table(header, page.entries.iter().map(row))?;
    if let Some(cursor) = page.next_cursor {
        remark(&format!("there are more: add --cursor {cursor}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &AuditEntry) -> [String; 7] {
    let answer = match &entry.code {
        None => entry.status.to_string(),
        Some(code) => format!("{} {code}", entry.status),
    };
    [
        entry.at.clone(),
        entry.principal.clone(),
        entry.action.clone(),
        or_dash(entry.resource.as_ref()),
        or_dash(entry.source.as_ref()),
        answer,
        or_dash(entry.reason.as_ref()),
    ]
}
