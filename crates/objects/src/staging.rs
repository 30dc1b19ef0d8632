//! Staging: complete outputs wait under names of their own until the store has decided whose
//! attempt wins, and get their final names then.

use std::path::{Path, PathBuf};

use reelgate_domain::media::OutputFile;
use reelgate_domain::{JobId, ObjectKey, Timestamp};

use crate::directory::{Directory, modified, sync_directory};
use crate::error::ObjectError;

/// The staged files of one attempt of one job, in one bucket.
#[derive(Clone, Debug)]
pub struct Stage {
    bucket: Directory,
    folder: PathBuf,
}

/// The folder of a stage, as it is found in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageFolder {
    pub job: JobId,
    pub attempt: u32,
    /// When something was last put in or taken out, by the file system's clock.
    pub modified: Timestamp,
}

impl Directory {
    /// Every stage that there is in this bucket.
    pub async fn stages(&self) -> Result<Vec<StageFolder>, ObjectError> {
        let failed = |source| ObjectError::Io {
            what: "looking for stages".to_owned(),
            source,
        };
        let mut entries = match tokio::fs::read_dir(self.staged()).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut found = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let name = entry.file_name();
            let Some((job, attempt)) = name.to_str().and_then(|name| name.rsplit_once('-')) else {
                continue;
            };
            let (Ok(job), Ok(attempt)) = (job.parse(), attempt.parse()) else {
                continue;
            };
            let metadata = match entry.metadata().await {
                Ok(metadata) => metadata,
                // Whoever made it has removed it meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            found.push(StageFolder {
                job,
                attempt,
                modified: modified(&metadata),
            });
        }
        Ok(found)
    }

    /// Removes one stage.
    pub async fn discard_stage(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        let folder = self.stage(job, attempt).folder;
        match tokio::fs::remove_dir_all(folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ObjectError::Io {
                what: format!("clearing a stage of {job}"),
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// The stage of an attempt; it need not exist yet.
    pub fn stage(&self, job: JobId, attempt: u32) -> Stage {
        let folder = self.staged().join(format!("{job}-{attempt}"));
        Stage {
            bucket: self.clone(),
            folder,
        }
    }

    /// Removes what this and earlier attempts of a job staged; a later attempt's files stay.
    pub async fn discard_stages(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        let prefix = format!("{job}-");
        let failed = |source| ObjectError::Io {
            what: format!("clearing stages of {job}"),
            source,
        };
        let mut entries = match tokio::fs::read_dir(self.staged()).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let name = entry.file_name();
            let staged_by = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.parse().ok());
            if staged_by.is_some_and(|staged_by: u32| staged_by <= attempt) {
                match tokio::fs::remove_dir_all(entry.path()).await {
                    // Leftovers are looked for at the same time.
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(failed(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn staged(&self) -> PathBuf {
        self.root.join(ObjectKey::RESERVED).join("staged")
    }
}

impl Stage {
    /// Takes a finished file in as what will be the object `key`; on disk when this returns. It stays where it was,
    /// too, if the file system can do that: whoever has fetched it need not do so again if this attempt does not win.
    pub async fn add(&self, file: &Path, key: &ObjectKey) -> Result<(), ObjectError> {
        let target = self.path(key);
        let failed = |source| ObjectError::from_io(key.as_str(), "staging", source);
        let folder = target.parent().unwrap_or(&self.folder);
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        let is_linked = tokio::fs::hard_link(file, &target).await.is_ok();
        if !is_linked && let Err(error) = tokio::fs::rename(file, &target).await {
            if error.kind() != std::io::ErrorKind::CrossesDevices {
                return Err(failed(error));
            }
            tokio::fs::copy(file, &target).await.map_err(failed)?;
        }
        let staged = tokio::fs::File::open(&target).await.map_err(failed)?;
        staged.sync_all().await.map_err(failed)?;
        sync_directory(folder).await.map_err(failed)
    }

    /// Gives every file its final name, in the order given. Can be repeated after a crash: a file
    /// that is no longer staged was already placed. Empty folders stay until the stage is discarded.
    pub async fn publish(&self, files: &[OutputFile]) -> Result<(), ObjectError> {
        for file in files {
            match self.bucket.place(&self.path(&file.key), &file.key).await {
                Ok(()) => {}
                Err(ObjectError::Missing(_)) => {
                    let placed = self.bucket.head(&file.key).await?;
                    if placed.bytes != file.bytes {
                        return Err(ObjectError::Missing(file.key.to_string()));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.folder.join(key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const JOB: JobId = JobId::from_bytes([7; 16]);

    #[tokio::test]
    async fn staged_files_get_their_names_once_and_again_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let stage = bucket.stage(JOB, 2);
        let mut files = Vec::new();
        for name in ["hls/s-00001.ts", "hls/s.m3u8"] {
            let key = ObjectKey::new(name).unwrap();
            let file = scratch.path().join(key.file_name());
            std::fs::write(&file, name).unwrap();
            stage.add(&file, &key).await.unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), name.as_bytes());
            files.push(OutputFile::new(key, name.len() as u64));
        }
        assert!(!dir.path().join("hls").exists());

        // The process dies after the first file was placed.
        stage.publish(&files[..1]).await.unwrap();
        let stage = bucket.stage(JOB, 2);
        let second = scratch.path().join("again");
        std::fs::write(&second, "hls/s.m3u8").unwrap();
        stage.add(&second, &files[1].key).await.unwrap();

        stage.publish(&files).await.unwrap();
        assert_eq!(bucket.head(&files[1].key).await.unwrap().bytes, 10);
    }

    #[tokio::test]
    async fn discarding_leaves_the_stages_of_later_attempts_and_other_jobs() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let staged = dir.path().join(".reelgate/staged");
        let other = JobId::from_bytes([8; 16]);
        for name in [
            format!("{JOB}-1"),
            format!("{JOB}-2"),
            format!("{JOB}-10"),
            format!("{other}-1"),
        ] {
            std::fs::create_dir_all(staged.join(name)).unwrap();
        }
        bucket.discard_stages(JOB, 2).await.unwrap();
        assert!(!staged.join(format!("{JOB}-1")).exists());
        assert!(!staged.join(format!("{JOB}-2")).exists());
        assert!(staged.join(format!("{JOB}-10")).exists());
        assert!(staged.join(format!("{other}-1")).exists());
    }

    #[tokio::test]
    async fn stages_are_found_by_their_names_and_nothing_else_is_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        assert!(bucket.stages().await.unwrap().is_empty());
        let staged = dir.path().join(".reelgate/staged");
        for name in [format!("{JOB}-3"), format!("{JOB}-x"), "notes".to_owned()] {
            std::fs::create_dir_all(staged.join(name)).unwrap();
        }
        let found = bucket.stages().await.unwrap();
        let [
            StageFolder {
                job: JOB,
                attempt: 3,
                modified,
            },
        ] = found[..]
        else {
            panic!("{found:?}")
        };
        assert!(modified.as_millis() > 0);
        bucket.discard_stage(JOB, 3).await.unwrap();
        bucket.discard_stage(JOB, 3).await.unwrap();
        assert!(bucket.stages().await.unwrap().is_empty());
        assert_eq!(std::fs::read_dir(staged).unwrap().count(), 2);
    }

    /// The bucket was passed over, and what lay in it stayed until the next start.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stage_that_goes_while_others_are_looked_for_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let staged = dir.path().join(".reelgate/staged");
        std::fs::create_dir_all(staged.join(format!("{JOB}-0"))).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let going = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let stages: Vec<_> = (1..9).map(|n| staged.join(format!("{JOB}-{n}"))).collect();
                while !is_over.load(Ordering::SeqCst) {
                    for stage in &stages {
                        let _ = std::fs::create_dir_all(stage);
                    }
                    for stage in &stages {
                        let _ = std::fs::remove_dir_all(stage);
                    }
                }
            }
        });
        for _ in 0..300 {
            assert!(!bucket.stages().await.unwrap().is_empty());
        }
        is_over.store(true, Ordering::SeqCst);
        going.join().unwrap();
    }

    #[tokio::test]
    async fn a_staged_file_that_is_gone_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Directory::open(dir.path()).unwrap();
        let file = OutputFile::new(ObjectKey::new("a").unwrap(), 1);
        assert!(bucket.stage(JOB, 1).publish(&[file]).await.is_err());
    }
}
