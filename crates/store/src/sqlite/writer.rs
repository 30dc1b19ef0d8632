//! The one thread that writes: it commits many callers' intentions in one transaction.
//!
//! A batch is whatever waits in the inbox when the thread looks, up to [`BATCH`]; there is no timer.
//! Every caller is answered after the commit. If the process dies before the commit, nothing of the
//! batch has happened; if it dies between the commit and an answer, the batch has happened and the
//! callers cannot know.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::headroom::Headroom;
use super::hints::{Bells, Wakes};
use super::inbox::{Inbox, Lane, Queued};
use super::sql;
use crate::contract::{Result, StoreError};

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
    write: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// An intention and where its answer comes.
pub(super) fn call<T, F>(write: F) -> (Box<dyn Intention>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (
        Box::new(Call {
            write: Some(write),
            outcome: None,
            reply,
        }),
        answer,
    )
}

impl<T, F> Intention for Call<T, F>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Result<()> {
        let Some(write) = self.write.take() else {
            return Ok(());
        };
        // One caller's bug must not take the writer from all others.
        let outcome = catch_unwind(AssertUnwindSafe(|| write(tx)))
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
        let outcome = batch(connection, &inbox.0, &mut waiting, &mut done, growth);
        // Bells before answers: whoever has an answer can rely on the bell having rung.
        match &outcome {
            Ok(wakes) => bells.ring(*wakes),
            Err(error) => tracing::error!(%error, "a batch of writes was not committed"),
        }
        let commit = outcome.map(drop);
        let unrun = waiting.drain(..).map(|(_, intention)| intention);
        for intention in done.drain(..).chain(unrun) {
            intention.answer(&commit);
        }
    }
}

/// Runs and commits one batch. After an error nothing of it is written.
fn batch(
    connection: &Connection,
    inbox: &Inbox,
    waiting: &mut VecDeque<Queued>,
    done: &mut Vec<Box<dyn Intention>>,
    growth: bool,
) -> Result<Wakes> {
    if !connection.is_autocommit() {
        execute(connection, sql::ROLLBACK)?;
    }
    execute(connection, sql::BEGIN)?;
    let outcome = fill(connection, inbox, waiting, done, growth)
        .and_then(|wakes| execute(connection, sql::COMMIT).map(|()| wakes));
    if outcome.is_err() && !connection.is_autocommit() {
        // If this fails too, the next batch tries it again before it begins.
        let _ = execute(connection, sql::ROLLBACK);
    }
    outcome
}

fn fill(
    connection: &Connection,
    inbox: &Inbox,
    waiting: &mut VecDeque<Queued>,
    done: &mut Vec<Box<dyn Intention>>,
    growth: bool,
) -> Result<Wakes> {
    let mut wakes = Wakes::NONE;
    loop {
        while let Some((lane, mut intention)) = waiting.pop_front() {
            if lane == Lane::Normal && !growth {
                let full = "the disk is nearly full; what is left is for cancels and the like";
                intention.answer(&Err(StoreError::Full(full.into())));
                continue;
            }
            let outcome = one(connection, intention.as_mut());
            done.push(intention);
            wakes = wakes.and(outcome?);
        }
        if done.len() < BATCH {
            inbox.take(waiting, BATCH - done.len());
        }
        if waiting.is_empty() {
            return Ok(wakes);
        }
    }
}

/// Runs one intention so that its failure undoes it alone. An error from here is the batch's.
fn one(connection: &Connection, intention: &mut dyn Intention) -> Result<Wakes> {
    execute(connection, sql::SAVEPOINT)?;
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
    let wakes = match verdict {
        Ok(()) => tx.wakes.get(),
        Err(_) => {
            execute(connection, sql::ROLLBACK_TO)?;
            Wakes::NONE
        }
    };
    execute(connection, sql::RELEASE)?;
    Ok(wakes)
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
