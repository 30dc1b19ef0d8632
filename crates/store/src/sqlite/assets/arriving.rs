//! How assets come: registered by their accounts, or told of by the jobs that bring them.

use std::collections::{HashMap, HashSet};

use reelgate_domain::JobId;
use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::job::StateName;
use rusqlite::{Connection, params};

use super::super::rows::{account_key, cell, execute, one};
use super::super::sql::assets as sql;
use super::super::submit::NewRow;
use super::super::writer::Tx;
use super::super::{report, submit};
use super::rows::{asset, insert, replace};
use crate::assets::{AssetRow, as_stored, log_untold, tells_anew, told};
use crate::contract::{Fenced, RegisterAsset, RegisterOutcome, Result};
use crate::stored::by_row;

/// A file that is to be an asset, and the job that looks at it.
pub(super) type NewAsset = (AssetRow, NewRow);

pub(super) fn register(tx: &Tx<'_>, assets: &[NewAsset]) -> Result<RegisterOutcome> {
    let connection = tx.connection();
    let (mut of_files, mut references) = (HashMap::new(), HashSet::new());
    let mut outcomes = Vec::with_capacity(assets.len());
    let mut new = Vec::new();
    for (asset, job) in assets {
        let file = asset.file();
        let known = match of_files.get(&file) {
            Some(id) => Some(*id),
            None => id_of_file(connection, file)?,
        };
        of_files.insert(file, known.unwrap_or(AssetId::from_bytes(asset.id)));
        if known.is_none() {
            if let Some(named) = asset.named()
                && (!references.insert(named) || is_referred(connection, named)?)
            {
                return Ok(RegisterOutcome::ReferenceTaken(named.1.to_owned()));
            }
            new.push((asset, job.clone()));
        }
        outcomes.push(known.map_or(RegisterAsset::Made, RegisterAsset::Known));
    }
    let (assets, jobs): (Vec<&AssetRow>, Vec<NewRow>) = new.into_iter().unzip();
    if !jobs.is_empty() {
        let numbers = match submit::submit(tx, &jobs)? {
            Ok(numbers) => numbers,
            Err(pipeline) => return Ok(RegisterOutcome::PipelineMissing(pipeline)),
        };
        for (asset, number) in assets.iter().zip(numbers) {
            insert(connection, asset)?;
            execute(connection, sql::INSERT_ARRIVAL, [number])?;
        }
    }
    Ok(RegisterOutcome::Done(outcomes))
}

fn id_of_file(
    connection: &Connection,
    (account, bucket, key): (i64, &str, &str),
) -> Result<Option<AssetId>> {
    let id = cell(connection, sql::ID_OF_FILE, params![account, bucket, key])?;
    Ok(id.map(AssetId::from_bytes))
}

fn is_referred(connection: &Connection, (account, reference): (i64, &str)) -> Result<bool> {
    let id: Option<[u8; 16]> = cell(connection, sql::ID_REFERRED, params![account, reference])?;
    Ok(id.is_some())
}

pub(super) fn arrived(
    tx: &Tx<'_>,
    (job, attempt): (JobId, u32),
    found: &Asset,
    jobs: &[NewRow],
) -> Result<Fenced> {
    let connection = tx.connection();
    let Some(held) = report::held_by(tx, job)? else {
        return Ok(Fenced::Lost);
    };
    let is_publishing = held.lifecycle.state.name() == StateName::Publishing;
    if !is_publishing || held.lifecycle.attempt != attempt {
        return Ok(report::refusal(&held, attempt));
    }
    let has_told: Option<bool> = cell(connection, sql::HAS_TOLD, [held.number])?;
    execute(connection, sql::NOTE_TOLD, [held.number])?;
    // What it has found is the asset's from now on.
    execute(connection, sql::DELETE_ASSET_JOB, [held.number])?;
    let registered = has_told == Some(false);
    let known = match by_row(known(connection, found, registered))? {
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
            replace(connection, &told(known, found, job))?;
        }
        return Ok(Fenced::Done);
    }
    let id = known.as_ref().map_or(found.id, |known| known.id);
    match known {
        Some(known) => replace(connection, &told(known, found, job))?,
        None => insert(
            connection,
            &AssetRow::encode(&new(connection, found, job)?)?,
        )?,
    }
    queue(tx, job, jobs, (found.id, id))
}

/// The asset that a job's file has already: if it was not registered with the job, also that of another.
fn known(connection: &Connection, found: &Asset, registered: bool) -> Result<Option<Asset>> {
    let account = account_key(found.account);
    let by_id = params![account, found.id.as_bytes()];
    let known = one(connection, sql::ASSET, by_id, asset)?;
    if known.is_some() || registered {
        return Ok(known);
    }
    let (bucket, key) = (found.file.bucket.as_str(), found.file.key.as_str());
    let by_file = params![account, bucket, key];
    one(connection, sql::ASSET_OF_FILE, by_file, asset)
}

/// The asset without what it cannot have.
fn new(connection: &Connection, found: &Asset, job: JobId) -> Result<Asset> {
    let mut asset = Asset {
        details: as_stored(&found.details),
        job,
        ..found.clone()
    };
    if let Some(reference) = &asset.details.reference {
        let key = params![account_key(found.account), reference];
        if let Some(other) = cell::<[u8; 16]>(connection, sql::ID_REFERRED, key)? {
            let (id, other) = (asset.id, AssetId::from_bytes(other));
            tracing::warn!(asset.id = %id, "asset {other} has the reference that asset {id} was to have");
            asset.details.reference = None;
        }
    }
    Ok(asset)
}

/// Queues the jobs that follow, for the asset that it has become.
fn queue(
    tx: &Tx<'_>,
    job: JobId,
    jobs: &[NewRow],
    (planned, is): (AssetId, AssetId),
) -> Result<Fenced> {
    if jobs.is_empty() {
        return Ok(Fenced::Done);
    }
    let jobs: Vec<NewRow> = jobs.iter().map(|it| it.made_for(planned, is)).collect();
    if let Err(pipeline) = submit::submit(tx, &jobs)? {
        let count = jobs.len();
        tracing::error!(
            job.id = %job, pipeline.id = %pipeline, count,
            "{count} jobs that were to follow job {job} are not queued: their pipeline is gone"
        );
    }
    Ok(Fenced::Done)
}
