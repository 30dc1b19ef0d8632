//! Buckets: their names and where their files are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use reelgate_domain::{AccountId, BucketName, Timestamp};
use rusqlite::{Connection, Row, params};

use super::error::corrupt;
use super::rows::{account, all, execute, one};
use super::sql;
use super::writer::Tx;
use crate::contract::{Bucket, Result};

pub(super) fn create(tx: &Tx<'_>, bucket: &Bucket) -> Result<bool> {
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

pub(super) fn get(
    connection: &Connection,
    owner: AccountId,
    name: &BucketName,
) -> Result<Option<Bucket>> {
    let key = params![owner.number().cast_signed(), name.as_str()];
    one(connection, sql::BUCKET, key, read)
}

pub(super) fn of_account(connection: &Connection, owner: AccountId) -> Result<Vec<Bucket>> {
    all(
        connection,
        sql::BUCKETS,
        [owner.number().cast_signed()],
        read,
    )
}

pub(super) fn every(connection: &Connection) -> Result<Vec<Bucket>> {
    all(connection, sql::ALL_BUCKETS, [], read)
}

fn read(row: &Row<'_>) -> Result<Bucket> {
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
