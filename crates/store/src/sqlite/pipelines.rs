//! Pipelines: what they are called and how their queue stands.

use std::collections::HashSet;

use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{AccountId, Pipeline, PipelineId, PipelineState};
use rusqlite::{Connection, params};

use super::error::corrupt;
use super::rows::{all, cell, execute, one, pipeline};
use super::sql;
use super::writer::Tx;
use crate::contract::{DeletePipeline, NewPipeline, PipelinePage, Result};
use crate::hints::Wakes;
use crate::stored::{encode, storable};

pub(super) fn create(tx: &Tx<'_>, new: &NewPipeline) -> Result<Pipeline> {
    let connection = tx.connection();
    execute(
        connection,
        sql::INSERT_PIPELINE,
        params![
            new.id.as_bytes(),
            new.account.number().cast_signed(),
            storable(&new.name),
            new.origin.as_ref().map(encode).transpose()?,
            new.created_at.as_millis(),
        ],
    )?;
    let key = connection.last_insert_rowid();
    let paused = new.state == PipelineState::Paused;
    execute(
        connection,
        sql::INSERT_QUEUE,
        params![key, paused, new.concurrency],
    )?;
    get(connection, new.account, new.id)?.ok_or_else(|| {
        corrupt(
            "pipelines",
            "id",
            new.id,
            "it is gone inside one transaction",
        )
    })
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    id: PipelineId,
) -> Result<Option<Pipeline>> {
    let key = params![id.as_bytes(), account.number().cast_signed()];
    one(connection, sql::PIPELINE, key, pipeline)
}

/// The row number of a pipeline that takes jobs.
pub(super) fn live_key(
    connection: &Connection,
    account: AccountId,
    id: PipelineId,
) -> Result<Option<i64>> {
    let key = params![id.as_bytes(), account.number().cast_signed()];
    cell(connection, sql::PIPELINE_KEY, key)
}

/// Orders with claims by being in the writer: once a pause has been answered, every later claim
/// sees it in the row from which it picks.
pub(super) fn change(
    tx: &Tx<'_>,
    account: AccountId,
    id: PipelineId,
    change: &PipelineChange,
) -> Result<Option<Pipeline>> {
    let connection = tx.connection();
    let Some(key) = live_key(connection, account, id)? else {
        return Ok(None);
    };
    if let Some(name) = &change.name {
        execute(
            connection,
            sql::SET_PIPELINE_NAME,
            params![key, storable(name)],
        )?;
    }
    if let Some(origin) = &change.origin {
        execute(
            connection,
            sql::SET_PIPELINE_ORIGIN,
            params![key, encode(origin)?],
        )?;
    }
    if let Some(state) = change.state {
        let paused = state == PipelineState::Paused;
        execute(connection, sql::SET_QUEUE_PAUSED, params![key, paused])?;
    }
    if let Some(concurrency) = change.concurrency {
        execute(
            connection,
            sql::SET_QUEUE_CONCURRENCY,
            params![key, concurrency],
        )?;
    }
    tx.wake(Wakes::WORK);
    get(connection, account, id)
}

pub(super) fn delete(tx: &Tx<'_>, account: AccountId, id: PipelineId) -> Result<DeletePipeline> {
    let connection = tx.connection();
    let Some(key) = live_key(connection, account, id)? else {
        return Ok(DeletePipeline::Missing);
    };
    let load = one(connection, sql::QUEUE_LOAD, [key], |row| {
        Ok((
            row.get::<_, i64>(0)?.cast_unsigned(),
            row.get::<_, i64>(1)?.cast_unsigned(),
        ))
    })?;
    match load {
        Some((0, 0)) => {
            execute(connection, sql::DELETE_PIPELINE, [key])?;
            Ok(DeletePipeline::Deleted)
        }
        Some((queued, running)) => Ok(DeletePipeline::Busy { queued, running }),
        None => Err(corrupt("queues", "pipeline", key, "the row is missing")),
    }
}

pub(super) fn get_many(
    connection: &Connection,
    account: AccountId,
    ids: &[PipelineId],
) -> Result<Vec<Pipeline>> {
    let mut seen = HashSet::new();
    ids.iter()
        .filter(|id| seen.insert(**id))
        .filter_map(|id| get(connection, account, *id).transpose())
        .collect()
}

pub(super) fn named(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Option<Pipeline>> {
    let key = params![account.number().cast_signed(), storable(name)];
    one(connection, sql::PIPELINE_NAMED, key, pipeline)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    state: Option<PipelineState>,
    offset: u64,
    limit: u32,
) -> Result<PipelinePage> {
    let account = account.number().cast_signed();
    let paused = state.map(|state| state == PipelineState::Paused);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let pipelines = all(
        connection,
        sql::LIST_PIPELINES,
        params![account, paused, limit, offset],
        pipeline,
    )?;
    let total: i64 = cell(connection, sql::COUNT_PIPELINES, params![account, paused])?.unwrap_or(0);
    Ok(PipelinePage {
        pipelines,
        total: total.cast_unsigned(),
    })
}
