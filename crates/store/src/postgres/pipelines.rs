//! Pipelines: what they are called and how their queue stands.

use std::collections::HashMap;

use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{AccountId, Pipeline, PipelineId, PipelineState};

use super::connect::{Param, Session};
use super::error::Answer;
use super::job_rows::{account_key, pipeline};
use super::rows::storable;
use super::sql::jobs as sql;
use crate::contract::{DeletePipeline, NewPipeline, PipelinePage};
use crate::stored::{corrupt, encode};

/// Stores a pipeline and its queue.
pub(super) async fn insert(session: &Session, new: &NewPipeline) -> Answer<()> {
    let id = new.id.as_bytes().as_slice();
    let origin = new.origin.as_ref().map(encode).transpose()?;
    let params: [Param<'_>; 5] = [
        &id,
        &account_key(new.account),
        &storable(&new.name),
        &origin,
        &new.created_at.as_millis(),
    ];
    let row = session.one(sql::INSERT_PIPELINE, &params).await?;
    let why = "it is gone inside one transaction";
    let row = row.ok_or_else(|| corrupt("pipelines", "key", new.id, why))?;
    let key: i64 = row.get(0);
    let paused = new.state == PipelineState::Paused;
    let concurrency = new.concurrency.map(i64::from);
    let queue: [Param<'_>; 3] = [&key, &paused, &concurrency];
    session.execute(sql::INSERT_QUEUE, &queue).await?;
    Ok(())
}

pub(super) async fn create(session: &Session, new: &NewPipeline) -> Answer<Pipeline> {
    insert(session, new).await?;
    let stored = get(session, new.account, new.id).await?;
    let why = "it is gone inside one transaction";
    Ok(stored.ok_or_else(|| corrupt("pipelines", "id", new.id, why))?)
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    id: PipelineId,
) -> Answer<Option<Pipeline>> {
    let id = id.as_bytes().as_slice();
    let row = session
        .one(sql::PIPELINE, &[&id, &account_key(account)])
        .await?;
    Ok(row.as_ref().map(pipeline).transpose()?)
}

/// The key of a pipeline that takes jobs, whose queue is this transaction's from now on: no claim that
/// does not see what this comes to can commit after it.
async fn lock(
    session: &Session,
    account: AccountId,
    id: PipelineId,
) -> Answer<Option<(i64, i64, i64)>> {
    let bytes = id.as_bytes().as_slice();
    let key: [Param<'_>; 2] = [&bytes, &account_key(account)];
    let Some(row) = session.one(sql::PIPELINE_KEY, &key).await? else {
        return Ok(None);
    };
    let key: i64 = row.get(0);
    let Some(queue) = session.one(sql::LOCK_QUEUE, &[&key]).await? else {
        return Err(corrupt("queues", "pipeline", key, "the row is missing").into());
    };
    // Somebody may have deleted it meanwhile.
    let closed: bool = queue.get(2);
    Ok((!closed).then(|| (key, queue.get(0), queue.get(1))))
}

pub(super) async fn change(
    session: &Session,
    account: AccountId,
    id: PipelineId,
    change: &PipelineChange,
) -> Answer<Option<Pipeline>> {
    let Some((key, ..)) = lock(session, account, id).await? else {
        return Ok(None);
    };
    if let Some(name) = &change.name {
        session
            .execute(sql::SET_PIPELINE_NAME, &[&key, &storable(name)])
            .await?;
    }
    if let Some(origin) = &change.origin {
        let origin = encode(origin)?;
        session
            .execute(sql::SET_PIPELINE_ORIGIN, &[&key, &origin])
            .await?;
    }
    if let Some(state) = change.state {
        let paused = state == PipelineState::Paused;
        session
            .execute(sql::SET_QUEUE_PAUSED, &[&key, &paused])
            .await?;
    }
    if let Some(concurrency) = change.concurrency {
        let concurrency = concurrency.map(i64::from);
        session
            .execute(sql::SET_QUEUE_CONCURRENCY, &[&key, &concurrency])
            .await?;
    }
    get(session, account, id).await
}

pub(super) async fn delete(
    session: &Session,
    account: AccountId,
    id: PipelineId,
) -> Answer<DeletePipeline> {
    match lock(session, account, id).await? {
        None => Ok(DeletePipeline::Missing),
        Some((key, 0, 0)) => {
            session.execute(sql::CLOSE_QUEUE, &[&key]).await?;
            session.execute(sql::DELETE_PIPELINE, &[&key]).await?;
            Ok(DeletePipeline::Deleted)
        }
        Some((_, queued, running)) => Ok(DeletePipeline::Busy {
            queued: queued.cast_unsigned(),
            running: running.cast_unsigned(),
        }),
    }
}

pub(super) async fn get_many(
    session: &Session,
    account: AccountId,
    ids: &[PipelineId],
) -> Answer<Vec<Pipeline>> {
    let wanted: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let params: [Param<'_>; 2] = [&wanted, &account_key(account)];
    let mut found = HashMap::new();
    for row in &session.all(sql::PIPELINES, &params).await? {
        let pipeline = pipeline(row)?;
        found.insert(pipeline.id, pipeline);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

pub(super) async fn named(
    session: &Session,
    account: AccountId,
    name: &str,
) -> Answer<Option<Pipeline>> {
    let key: [Param<'_>; 2] = [&account_key(account), &storable(name)];
    let row = session.one(sql::PIPELINE_NAMED, &key).await?;
    Ok(row.as_ref().map(pipeline).transpose()?)
}

pub(super) async fn list(
    session: &Session,
    account: AccountId,
    state: Option<PipelineState>,
    offset: u64,
    limit: u32,
) -> Answer<PipelinePage> {
    let account = account_key(account);
    let paused = state.map(|state| state == PipelineState::Paused);
    let (limit, offset) = (i64::from(limit), i64::try_from(offset).unwrap_or(i64::MAX));
    let page: [Param<'_>; 4] = [&account, &paused, &limit, &offset];
    let total: [Param<'_>; 2] = [&account, &paused];
    let (page, total) = tokio::join!(
        biased;
        session.all(sql::LIST_PIPELINES, &page),
        session.one(sql::COUNT_PIPELINES, &total)
    );
    let pipelines: crate::Result<Vec<Pipeline>> = page?.iter().map(pipeline).collect();
    let total: i64 = total?.map_or(0, |row| row.get(0));
    Ok(PipelinePage {
        pipelines: pipelines?,
        total: total.cast_unsigned(),
    })
}
