//! Writing: in one transaction, again if it was in another's way, and never in doubt about what became
//! of it as long as there is a database to ask.
//!
//! Everything that writes goes through `transact!`. A statement on its own would be ended by the
//! statement timeout while it waits for a synchronous replica, and PostgreSQL then answers as if the
//! replica had it.

use std::time::{Duration, Instant};

use super::connect::Connector;
use super::error::{Answer, Failure};
use super::pool::{Lent, Pool};
use super::sql;
use crate::contract::{Result, StoreError};

/// How often one write is tried.
const TRIES: u32 = 10;

/// How long to wait before asking again what became of a commit.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How often one read is tried.
const READ_TRIES: u32 = 3;

/// Runs an expression in a transaction on a connection of the pool and returns when it is on disk. It may
/// run several times; each time but the last nothing of it is left. An error means that nothing was
/// written, except where its text says that this is not known: the connection was lost during the
/// commit, and no other one could be made in time.
// A macro because the compiler cannot see that what a closure of any lifetime returns may be sent to
// another thread.
macro_rules! transact {
    ($pool:expr, $session:ident => $work:expr) => {{
        let mut writing = $crate::postgres::transaction::Writing::new(&$pool);
        let answer = loop {
            let lent = match writing.begin().await {
                Ok(Some(lent)) => lent,
                Ok(None) => continue,
                Err(failure) => break Err(failure),
            };
            let work = async {
                let $session: &$crate::postgres::connect::Session = &lent;
                $work
            };
            let outcome: $crate::postgres::error::Answer<_> = work.await;
            let outcome = outcome.map($crate::postgres::transaction::Worth::Keeping);
            if let Some(answer) = writing.end(lent, outcome).await {
                break answer;
            }
        };
        answer.map_err($crate::contract::StoreError::from)
    }};
}

/// Reads on a connection of the pool. One that was kept open and has ended meanwhile is no reason to
/// fail.
macro_rules! look_up {
    ($pool:expr, $session:ident => $read:expr) => {{
        let pool = &$pool;
        let mut reading = $crate::postgres::transaction::Reading::new(pool);
        loop {
            let lent = match reading.begin().await {
                Ok(lent) => lent,
                Err(failure) => break Err(failure.into()),
            };
            let read = async {
                let $session: &$crate::postgres::connect::Session = &lent;
                $read
            };
            let outcome: $crate::postgres::error::Answer<_> = read.await;
            if let Some(answer) = reading.end(outcome) {
                break answer;
            }
        }
    }};
}

pub(super) use {look_up, transact};

/// A read that may be tried again.
pub(super) struct Reading<'p> {
    pool: &'p Pool,
    begun: Instant,
    tries: u32,
}

impl<'p> Reading<'p> {
    pub(super) fn new(pool: &'p Pool) -> Self {
        Self {
            pool,
            begun: Instant::now(),
            tries: 0,
        }
    }

    pub(super) async fn begin(&mut self) -> Answer<Lent> {
        self.tries += 1;
        self.pool.get().await
    }

    /// The answer, unless another try may bring a better one.
    pub(super) fn end<T>(&self, outcome: Answer<T>) -> Option<Result<T>> {
        let late = self.begun.elapsed() >= self.pool.connector().patience();
        match outcome {
            Err(Failure::Again(_) | Failure::Lost(_)) if self.tries < READ_TRIES && !late => None,
            outcome => Some(outcome.map_err(StoreError::from)),
        }
    }
}

/// What a transaction came to.
pub(super) enum Worth<T> {
    Keeping(T),
    /// It wrote nothing that counts, and there is nothing to wait for.
    Nothing(T),
    /// It has sent the commit together with its last statements, and this is what came of it.
    Committed(T, Answer<()>),
}

/// A write that may be tried again.
pub(super) struct Writing<'p> {
    pool: &'p Pool,
    begun: Instant,
    tries: u32,
}

impl<'p> Writing<'p> {
    pub(super) fn new(pool: &'p Pool) -> Self {
        Self {
            pool,
            begun: Instant::now(),
            tries: 0,
        }
    }

    /// A connection that is inside a transaction; none if it is to be tried again.
    pub(super) async fn begin(&mut self) -> Answer<Option<Lent>> {
        self.tries += 1;
        let session = self.pool.get().await?;
        match session.begin().await {
            Ok(()) => Ok(Some(session)),
            Err(failure) => {
                drop(session);
                self.again(failure).await.map(|()| None)
            }
        }
    }

    /// A connection for a transaction whose first statements begin it.
    pub(super) async fn lend(&mut self) -> Answer<Lent> {
        self.tries += 1;
        self.pool.get().await
    }

    /// Ends the transaction. The answer, unless it is to be tried again.
    pub(super) async fn end<T>(
        &self,
        session: Lent,
        outcome: Answer<Worth<T>>,
    ) -> Option<Answer<T>> {
        let (outcome, commit) = match outcome {
            Ok(Worth::Keeping(outcome)) => (outcome, session.commit().await),
            Ok(Worth::Committed(outcome, commit)) => (outcome, commit),
            Ok(Worth::Nothing(outcome)) => match session.roll_back().await {
                Ok(()) => return Some(Ok(outcome)),
                Err(failure) => {
                    drop(session);
                    return self.again(failure).await.err().map(Err);
                }
            },
            Err(failure) => {
                // A connection that does not answer is not asked a second time: it ends, and the
                // transaction with it.
                if !matches!(failure, Failure::Lost(_)) {
                    let _ = session.roll_back().await;
                }
                drop(session);
                return self.again(failure).await.err().map(Err);
            }
        };
        let failure = match commit {
            Ok(()) => return Some(Ok(outcome)),
            Err(lost @ Failure::Lost(_)) => {
                let mark = session.mark();
                // Its place in the pool is not needed: the question goes over a new connection.
                drop(session);
                match settled(self.pool.connector(), mark).await {
                    Ok(true) => return Some(Ok(outcome)),
                    Ok(false) => lost,
                    Err(why) => return Some(Err(Failure::Lost(in_doubt(&why.into())))),
                }
            }
            Err(failure) => failure,
        };
        self.again(failure).await.err().map(Err)
    }

    /// Waits a little before another try; the failure, if that is not worth it.
    async fn again(&self, failure: Failure) -> Answer<()> {
        let worth_it = matches!(failure, Failure::Again(_) | Failure::Lost(_));
        let late = self.begun.elapsed() > self.pool.connector().patience();
        if !worth_it || late || self.tries >= TRIES {
            return Err(failure);
        }
        // Two that met should not meet again.
        let most = 1 << self.tries.min(6);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..most))).await;
        Ok(())
    }
}

/// Which transaction of which connection, as the `commits` table has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) writer: i64,
    pub(super) serial: i64,
}

/// Asks as long as a call may wait for an answer: a server that was killed comes back in a moment.
async fn settled(connector: &Connector, mark: Mark) -> Answer<bool> {
    let patience = connector.patience();
    let answer = tokio::time::timeout(patience, async {
        loop {
            match settle(connector, mark).await {
                Err(Failure::Lost(_) | Failure::Again(_) | Failure::Refused { .. }) => {
                    // Not all who have lost their connections at the same moment.
                    tokio::time::sleep(ASK_AGAIN.mul_f64(0.5 + fastrand::f64())).await;
                }
                answer => return answer,
            }
        }
    });
    let answer = answer.await;
    answer.unwrap_or_else(|_| Err(Failure::silent(patience)))
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
