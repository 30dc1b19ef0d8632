//! Accounts, their keys and their buckets.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use reelgate_domain::{AccessKey, AccountId, BucketName, Timestamp};
use rusqlite::{Connection, Row, params};

use super::error::corrupt;
use super::rows::{account, all, cell, execute, one};
use super::writer::Tx;
use super::{pipelines, sql};
use crate::contract::{ApiKey, Bucket, FirstAccount, Result};

pub(super) fn create_first(tx: &Tx<'_>, first: &FirstAccount) -> Result<bool> {
    let connection = tx.connection();
    if any(connection)? {
        return Ok(false);
    }
    let number = first.account.number().cast_signed();
    let created_at = first.created_at.as_millis();
    execute(connection, sql::INSERT_ACCOUNT, params![number, created_at])?;
    execute(
        connection,
        sql::INSERT_PROJECT,
        params![first.project_id, number, created_at],
    )?;
    let key = &first.access_key;
    execute(
        connection,
        sql::INSERT_ACCESS_KEY,
        params![
            key.id,
            key.account.number().cast_signed(),
            key.secret,
            key.active
        ],
    )?;
    let operator = true;
    execute(
        connection,
        sql::INSERT_API_KEY,
        params![first.api_key_digest, number, operator],
    )?;
    pipelines::create(tx, &first.pipeline)?;
    create_bucket(tx, &first.bucket)?;
    Ok(true)
}

pub(super) fn any(connection: &Connection) -> Result<bool> {
    Ok(cell(connection, sql::HAS_ACCOUNTS, [])?.unwrap_or(false))
}

pub(super) fn access_key(connection: &Connection, id: &str) -> Result<Option<AccessKey>> {
    one(connection, sql::ACCESS_KEY, [id], |row| {
        Ok(AccessKey {
            id: row.get(0)?,
            account: account(row, 1, "access_keys", id)?,
            secret: row.get(2)?,
            active: row.get(3)?,
        })
    })
}

pub(super) fn api_key(connection: &Connection, digest: &[u8; 32]) -> Result<Option<ApiKey>> {
    one(connection, sql::API_KEY, [digest], |row| {
        Ok(ApiKey {
            account: account(row, 0, "api_keys", "of a digest")?,
            operator: row.get(1)?,
        })
    })
}

pub(super) fn create_bucket(tx: &Tx<'_>, bucket: &Bucket) -> Result<bool> {
    let stored = execute(
        tx.connection(),
        sql::INSERT_BUCKET,
        params![
            bucket.account.number().cast_signed(),
            bucket.name.as_str(),
            bucket.path.as_os_str().as_bytes(),
            bucket.created_at.as_millis(),
        ],
    )?;
    Ok(stored == 1)
}

pub(super) fn bucket(
    connection: &Connection,
    owner: AccountId,
    name: &BucketName,
) -> Result<Option<Bucket>> {
    let key = params![owner.number().cast_signed(), name.as_str()];
    one(connection, sql::BUCKET, key, read_bucket)
}

pub(super) fn buckets(connection: &Connection, owner: AccountId) -> Result<Vec<Bucket>> {
    all(
        connection,
        sql::BUCKETS,
        [owner.number().cast_signed()],
        read_bucket,
    )
}

pub(super) fn all_buckets(connection: &Connection) -> Result<Vec<Bucket>> {
    all(connection, sql::ALL_BUCKETS, [], read_bucket)
}

fn read_bucket(row: &Row<'_>) -> Result<Bucket> {
    let name: String = row.get(1)?;
    let path: Vec<u8> = row.get(2)?;
    Ok(Bucket {
        account: account(row, 0, "buckets", &name)?,
        path: PathBuf::from(OsStr::from_bytes(&path)),
        created_at: Timestamp::from_millis(row.get(3)?),
        name: BucketName::new(name.as_str())
            .map_err(|error| corrupt("buckets", "name", &name, error))?,
    })
}
