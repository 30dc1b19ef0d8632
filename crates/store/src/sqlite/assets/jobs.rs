//! Which jobs were made for an asset, and which fetch an address.

use reelgate_domain::asset::{AssetId, AssetJob};
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{JobKind, JobSpec};
use reelgate_domain::{AccountId, JobId, SubmissionId};
use rusqlite::{Connection, params};

use super::super::rows::{account_key, all, execute};
use super::super::sql::assets as sql;
use super::rows::pair;
use crate::assets::{Unread, standing};
use crate::contract::{AssetJobFilter, AssetStanding, Result};
use crate::family::source_hash;
use crate::stored::decode;

/// What a job can be found by beside its id.
#[derive(Clone, Copy)]
pub(in crate::sqlite) struct Ties {
    pub(in crate::sqlite) asset: Option<[u8; 16]>,
    pub(in crate::sqlite) source: Option<i64>,
}

/// Notes what a new job can be found by.
pub(in crate::sqlite) fn tie(
    connection: &Connection,
    number: i64,
    (account, submission, job): (AccountId, &[u8; 16], &[u8; 16]),
    ties: Ties,
) -> Result<()> {
    let account = account_key(account);
    if let Some(asset) = ties.asset {
        let row = params![number, account, asset, submission, job];
        execute(connection, sql::INSERT_ASSET_JOB, row)?;
    }
    if let Some(hash) = ties.source {
        execute(
            connection,
            sql::INSERT_SOURCE,
            params![number, account, hash],
        )?;
    }
    Ok(())
}

/// Notes whether a job has yet to end, if it fetches an address.
pub(in crate::sqlite) fn set_open(connection: &Connection, number: i64, open: bool) -> Result<()> {
    execute(connection, sql::SET_SOURCE_OPEN, params![number, open]).map(drop)
}

/// Forgets what a job that goes could be found by.
pub(in crate::sqlite) fn untie(connection: &Connection, number: i64) -> Result<()> {
    for statement in [
        sql::DELETE_ASSET_JOB,
        sql::DELETE_SOURCE,
        sql::DELETE_ARRIVAL,
    ] {
        execute(connection, statement, [number])?;
    }
    Ok(())
}

pub(super) fn of_asset(
    connection: &Connection,
    account: AccountId,
    asset: AssetId,
    filter: AssetJobFilter,
    limit: u32,
) -> Result<Vec<AssetJob>> {
    let (submission, job) = filter.bound();
    let kind = filter.kind.map(JobKind::code);
    let (account, asset) = (account_key(account), asset.as_bytes());
    let key = params![account, asset, submission, job, kind, limit];
    let pairs = all(connection, sql::ASSET_JOBS, key, pair)?;
    let jobs = pairs.into_iter().map(|(submission, job)| AssetJob {
        submission: SubmissionId::from_bytes(submission),
        job,
    });
    Ok(jobs.collect())
}

pub(super) fn standings(
    connection: &Connection,
    account: AccountId,
    assets: &[AssetId],
) -> Result<Vec<AssetStanding>> {
    let account = account_key(account);
    let mut found = Vec::new();
    let mut unread = Unread::of("jobs of assets");
    for asset in assets.iter().map(AssetId::as_bytes) {
        let key = params![account, asset];
        let rows = all(connection, sql::ASSET_STANDINGS, key, |row| {
            Ok(standing(*asset, (row.get(0)?, row.get(1)?), row.get(2)?))
        })?;
        for row in rows {
            found.extend(unread.sift(row)?);
        }
    }
    unread.log();
    Ok(found)
}

pub(super) fn of_submission(
    connection: &Connection,
    account: AccountId,
    submission: SubmissionId,
) -> Result<Option<(AssetId, Vec<JobId>)>> {
    let key = params![account_key(account), submission.as_bytes()];
    let pairs = all(connection, sql::SUBMISSION_JOBS, key, pair)?;
    let Some((first, _)) = pairs.first().copied() else {
        return Ok(None);
    };
    let its = pairs.into_iter().filter(|(asset, _)| *asset == first);
    let jobs = its.map(|(_, job)| job).collect();
    Ok(Some((AssetId::from_bytes(first), jobs)))
}

pub(super) fn fetching(
    connection: &Connection,
    account: AccountId,
    url: &SourceUrl,
    limit: u32,
) -> Result<Vec<JobId>> {
    let (account, hash, most) = (account_key(account), source_hash(url), limit as usize);
    let mut jobs = Vec::new();
    let mut unread = Unread::of("jobs that may fetch an address");
    let mut before = i64::MAX;
    // Once, unless another address has the same hash.
    while jobs.len() < most {
        let range = params![account, hash, before, limit];
        let rows = all(connection, sql::JOBS_OF_SOURCE, range, |row| {
            let spec: String = row.get(2)?;
            Ok((row.get::<_, i64>(0)?, JobId::from_bytes(row.get(1)?), spec))
        })?;
        for (number, id, spec) in &rows {
            before = *number;
            let spec: Result<JobSpec> = decode(spec, "job_payloads", "spec", number);
            let spec = unread.sift(spec)?;
            if jobs.len() < most && spec.is_some_and(|spec| spec.source_url() == Some(url)) {
                jobs.push(*id);
            }
        }
        if rows.len() < most {
            break;
        }
    }
    unread.log();
    Ok(jobs)
}
