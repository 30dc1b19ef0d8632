//! What is kept for a time: how long, and taking it away.
//!
//! As in the embedded engine, what has been kept for long enough is looked for first, without a lock,
//! and what was found is looked at again by the transaction that removes it.

mod jobs;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::{AccountId, JobId, Kept, Timestamp};
use tokio_postgres::Row;

use super::PostgresStore;
use super::connect::{Param, Session};
use super::error::Answer;
use super::once::counted;
use super::rows::{Cells, account_key};
use super::sql::keeping as sql;
use super::transaction::{look_up, transact};
use crate::contract::{DeleteJob, KeepStore, Outlived, Result, Slice};
use crate::walk::{Found, Step};

async fn look(session: &Session, slice: &Slice) -> Answer<Step> {
    match slice.what {
        Kept::Jobs => jobs::look(session, slice).await,
        Kept::Audit => records::audit(session, slice).await,
        Kept::Events => records::events(session, slice).await,
        Kept::Deliveries => records::deliveries(session, slice).await,
        Kept::Attempts => Ok(Step::default()),
    }
}

/// Takes away what was found; the numbers of what went.
async fn take_away(session: &Session, what: Kept, found: &[Found]) -> Answer<BTreeSet<i64>> {
    match what {
        Kept::Jobs => jobs::take_away(session, found).await,
        Kept::Audit => records::take_away(session, sql::DELETE_RECORDS, found).await,
        Kept::Events => records::take_events_away(session, found).await,
        Kept::Deliveries => records::take_deliveries_away(session, found).await,
        Kept::Attempts => Ok(BTreeSet::new()),
    }
}

#[async_trait]
impl KeepStore for PostgresStore {
    async fn set_retention(
        &self,
        account: AccountId,
        what: Kept,
        days: Option<u32>,
    ) -> Result<bool> {
        transact!(self.pool, s => set_retention(s, account, what, days).await)
    }

    async fn retention(&self, account: AccountId) -> Result<BTreeMap<Kept, u32>> {
        let key = account_key(account);
        let rows = look_up!(self.pool, s => s.all(sql::RETENTION, &[&key]).await)?;
        let rows = rows
            .iter()
            .map(|row| set(row).map(|(_, what, days)| (what, days)));
        rows.collect()
    }

    async fn retentions(&self) -> Result<BTreeMap<AccountId, BTreeMap<Kept, u32>>> {
        let rows = look_up!(self.pool, s => s.all(sql::RETENTIONS, &[]).await)?;
        let mut of: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for row in &rows {
            let (account, what, days) = set(row)?;
            of.entry(account).or_default().insert(what, days);
        }
        Ok(of)
    }

    async fn delete_job(
        &self,
        account: AccountId,
        id: JobId,
        once: Option<Once>,
    ) -> Result<DeleteJob> {
        transact!(self.pool, s => delete_job(s, account, id, once).await)
    }

    async fn outlived(&self, slice: Slice) -> Result<Outlived> {
        let step = look_up!(self.pool.for_walks(), s => look(s, &slice).await)?;
        Ok(step.outlived(|_| true))
    }

    async fn clear(&self, slice: Slice) -> Result<Outlived> {
        let step = look_up!(self.pool.for_walks(), s => look(s, &slice).await)?;
        if step.found.is_empty() {
            return Ok(step.outlived(|_| true));
        }
        let found = &step.found;
        let gone = transact!(self.pool, s => take_away(s, slice.what, found).await)?;
        Ok(step.outlived(|found| gone.contains(&found.number)))
    }

    async fn signed_after(&self) -> Result<Option<Timestamp>> {
        let row = look_up!(self.pool, s => s.one(sql::SIGNED_AFTER, &[]).await)?;
        Ok(row.map(|row| Timestamp::from_millis(row.get(0))))
    }
}

async fn set_retention(
    session: &Session,
    account: AccountId,
    what: Kept,
    days: Option<u32>,
) -> Answer<bool> {
    let (key, word) = (account_key(account), what.word());
    if !session.holds(sql::HOLD_ACCOUNT, &[&key]).await? {
        return Ok(false);
    }
    let row: [Param<'_>; 3] = [&key, &word, &days.map_or(0, i64::from)];
    match days {
        Some(_) => session.execute(sql::PUT_RETENTION, &row).await?,
        None => session.execute(sql::DELETE_RETENTION, &row[..2]).await?,
    };
    Ok(true)
}

async fn delete_job(
    session: &Session,
    account: AccountId,
    id: JobId,
    once: Option<Once>,
) -> Answer<DeleteJob> {
    counted(session, once, jobs::delete(session, account, id)).await
}

/// Reads `RETENTION`.
fn set(row: &Row) -> Result<(AccountId, Kept, u32)> {
    let cells = Cells::of(row, "retention", row.get::<_, i64>(0));
    let days = cells.number::<i64, u32>(2, "days")?;
    Ok((cells.account(0)?, cells.word(1, "what")?, days))
}
