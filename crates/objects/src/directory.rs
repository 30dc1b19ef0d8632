//! A bucket that is a directory: objects are its files, keys their relative paths.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use reelgate_domain::{ObjectKey, Timestamp};
use rustix::fs::OFlags;
use tokio::fs::File;

use crate::error::{ObjectError, is_circle};
use crate::object::{Object, ObjectMeta, content_type};
use crate::space::free_bytes;

/// How often a folder is made again that deletes keep taking away.
const FOLDER_RETRIES: u32 = 100;

/// The directory of one bucket.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Canonical, so that a prefix test finds links that lead out of it.
    pub(crate) root: PathBuf,
    /// Tells how much is free where a path is; tests have disks of their own.
    pub(crate) free_bytes: fn(&Path) -> std::io::Result<u64>,
}

impl Directory {
    /// Makes the directory of a new bucket, if it is missing, and opens it.
    pub fn make(path: &Path) -> Result<Self, ObjectError> {
        std::fs::create_dir_all(path).map_err(|source| unopened(path, source))?;
        Self::open(path)
    }

    /// Opens a bucket's directory. One that is missing is not made: the disk that holds it may just
    /// not be mounted, and objects must not go below the mount point.
    pub fn open(path: &Path) -> Result<Self, ObjectError> {
        let root = path
            .canonicalize()
            .map_err(|source| unopened(path, source))?;
        Ok(Self { root, free_bytes })
    }

    /// What is known of an object.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, ObjectError> {
        let path = self.existing(key).await?;
        let metadata = tokio::fs::metadata(&path)
            .await
            .map_err(|source| ObjectError::from_io(key.as_str(), "reading", source))?;
        meta(key, &metadata)
    }

    /// Opens an object for reading.
    pub async fn get(&self, key: &ObjectKey) -> Result<Object, ObjectError> {
        let path = self.existing(key).await?;
        let failed = |source| ObjectError::from_io(key.as_str(), "reading", source);
        // Looked at before it is opened, because opening alone makes some devices do things.
        meta(key, &tokio::fs::metadata(&path).await.map_err(failed)?)?;
        let file = opened(&path).await.map_err(failed)?;
        // From the open file, so that a replacement in between cannot mix two objects.
        let meta = meta(key, &file.metadata().await.map_err(failed)?)?;
        Ok(Object::in_file(meta, file))
    }

    /// The path of an object's file, for a process that reads it.
    pub async fn local_path(&self, key: &ObjectKey) -> Result<PathBuf, ObjectError> {
        let path = self.existing(key).await?;
        self.head(key).await?;
        Ok(path)
    }

    /// Removes an object; false if there was none. Folders that become empty go too.
    pub async fn delete(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        // What is no file is no object, and stays.
        match self.head(key).await {
            Ok(_inside) => {}
            Err(ObjectError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        // The name itself: of a link to another object, only the link goes.
        let path = self.root.join(key.as_str());
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(ObjectError::from_io(key.as_str(), "deleting", error)),
        }
        let mut folder = path.parent();
        while let Some(empty) = folder.filter(|folder| *folder != self.root) {
            if tokio::fs::remove_dir(empty).await.is_err() {
                break;
            }
            folder = empty.parent();
        }
        Ok(true)
    }

    /// Gives a complete file of this file system its place under a key, durably.
    pub(crate) async fn place(&self, file: &Path, key: &ObjectKey) -> Result<(), ObjectError> {
        let mut placed = self.try_place(file, key).await;
        for _ in 0..FOLDER_RETRIES {
            // What is missing is the folder: a delete that emptied it took it away in between.
            let is_waiting = tokio::fs::try_exists(file).await.unwrap_or(false);
            if !(is_waiting && matches!(placed, Err(ObjectError::Missing(_)))) {
                break;
            }
            placed = self.try_place(file, key).await;
        }
        placed
    }

    async fn try_place(&self, file: &Path, key: &ObjectKey) -> Result<(), ObjectError> {
        let target = self.root.join(key.as_str());
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        let failed = |source| ObjectError::from_io(key.as_str(), "storing", source);
        if let Err(source) = tokio::fs::create_dir_all(&folder).await {
            // A folder that was there when it was made, and gone when it was looked at, is in nobody's way.
            let is_free = source.kind() == std::io::ErrorKind::AlreadyExists
                && !self.is_blocked(&folder).await;
            return Err(if is_free {
                ObjectError::Missing(key.to_string())
            } else {
                failed(source)
            });
        }
        let real = tokio::fs::canonicalize(&folder).await.map_err(failed)?;
        if !real.starts_with(&self.root) {
            return Err(ObjectError::Outside(key.to_string()));
        }
        // Opened before, because a delete may take file and folder away right after the rename.
        let opened = File::open(&real).await.map_err(failed)?;
        tokio::fs::rename(file, &target)
            .await
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::DirectoryNotEmpty => ObjectError::Collision(key.to_string()),
                _ => failed(source),
            })?;
        opened.sync_all().await.map_err(failed)
    }

    /// Whether something that is no folder stands where `folder` or one above it has to be.
    async fn is_blocked(&self, folder: &Path) -> bool {
        for path in folder.ancestors().take_while(|path| *path != self.root) {
            let is_folder = tokio::fs::metadata(path).await.is_ok_and(|it| it.is_dir());
            if !is_folder && tokio::fs::symlink_metadata(path).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// The path of a key whose file exists, links followed but not out of the bucket.
    async fn existing(&self, key: &ObjectKey) -> Result<PathBuf, ObjectError> {
        let path = self.root.join(key.as_str());
        let real = tokio::fs::canonicalize(&path)
            .await
            .map_err(|source| match source.kind() {
                // A file where the key has a folder, or links that lead in a circle: no such object.
                std::io::ErrorKind::NotADirectory => ObjectError::Missing(key.to_string()),
                _ if is_circle(&source) => ObjectError::Missing(key.to_string()),
                _ => ObjectError::from_io(key.as_str(), "reading", source),
            })?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(ObjectError::Outside(key.to_string()))
        }
    }
}

fn unopened(path: &Path, source: std::io::Error) -> ObjectError {
    ObjectError::Io {
        what: format!("opening the bucket directory {}", path.display()),
        source,
    }
}

/// Opens a file for reading; what takes its place in between and would wait for a writer is not waited for.
async fn opened(path: &Path) -> std::io::Result<File> {
    tokio::fs::OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .await
}

/// Makes a rename or a new entry in a directory survive a power loss.
pub(crate) async fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path).await?.sync_all().await
}

pub(crate) fn meta(
    key: &ObjectKey,
    metadata: &std::fs::Metadata,
) -> Result<ObjectMeta, ObjectError> {
    if !metadata.is_file() {
        return Err(ObjectError::Missing(key.to_string()));
    }
    let nanos = since_epoch(metadata).as_nanos();
    Ok(ObjectMeta {
        key: key.clone(),
        bytes: metadata.len(),
        modified: modified(metadata),
        etag: format!("\"{:x}-{nanos:x}\"", metadata.len()),
        content_type: content_type(key),
    })
}

/// When a file or folder was last changed.
pub(crate) fn modified(metadata: &std::fs::Metadata) -> Timestamp {
    let millis = since_epoch(metadata).as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn since_epoch(metadata: &std::fs::Metadata) -> Duration {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;
    use crate::upload::Room;

    const SMALL: Room = Room {
        limit_bytes: 10,
        floor_bytes: 0,
    };

    fn key(text: &str) -> ObjectKey {
        ObjectKey::new(text).unwrap()
    }

    async fn put(bucket: &Directory, at: &str, text: &str) -> Result<ObjectMeta, ObjectError> {
        let chunks = [Ok::<_, String>(Bytes::copy_from_slice(text.as_bytes()))];
        bucket
            .put(&key(at), stream::iter(chunks), SMALL, "upload")
            .await
    }

    #[tokio::test]
    async fn an_object_is_read_back_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        assert_eq!(put(&bucket, "a/b.mp4", "one").await.unwrap().bytes, 3);
        let newer = put(&bucket, "a/b.mp4", "three").await.unwrap();
        assert_eq!((newer.bytes, newer.content_type), (5, "video/mp4"));
        assert_eq!(bucket.head(&key("a/b.mp4")).await.unwrap(), newer);
    }

    #[tokio::test]
    async fn a_key_cannot_be_an_object_and_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        put(&bucket, "a/b", "x").await.unwrap();
        assert!(matches!(
            put(&bucket, "a", "x").await,
            Err(ObjectError::Collision(_))
        ));
        assert!(matches!(
            put(&bucket, "a/b/c", "x").await,
            Err(ObjectError::Collision(_))
        ));
        assert!(matches!(
            bucket.head(&key("a")).await,
            Err(ObjectError::Missing(_))
        ));
        assert!(matches!(
            bucket.head(&key("a/b/c")).await,
            Err(ObjectError::Missing(_))
        ));
    }

    /// An upload made it anew, below the mount point of a disk that was not there.
    #[test]
    fn a_bucket_directory_that_is_gone_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bucket");
        Directory::make(&path).unwrap();
        std::fs::remove_dir(&path).unwrap();
        assert!(matches!(
            Directory::open(&path),
            Err(ObjectError::Io { .. })
        ));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_link_that_leaves_the_bucket_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        let read = bucket.get(&key("link/secret")).await;
        assert!(matches!(read, Err(ObjectError::Outside(_))));
        assert!(matches!(
            put(&bucket, "link/new", "x").await,
            Err(ObjectError::Outside(_))
        ));
    }

    #[tokio::test]
    async fn deleting_removes_folders_that_become_empty() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        put(&bucket, "a/b/c", "x").await.unwrap();
        assert!(bucket.delete(&key("a/b/c")).await.unwrap());
        assert!(!bucket.delete(&key("a/b/c")).await.unwrap());
        assert!(!dir.path().join("a").exists());
    }

    /// The delete took the folder away between its making and the rename into it: the upload was
    /// answered with "does not exist".
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_upload_wins_against_a_delete_that_empties_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let deleting = tokio::spawn({
            let bucket = bucket.clone();
            async move {
                loop {
                    bucket.delete(&key("a/b/old")).await.unwrap();
                }
            }
        });
        for _ in 0..300 {
            let file = dir.path().join("file");
            std::fs::write(&file, "x").unwrap();
            bucket.place(&file, &key("a/b/old")).await.unwrap();
        }
        deleting.abort();
    }

    #[tokio::test]
    async fn deleting_a_link_leaves_the_object_it_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::make(dir.path()).unwrap();
        put(&bucket, "real", "x").await.unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
        assert!(bucket.delete(&key("link")).await.unwrap());
        assert_eq!(bucket.head(&key("real")).await.unwrap().bytes, 1);
    }

    /// It took the place of a file between the look at it and its opening: the thread waited for a
    /// writer for ever.
    #[tokio::test]
    async fn opening_a_pipe_waits_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let file = opened(&pipe).await.unwrap();
        let metadata = file.metadata().await.unwrap();
        assert!(matches!(
            meta(&key("pipe"), &metadata),
            Err(ObjectError::Missing(_))
        ));
    }
}
