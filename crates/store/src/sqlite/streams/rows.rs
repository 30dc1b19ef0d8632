//! From rows of streams to the domain's words and back.

use reelgate_domain::AccountId;
use reelgate_domain::stream::{Stream, StreamId, StreamNote, StreamPlan};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, cell, execute, one};
use super::super::sql::streams as sql;
use super::super::writer::Tx;
use crate::contract::Result;
use crate::stored::{encode, storable};
use crate::streams::{
    Course, CourseRow, Kept, MOST_NOTES, Place, Places, StreamRow, Turn, happening_code, places,
};

/// Reads `course_columns!`.
pub(super) fn course(row: &Row<'_>) -> Result<Course> {
    course_row(row)?.read()
}

fn course_row(row: &Row<'_>) -> Result<CourseRow> {
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
pub(super) fn kept(row: &Row<'_>) -> Result<Kept> {
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
pub(super) fn id(row: &Row<'_>) -> Result<StreamId> {
    cells(row).map(|(_, id)| id)
}

fn cells<'r>(row: &'r Row<'r>) -> Result<(Cells<'r>, StreamId)> {
    let id: Option<[u8; 16]> = row.get(0).ok();
    let key = id.map(StreamId::from_bytes);
    let name = key.map_or_else(|| "?".to_owned(), |id| id.to_string());
    let cells = Cells::of(row, "streams", name);
    let id = key.ok_or_else(|| cells.corrupt("id", "it has not 16 bytes"))?;
    Ok((cells, id))
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    id: StreamId,
) -> Result<Option<Kept>> {
    let key = params![account_key(account), id.as_bytes()];
    one(connection, sql::STREAM, key, kept)
}

/// Whether the account has such a stream, readable or not.
pub(super) fn exists(connection: &Connection, account: AccountId, id: StreamId) -> Result<bool> {
    let key = params![account_key(account), id.as_bytes()];
    let found = one(connection, sql::STREAM, key, |_| Ok(()))?;
    Ok(found.is_some())
}

/// Writes what a turn makes of a stream, and rings for it.
pub(super) fn write(tx: &Tx<'_>, turn: &Turn) -> Result<()> {
    let connection = tx.connection();
    let id = turn.course.id;
    tx.wake(turn.wakes);
    free(connection, id, turn.places)?;
    if turn.is_over {
        execute(connection, sql::DELETE_NOTES, [id.as_bytes()])?;
        execute(connection, sql::DELETE_STREAM, [id.as_bytes()])?;
        return Ok(());
    }
    let row = CourseRow::encode(&turn.course)?;
    let row = params![
        row.id,
        row.run,
        row.wanted,
        row.attempt,
        row.worker,
        row.until,
        row.held_run,
        row.runs,
        row.ready_at,
        row.due_at,
        row.last_start_at,
        row.last_stop_at,
        row.ended,
        row.revision,
        row.touched_at,
        row.deleted,
    ];
    execute(connection, sql::SET_COURSE, row)?;
    note(connection, id, &turn.notes)
}

/// Adds notes, and removes as many of the oldest as there are too many.
pub(super) fn note(connection: &Connection, id: StreamId, notes: &[StreamNote]) -> Result<()> {
    for note in notes {
        let row = params![
            id.as_bytes(),
            note.at.as_millis(),
            happening_code(note.what),
            note.run,
            note.attempt,
            storable(&note.message),
        ];
        execute(connection, sql::ADD_NOTE, row)?;
    }
    if !notes.is_empty() {
        execute(
            connection,
            sql::TRIM_NOTES,
            params![id.as_bytes(), MOST_NOTES],
        )?;
    }
    Ok(())
}

pub(super) fn free(connection: &Connection, id: StreamId, places: Places) -> Result<()> {
    let before = match places {
        Places::Stay => return Ok(()),
        Places::Before(revision) => i64::from(revision),
        Places::All => i64::MAX,
    };
    execute(connection, sql::FREE_PLACES, params![id.as_bytes(), before])?;
    Ok(())
}

/// Takes a plan's places; the first that is another stream's, in which case none is taken.
pub(super) fn take(
    connection: &Connection,
    stream: &Stream,
    plan: &StreamPlan,
) -> Result<Option<String>> {
    let id = stream.id.as_bytes();
    let places: Vec<Place> = places(stream.account, plan);
    for place in &places {
        let taken: Option<i64> = cell(connection, sql::PLACE_TAKEN, params![place.key, id])?;
        if taken.is_some() {
            return Ok(Some(place.identity.clone()));
        }
    }
    for place in &places {
        execute(
            connection,
            sql::TAKE_PLACE,
            params![place.key, id, plan.revision],
        )?;
    }
    Ok(None)
}

pub(super) fn set_plan_at_start(
    connection: &Connection,
    id: StreamId,
    plan: &StreamPlan,
) -> Result<()> {
    let row = params![id.as_bytes(), encode(plan)?];
    execute(connection, sql::SET_PLAN_AT_START, row)?;
    Ok(())
}

pub(super) fn set_spec(connection: &Connection, stream: &Stream) -> Result<()> {
    let plan = stream.plan.as_ref().map(encode).transpose()?;
    let (id, name) = (stream.id.as_bytes(), stream.name.as_str());
    let row = params![id, name, encode(&stream.spec)?, plan];
    execute(connection, sql::SET_SPEC, row)?;
    Ok(())
}
