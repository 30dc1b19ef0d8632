//! The one task of a node that writes jobs: it commits many callers' intentions in one transaction.
//!
//! A batch is whatever waits in the inbox when the task looks, up to [`BATCH`]; there is no timer. A
//! transaction that was in another's way is run again, and one whose connection was lost while it was
//! being committed is asked after. Should the database refuse a batch, each of its intentions is run
//! alone, so that only the one fails that it meant. Callers are answered after the commit. When the
//! database does not answer, everybody who waits is told so at once: nobody waits for others to find
//! out one after the other, and at the end of the process neither does that.

use std::sync::Arc;

use tokio_postgres::error::SqlState;

use super::batch;
use super::error::{Answer, Failure};
use super::hinter::Hinter;
use super::inbox::Inbox;
use super::intention::Wish;
use super::pool::Pool;
use super::transaction::Writing;
use crate::contract::StoreError;
use crate::hints::Wakes;

/// The most intentions that share a commit.
const BATCH: usize = 512;

/// Closes the inbox however the task ends, so that no caller waits for one that is gone.
struct CloseAtEnd(Arc<Inbox>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
        for wish in self.0.take(usize::MAX) {
            wish.answer(&Err(StoreError::Unavailable("the writer has ended".into())));
        }
    }
}

/// Writes until the inbox is closed and empty. `pool` has one connection, which is the writer's own.
pub(super) async fn run(pool: Pool, inbox: Arc<Inbox>, hinter: Hinter) {
    let inbox = CloseAtEnd(inbox);
    loop {
        let wishes = inbox.0.wait(BATCH).await;
        if wishes.is_empty() {
            return;
        }
        write(&pool, (&hinter, &inbox.0), wishes).await;
    }
}

async fn write(pool: &Pool, (hinter, inbox): (&Hinter, &Inbox), wishes: Vec<Wish>) {
    let (outcome, wishes) = attempt(pool, wishes).await;
    // Taken before anybody is answered: whoever calls again after an answer is not one of these.
    let waiting = |outcome: &Answer<Wakes>| match outcome {
        Err(Failure::Lost(_)) => inbox.take(usize::MAX),
        _ => Vec::new(),
    };
    if wishes.len() == 1 || !outcome.as_ref().is_err_and(is_of_one) {
        let waiting = waiting(&outcome);
        answer(hinter, outcome, wishes);
        return answer_all(waiting);
    }
    let mut wishes = wishes.into_iter();
    while let Some(wish) = wishes.next() {
        let (outcome, wish) = attempt(pool, vec![wish]).await;
        let is_away = matches!(outcome, Err(Failure::Lost(_)));
        let waiting = waiting(&outcome);
        answer(hinter, outcome, wish);
        if is_away {
            answer_all(wishes.collect());
            return answer_all(waiting);
        }
    }
}

/// Tells those whose wishes have not been begun.
fn answer_all(wishes: Vec<Wish>) {
    let away = Err(StoreError::Unavailable(
        "the database does not answer".into(),
    ));
    for wish in wishes {
        wish.answer(&away);
    }
}

/// Whether it is most likely one intention that the database refused, such as one with an id that is
/// taken, and not all of them. What fails however often it is tried is most likely a row that makes no
/// sense. On a full disk what grows fails, and a cancel may still find room in its rows' pages.
fn is_of_one(failure: &Failure) -> bool {
    match failure {
        Failure::Refused { state, .. } => {
            matches!(&state.code()[..2], "22" | "23" | "54") || *state == SqlState::DISK_FULL
        }
        Failure::Ours(_) | Failure::Again(_) => true,
        Failure::Lost(_) => false,
    }
}

async fn attempt(pool: &Pool, mut wishes: Vec<Wish>) -> (Answer<Wakes>, Vec<Wish>) {
    let mut writing = Writing::new(pool);
    let outcome = loop {
        let session = match writing.lend().await {
            Ok(session) => session,
            Err(failure) => break Err(failure),
        };
        let outcome = batch::run(&session, &mut wishes).await;
        if let Some(answer) = writing.end(session, outcome).await {
            break answer;
        }
    };
    (outcome, wishes)
}

fn answer(hinter: &Hinter, outcome: Answer<Wakes>, wishes: Vec<Wish>) {
    let outcome = outcome.map_err(StoreError::from);
    // Bells before answers: whoever has an answer can rely on the bell having rung.
    match &outcome {
        Ok(wakes) => hinter.ring(*wakes),
        // Whoever waits for it tells what that means.
        Err(error) => tracing::debug!(%error, "a batch of writes was not committed"),
    }
    let commit = outcome.map(drop);
    for wish in wishes {
        wish.answer(&commit);
    }
}
