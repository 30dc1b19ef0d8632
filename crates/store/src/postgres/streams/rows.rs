//! From rows of streams to the domain's words and back.

use reelgate_domain::AccountId;
use reelgate_domain::stream::{Stream, StreamId, StreamNote, StreamPlan};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::{Answer, Failure};
use super::super::rows::{Cells, account_key, storable};
use super::super::sql::streams as sql;
use crate::contract::{Result, StoreError};
use crate::stored::encode;
use crate::streams::{
    Course, CourseRow, Kept, MOST_NOTES, Places, StreamRow, Turn, happening_code, places,
};

/// Reads `course_columns!`.
pub(super) fn course(row: &Row) -> Result<Course> {
    course_row(row)?.read()
}

fn course_row(row: &Row) -> Result<CourseRow> {
    let (cells, id) = cells(row)?;
    Ok(CourseRow {
        id: *id.as_bytes(),
        run: cells.get(1, "run")?,
        wanted: cells.get(2, "wanted")?,
        attempt: cells.get(3, "attempt")?,
        worker: cells.get(4, "worker")?,
        until: cells.get(5, "until")?,
        held_run: cells.get(6, "held_run")?,
        runs: cells.get(7, "runs")?,
        ready_at: cells.get(8, "ready_at")?,
        due_at: cells.get(9, "due_at")?,
        last_start_at: cells.get(10, "last_start_at")?,
        last_stop_at: cells.get(11, "last_stop_at")?,
        ended: cells.get(12, "ended")?,
        revision: cells.get(13, "revision")?,
        touched_at: cells.get(14, "touched_at")?,
        deleted: cells.get(15, "deleted")?,
    })
}

/// Reads `stream_query!`.
pub(super) fn kept(row: &Row) -> Result<Kept> {
    let (cells, _) = cells(row)?;
    let row = StreamRow {
        course: course_row(row)?,
        account: cells.get(16, "account")?,
        cluster: cells.get(17, "cluster")?,
        name: cells.get(18, "name")?,
        spec: cells.get(19, "spec")?,
        plan: cells.get(20, "plan")?,
        created_at: cells.get(21, "created_at")?,
        health: cells.get(22, "health")?,
    };
    row.read()
}

/// Which stream a row is about, whatever else is in it.
pub(super) fn id(row: &Row) -> Result<StreamId> {
    cells(row).map(|(_, id)| id)
}

fn cells(row: &Row) -> Result<(Cells<'_>, StreamId)> {
    let id = Cells::of(row, "streams", "?").bytes(0, "id")?;
    let id = StreamId::from_bytes(id);
    Ok((Cells::of(row, "streams", id), id))
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    id: StreamId,
) -> Answer<Option<Kept>> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    let row = session.one(sql::STREAM, &key).await?;
    Ok(row.as_ref().map(kept).transpose()?)
}

/// The same, until the end of the transaction as nobody else changes it.
pub(super) async fn lock(
    session: &Session,
    account: AccountId,
    id: StreamId,
) -> Answer<Option<Kept>> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    let row = session.one(sql::LOCK_STREAM, &key).await?;
    Ok(row.as_ref().map(kept).transpose()?)
}

/// Whether the account has such a stream, readable or not.
pub(super) async fn exists(session: &Session, account: AccountId, id: StreamId) -> Answer<bool> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    session.holds(sql::EXISTS, &key).await
}

/// Writes what a turn makes of a stream whose row is locked.
pub(super) async fn write(session: &Session, turn: &Turn) -> Answer<()> {
    let id = turn.course.id;
    let bytes = id.as_bytes().as_slice();
    free(session, id, turn.places).await?;
    if turn.is_over {
        session.execute(sql::DELETE_NOTES, &[&bytes]).await?;
        session.execute(sql::DELETE_STREAM, &[&bytes]).await?;
        return Ok(());
    }
    let row = CourseRow::encode(&turn.course)?;
    let row: [Param<'_>; 16] = [
        &bytes,
        &row.run,
        &row.wanted,
        &row.attempt,
        &row.worker,
        &row.until,
        &row.held_run,
        &row.runs,
        &row.ready_at,
        &row.due_at,
        &row.last_start_at,
        &row.last_stop_at,
        &row.ended,
        &row.revision,
        &row.touched_at,
        &row.deleted,
    ];
    session.execute(sql::SET_COURSE, &row).await?;
    note(session, id, &turn.notes).await
}

/// Adds notes, and removes as many of the oldest as there are too many.
pub(super) async fn note(session: &Session, id: StreamId, notes: &[StreamNote]) -> Answer<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let id = id.as_bytes().as_slice();
    let ats: Vec<i64> = notes.iter().map(|note| note.at.as_millis()).collect();
    let whats: Vec<i64> = notes.iter().map(|it| happening_code(it.what)).collect();
    let runs: Vec<i64> = notes.iter().map(|note| note.run.into()).collect();
    let attempts: Vec<i64> = notes.iter().map(|note| note.attempt.into()).collect();
    let messages: Vec<_> = notes.iter().map(|it| storable(&it.message)).collect();
    let rows: [Param<'_>; 6] = [&id, &ats, &whats, &runs, &attempts, &messages];
    session.execute(sql::ADD_NOTES, &rows).await?;
    session
        .execute(sql::TRIM_NOTES, &[&id, &MOST_NOTES])
        .await?;
    Ok(())
}

pub(super) async fn free(session: &Session, id: StreamId, places: Places) -> Answer<()> {
    let before = match places {
        Places::Stay => return Ok(()),
        Places::Before(revision) => i64::from(revision),
        Places::All => i64::MAX,
    };
    let key: [Param<'_>; 2] = [&id.as_bytes().as_slice(), &before];
    session.execute(sql::FREE_PLACES, &key).await?;
    Ok(())
}

/// Takes a plan's places; the first that is another stream's, in which case none is taken.
pub(super) async fn take(
    session: &Session,
    stream: &Stream,
    plan: &StreamPlan,
) -> Answer<Option<String>> {
    let id = stream.id.as_bytes().as_slice();
    let revision = i64::from(plan.revision);
    let places = places(stream.account, plan);
    let keys: Vec<&[u8]> = places.iter().map(|place| place.key.as_slice()).collect();
    let taking: [Param<'_>; 3] = [&id, &revision, &keys];
    session.execute(sql::TAKE_PLACES, &taking).await?;
    let owners = session.all(sql::OWNERS, &[&keys]).await?;
    let owner = |key: &[u8]| {
        let row = owners.iter().find(|row| row.get::<_, &[u8]>(0) == key);
        row.map(|row| row.get::<_, &[u8]>(1))
    };
    let taken = places.iter().find(|place| owner(&place.key) != Some(id));
    let Some(taken) = taken else {
        session.execute(sql::KEEP_PLACES, &taking).await?;
        return Ok(None);
    };
    if owner(&taken.key).is_none() {
        // It came free between the two statements.
        let why = format!("the place {} was let go at this moment", taken.identity);
        return Err(Failure::Again(StoreError::Unavailable(why)));
    }
    session
        .execute(sql::UNTAKE_PLACES, &[&id, &revision])
        .await?;
    Ok(Some(taken.identity.clone()))
}

pub(super) async fn set_plan_at_start(
    session: &Session,
    id: StreamId,
    plan: &StreamPlan,
) -> Answer<()> {
    let row: [Param<'_>; 2] = [&id.as_bytes().as_slice(), &encode(plan)?];
    session.execute(sql::SET_PLAN_AT_START, &row).await?;
    Ok(())
}

pub(super) async fn set_spec(session: &Session, stream: &Stream) -> Answer<()> {
    let plan = stream.plan.as_ref().map(encode).transpose()?;
    let id = stream.id.as_bytes().as_slice();
    let row: [Param<'_>; 4] = [&id, &stream.name.as_str(), &encode(&stream.spec)?, &plan];
    session.execute(sql::SET_SPEC, &row).await?;
    Ok(())
}
