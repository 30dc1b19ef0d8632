//! Taking finished files in as objects, such as what was made of a live stream.

use std::io::ErrorKind;
use std::path::Path;

use reelgate_domain::ObjectKey;

use crate::bucket::OpenBucket;
use crate::directory::Directory;
use crate::error::ObjectError;

impl OpenBucket {
    /// Stores a finished file, which nobody changes any more, as an object. It appears complete or not at all,
    /// replaces an older one atomically, and is durable when this returns. The file stays where it was. `id` is
    /// of this object alone. If the process dies before this returns, the object is there or not, and taking the
    /// file again does no harm.
    pub async fn take(&self, file: &Path, key: &ObjectKey, id: &str) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.take(file, key, id).await,
            Self::S3(bucket) => bucket.take(file, key, id).await,
        }
    }
}

impl Directory {
    async fn take(&self, file: &Path, key: &ObjectKey, id: &str) -> Result<(), ObjectError> {
        let uploads = self.root.join(ObjectKey::RESERVED).join("uploads");
        let failed = |source| ObjectError::from_io(key.as_str(), "storing", source);
        tokio::fs::create_dir_all(&uploads).await.map_err(failed)?;
        let own = uploads.join(id);
        // What a process left there that died over it.
        match tokio::fs::remove_file(&own).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if tokio::fs::hard_link(file, &own).await.is_err() {
            tokio::fs::copy(file, &own).await.map_err(failed)?;
        }
        let synced = async { tokio::fs::File::open(&own).await?.sync_all().await };
        let placed = match synced.await {
            Ok(()) => self.place(&own, key).await,
            Err(error) => Err(failed(error)),
        };
        // Placing leaves it where the object is this very file already: an earlier try was decided and not told of.
        let _ = tokio::fs::remove_file(&own).await;
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_finished_file_becomes_an_object_and_can_be_taken_again() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let bucket = OpenBucket::Directory(Directory::open(dir.path()).unwrap());
        let key = ObjectKey::new("live/a.ts").unwrap();
        let file = scratch.path().join("a.ts");
        for content in ["one", "another"] {
            std::fs::remove_file(&file).ok();
            std::fs::write(&file, content).unwrap();
            // The process died over an earlier try.
            std::fs::create_dir_all(dir.path().join(".reelgate/uploads")).unwrap();
            std::fs::write(dir.path().join(".reelgate/uploads/id"), "half").unwrap();
            bucket.take(&file, &key, "id").await.unwrap();
            let path = dir.path().join("live/a.ts");
            assert_eq!(std::fs::read_to_string(path).unwrap(), content);
            assert!(file.exists());
        }
        let uploads = dir.path().join(".reelgate/uploads");
        assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_file_that_is_taken_twice_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let bucket = OpenBucket::Directory(Directory::open(dir.path()).unwrap());
        let key = ObjectKey::new("live/a.ts").unwrap();
        let file = scratch.path().join("a.ts");
        std::fs::write(&file, "x").unwrap();
        for _ in 0..2 {
            bucket.take(&file, &key, "id").await.unwrap();
            let uploads = dir.path().join(".reelgate/uploads");
            assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
        }
        let object = std::fs::read_to_string(dir.path().join("live/a.ts"));
        assert_eq!(object.unwrap(), "x");
    }

    #[tokio::test]
    async fn what_cannot_be_placed_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = OpenBucket::Directory(Directory::open(dir.path()).unwrap());
        std::fs::write(dir.path().join("live"), "a file where a folder has to be").unwrap();
        let file = dir.path().join("a.ts");
        std::fs::write(&file, "x").unwrap();
        let key = ObjectKey::new("live/a.ts").unwrap();
        let refused = bucket.take(&file, &key, "id").await;
        assert!(matches!(refused, Err(ObjectError::Collision(_))));
        let uploads = dir.path().join(".reelgate/uploads");
        assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    }
}
