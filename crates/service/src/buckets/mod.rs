//! Buckets: create, list, find.

#[cfg(test)]
mod on_object_stores;
mod open;
mod s3;

use std::collections::HashMap;
use std::error::Error as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use reelgate_domain::{AccountId, BucketName, Place, S3Place, Timestamp};
use reelgate_objects::{Directory, ObjectError, OpenBucket};
use reelgate_store::Bucket;

pub(crate) use open::Connections;
pub use open::{BucketOpener, OpenBucketError};
pub use s3::NewS3Bucket;

use crate::{Caller, ErrorKind, Service, ServiceError};

/// Buckets that were looked up before. A bucket is never changed or removed; whoever makes that
/// possible must also forget it here.
#[derive(Debug, Default)]
pub(crate) struct BucketCache(RwLock<HashMap<AccountId, HashMap<BucketName, Bucket>>>);

impl BucketCache {
    fn get(&self, account: AccountId, name: &BucketName) -> Option<Bucket> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&account)?.get(name).cloned()
    }

    fn forget(&self, bucket: &Bucket) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_account) = known.get_mut(&bucket.account) {
            of_account.remove(&bucket.name);
        }
    }

    fn insert(&self, bucket: Bucket) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let of_account = known.entry(bucket.account).or_default();
        of_account.insert(bucket.name.clone(), bucket);
    }
}

/// A bucket as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketView {
    pub name: BucketName,
    /// Where its files are, if that is a directory; only operators are told.
    pub path: Option<PathBuf>,
    /// Where its objects are, if that is an object store; only operators are told. The secret is for
    /// nobody.
    pub s3: Option<S3Place>,
    pub created_at: Timestamp,
}

impl Service {
    /// Creates a bucket. Only an operator may choose the directory, and none that holds the
    /// program's own files.
    pub async fn create_bucket(
        &self,
        caller: &Caller,
        name: BucketName,
        path: Option<PathBuf>,
    ) -> Result<BucketView, ServiceError> {
        let path = match path {
            None => self.default_bucket_path(caller.account, &name),
            Some(path) => self.allowed_path(caller, path)?,
        };
        self.require_directories().await?;
        Directory::make(&path)?;
        let now = self.clock.now();
        let bucket = Bucket {
            account: caller.account,
            name: name.clone(),
            place: Place::Directory(path),
            created_at: now,
        };
        let once = caller.making(&name);
        if !self.store.create_bucket(bucket.clone(), once).await? {
            let message = format!("bucket {name} already exists");
            return Err(ServiceError::new(ErrorKind::Conflict, name, message));
        }
        Ok(view(caller, bucket))
    }

    /// The account's buckets, by name.
    pub async fn list_buckets(&self, caller: &Caller) -> Result<Vec<BucketView>, ServiceError> {
        let buckets = self.store.buckets(caller.account).await?;
        Ok(buckets
            .into_iter()
            .map(|bucket| view(caller, bucket))
            .collect())
    }

    /// Whether the caller has a bucket of this name.
    pub async fn bucket_exists(
        &self,
        caller: &Caller,
        name: &BucketName,
    ) -> Result<bool, ServiceError> {
        match self.find_bucket(caller, name).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn find_bucket(
        &self,
        caller: &Caller,
        name: &BucketName,
    ) -> Result<Bucket, ServiceError> {
        if let Some(bucket) = self.buckets.get(caller.account, name) {
            return Ok(bucket);
        }
        let found = self.store.bucket(caller.account, name).await?;
        let bucket = found.ok_or_else(|| ServiceError::missing("bucket", name))?;
        self.buckets.insert(bucket.clone());
        Ok(bucket)
    }

    pub(crate) async fn open_bucket(
        &self,
        caller: &Caller,
        name: &BucketName,
    ) -> Result<OpenBucket, ServiceError> {
        let bucket = self.find_bucket(caller, name).await?;
        let opener = self.bucket_opener();
        match opener.open(&bucket) {
            // What is remembered may be in the seal of a master key that is no more.
            Err(OpenBucketError::Secret(_)) => {
                self.buckets.forget(&bucket);
                let bucket = self.find_bucket(caller, name).await?;
                opener.open(&bucket).map_err(ServiceError::from)
            }
            other => other.map_err(ServiceError::from),
        }
    }

    pub(crate) fn default_bucket_path(&self, account: AccountId, name: &BucketName) -> PathBuf {
        self.company
            .buckets_dir(&self.settings.data_dir)
            .join(account.to_string())
            .join(name.as_str())
    }

    /// A bucket over the data directory would hand out the credentials and the database.
    fn allowed_path(&self, caller: &Caller, path: PathBuf) -> Result<PathBuf, ServiceError> {
        if !caller.operator {
            let message = "only an operator key may choose a bucket's directory";
            return Err(ServiceError::new(ErrorKind::Denied, "path", message));
        }
        check_path(&path, &self.settings.data_dir)?;
        made(&path)?;
        Ok(path)
    }
}

/// Makes a directory that was chosen: if it cannot be made, that is not our fault.
fn made(path: &Path) -> Result<(), ServiceError> {
    let refused = |error: ObjectError| {
        let cause = error
            .source()
            .map_or_else(String::new, |cause| format!(": {cause}"));
        ServiceError::invalid("path", format!("{error}{cause}"))
    };
    Directory::make(path).map(drop).map_err(refused)
}

fn check_path(path: &Path, data_dir: &Path) -> Result<(), ServiceError> {
    // Past a folder that is yet to be made, `..` would lead where nothing here has looked.
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    if !path.is_absolute() || goes_up {
        let message = "a bucket's directory is an absolute path without ..";
        return Err(ServiceError::invalid("path", message));
    }
    let (real, data) = (nearest_real(path), nearest_real(data_dir));
    if data.starts_with(&real) || real.starts_with(&data) {
        let message = "a bucket's directory and the data directory may not hold one another";
        return Err(ServiceError::new(ErrorKind::Denied, "path", message));
    }
    Ok(())
}

/// The path with links resolved as far as it exists.
fn nearest_real(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|base| {
            let real = base.canonicalize().ok()?;
            Some(
                path.strip_prefix(base)
                    .map_or_else(|_| real.clone(), |rest| real.join(rest)),
            )
        })
        .unwrap_or_else(|| path.to_owned())
}

impl From<OpenBucketError> for ServiceError {
    fn from(error: OpenBucketError) -> Self {
        match error {
            OpenBucketError::Object(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

fn view(caller: &Caller, bucket: Bucket) -> BucketView {
    let (path, s3) = match bucket.place {
        _ if !caller.operator => (None, None),
        Place::Directory(path) => (Some(path), None),
        Place::S3(place) => (None, Some(place)),
    };
    BucketView {
        name: bucket.name,
        path,
        s3,
        created_at: bucket.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_cannot_be_put_over_the_data_directory_by_any_path() {
        let dir = tempfile::tempdir().unwrap();
        let (data, link) = (dir.path().join("data"), dir.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let denied = |path: &str, kind| {
            let refused = check_path(&dir.path().join(path), &data).unwrap_err();
            assert_eq!(refused.kind, kind, "{path}");
        };
        for path in ["", "data", "data/buckets/new", "link", "link/new"] {
            denied(path, ErrorKind::Denied);
        }
        // Making the missing folder would make the rest of the path lead to the data directory.
        denied("missing/../data", ErrorKind::Invalid);
        assert!(check_path(&dir.path().join("database"), &data).is_ok());
        let relative = check_path(Path::new("data"), &data).unwrap_err();
        assert_eq!(relative.kind, ErrorKind::Invalid);
    }

    #[test]
    fn a_chosen_directory_that_is_a_file_is_named_as_the_cause() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), file.path().join("below")] {
            let refused = made(&path).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Invalid);
            let path = file.path().to_str().unwrap();
            assert!(refused.to_string().contains(path), "{refused}");
        }
    }
}
