//! What workers do with streams: taking, renewing, finishing, and what becomes of those they leave behind.

use std::collections::BTreeMap;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Stream, StreamId, StreamNote};
use reelgate_domain::{Timestamp, WorkerId};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::sql::streams as sql;
use super::rows::{course, free, id as id_of, kept, note, write};
use crate::contract::{Fenced, Result, StoreError, StreamAnswer, StreamBeat, StreamEnding};
use crate::hints::Wakes;
use crate::stored::{by_row, encode};
use crate::streams::{self, Course, SET_BACK};

/// What a worker asks for.
pub(super) struct Wanted<'w> {
    pub(super) cluster: &'w ClusterName,
    pub(super) worker: &'w WorkerId,
    pub(super) most: u32,
    pub(super) lease_until: Timestamp,
    pub(super) now: Timestamp,
}

/// A look that locks nothing and waits for no disk.
pub(super) async fn has_claimable(session: &Session, wanted: &Wanted<'_>) -> Answer<bool> {
    let range: [Param<'_>; 2] = [&wanted.cluster.as_str(), &wanted.now.as_millis()];
    session.holds(sql::HAS_CLAIMABLE, &range).await
}

pub(super) async fn claim(session: &Session, wanted: &Wanted<'_>) -> Answer<(Vec<Stream>, Wakes)> {
    let now = wanted.now;
    let mut claimed = Vec::new();
    let mut wakes = Wakes::NONE;
    loop {
        let room = i64::from(wanted.most) - claimed.len() as i64;
        let range: [Param<'_>; 3] = [&wanted.cluster.as_str(), &now.as_millis(), &room];
        let rows = session.all(sql::CLAIMABLE, &range).await?;
        let mut unread = 0;
        for row in &rows {
            let kept = match by_row(kept(row))? {
                Ok(kept) => kept,
                Err(why) => {
                    set_back(session, id_of(row)?, &why, now).await?;
                    unread += 1;
                    continue;
                }
            };
            let until = wanted.lease_until;
            if let Some(turn) = streams::claim(&kept.course, wanted.worker, until, now) {
                write(session, &turn).await?;
                wakes = wakes.and(turn.wakes);
                claimed.push(kept.after(&turn));
            }
        }
        if unread == 0 {
            return Ok((claimed, wakes));
        }
    }
}

/// So that it is in nobody's way for a while.
async fn set_back(
    session: &Session,
    id: StreamId,
    error: &StoreError,
    now: Timestamp,
) -> Answer<()> {
    tracing::error!(stream.id = %id, %error, "stream {id} cannot be read and does not start");
    let again_at = now.after(SET_BACK).as_millis();
    let row: [Param<'_>; 2] = [&id.as_bytes().as_slice(), &again_at];
    session.execute(sql::SET_BACK, &row).await?;
    Ok(())
}

/// What the beats of one call come to.
#[derive(Default)]
struct Renewed {
    answers: Vec<StreamAnswer>,
    /// The newest of each stream.
    health: BTreeMap<StreamId, String>,
    samples: Vec<(StreamId, i64, String)>,
    touched: BTreeMap<StreamId, Course>,
}

pub(super) async fn renew(
    session: &Session,
    beats: &[StreamBeat],
    until: Timestamp,
    now: Timestamp,
) -> Answer<(Vec<StreamAnswer>, Wakes)> {
    let mut courses = lock(session, beats).await?;
    let mut renewed = Renewed::default();
    let mut wakes = Wakes::NONE;
    for beat in beats {
        let found = courses.get_mut(&beat.stream);
        let told = found.map(|course| (streams::beat(course, beat, until, now), course));
        let Some(((answer, turn), course)) = told else {
            renewed.answers.push(StreamAnswer::Lost);
            continue;
        };
        renewed.answers.push(answer);
        let Some(turn) = turn else {
            continue;
        };
        free(session, beat.stream, turn.places).await?;
        note(session, beat.stream, &turn.notes).await?;
        wakes = wakes.and(turn.wakes);
        renewed.see(beat, &turn.course)?;
        course.clone_from(&turn.course);
        renewed.touched.insert(beat.stream, turn.course);
    }
    write_beats(session, &renewed).await?;
    Ok((renewed.answers, wakes))
}

impl Renewed {
    fn see(&mut self, beat: &StreamBeat, course: &Course) -> Result<()> {
        let health = beat.health.as_ref();
        let Some(health) = health.filter(|_| streams::is_of_newest_start(course)) else {
            return Ok(());
        };
        let body = encode(health)?;
        if beat.sample {
            let sample = (beat.stream, health.at.as_millis(), body.clone());
            self.samples.push(sample);
        }
        self.health.insert(beat.stream, body);
        Ok(())
    }
}

/// The courses of the streams that beats are about, as far as they can be read.
async fn lock(session: &Session, beats: &[StreamBeat]) -> Answer<BTreeMap<StreamId, Course>> {
    let ids: Vec<&[u8]> = beats
        .iter()
        .map(|it| it.stream.as_bytes().as_slice())
        .collect();
    let mut courses = BTreeMap::new();
    for row in &session.all(sql::LOCK_COURSES, &[&ids]).await? {
        match by_row(course(row))? {
            Ok(course) => {
                courses.insert(course.id, course);
            }
            Err(error) => {
                tracing::error!(%error, "a stream cannot be read and is not renewed");
            }
        }
    }
    Ok(courses)
}

async fn write_beats(session: &Session, renewed: &Renewed) -> Answer<()> {
    if renewed.touched.is_empty() {
        return Ok(());
    }
    let bytes = |id: &StreamId| id.as_bytes().to_vec();
    let touched = &renewed.touched;
    let ids: Vec<Vec<u8>> = touched.keys().map(bytes).collect();
    let held = touched.values().map(|course| &course.standing.held);
    let untils: Vec<Option<i64>> = held
        .map(|held| held.as_ref().map(|held| held.lease.until.as_millis()))
        .collect();
    let runs: Vec<i64> = touched.values().map(|it| it.runs.into()).collect();
    let health: Vec<Option<&String>> = touched.keys().map(|id| renewed.health.get(id)).collect();
    let rows: [Param<'_>; 4] = [&ids, &untils, &runs, &health];
    session.execute(sql::SET_BEATS, &rows).await?;
    if !renewed.samples.is_empty() {
        let samples = &renewed.samples;
        let ids: Vec<Vec<u8>> = samples.iter().map(|(id, _, _)| bytes(id)).collect();
        let ats: Vec<i64> = samples.iter().map(|(_, at, _)| *at).collect();
        let bodies: Vec<&str> = samples.iter().map(|(_, _, body)| body.as_str()).collect();
        let rows: [Param<'_>; 3] = [&ids, &ats, &bodies];
        session.execute(sql::ADD_SAMPLES, &rows).await?;
    }
    Ok(())
}

pub(super) async fn held(session: &Session, id: StreamId, attempt: u32) -> Answer<Option<Stream>> {
    let key = id.as_bytes().as_slice();
    let row = session.one(sql::HELD_STREAM, &[&key]).await?;
    let stream = row.as_ref().map(kept).transpose()?.map(|kept| kept.stream);
    Ok(stream.filter(|it| it.standing.held.is_some() && it.standing.attempt == attempt))
}

pub(super) async fn finish(
    session: &Session,
    (id, attempt): (StreamId, u32),
    ending: &StreamEnding,
    notes: &[StreamNote],
    now: Timestamp,
) -> Answer<(Fenced, Wakes)> {
    let key = id.as_bytes().as_slice();
    let row = session.one(sql::LOCK_COURSE, &[&key]).await?;
    let Some(course) = row.as_ref().map(course).transpose()? else {
        return Ok((Fenced::Lost, Wakes::NONE));
    };
    let (answer, turn) = streams::finish(&course, attempt, ending, notes, now);
    let Some(turn) = turn else {
        return Ok((answer, Wakes::NONE));
    };
    write(session, &turn).await?;
    Ok((answer, turn.wakes))
}

/// A look that locks nothing and waits for no disk.
pub(super) async fn has_ended(session: &Session, now: Timestamp) -> Answer<bool> {
    let now = now.as_millis();
    session.holds(sql::HAS_ENDED, &[&now]).await
}

pub(super) async fn sweep(session: &Session, now: Timestamp) -> Answer<(u64, Wakes)> {
    let rows: Vec<Row> = session.all(sql::ENDED, &[&now.as_millis()]).await?;
    let (mut moved, mut wakes) = (0, Wakes::NONE);
    for row in &rows {
        let turn = match by_row(course(row))? {
            Ok(course) => streams::lease_ended(&course, now),
            Err(error) => {
                let id = id_of(row)?;
                tracing::error!(stream.id = %id, %error, "stream {id} cannot be read and is let go");
                let key = id.as_bytes().as_slice();
                session.execute(sql::DROP_HOLD, &[&key]).await?;
                None
            }
        };
        if let Some(turn) = turn {
            write(session, &turn).await?;
            wakes = wakes.and(turn.wakes);
            moved += 1;
        }
    }
    Ok((moved, wakes))
}

pub(super) async fn next_deadline(
    session: &Session,
    cluster: &ClusterName,
) -> Answer<Option<Timestamp>> {
    let end = session.one(sql::NEXT_END, &[]).await?;
    let due = session.one(sql::NEXT_DUE, &[&cluster.as_str()]).await?;
    let found = |row: Row| row.get::<_, Option<i64>>(0);
    let next = [end, due].into_iter().flatten().filter_map(found).min();
    Ok(next.map(Timestamp::from_millis))
}
