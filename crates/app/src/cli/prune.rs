//! `reelgate prune`: takes away what has been kept for long enough, or tells what that would be.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Pruned};
use serde_json::json;

use super::screen::{Format, json as print_json, or_dash, remark, table};

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only tell what would go, and how much that is.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(client: &Client, wanted: &Prune, format: Format) -> Result<ExitCode> {
    let mut all: BTreeMap<(String, Option<String>), (u64, u64)> = BTreeMap::new();
    let mut cursor: Option<String> = None;
    loop {
        let step = client.prune(wanted.dry_run, cursor.as_deref()).await?;
        for Pruned {
            what,
            account,
            rows,
            bytes,
        } in step.pruned
        {
            let sum = all.entry((what, account)).or_default();
            sum.0 += rows;
            sum.1 += bytes;
        }
        cursor = step.next_cursor;
        if cursor.is_none() {
            break;
        }
        let rows: u64 = all.values().map(|(rows, _)| rows).sum();
        remark(&format!("{rows} so far"));
    }
    let rows = all.into_iter();
    match format {
        Format::Json => {
            let pruned: Vec<_> = rows
                .map(|((what, account), (rows, bytes))| {
                    json!({"what": what, "account": account, "rows": rows, "bytes": bytes})
                })
                .collect();
            print_json(&json!({"dry_run": wanted.dry_run, "pruned": pruned}))?;
        }
        Format::Table => {
            let rows = rows.map(|((what, account), (rows, bytes))| {
                [
                    what,
                    or_dash(account.as_ref()),
                    rows.to_string(),
                    bytes.to_string(),
                ]
            });
            table(["WHAT", "ACCOUNT", "ROWS", "BYTES"], rows)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
