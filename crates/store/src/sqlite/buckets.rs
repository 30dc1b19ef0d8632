//! Buckets: their names and where their objects are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use reelgate_domain::{AccountId, BucketName, Place, S3Place, Timestamp};
use rusqlite::{Connection, Row, params};

use super::error::corrupt;
use super::rows::{account, all, execute, one};
use super::sql;
use super::writer::Tx;
use crate::contract::{Bucket, Result};
use crate::stored::{decode, encode};

pub(super) fn create(tx: &Tx<'_>, bucket: &Bucket) -> Result<bool> {
    let (path, s3) = match &bucket.place {
        Place::Directory(path) => (path.as_path(), None),
        // The column is older than places without a path.
        Place::S3(s3) => (Path::new(""), Some(s3)),
    };
    let stored = execute(
        tx.connection(),
        sql::INSERT_BUCKET,
        params![
            bucket.account.number().cast_signed(),
            bucket.name.as_str(),
            path.as_os_str().as_bytes(),
            s3.map(encode).transpose()?,
            s3.map(|s3| &s3.secret_id),
            bucket.created_at.as_millis(),
        ],
    )?;
    if let (1, Some(s3)) = (stored, s3) {
        let secret = params![s3.secret_id, s3.sealed];
        execute(tx.connection(), sql::INSERT_SECRET, secret)?;
    }
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
    let place = match row.get::<_, Option<String>>(3)? {
        None => {
            let path: Vec<u8> = row.get(2)?;
            Place::Directory(PathBuf::from(OsStr::from_bytes(&path)))
        }
        Some(text) => {
            let s3: S3Place = decode(&text, "buckets", "place", &name)?;
            let sealed: Option<Vec<u8>> = row.get(4)?;
            let sealed = sealed.ok_or_else(|| {
                corrupt("buckets", "secret", &name, "there is no secret of this id")
            })?;
            Place::S3(S3Place { sealed, ..s3 })
        }
    };
    Ok(Bucket {
        account: account(row, 0, "buckets", &name)?,
        place,
        created_at: Timestamp::from_millis(row.get(5)?),
        name: BucketName::new(name.as_str())
            .map_err(|error| corrupt("buckets", "name", &name, error))?,
    })
}
