//! Buckets: their names and where their objects are.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use reelgate_domain::{AccountId, BucketName, Place, S3Place};
use tokio_postgres::Row;

use super::connect::{Param, Session};
use super::error::Answer;
use super::rows::{Cells, account_key};
use super::sql::jobs as sql;
use crate::contract::{Bucket, Result};
use crate::stored::{corrupt, decode, encode};

/// False if the account has one of this name.
pub(super) async fn create(session: &Session, bucket: &Bucket) -> Answer<bool> {
    let (path, s3) = match &bucket.place {
        Place::Directory(path) => (path.as_path(), None),
        Place::S3(s3) => (Path::new(""), Some(s3)),
    };
    let stored: [Param<'_>; 6] = [
        &account_key(bucket.account),
        &bucket.name.as_str(),
        &path.as_os_str().as_bytes(),
        &s3.map(encode).transpose()?,
        &s3.map(|s3| &s3.secret_id),
        &bucket.created_at.as_millis(),
    ];
    let stored = session.execute(sql::INSERT_BUCKET, &stored).await?;
    if let (1, Some(s3)) = (stored, s3) {
        let secret: [Param<'_>; 2] = [&s3.secret_id, &s3.sealed];
        session.execute(sql::INSERT_SECRET, &secret).await?;
    }
    Ok(stored == 1)
}

pub(super) async fn get(
    session: &Session,
    owner: AccountId,
    name: &BucketName,
) -> Answer<Option<Bucket>> {
    let key: [Param<'_>; 2] = [&account_key(owner), &name.as_str()];
    let row = session.one(sql::BUCKET, &key).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

pub(super) async fn of_account(session: &Session, owner: AccountId) -> Answer<Vec<Bucket>> {
    let rows = session.all(sql::BUCKETS, &[&account_key(owner)]).await?;
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}

pub(super) async fn every(session: &Session) -> Answer<Vec<Bucket>> {
    let rows = session.all(sql::ALL_BUCKETS, &[]).await?;
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}

fn read(row: &Row) -> Result<Bucket> {
    let name: String = row.get(1);
    let cells = Cells::of(row, "buckets", &name);
    let place = match cells.get::<Option<&str>>(3, "place")? {
        None => {
            let path: Vec<u8> = cells.get(2, "path")?;
            Place::Directory(PathBuf::from(OsString::from_vec(path)))
        }
        Some(text) => {
            let s3: S3Place = decode(text, "buckets", "place", &name)?;
            let sealed: Option<Vec<u8>> = cells.get(4, "secret")?;
            let sealed = sealed.ok_or_else(|| {
                corrupt("buckets", "secret", &name, "there is no secret of this id")
            })?;
            Place::S3(S3Place { sealed, ..s3 })
        }
    };
    Ok(Bucket {
        account: cells.account(0)?,
        place,
        created_at: cells.time(5, "created_at")?,
        name: BucketName::new(name.as_str())
            .map_err(|error| corrupt("buckets", "name", &name, error))?,
    })
}
