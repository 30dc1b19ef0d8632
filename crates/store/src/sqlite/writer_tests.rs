//! The writer by itself: batches, lanes, failures inside a batch.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot::Receiver;

use super::connect;
use super::headroom::Headroom;
use super::inbox::{Inbox, Lane};
use super::writer::{Intention, Tx, call, run};
use crate::contract::{Result, StoreError};
use crate::hints::{Bells, Wakes};

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connect::prepare(&connection).unwrap();
    connection
        .execute_batch("CREATE TABLE seen (name TEXT UNIQUE) STRICT")
        .unwrap();
    connection
}

fn insert(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.connection()
        .execute("INSERT INTO seen VALUES (?1)", [name])?;
    tx.wake(Wakes::WORK);
    Ok(())
}

fn adding(name: &'static str) -> (Box<dyn Intention>, Receiver<Result<()>>) {
    call(move |tx| insert(tx, name))
}

/// Queues all, lets the writer work until it has nothing left, and gives what was stored.
fn work_off(connection: &Connection, inbox: Inbox, bells: &Bells) -> Vec<String> {
    work_off_with(connection, inbox, bells, u64::MAX)
}

fn work_off_with(connection: &Connection, inbox: Inbox, bells: &Bells, free: u64) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut headroom = Headroom::with(dir.path(), Box::new(move |_| Some(free))).unwrap();
    inbox.close();
    run(connection, Arc::new(inbox), bells, &mut headroom);
    let mut names = connection
        .prepare("SELECT name FROM seen ORDER BY rowid")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    names.map(std::result::Result::unwrap).collect()
}

fn push(inbox: &Inbox, lane: Lane, intention: Box<dyn Intention>) {
    assert!(inbox.push(lane, intention).is_ok());
}

#[test]
fn urgent_intentions_go_before_queued_normal_ones() {
    let inbox = Inbox::default();
    for (lane, name) in [
        (Lane::Normal, "submit 1"),
        (Lane::Normal, "submit 2"),
        (Lane::Urgent, "cancel 1"),
        (Lane::Urgent, "cancel 2"),
    ] {
        push(&inbox, lane, adding(name).0);
    }
    let stored = work_off(&database(), inbox, &Bells::default());
    assert_eq!(stored, ["cancel 1", "cancel 2", "submit 1", "submit 2"]);
}

#[test]
fn an_urgent_intention_that_comes_late_overtakes_the_rest_of_the_normal_lane() {
    let inbox = Inbox::default();
    let mut batch = VecDeque::new();
    push(&inbox, Lane::Normal, adding("a").0);
    push(&inbox, Lane::Normal, adding("b").0);
    inbox.take(&mut batch, 1);
    push(&inbox, Lane::Urgent, adding("c").0);
    inbox.take(&mut batch, 1);
    let lanes: Vec<Lane> = batch.into_iter().map(|(lane, _)| lane).collect();
    assert_eq!(lanes, [Lane::Normal, Lane::Urgent]);
}

#[test]
fn a_failure_after_a_write_undoes_that_intention_alone() {
    let inbox = Inbox::default();
    let (first, mut first_answer) = adding("before");
    let (failing, mut failing_answer) = call(|tx| {
        insert(tx, "undone")?;
        insert(tx, "before")
    });
    let (last, mut last_answer) = adding("after");
    for intention in [first, failing, last] {
        push(&inbox, Lane::Normal, intention);
    }
    let stored = work_off(&database(), inbox, &Bells::default());
    assert_eq!(stored, ["before", "after"]);
    assert!(first_answer.try_recv().unwrap().is_ok());
    assert!(matches!(
        failing_answer.try_recv().unwrap(),
        Err(StoreError::Unavailable(_))
    ));
    assert!(last_answer.try_recv().unwrap().is_ok());
}

#[test]
fn a_panic_undoes_that_intention_alone_and_the_writer_lives_on() {
    let inbox = Inbox::default();
    let (panicking, mut answer) = call(|tx| -> Result<()> {
        insert(tx, "undone")?;
        panic!("a bug");
    });
    push(&inbox, Lane::Urgent, panicking);
    let (next, mut next_answer) = adding("after");
    push(&inbox, Lane::Normal, next);
    let stored = work_off(&database(), inbox, &Bells::default());
    assert_eq!(stored, ["after"]);
    let error = answer.try_recv().unwrap().unwrap_err().to_string();
    assert!(error.contains("a bug"), "{error}");
    assert!(next_answer.try_recv().unwrap().is_ok());
}

#[test]
fn a_batch_that_cannot_be_committed_answers_every_caller_and_writes_nothing() {
    let connection = database();
    connection
        .execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);",
        )
        .unwrap();
    let inbox = Inbox::default();
    let bells = Bells::default();
    let mut work = bells.hints().work;
    let (good, mut good_answer) = adding("good");
    // A deferred foreign key is looked at by the commit, which it makes fail.
    let (bad, mut bad_answer) = call(|tx| {
        tx.connection()
            .execute("INSERT INTO child VALUES (1)", [])?;
        Ok(())
    });
    push(&inbox, Lane::Normal, good);
    push(&inbox, Lane::Normal, bad);
    assert_eq!(work_off(&connection, inbox, &bells), Vec::<String>::new());
    for answer in [good_answer.try_recv(), bad_answer.try_recv()] {
        assert!(matches!(answer.unwrap(), Err(StoreError::Unavailable(_))));
    }
    assert!(
        !work.has_changed().unwrap(),
        "nothing happened, so nobody is woken"
    );
    let later = Inbox::default();
    push(&later, Lane::Normal, adding("later").0);
    assert_eq!(work_off(&connection, later, &bells), ["later"]);
    assert!(work.has_changed().unwrap());
    work.mark_unchanged();
}

#[test]
fn an_error_that_ends_the_transaction_fails_its_batch_and_not_the_next() {
    let connection = database();
    let inbox = Inbox::default();
    let (good, mut good_answer) = adding("good");
    // Stands for a full disk or a failed write, upon which SQLite rolls everything back.
    let (ending, mut ending_answer) = call(|tx| -> Result<()> {
        tx.connection().execute_batch("ROLLBACK")?;
        Err(StoreError::Full("no room".into()))
    });
    let (unrun, mut unrun_answer) = adding("unrun");
    for intention in [good, ending, unrun] {
        push(&inbox, Lane::Normal, intention);
    }
    assert_eq!(
        work_off(&connection, inbox, &Bells::default()),
        Vec::<String>::new()
    );
    for answer in [&mut good_answer, &mut ending_answer, &mut unrun_answer] {
        assert!(matches!(
            answer.try_recv().unwrap(),
            Err(StoreError::Full(_))
        ));
    }
    let later = Inbox::default();
    push(&later, Lane::Normal, adding("later").0);
    assert_eq!(work_off(&connection, later, &Bells::default()), ["later"]);
}

#[test]
fn a_full_disk_refuses_growth_and_still_takes_what_relieves_it() {
    let inbox = Inbox::default();
    let (submit, mut submit_answer) = adding("submit");
    let (cancel, mut cancel_answer) = adding("cancel");
    push(&inbox, Lane::Normal, submit);
    push(&inbox, Lane::Urgent, cancel);
    let stored = work_off_with(&database(), inbox, &Bells::default(), 1000);
    assert_eq!(stored, ["cancel"]);
    assert!(matches!(
        submit_answer.try_recv().unwrap(),
        Err(StoreError::Full(_))
    ));
    assert!(cancel_answer.try_recv().unwrap().is_ok());
}

#[test]
fn a_closed_inbox_takes_nothing_more() {
    let inbox = Inbox::default();
    inbox.close();
    assert!(inbox.push(Lane::Urgent, adding("late").0).is_err());
}
