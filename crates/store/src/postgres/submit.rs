//! Queueing new jobs.

use std::sync::Arc;

use reelgate_domain::job::NewJob;
use reelgate_domain::{AccountId, AssetId, PipelineId};

use super::assets::Ties;
use super::intention::Needs;
use super::job_rows::account_key;
use super::rows::storable;
use super::unit::{Submission, Unit};
use crate::contract::{Result, StoreError};
use crate::family;
use crate::stored::encode;

/// A job as its rows hold it, encoded before it reaches the writer.
#[derive(Clone)]
pub(super) struct NewRow {
    pub(super) id: [u8; 16],
    pub(super) submission: [u8; 16],
    pub(super) account: AccountId,
    pub(super) pipeline: PipelineId,
    pub(super) priority: i16,
    pub(super) created_at: i64,
    pub(super) kin: Option<i64>,
    pub(super) kind: u8,
    pub(super) spec: String,
    pub(super) origin: Option<String>,
    pub(super) user_data: Option<String>,
    pub(super) ties: Ties,
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
            priority: i16::from(job.priority.level()),
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

pub(super) fn needs(rows: &[NewRow]) -> Needs {
    let mut pipelines: Vec<_> = rows.iter().map(|row| (row.account, row.pipeline)).collect();
    pipelines.dedup();
    Needs {
        pipelines,
        new_jobs: rows.len(),
        ..Needs::default()
    }
}

/// The numbers of the new jobs, or the pipeline that does not exist.
pub(super) type Numbers = std::result::Result<Vec<i64>, PipelineId>;

pub(super) fn submit(unit: &mut Unit, rows: &Arc<Vec<NewRow>>) -> Result<Numbers> {
    let mut pipelines = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        match unit
            .pipelines
            .get(&(account_key(row.account), row.pipeline))
        {
            Some(key) => pipelines.push(*key),
            None => return Ok(Err(row.pipeline)),
        }
    }
    if unit.numbers.len() < rows.len() {
        let why = "the database gave too few numbers for new jobs";
        return Err(StoreError::Unavailable(why.into()));
    }
    let numbers: Vec<i64> = unit.numbers.drain(..rows.len()).collect();
    unit.submit(Submission {
        rows: Arc::clone(rows),
        numbers: numbers.clone(),
        pipelines,
    });
    Ok(Ok(numbers))
}
