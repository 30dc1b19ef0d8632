//! Uploads: from a stream to an object that is there complete or not at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reelgate_domain::ObjectKey;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::directory::{Directory, meta};
use crate::error::ObjectError;
use crate::object::ObjectMeta;

/// An upload to which nothing was written for so long has nobody any more who writes it.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// After how many bytes an upload looks again whether there is room for more.
const LOOK_AFTER_BYTES: u64 = 8 << 20;

/// How much an upload may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The most bytes of one object.
    pub limit_bytes: u64,
    /// This much of the file system stays free.
    pub floor_bytes: u64,
}

impl Directory {
    /// Stores an object from a stream. It appears under its key complete or not at all, replaces an
    /// older one atomically, and is on disk when this returns. Refused before anything is read if the
    /// file system's floor is reached, and given up when the upload reaches it.
    pub async fn put<S, E>(
        &self,
        key: &ObjectKey,
        content: S,
        room: Room,
        upload_id: &str,
    ) -> Result<ObjectMeta, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let uploads = self.root.join(ObjectKey::RESERVED).join("uploads");
        let failed = |source| ObjectError::from_io(key.as_str(), "storing", source);
        self.keep_floor(key, room).await?;
        tokio::fs::create_dir_all(&uploads).await.map_err(failed)?;
        let unfinished = Unfinished(uploads.join(upload_id));
        let file = File::create(&unfinished.0).await.map_err(failed)?;
        remove_abandoned(&uploads, &file).await;
        let metadata = self.write_all(file, key, content, room).await?;
        self.place(&unfinished.0, key).await?;
        meta(key, &metadata)
    }

    async fn write_all<S, E>(
        &self,
        file: File,
        key: &ObjectKey,
        mut content: S,
        room: Room,
    ) -> Result<std::fs::Metadata, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let failed = |source| ObjectError::from_io(key.as_str(), "storing", source);
        let mut file = BufWriter::with_capacity(256 * 1024, file);
        let (mut written, mut looked_at) = (0_u64, 0_u64);
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(|error| ObjectError::Upload {
                key: key.to_string(),
                why: error.to_string(),
            })?;
            written += chunk.len() as u64;
            if written > room.limit_bytes {
                return Err(ObjectError::TooLarge {
                    key: key.to_string(),
                    limit_bytes: room.limit_bytes,
                });
            }
            if written - looked_at > LOOK_AFTER_BYTES {
                looked_at = written;
                self.keep_floor(key, room).await?;
            }
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        file.get_mut().sync_all().await.map_err(failed)?;
        file.get_ref().metadata().await.map_err(failed)
    }

    /// Fails if the file system has less room than it has to keep. One that does not tell has to do
    /// with its own errors.
    async fn keep_floor(&self, key: &ObjectKey, room: Room) -> Result<(), ObjectError> {
        let Room { floor_bytes, .. } = room;
        if floor_bytes == 0 {
            return Ok(());
        }
        let (root, free_bytes) = (self.root.clone(), self.free_bytes);
        let looked = tokio::task::spawn_blocking(move || free_bytes(&root)).await;
        match looked {
            Ok(Ok(free)) if free < floor_bytes => Err(ObjectError::Floor {
                key: key.to_string(),
                floor_bytes,
            }),
            _ => Ok(()),
        }
    }
}

/// The file of an upload until it has its place. What has none when this is dropped is removed: the
/// upload failed, or whoever sent it went away and nobody waits for the rest.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Usually it has its place and is not here any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes uploads that a process left behind when it died. Best effort: the next upload tries
/// again. `newest` was just made, so it knows what the time is on this file system.
async fn remove_abandoned(uploads: &Path, newest: &File) {
    let modified = |metadata: std::fs::Metadata| metadata.modified().ok();
    let Some(now) = newest.metadata().await.ok().and_then(modified) else {
        return;
    };
    let Ok(mut entries) = tokio::fs::read_dir(uploads).await else {
        return;
    };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let written = entry.metadata().await.ok().and_then(modified);
        let silence = written.and_then(|written| now.duration_since(written).ok());
        if silence.is_some_and(|silence| silence > ABANDONED_AFTER) {
            let _ = tokio::fs::remove_file(entry.path()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::stream;

    use super::*;

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
    async fn an_upload_over_the_limit_or_broken_off_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        put(&bucket, "a", "old").await.unwrap();
        assert!(matches!(
            put(&bucket, "a", "longer than ten").await,
            Err(ObjectError::TooLarge { .. })
        ));
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err("reset")]);
        let result = bucket.put(&key("a"), broken, SMALL, "upload").await;
        assert!(matches!(result, Err(ObjectError::Upload { .. })));
        assert_eq!(bucket.head(&key("a")).await.unwrap().bytes, 3);
        let uploads = dir.path().join(".reelgate/uploads");
        assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_upload_keeps_the_floor_of_free_space() {
        static FREE: AtomicU64 = AtomicU64::new(0);
        const FLOOR: u64 = 1 << 30;
        let dir = tempfile::tempdir().unwrap();
        let mut bucket = Directory::open(dir.path()).unwrap();
        bucket.free_bytes = |_| Ok(FREE.load(Ordering::SeqCst));
        let room = Room {
            limit_bytes: 1 << 40,
            floor_bytes: FLOOR,
        };
        // Each piece takes as much from the disk as it is long.
        let pieces = |count: u64| {
            stream::iter(0..count).map(|_| {
                FREE.fetch_sub(1 << 20, Ordering::SeqCst);
                Ok::<_, String>(Bytes::from(vec![0; 1 << 20]))
            })
        };
        let left = async || bucket.list("", None, 10).await.unwrap().objects;

        FREE.store(FLOOR - 1, Ordering::SeqCst);
        let refused = bucket.put(&key("a"), pieces(1), room, "upload").await;
        assert!(matches!(refused, Err(ObjectError::Floor { .. })));
        assert_eq!(FREE.load(Ordering::SeqCst), FLOOR - 1, "nothing was read");

        // The second tells that it looks on the way, and not only at the start.
        FREE.store(FLOOR + (40 << 20), Ordering::SeqCst);
        bucket
            .put(&key("a"), pieces(20), room, "upload")
            .await
            .unwrap();
        let refused = bucket.put(&key("b"), pieces(1000), room, "upload").await;
        assert!(matches!(refused, Err(ObjectError::Floor { .. })));
        let below = FLOOR.saturating_sub(FREE.load(Ordering::SeqCst));
        assert!(
            below <= 2 * LOOK_AFTER_BYTES,
            "{below} bytes below the floor"
        );
        assert_eq!(left().await.len(), 1);
        let uploads = dir.path().join(".reelgate/uploads");
        assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    }

    /// Clients that hung up while their upload was being written to disk left it there for ever.
    #[tokio::test]
    async fn an_upload_whose_caller_goes_away_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let begun = tokio::sync::Notify::new();
        let content = stream::once(async { Ok::<_, String>(Bytes::from_static(b"x")) })
            .chain(stream::once(async {
                begun.notify_one();
                std::future::pending().await
            }))
            .boxed();
        let name = key("a");
        tokio::select! {
            _ = bucket.put(&name, content, SMALL, "upload") => unreachable!("it never ends"),
            () = begun.notified() => {}
        }
        let uploads = dir.path().join(".reelgate/uploads");
        assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn uploads_of_a_process_that_died_are_removed_by_a_later_one() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let uploads = dir.path().join(".reelgate/uploads");
        std::fs::create_dir_all(&uploads).unwrap();
        let left = |name: &str, ago: Duration| {
            let file = std::fs::File::create(uploads.join(name)).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - ago).unwrap();
        };
        left("dead", ABANDONED_AFTER + Duration::from_secs(60));
        left("slow", ABANDONED_AFTER - Duration::from_secs(60));
        put(&bucket, "a", "x").await.unwrap();
        assert!(!uploads.join("dead").exists());
        assert!(uploads.join("slow").exists());
    }
}
