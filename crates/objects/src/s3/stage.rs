//! Staging on an object store: complete outputs lie under names that carry job and attempt, and are
//! copied to their final names by the store once the attempt has won.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use reelgate_domain::media::OutputFile;
use reelgate_domain::{JobId, ObjectKey, Timestamp};

use super::S3Bucket;
use super::write::is_older;
use crate::error::ObjectError;
use crate::staging::StageFolder;

/// Copies and removals that are under way at once.
const AT_ONCE: usize = 8;

/// An upload in parts that began so long ago has been given up.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

impl S3Bucket {
    fn staged(&self) -> String {
        self.home.full(&format!("{}/staged/", ObjectKey::RESERVED))
    }

    fn stage(&self, job: JobId, attempt: u32) -> String {
        format!("{}{job}-{attempt}/", self.staged())
    }

    /// Stores a finished file as what will be the object `key`.
    pub async fn stage_file(
        &self,
        (job, attempt): (JobId, u32),
        file: &Path,
        key: &ObjectKey,
    ) -> Result<(), ObjectError> {
        let full = format!("{}{key}", self.stage(job, attempt));
        let mark = format!("{job}-{attempt}");
        self.put_file(file, (full, key), &mark).await
    }

    /// Gives every file its final name: playlists and manifests after what was given before them. Can be repeated after
    /// a crash.
    pub async fn publish(
        &self,
        (job, attempt): (JobId, u32),
        files: &[OutputFile],
    ) -> Result<(), ObjectError> {
        let is_playlist = |file: &OutputFile| {
            [".m3u8", ".mpd"]
                .iter()
                .any(|end| file.key.as_str().ends_with(end))
        };
        for some in files.chunk_by(|one, next| !is_playlist(one) && !is_playlist(next)) {
            let mut placing = Vec::with_capacity(some.len());
            for file in some {
                placing.push(self.place((job, attempt), file));
            }
            let placed = stream::iter(placing).buffer_unordered(AT_ONCE);
            placed.try_collect::<()>().await?;
        }
        Ok(())
    }

    async fn place(
        &self,
        (job, attempt): (JobId, u32),
        file: &OutputFile,
    ) -> Result<(), ObjectError> {
        let source = format!("{}{}", self.stage(job, attempt), file.key);
        let mark = format!("{job}-{attempt}");
        match self.copy(&source, &file.key, file.bytes, &mark).await {
            // Whoever placed it has cleared the stage.
            Err(ObjectError::Missing(_)) => match self.head(&file.key).await {
                Ok(placed) if placed.bytes == file.bytes => Ok(()),
                Ok(_) => Err(ObjectError::Missing(file.key.to_string())),
                Err(error) => Err(error),
            },
            other => other,
        }
    }

    /// Every stage that there is in this bucket.
    pub async fn stages(&self) -> Result<Vec<StageFolder>, ObjectError> {
        let staged = self.staged();
        let mut found: BTreeMap<(JobId, u32), Timestamp> = BTreeMap::new();
        let mut note = |key: &str, at: Timestamp| {
            let folder = key.strip_prefix(&staged)?.split('/').next()?;
            let (job, attempt) = folder.rsplit_once('-')?;
            let stage = (job.parse().ok()?, attempt.parse().ok()?);
            let modified = found.entry(stage).or_insert(at);
            *modified = (*modified).max(at);
            Some(())
        };
        let mut after = String::new();
        loop {
            let page = self.page(&staged, &after, 1000).await;
            let (page, is_last) = page.map_err(|it| it.about("looking for", "stages"))?;
            for entry in &page {
                note(&entry.key, entry.modified);
            }
            match page.last() {
                Some(last) if !is_last => after.clone_from(&last.key),
                _ => break,
            }
        }
        let uploads = self.uploads(&staged).await;
        for upload in uploads.map_err(|it| it.about("looking for", "uploads"))? {
            note(&upload.key, upload.begun);
        }
        let found = found
            .into_iter()
            .map(|((job, attempt), modified)| StageFolder {
                job,
                attempt,
                modified,
            });
        Ok(found.collect())
    }

    /// Removes one stage.
    pub async fn discard_stage(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        self.clear(&self.stage(job, attempt), |_key| true).await
    }

    /// Removes what this and earlier attempts of a job staged; a later attempt's files stay.
    pub async fn discard_stages(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        let prefix = format!("{}{job}-", self.staged());
        let is_earlier = |key: &str| {
            let rest = key.strip_prefix(&prefix).unwrap_or_default();
            let staged_by = rest.split('/').next().unwrap_or_default().parse::<u32>();
            staged_by.is_ok_and(|staged_by| staged_by <= attempt)
        };
        self.clear(&prefix, is_earlier).await
    }

    /// Removes uploads in parts that nobody will finish, of whatever object: how many.
    pub async fn discard_abandoned_uploads(&self) -> Result<usize, ObjectError> {
        let failed = |it: super::client::Failure| it.about("looking for", "uploads");
        let uploads = self.uploads(&self.home.prefix).await.map_err(failed)?;
        let now = self.client.now();
        let mut removed = 0;
        for upload in uploads {
            if is_older(upload.begun, now, ABANDONED_AFTER) {
                self.abort_upload(upload.key, upload.id).await;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn clear(
        &self,
        prefix: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<(), ObjectError> {
        let failed = |it: super::client::Failure| it.about("clearing", "a stage");
        let uploads = self.uploads(prefix).await.map_err(failed)?;
        for upload in uploads.into_iter().filter(|upload| is_meant(&upload.key)) {
            self.abort_upload(upload.key, upload.id).await;
        }
        let mut after = String::new();
        loop {
            let (page, is_last) = self.page(prefix, &after, 1000).await.map_err(failed)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.key);
            let mut removals = Vec::with_capacity(page.len());
            for entry in page.iter().filter(|entry| is_meant(&entry.key)) {
                removals.push(self.remove(&entry.key));
            }
            let removals = stream::iter(removals).buffer_unordered(AT_ONCE);
            removals.try_collect::<()>().await.map_err(failed)?;
            if is_last {
                return Ok(());
            }
        }
    }
}
