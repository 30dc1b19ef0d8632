//! How assets come: registered by their accounts, or told of by the jobs that bring them.
//!
//! In transactions of their own, which take locks in the order of the batches: the account's after calls
//! that count once, then the job's, and the queues' last.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::job::StateName;
use reelgate_domain::{JobId, PipelineId};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::flush::{self, Then};
use super::super::job_rows::held;
use super::super::rows::{Cells, account_key};
use super::super::sql::access::LOCK_ACCOUNT;
use super::super::sql::assets as sql;
use super::super::sql::jobs::{
    COUNT_AND_TELL, INSERT_JOBS, INSERT_PAYLOADS, LOAD_JOBS, LOCK_JOBS, LOCK_QUEUES, NUMBERS,
    PIPELINES_BY_ID,
};
use super::super::submit::{self, NewRow, Numbers};
use super::super::unit::Unit;
use super::super::{report, sql as all_sql};
use super::rows::{asset, insert, replace};
use crate::assets::{AssetRow, as_stored, log_untold, tells_anew, told};
use crate::contract::{Fenced, RegisterAsset, RegisterOutcome};
use crate::held::Held;
use crate::stored::by_row;

/// A file that is to be an asset, and the job that looks at it.
pub(super) type NewAsset = (AssetRow, NewRow);

pub(super) async fn register(session: &Session, assets: &[NewAsset]) -> Answer<RegisterOutcome> {
    let accounts: BTreeSet<i64> = assets.iter().map(|(asset, _)| asset.account).collect();
    for account in &accounts {
        session.holds(LOCK_ACCOUNT, &[account]).await?;
    }
    let mut of_files = known_files(session, assets).await?;
    let mut references = known_references(session, assets).await?;
    let mut outcomes = Vec::with_capacity(assets.len());
    let mut new = Vec::new();
    for (asset, job) in assets {
        let (account, bucket, key) = asset.file();
        let file = (account, bucket.to_owned(), key.to_owned());
        match of_files.get(&file) {
            Some(id) => outcomes.push(RegisterAsset::Known(*id)),
            None => {
                if let Some((account, reference)) = asset.named()
                    && !references.insert((account, reference.to_owned()))
                {
                    return Ok(RegisterOutcome::ReferenceTaken(reference.to_owned()));
                }
                of_files.insert(file, AssetId::from_bytes(asset.id));
                new.push((asset, job.clone()));
                outcomes.push(RegisterAsset::Made);
            }
        }
    }
    let (assets, jobs): (Vec<&AssetRow>, Vec<NewRow>) = new.into_iter().unzip();
    if !jobs.is_empty() {
        let mut unit = Unit::default();
        let numbers = match plan(session, &mut unit, jobs).await? {
            Ok(numbers) => numbers,
            Err(pipeline) => return Ok(RegisterOutcome::PipelineMissing(pipeline)),
        };
        insert(session, &assets).await?;
        session.execute(sql::INSERT_ARRIVALS, &[&numbers]).await?;
        flush::write(session, &unit, Then::More).await?;
    }
    Ok(RegisterOutcome::Done(outcomes))
}

async fn known_files(
    session: &Session,
    assets: &[NewAsset],
) -> Answer<HashMap<(i64, String, String), AssetId>> {
    let files = assets.iter().map(|(asset, _)| asset.file());
    let (mut accounts, mut buckets, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for (account, bucket, key) in files {
        accounts.push(account);
        buckets.push(bucket);
        keys.push(key);
    }
    let files: [Param<'_>; 3] = [&accounts, &buckets, &keys];
    let mut known = HashMap::new();
    for row in &session.all(sql::IDS_OF_FILES, &files).await? {
        let id = Cells::of(row, "assets", "?").bytes(3, "id")?;
        let file = (row.get(0), row.get(1), row.get(2));
        known.insert(file, AssetId::from_bytes(id));
    }
    Ok(known)
}

async fn known_references(
    session: &Session,
    assets: &[NewAsset],
) -> Answer<HashSet<(i64, String)>> {
    let wanted = assets.iter().filter_map(|(asset, _)| asset.named());
    let (accounts, references): (Vec<i64>, Vec<&str>) = wanted.unzip();
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let wanted: [Param<'_>; 2] = [&accounts, &references];
    let rows = session.all(sql::REFERENCES_TAKEN, &wanted).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

pub(super) async fn arrived(
    session: &Session,
    (job, attempt): (JobId, u32),
    found: &Asset,
    jobs: &[NewRow],
) -> Answer<Fenced> {
    let account = account_key(found.account);
    session.holds(LOCK_ACCOUNT, &[&account]).await?;
    let Some(held) = lock(session, job).await? else {
        return Ok(Fenced::Lost);
    };
    let is_publishing = held.lifecycle.state.name() == StateName::Publishing;
    if !is_publishing || held.lifecycle.attempt != attempt {
        return Ok(report::refusal(&held, attempt));
    }
    let has_told = session.one(sql::HAS_TOLD, &[&held.number]).await?;
    let has_told: Option<bool> = has_told.map(|row| row.get(0));
    session.execute(sql::NOTE_TOLD, &[&held.number]).await?;
    // What it has found is the asset's from now on.
    session
        .execute(sql::DELETE_ASSET_JOB, &[&held.number])
        .await?;
    let registered = has_told == Some(false);
    let known = known(session, found, registered).await?;
    let known = match by_row(known.as_ref().map(asset).transpose())? {
        // Somebody has deleted it meanwhile.
        Ok(None) if registered => return Ok(Fenced::Done),
        Ok(known) => known,
        Err(error) => {
            log_untold(job, found.id, &error);
            return Ok(Fenced::Done);
        }
    };
    if has_told == Some(true) {
        if let Some(known) = known.filter(|known| tells_anew(known, found, job)) {
            replace(session, &told(known, found, job)).await?;
        }
        return Ok(Fenced::Done);
    }
    let id = known.as_ref().map_or(found.id, |known| known.id);
    let unit = follow(session, job, jobs, (found.id, id)).await?;
    match known {
        Some(known) => replace(session, &told(known, found, job)).await?,
        None => {
            let new = new(session, found, job).await?;
            insert(session, &[&AssetRow::encode(&new)?]).await?;
        }
    }
    flush::write(session, &unit, Then::More).await?;
    Ok(Fenced::Done)
}

/// The job with this lease, which nobody else changes until the transaction ends.
async fn lock(session: &Session, job: JobId) -> Answer<Option<Held>> {
    let (none, ids, leases) = ([0_i64; 0], [&[0_u8][..]; 0], [job.as_bytes().as_slice()]);
    let (none, ids, leases) = (none.as_slice(), ids.as_slice(), leases.as_slice());
    let named: [Param<'_>; 4] = [&none, &ids, &leases, &none];
    let locked = session.one(LOCK_JOBS, &named).await?;
    let locked: Option<i64> = locked.map(|row| row.get(0));
    let Some(row) = session.one(LOAD_JOBS, &named).await? else {
        return Ok(None);
    };
    let (raw, held) = held(&row)?;
    match locked == Some(raw.number) {
        true => Ok(Some(held?)),
        // It has got its lease after the lock was asked for, and not for this attempt.
        false => Ok(None),
    }
}

/// The asset that a job's file has already: if it was not registered with the job, also that of another.
async fn known(session: &Session, found: &Asset, registered: bool) -> Answer<Option<Row>> {
    let account = account_key(found.account);
    let by_id: [Param<'_>; 2] = [&account, &found.id.as_bytes().as_slice()];
    let known = session.one(sql::ASSET, &by_id).await?;
    if known.is_some() || registered {
        return Ok(known);
    }
    let (bucket, key) = (found.file.bucket.as_str(), found.file.key.as_str());
    let by_file: [Param<'_>; 3] = [&account, &bucket, &key];
    session.one(sql::ASSET_OF_FILE, &by_file).await
}

/// The asset without what it cannot have.
async fn new(session: &Session, found: &Asset, job: JobId) -> Answer<Asset> {
    let mut asset = Asset {
        details: as_stored(&found.details),
        job,
        ..found.clone()
    };
    if let Some(reference) = &asset.details.reference {
        let key: [Param<'_>; 2] = [&account_key(found.account), reference];
        if let Some(row) = session.one(sql::ID_REFERRED, &key).await? {
            let other = AssetId::from_bytes(Cells::of(&row, "assets", "?").bytes(0, "id")?);
            let id = asset.id;
            tracing::warn!(asset.id = %id, "asset {other} has the reference that asset {id} was to have");
            asset.details.reference = None;
        }
    }
    Ok(asset)
}

/// Plans the jobs that follow, for the asset that it has become.
async fn follow(
    session: &Session,
    job: JobId,
    jobs: &[NewRow],
    (planned, is): (AssetId, AssetId),
) -> Answer<Unit> {
    let mut unit = Unit::default();
    if jobs.is_empty() {
        return Ok(unit);
    }
    let jobs: Vec<NewRow> = jobs.iter().map(|it| it.made_for(planned, is)).collect();
    let count = jobs.len();
    if let Err(pipeline) = plan(session, &mut unit, jobs).await? {
        tracing::error!(
            job.id = %job, pipeline.id = %pipeline, count,
            "{count} jobs that were to follow job {job} are not queued: their pipeline is gone"
        );
    }
    Ok(unit)
}

/// What is sent together when jobs are queued.
const QUEUEING: [&str; 7] = [
    INSERT_JOBS,
    INSERT_PAYLOADS,
    sql::INSERT_ASSET_JOBS,
    sql::INSERT_SOURCES,
    all_sql::events::INSERT_EVENTS,
    LOCK_QUEUES,
    COUNT_AND_TELL,
];

/// Decides as a batch does what queueing these jobs comes to. It is written by [`flush::write`], which takes
/// the locks of the queues.
async fn plan(session: &Session, unit: &mut Unit, jobs: Vec<NewRow>) -> Answer<Numbers> {
    // So that they go out in their order.
    for statement in QUEUEING {
        session.prepared(statement).await?;
    }
    let needs = submit::needs(&jobs);
    let pipelines = needs.pipelines.iter();
    let pipelines: Vec<&[u8]> = pipelines.map(|it| it.1.as_bytes().as_slice()).collect();
    for row in &session.all(PIPELINES_BY_ID, &[&pipelines]).await? {
        let id = Cells::of(row, "pipelines", "?").bytes(0, "id")?;
        let known = (row.get(1), PipelineId::from_bytes(id));
        unit.pipelines.insert(known, row.get(2));
    }
    let numbers = session.all(NUMBERS, &[&(needs.new_jobs as i64)]).await?;
    let mut numbers: Vec<i64> = numbers.iter().map(|row| row.get(0)).collect();
    numbers.sort_unstable();
    unit.numbers = numbers.into();
    Ok(submit::submit(unit, &Arc::new(jobs))?)
}
