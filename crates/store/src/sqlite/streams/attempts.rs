//! What workers do with streams: taking, renewing, finishing, and what becomes of those they leave behind.

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Stream, StreamId, StreamNote};
use reelgate_domain::{Timestamp, WorkerId};
use rusqlite::{Connection, params};

use super::super::rows::{all, cell, execute, one};
use super::super::sql::streams as sql;
use super::super::writer::Tx;
use super::rows::{course, free, id as id_of, kept, note, write};
use crate::contract::{Fenced, Result, StoreError, StreamAnswer, StreamBeat, StreamEnding};
use crate::stored::{by_row, encode};
use crate::streams::{self, Kept, SET_BACK, Turn};

/// What a worker asks for.
pub(super) struct Wanted {
    pub(super) cluster: ClusterName,
    pub(super) worker: WorkerId,
    pub(super) most: u32,
    pub(super) lease_until: Timestamp,
    pub(super) now: Timestamp,
}

pub(super) fn claim(tx: &Tx<'_>, wanted: &Wanted) -> Result<Vec<Stream>> {
    let connection = tx.connection();
    let now = wanted.now;
    let mut claimed = Vec::new();
    loop {
        let room = wanted.most as usize - claimed.len();
        let range = params![wanted.cluster.as_str(), now.as_millis(), room as i64];
        let found = all(connection, sql::CLAIMABLE, range, |row| {
            Ok((id_of(row)?, by_row(kept(row))?))
        })?;
        let mut unread = 0;
        for (id, kept) in found {
            match kept {
                Ok(kept) => claimed.extend(take(tx, &kept, wanted)?),
                Err(why) => {
                    set_back(connection, id, &why, now)?;
                    unread += 1;
                }
            }
        }
        if unread == 0 {
            return Ok(claimed);
        }
    }
}

fn take(tx: &Tx<'_>, kept: &Kept, wanted: &Wanted) -> Result<Option<Stream>> {
    let Wanted {
        worker,
        lease_until,
        now,
        ..
    } = wanted;
    match streams::claim(&kept.course, worker, *lease_until, *now) {
        Some(turn) => {
            write(tx, &turn)?;
            Ok(Some(kept.after(&turn)))
        }
        None => Ok(None),
    }
}

/// So that it is in nobody's way for a while.
fn set_back(
    connection: &Connection,
    id: StreamId,
    error: &StoreError,
    now: Timestamp,
) -> Result<()> {
    tracing::error!(stream.id = %id, %error, "stream {id} cannot be read and does not start");
    let again_at = now.after(SET_BACK).as_millis();
    execute(connection, sql::SET_BACK, params![id.as_bytes(), again_at])?;
    Ok(())
}

pub(super) fn renew(
    tx: &Tx<'_>,
    beats: &[StreamBeat],
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<StreamAnswer>> {
    let answers = beats.iter().map(|beat| renew_one(tx, beat, until, now));
    answers.collect()
}

fn renew_one(
    tx: &Tx<'_>,
    beat: &StreamBeat,
    until: Timestamp,
    now: Timestamp,
) -> Result<StreamAnswer> {
    let connection = tx.connection();
    let key = beat.stream.as_bytes();
    let found = match by_row(one(connection, sql::COURSE, [key], course))? {
        Ok(found) => found,
        Err(error) => {
            let id = beat.stream;
            tracing::error!(stream.id = %id, %error, "stream {id} cannot be read and is not renewed");
            None
        }
    };
    let Some(course) = found else {
        return Ok(StreamAnswer::Lost);
    };
    let (answer, turn) = streams::beat(&course, beat, until, now);
    let Some(turn) = turn else {
        return Ok(answer);
    };
    let held = turn.course.standing.held.as_ref();
    let until = held.map(|held| held.lease.until.as_millis());
    let health = beat.health.as_ref();
    let health = health.filter(|_| streams::is_of_newest_start(&turn.course));
    let body = health.map(encode).transpose()?;
    let row = params![key, until, turn.course.runs, body];
    execute(connection, sql::SET_BEAT, row)?;
    if let Some(health) = health.filter(|_| beat.sample) {
        let row = params![key, health.at.as_millis(), body];
        execute(connection, sql::ADD_SAMPLE, row)?;
    }
    free(connection, beat.stream, turn.places)?;
    note(connection, beat.stream, &turn.notes)?;
    tx.wake(turn.wakes);
    Ok(answer)
}

pub(super) fn held(connection: &Connection, id: StreamId, attempt: u32) -> Result<Option<Stream>> {
    let found = one(connection, sql::HELD_STREAM, [id.as_bytes()], kept)?;
    let stream = found.map(|kept| kept.stream);
    Ok(stream.filter(|it| it.standing.held.is_some() && it.standing.attempt == attempt))
}

pub(super) fn finish(
    tx: &Tx<'_>,
    (id, attempt): (StreamId, u32),
    ending: &StreamEnding,
    notes: &[StreamNote],
    now: Timestamp,
) -> Result<Fenced> {
    let found = one(tx.connection(), sql::COURSE, [id.as_bytes()], course)?;
    let Some(course) = found else {
        return Ok(Fenced::Lost);
    };
    let (answer, turn) = streams::finish(&course, attempt, ending, notes, now);
    if let Some(turn) = turn {
        write(tx, &turn)?;
    }
    Ok(answer)
}

pub(super) fn sweep(tx: &Tx<'_>, now: Timestamp) -> Result<u64> {
    let connection = tx.connection();
    let read = |row: &rusqlite::Row<'_>| Ok((id_of(row)?, by_row(course(row))?));
    let ended = all(connection, sql::ENDED, [now.as_millis()], read)?;
    let mut moved = 0;
    for (id, course) in ended {
        let turn: Option<Turn> = match course {
            Ok(course) => streams::lease_ended(&course, now),
            Err(error) => {
                tracing::error!(stream.id = %id, %error, "stream {id} cannot be read and is let go");
                execute(connection, sql::DROP_HOLD, [id.as_bytes()])?;
                None
            }
        };
        if let Some(turn) = turn {
            write(tx, &turn)?;
            moved += 1;
        }
    }
    Ok(moved)
}

pub(super) fn next_deadline(
    connection: &Connection,
    cluster: &ClusterName,
) -> Result<Option<Timestamp>> {
    let end = cell::<Option<i64>>(connection, sql::NEXT_END, [])?;
    let due = cell::<Option<i64>>(connection, sql::NEXT_DUE, [cluster.as_str()])?;
    let next = [end.flatten(), due.flatten()].into_iter().flatten().min();
    Ok(next.map(Timestamp::from_millis))
}
