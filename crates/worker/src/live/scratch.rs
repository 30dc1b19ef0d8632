//! The directories that processes of streams write to, and what is to become of the recordings in them.

use std::path::{Path, PathBuf};

use reelgate_domain::stream::{PlannedOutput, StreamId, StreamPlan, StreamTarget};
use reelgate_domain::{AccountId, BucketName, ObjectKey, Timestamp};
use reelgate_media::live::RECORDING;
use serde::{Deserialize, Serialize};

use super::keeper::Inbox;

/// Says, beside a directory, where its recordings belong. Written before the process starts, and removed when
/// they are there: whoever finds it finishes that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) account: AccountId,
    pub(crate) recordings: Vec<Recording>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recording {
    /// Within the directory.
    pub(crate) file: PathBuf,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
}

/// The directory of one process. When the last who has it lets go, the keeper moves the recordings in it to their
/// buckets and removes it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    keeper: Inbox,
}

impl Folder {
    /// Makes the directory for a process of an attempt that starts `now`.
    ///
    /// If this process dies before it returns, there is an empty directory, or one with a manifest: the next start
    /// removes both.
    pub(crate) async fn make(
        parent: &Path,
        (account, stream, attempt): (AccountId, StreamId, u32),
        plan: &StreamPlan,
        now: Timestamp,
        keeper: &Inbox,
    ) -> std::io::Result<Self> {
        let stamp = stamp(now);
        let path = parent.join(format!("{stream}-{attempt}-{stamp}"));
        let manifest = Manifest {
            account,
            recordings: recordings(plan, attempt, &stamp),
        };
        let folder = Self {
            path,
            keeper: keeper.clone(),
        };
        let (path, outputs) = (folder.path.clone(), plan.outputs.clone());
        let make = move || -> std::io::Result<()> {
            std::fs::create_dir_all(&path)?;
            for (index, output) in outputs.iter().enumerate() {
                if writes_files(output) {
                    std::fs::create_dir_all(path.join(index.to_string()))?;
                }
            }
            if manifest.recordings.is_empty() {
                return Ok(());
            }
            let text = serde_json::to_vec(&manifest)?;
            reelgate_service::write_private(&beside(&path), &text)
        };
        let made = tokio::task::spawn_blocking(make).await;
        made.map_err(std::io::Error::other)??;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A keeper that is gone has left: the next start finds the directory.
        let _ = self.keeper.send(std::mem::take(&mut self.path));
    }
}

/// Whether an output is written to this machine's disk first.
pub(crate) fn writes_files(output: &PlannedOutput) -> bool {
    !matches!(output.target, StreamTarget::Push { .. })
}

/// Where the manifest of a directory is.
pub(crate) fn beside(folder: &Path) -> PathBuf {
    folder.with_extension("json")
}

/// A time in UTC to the millisecond, as it stands in names: in the order of time, and without what file systems or
/// addresses would have to escape.
pub(crate) fn stamp(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    moment.strftime("%Y%m%dT%H%M%S%3fZ").to_string()
}

fn recordings(plan: &StreamPlan, attempt: u32, stamp: &str) -> Vec<Recording> {
    let mut recordings = Vec::new();
    for (index, output) in plan.outputs.iter().enumerate() {
        let StreamTarget::Recording { bucket, folder } = &output.target else {
            continue;
        };
        match ObjectKey::new(format!("{folder}/{stamp}-{attempt}.mkv")) {
            Ok(key) => recordings.push(Recording {
                file: Path::new(&index.to_string()).join(RECORDING),
                bucket: bucket.clone(),
                key,
            }),
            // The folder alone is as long as a key may be.
            Err(error) => {
                tracing::error!(%error, "a recording in {folder} has no name that it can have");
            }
        }
    }
    recordings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_names_are_in_the_order_of_time() {
        let at = |millis| stamp(Timestamp::from_millis(millis));
        assert_eq!(at(1_763_712_000_007), "20251121T080000007Z");
        assert!(at(1_763_712_000_007) < at(1_763_712_001_000));
    }
}
