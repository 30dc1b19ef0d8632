//! Queueing new jobs.

use reelgate_domain::job::NewJob;
use reelgate_domain::{AccountId, AssetId, PipelineId};
use rusqlite::params;

use super::assets::{self, Ties};
use super::events::record;
use super::rows::execute;
use super::writer::Tx;
use super::{pipelines, sql, transition};
use crate::contract::Result;
use crate::family;
use crate::hints::Wakes;
use crate::stored::{encode, storable};

/// A job as its rows hold it, encoded before it reaches the writer's thread.
#[derive(Clone)]
pub(super) struct NewRow {
    id: [u8; 16],
    submission: [u8; 16],
    account: AccountId,
    pipeline: PipelineId,
    priority: u8,
    created_at: i64,
    kin: Option<i64>,
    kind: u8,
    spec: String,
    origin: Option<String>,
    user_data: Option<String>,
    ties: Ties,
}

impl NewRow {
    /// The rows of the jobs of one submission.
    pub(super) fn encode_all(jobs: &[NewJob]) -> Result<Vec<Self>> {
        let kin = family::numbers(jobs);
        jobs.iter()
            .zip(kin)
            .map(|(job, kin)| Self::encode(job, kin))
            .collect()
    }

    fn encode(job: &NewJob, kin: Option<i64>) -> Result<Self> {
        Ok(Self {
            id: *job.id.as_bytes(),
            submission: *job.submission.as_bytes(),
            account: job.account,
            pipeline: job.pipeline,
            priority: job.priority.level(),
            created_at: job.created_at.as_millis(),
            kin,
            kind: job.spec.kind().code(),
            spec: encode(&job.spec)?,
            origin: job.origin.as_ref().map(encode).transpose()?,
            user_data: job
                .user_data
                .as_deref()
                .map(|text| storable(text).into_owned()),
            ties: Ties {
                asset: job.asset.map(|asset| *asset.as_bytes()),
                source: job.spec.source_url().map(family::source_hash),
            },
        })
    }

    /// The same, made for another asset if it is made for this one.
    pub(super) fn made_for(&self, planned: AssetId, is: AssetId) -> Self {
        let mut row = self.clone();
        if row.ties.asset == Some(*planned.as_bytes()) {
            row.ties.asset = Some(*is.as_bytes());
        }
        row
    }
}

/// The numbers of the new jobs, or the pipeline that does not exist.
pub(super) type Numbers = std::result::Result<Vec<i64>, PipelineId>;

pub(super) fn submit(tx: &Tx<'_>, rows: &[NewRow]) -> Result<Numbers> {
    let mut keys: Vec<(AccountId, PipelineId, i64, i64)> = Vec::with_capacity(1);
    // Every pipeline is looked up before anything is written.
    for row in rows {
        let known = keys
            .iter_mut()
            .find(|k| k.0 == row.account && k.1 == row.pipeline);
        if let Some((.., jobs)) = known {
            *jobs += 1;
            continue;
        }
        let Some(key) = pipelines::live_key(tx.connection(), row.account, row.pipeline)? else {
            return Ok(Err(row.pipeline));
        };
        keys.push((row.account, row.pipeline, key, 1));
    }
    let mut numbers = Vec::with_capacity(rows.len());
    for row in rows {
        let known = keys
            .iter()
            .find(|k| k.0 == row.account && k.1 == row.pipeline);
        let key = known.expect("every row's pipeline was looked up").2;
        numbers.push(insert(tx, row, key)?);
    }
    for (.., key, jobs) in keys {
        transition::add(tx, key, jobs, jobs, 0)?;
    }
    tx.wake(Wakes::WORK.and(Wakes::CHANGES));
    Ok(Ok(numbers))
}

fn insert(tx: &Tx<'_>, row: &NewRow, pipeline: i64) -> Result<i64> {
    let connection = tx.connection();
    execute(
        connection,
        sql::INSERT_JOB,
        params![
            row.id,
            row.submission,
            row.account.number().cast_signed(),
            pipeline,
            row.priority,
            row.created_at,
            row.kin,
            row.kind,
        ],
    )?;
    let number = connection.last_insert_rowid();
    execute(
        connection,
        sql::INSERT_PAYLOAD,
        params![number, row.spec, row.origin, row.user_data],
    )?;
    let names = (row.account, &row.submission, &row.id);
    assets::tie(connection, number, names, row.ties)?;
    record::submitted(tx, row.account, &row.id, pipeline, row.created_at)?;
    Ok(number)
}
