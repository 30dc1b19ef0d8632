//! Writing: in one transaction, again if it was in another's way, and never in doubt about what became
//! of it as long as there is a database to ask.
//!
//! Everything that writes goes through [`transact`]. A statement on its own would be ended by the
//! statement timeout while it waits for a synchronous replica, and PostgreSQL then answers as if the
//! replica had it.

use std::time::{Duration, Instant};

use super::connect::{Connector, Session};
use super::error::{Answer, Failure};
use super::pool::Pool;
use super::sql;
use crate::contract::{Result, StoreError};

/// How often one write is tried.
const TRIES: u32 = 10;

/// Runs `work` in a transaction on a connection of the pool and returns when it is on disk. `work` may
/// run several times; each time but the last nothing of it is left. An error means that nothing was
/// written, except where its text says that this is not known: the connection was lost during the
/// commit, and no other one could be made in time.
pub(super) async fn transact<T>(
    pool: &Pool,
    work: impl AsyncFn(&Session) -> Answer<T>,
) -> Result<T> {
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let session = pool.get().await?;
        let failure = match attempt(&session, &work).await {
            Ok(outcome) => return Ok(outcome),
            Err(Attempt::Failed(failure)) => failure,
            Err(Attempt::InDoubt(outcome, failure)) => {
                let mark = session.mark();
                // Its place in the pool is not needed: the question goes over a new connection.
                drop(session);
                match settle(pool.connector(), mark).await {
                    Ok(true) => return Ok(outcome),
                    Ok(false) => failure,
                    Err(why) => return Err(in_doubt(&why.into())),
                }
            }
        };
        let worth_it = matches!(failure, Failure::Again(_) | Failure::Lost(_));
        if !worth_it || tries >= TRIES || begun.elapsed() > pool.connector().patience() {
            return Err(failure.into());
        }
        // Two that met should not meet again.
        let most = 1 << tries.min(6);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..most))).await;
    }
}

enum Attempt<T> {
    /// Nothing was written.
    Failed(Failure),
    /// The connection was lost before the answer to the commit came.
    InDoubt(T, Failure),
}

async fn attempt<T>(
    session: &Session,
    work: &impl AsyncFn(&Session) -> Answer<T>,
) -> std::result::Result<T, Attempt<T>> {
    session.begin().await.map_err(Attempt::Failed)?;
    let outcome = match work(session).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            // If it does not come through, the connection ends and the transaction with it.
            let _ = session.roll_back().await;
            return Err(Attempt::Failed(failure));
        }
    };
    match session.commit().await {
        Ok(()) => Ok(outcome),
        Err(lost @ Failure::Lost(_)) => Err(Attempt::InDoubt(outcome, lost)),
        Err(failure) => Err(Attempt::Failed(failure)),
    }
}

/// Which transaction of which connection, as the `commits` table has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) writer: i64,
    pub(super) serial: i64,
}

/// Whether the transaction with this mark, whose commit was sent, was committed. Waits while it still
/// may be: it holds its connection's row. To write that row anew is what waits, and what makes sure
/// that whatever was committed before is where this is, on replicas too.
async fn settle(connector: &Connector, mark: Mark) -> Answer<bool> {
    let session = connector.connect().await?;
    session.begin_unmarked().await?;
    let row = session.one(sql::SETTLE, &[&mark.writer]).await?;
    let last: i64 = row.map_or(0, |row| row.get(0));
    session.commit().await?;
    Ok(last == mark.serial)
}

fn in_doubt(why: &StoreError) -> StoreError {
    StoreError::Unavailable(format!(
        "the connection was lost during a commit, and whether it was written is not known: {why}"
    ))
}
