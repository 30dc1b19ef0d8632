//! What is kept for a time: how long, and taking it away.
//!
//! What has been kept for long enough is looked for on a read connection, and only what was found goes
//! to the writer, which looks at each row again: so a slice costs the writer what removing its rows
//! costs, and no more.

mod jobs;
mod records;

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::{AccountId, JobId, Kept, Timestamp};
use rusqlite::{Connection, Row, params};

use super::inbox::Lane;
use super::rows::{Cells, account_key, all, cell, execute};
use super::sql::keeping as sql;
use super::writer::Tx;
use super::{SqliteStore, access};
use crate::contract::{Cutoffs, DeleteJob, KeepStore, Outlived, Result, Slice};
use crate::walk::{Found, Step};

fn look(connection: &Connection, slice: &Slice) -> Result<Step> {
    match slice.what {
        Kept::Jobs => jobs::look(connection, slice),
        Kept::Audit => records::audit(connection, slice),
        Kept::Events => records::events(connection, slice),
        Kept::Deliveries => records::deliveries(connection, slice),
        Kept::Attempts => Ok(Step::default()),
    }
}

/// Takes away what was found; tells whether each row went.
fn take_away(tx: &Tx<'_>, what: Kept, found: &[Found]) -> Result<Vec<bool>> {
    match what {
        Kept::Jobs => jobs::take_away(tx, found),
        Kept::Audit => records::take_away(tx, sql::DELETE_RECORD, found),
        Kept::Events => records::take_events_away(tx, found),
        Kept::Deliveries => records::take_deliveries_away(tx, found),
        Kept::Attempts => Ok(Vec::new()),
    }
}

#[async_trait]
impl KeepStore for SqliteStore {
    async fn set_retention(
        &self,
        account: AccountId,
        what: Kept,
        days: Option<u32>,
    ) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| {
            let connection = tx.connection();
            if !access::account_exists(connection, account)? {
                return Ok(false);
            }
            let key = account_key(account);
            match days {
                Some(days) => {
                    let row = params![key, what.word(), days];
                    execute(connection, sql::PUT_RETENTION, row)?;
                }
                None => {
                    execute(connection, sql::DELETE_RETENTION, params![key, what.word()])?;
                }
            }
            Ok(true)
        })
        .await
    }

    async fn retention(&self, account: AccountId) -> Result<BTreeMap<Kept, u32>> {
        let read = move |connection: &Connection| {
            let rows = all(connection, sql::RETENTION, [account_key(account)], set)?;
            Ok(rows
                .into_iter()
                .map(|(_, what, days)| (what, days))
                .collect())
        };
        self.readers.look_up(read).await
    }

    async fn retentions(&self) -> Result<BTreeMap<AccountId, BTreeMap<Kept, u32>>> {
        let read = |connection: &Connection| {
            let mut of: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
            for (account, what, days) in all(connection, sql::RETENTIONS, [], set)? {
                of.entry(account).or_default().insert(what, days);
            }
            Ok(of)
        };
        self.readers.read(read).await
    }

    async fn delete_job(
        &self,
        account: AccountId,
        id: JobId,
        once: Option<Once>,
    ) -> Result<DeleteJob> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || jobs::delete(tx, account, id))
        })
        .await
    }

    async fn outlived(&self, slice: Slice) -> Result<Outlived> {
        let read = move |connection: &Connection| Ok(look(connection, &slice)?.outlived(|_| true));
        self.readers.read(read).await
    }

    async fn clear(&self, slice: Slice) -> Result<Outlived> {
        let what = slice.what;
        let read = move |connection: &Connection| look(connection, &slice);
        let step = self.readers.read(read).await?;
        if step.found.is_empty() {
            return Ok(step.outlived(|_| true));
        }
        let found = step.found.clone();
        let write = move |tx: &Tx<'_>| take_away(tx, what, &found);
        let gone = self.write(Lane::Urgent, write).await?;
        let numbers = step.found.iter().map(|found| found.number).zip(gone);
        let gone: BTreeMap<i64, bool> = numbers.collect();
        Ok(step.outlived(|found| gone.get(&found.number) == Some(&true)))
    }

    async fn signed_after(&self) -> Result<Option<Timestamp>> {
        let read = |connection: &Connection| cell::<i64>(connection, sql::SIGNED_AFTER, []);
        let found = self.readers.look_up(read).await?;
        Ok(found.map(Timestamp::from_millis))
    }
}

/// Reads `RETENTION`.
fn set(row: &Row<'_>) -> Result<(AccountId, Kept, u32)> {
    let cells = Cells::of(row, "retention", row.get::<_, i64>(0)?);
    Ok((
        cells.account(0)?,
        cells.word(1, "what")?,
        cells.number(2, "days")?,
    ))
}

/// The account in a column where there may be none.
fn maybe_account(cells: &Cells<'_>, index: usize) -> Result<Option<AccountId>> {
    let key: Option<i64> = cells.get(index, "account")?;
    key.map(|_| cells.account(index)).transpose()
}

/// Whether a row of this time is older than its account keeps such rows.
fn has_outlived(cutoffs: &Cutoffs, account: Option<AccountId>, at: Timestamp) -> bool {
    at < cutoffs.of(account)
}
