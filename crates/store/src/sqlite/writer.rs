//! The one thread that writes: it commits many callers' intentions in one transaction.
//!
//! A batch is whatever waits in the inbox when the thread looks, up to [`BATCH`]; there is no timer.
//! Should an intention fail after it has written, the batch is rolled back and done again with a
//! savepoint around each, so that it is undone alone. Every caller is answered after the commit. If
//! the process dies before the commit, nothing of the batch has happened; if it dies between the
//! commit and an answer, the batch has happened and the callers cannot know.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::headroom::Headroom;
use super::inbox::{Inbox, Lane, Queued};
use super::sql;
use crate::contract::{Result, StoreError};
use crate::hints::{Bells, Wakes};

/// The most intentions that share a commit.
const BATCH: usize = 512;

/// The transaction an intention runs in.
pub(super) struct Tx<'c> {
    connection: &'c Connection,
    wakes: Cell<Wakes>,
}

impl Tx<'_> {
    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    /// Rings these bells once the batch is on disk.
    pub(super) fn wake(&self, wakes: Wakes) {
        self.wakes.set(self.wakes.get().and(wakes));
    }
}

/// Something to write, and somebody who waits for the answer.
pub(super) trait Intention: Send {
    /// Runs it and keeps the outcome; tells whether what it wrote is to stay.
    fn run(&mut self, tx: &Tx<'_>) -> Result<()>;

    /// Answers the caller: with the outcome if the batch is on disk, else with why it is not.
    fn answer(self: Box<Self>, commit: &Result<()>);
}

struct Call<T, F> {
    write: F,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// An intention and where its answer comes. `write` may run twice: its first run is undone if the
/// batch has to be done again.
pub(super) fn call<T, F>(write: F) -> (Box<dyn Intention>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnMut(&Tx<'_>) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let call = Call {
        write,
        outcome: None,
        reply,
    };
    (Box::new(call), answer)
}

impl<T, F> Intention for Call<T, F>
where
    T: Send,
    F: FnMut(&Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Result<()> {
        // One caller's bug must not take the writer from all others.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.write)(tx)))
            .unwrap_or_else(|panic| Err(StoreError::Unavailable(message(panic.as_ref()))));
        let verdict = outcome.as_ref().map(drop).map_err(Clone::clone);
        self.outcome = Some(outcome);
        verdict
    }

    fn answer(self: Box<Self>, commit: &Result<()>) {
        let outcome = match (commit, self.outcome) {
            // What failed by itself says more than the batch it was in.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Unavailable("the intention never ran".into())),
            (Err(error), _) => Err(error.clone()),
        };
        // A caller that has gone away needs no answer.
        let _ = self.reply.send(outcome);
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a write panicked: {}", text.unwrap_or("no message"))
}

/// Closes the inbox however the thread ends, so that no caller waits for one that is gone.
struct CloseAtEnd(Arc<Inbox>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
        let mut rest = VecDeque::new();
        self.0.take(&mut rest, usize::MAX);
        for (_, intention) in rest {
            intention.answer(&Err(StoreError::Unavailable("the writer has ended".into())));
        }
    }
}

/// Writes until the inbox is closed and empty.
pub(super) fn run(
    connection: &Connection,
    inbox: Arc<Inbox>,
    bells: &Bells,
    headroom: &mut Headroom,
) {
    let inbox = CloseAtEnd(inbox);
    let mut waiting = VecDeque::with_capacity(BATCH);
    let mut done = Vec::with_capacity(BATCH);
    while inbox.0.wait(&mut waiting, BATCH) {
        let growth = headroom.allows_growth();
        let (waiting, done) = (&mut waiting, &mut done);
        let mut batch = Batch {
            connection,
            inbox: &inbox.0,
            waiting,
            done,
            growth,
        };
        let outcome = batch.write();
        // Bells before answers: whoever has an answer can rely on the bell having rung.
        match &outcome {
            Ok(wakes) => bells.ring(*wakes),
            Err(error) => tracing::error!(%error, "a batch of writes was not committed"),
        }
        let commit = outcome.map(drop);
        for (_, intention) in done.drain(..).chain(waiting.drain(..)) {
            intention.answer(&commit);
        }
    }
}

/// A batch in the making.
struct Batch<'w> {
    connection: &'w Connection,
    inbox: &'w Inbox,
    waiting: &'w mut VecDeque<Queued>,
    done: &'w mut Vec<Queued>,
    /// Whether there is room for the normal lane.
    growth: bool,
}

/// How intentions of a batch are kept apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Not at all: right as long as none of them fails after its first write, and a savepoint for
    /// each costs as much as a third of the work.
    Hopeful,
    /// A savepoint around each.
    Savepoints,
}

/// Why a batch cannot go on.
enum Trouble {
    /// An intention failed after a write and had no savepoint.
    Entangled,
    Failed(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Batch<'_> {
    /// Runs and commits. After an error nothing of the batch is written.
    fn write(&mut self) -> Result<Wakes> {
        match self.attempt(Care::Hopeful) {
            Ok(wakes) => return Ok(wakes),
            Err(Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Entangled) => {}
        }
        // Nothing of the first attempt is written and nobody has been answered: all of it again.
        for queued in self.done.drain(..).rev() {
            self.waiting.push_front(queued);
        }
        match self.attempt(Care::Savepoints) {
            Ok(wakes) => Ok(wakes),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Entangled) => {
                Err(StoreError::Unavailable("savepoints do not hold".into()))
            }
        }
    }

    fn attempt(&mut self, care: Care) -> std::result::Result<Wakes, Trouble> {
        if !self.connection.is_autocommit() {
            execute(self.connection, sql::ROLLBACK)?;
        }
        execute(self.connection, sql::BEGIN)?;
        let outcome = self
            .fill(care)
            .and_then(|wakes| Ok(execute(self.connection, sql::COMMIT).map(|()| wakes)?));
        if outcome.is_err() && !self.connection.is_autocommit() {
            // If this fails too, the next attempt tries it again before it begins.
            let _ = execute(self.connection, sql::ROLLBACK);
        }
        outcome
    }

    fn fill(&mut self, care: Care) -> std::result::Result<Wakes, Trouble> {
        let mut wakes = Wakes::NONE;
        loop {
            while let Some((lane, mut intention)) = self.waiting.pop_front() {
                if lane == Lane::Normal && !self.growth {
                    let full = "the disk is nearly full; what is left is for cancels and the like";
                    intention.answer(&Err(StoreError::Full(full.into())));
                    continue;
                }
                let outcome = match care {
                    Care::Hopeful => hopeful(self.connection, intention.as_mut()),
                    Care::Savepoints => apart(self.connection, intention.as_mut()),
                };
                self.done.push((lane, intention));
                wakes = wakes.and(outcome?);
            }
            if self.done.len() < BATCH {
                self.inbox.take(self.waiting, BATCH - self.done.len());
            }
            if self.waiting.is_empty() {
                return Ok(wakes);
            }
        }
    }
}

/// Runs an intention without a savepoint: fine if it succeeds, or fails before it has written.
fn hopeful(
    connection: &Connection,
    intention: &mut dyn Intention,
) -> std::result::Result<Wakes, Trouble> {
    let before = connection.total_changes();
    match run_one(connection, intention)? {
        Ok(wakes) => Ok(wakes),
        Err(_) if connection.total_changes() == before => Ok(Wakes::NONE),
        Err(_) => Err(Trouble::Entangled),
    }
}

/// Runs an intention so that its failure undoes it alone.
fn apart(
    connection: &Connection,
    intention: &mut dyn Intention,
) -> std::result::Result<Wakes, Trouble> {
    execute(connection, sql::SAVEPOINT)?;
    let wakes = match run_one(connection, intention)? {
        Ok(wakes) => wakes,
        Err(_) => {
            execute(connection, sql::ROLLBACK_TO)?;
            Wakes::NONE
        }
    };
    execute(connection, sql::RELEASE)?;
    Ok(wakes)
}

/// The outer error is the batch's, the inner one is the intention's.
fn run_one(connection: &Connection, intention: &mut dyn Intention) -> Result<Result<Wakes>> {
    let tx = Tx {
        connection,
        wakes: Cell::new(Wakes::NONE),
    };
    let verdict = intention.run(&tx);
    // SQLite gives up the whole transaction for some errors, such as a full disk.
    if connection.is_autocommit() {
        return Err(verdict.err().unwrap_or_else(|| {
            StoreError::Unavailable("the transaction ended inside an intention".into())
        }));
    }
    Ok(verdict.map(|()| tx.wakes.get()))
}

/// Runs a write in the caller's task, inside a transaction that is open already.
#[cfg(feature = "simulation")]
pub(super) fn run_inline<T>(
    connection: &Connection,
    mut write: impl FnMut(&Tx<'_>) -> Result<T>,
) -> Result<(Result<T>, Wakes)> {
    execute(connection, sql::SAVEPOINT)?;
    let tx = Tx {
        connection,
        wakes: Cell::new(Wakes::NONE),
    };
    let outcome = write(&tx);
    let wakes = tx.wakes.get();
    if outcome.is_err() {
        execute(connection, sql::ROLLBACK_TO)?;
    }
    execute(connection, sql::RELEASE)?;
    let wakes = if outcome.is_ok() { wakes } else { Wakes::NONE };
    Ok((outcome, wakes))
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
