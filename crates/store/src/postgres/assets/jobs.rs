//! Which jobs were made for an asset, and which fetch an address.

use reelgate_domain::asset::{AssetId, AssetJob};
use reelgate_domain::job::JobSpec;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::{AccountId, JobId, SubmissionId};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::assets as sql;
use super::super::unit::Submission;
use super::rows::pair;
use crate::assets::{Unread, standing};
use crate::contract::{AssetJobFilter, AssetStanding, Result};
use crate::family::source_hash;
use crate::stored::decode;

/// What a job can be found by beside its id.
#[derive(Clone, Copy)]
pub(in crate::postgres) struct Ties {
    pub(in crate::postgres) asset: Option<[u8; 16]>,
    pub(in crate::postgres) source: Option<i64>,
}

#[derive(Default)]
struct AssetJobs<'s> {
    number: Vec<i64>,
    account: Vec<i64>,
    asset: Vec<&'s [u8]>,
    submission: Vec<&'s [u8]>,
    job: Vec<&'s [u8]>,
}

#[derive(Default)]
struct Sources {
    number: Vec<i64>,
    account: Vec<i64>,
    hash: Vec<i64>,
}

/// Notes what new jobs can be found by.
pub(in crate::postgres) async fn tie(session: &Session, submissions: &[Submission]) -> Answer<()> {
    let (mut jobs, mut sources) = (AssetJobs::default(), Sources::default());
    for submission in submissions {
        for (row, number) in submission.rows.iter().zip(&submission.numbers) {
            let account = account_key(row.account);
            if let Some(asset) = &row.ties.asset {
                jobs.number.push(*number);
                jobs.account.push(account);
                jobs.asset.push(asset);
                jobs.submission.push(&row.submission);
                jobs.job.push(&row.id);
            }
            if let Some(hash) = row.ties.source {
                sources.number.push(*number);
                sources.account.push(account);
                sources.hash.push(hash);
            }
        }
    }
    if !jobs.number.is_empty() {
        let columns: [Param<'_>; 5] = [
            &jobs.number,
            &jobs.account,
            &jobs.asset,
            &jobs.submission,
            &jobs.job,
        ];
        session.execute(sql::INSERT_ASSET_JOBS, &columns).await?;
    }
    if !sources.number.is_empty() {
        let columns: [Param<'_>; 3] = [&sources.number, &sources.account, &sources.hash];
        session.execute(sql::INSERT_SOURCES, &columns).await?;
    }
    Ok(())
}

/// Notes whether jobs have yet to end, as far as they fetch addresses.
pub(in crate::postgres) async fn set_open(
    session: &Session,
    numbers: &[i64],
    open: &[bool],
) -> Answer<()> {
    if !numbers.is_empty() {
        let columns: [Param<'_>; 2] = [&numbers, &open];
        session.execute(sql::SET_SOURCES_OPEN, &columns).await?;
    }
    Ok(())
}

pub(super) async fn of_asset(
    session: &Session,
    account: AccountId,
    asset: AssetId,
    filter: AssetJobFilter,
    limit: u32,
) -> Answer<Vec<AssetJob>> {
    let asset = asset.as_bytes().as_slice();
    let (submission, job) = filter.bound();
    let kind = filter.kind.map(|kind| i16::from(kind.code()));
    let key: [Param<'_>; 6] = [
        &account_key(account),
        &asset,
        &submission.as_slice(),
        &job.as_slice(),
        &kind,
        &i64::from(limit),
    ];
    let rows = session.all(sql::ASSET_JOBS, &key).await?;
    let jobs = rows.iter().map(pair).map(|pair| {
        pair.map(|(submission, job)| AssetJob {
            submission: SubmissionId::from_bytes(submission),
            job,
        })
    });
    Ok(jobs.collect::<Result<_>>()?)
}

pub(super) async fn standings(
    session: &Session,
    account: AccountId,
    assets: &[AssetId],
) -> Answer<Vec<AssetStanding>> {
    let ids: Vec<&[u8]> = assets.iter().map(|it| it.as_bytes().as_slice()).collect();
    let wanted: [Param<'_>; 2] = [&account_key(account), &ids];
    let mut found = Vec::new();
    let mut unread = Unread::of("jobs of assets");
    for row in &session.all(sql::ASSET_STANDINGS, &wanted).await? {
        let asset = Cells::of(row, "asset_jobs", "?").bytes(0, "asset")?;
        let (kind, state): (i16, i16) = (row.get(1), row.get(2));
        let codes = (i64::from(kind), i64::from(state));
        found.extend(unread.sift(standing(asset, codes, row.get(3)))?);
    }
    unread.log();
    Ok(found)
}

pub(super) async fn of_submission(
    session: &Session,
    account: AccountId,
    submission: SubmissionId,
) -> Answer<Option<(AssetId, Vec<JobId>)>> {
    let submission = submission.as_bytes().as_slice();
    let key: [Param<'_>; 2] = [&account_key(account), &submission];
    let rows = session.all(sql::SUBMISSION_JOBS, &key).await?;
    let pairs = rows.iter().map(pair).collect::<Result<Vec<_>>>()?;
    let Some((first, _)) = pairs.first().copied() else {
        return Ok(None);
    };
    let its = pairs.into_iter().filter(|(asset, _)| *asset == first);
    let jobs = its.map(|(_, job)| job).collect();
    Ok(Some((AssetId::from_bytes(first), jobs)))
}

pub(super) async fn fetching(
    session: &Session,
    account: AccountId,
    url: &SourceUrl,
    limit: u32,
) -> Answer<Vec<JobId>> {
    let (account, hash, most) = (account_key(account), source_hash(url), limit as usize);
    let mut jobs = Vec::new();
    let mut unread = Unread::of("jobs that may fetch an address");
    let mut before = i64::MAX;
    // Once, unless another address has the same hash.
    while jobs.len() < most {
        let range: [Param<'_>; 4] = [&account, &hash, &before, &i64::from(limit)];
        let rows = session.all(sql::JOBS_OF_SOURCE, &range).await?;
        for row in &rows {
            before = row.get(0);
            let cells = Cells::of(row, "jobs", before);
            let spec: Result<JobSpec> = decode(row.get(2), "job_payloads", "spec", before);
            let spec = unread.sift(spec)?;
            if jobs.len() < most && spec.is_some_and(|spec| spec.source_url() == Some(url)) {
                jobs.push(JobId::from_bytes(cells.bytes(1, "id")?));
            }
        }
        if rows.len() < most {
            break;
        }
    }
    unread.log();
    Ok(jobs)
}
