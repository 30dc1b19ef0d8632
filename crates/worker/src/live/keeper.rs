//! Seeing recordings to their buckets: those of processes that have ended, and those that a worker left behind
//! when it died.
//!
//! | if the process dies | then |
//! |---|---|
//! | before a recording is in its bucket | the next start takes it again, under the same name |
//! | after it is, before its file is removed | the next start takes it again: the same object |
//! | before directory and manifest are removed | the next start finds nothing in them and removes them |

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelgate_store::StoreError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::scratch::{Manifest, Recording, beside};
use super::{LiveConfig, LiveTools};

/// Where directories are handed in that nobody writes to any more.
pub(crate) type Inbox = mpsc::UnboundedSender<PathBuf>;

/// The first pause before a try; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A file that was written to so lately may still be: the process of a dead worker has a moment to go.
const QUIET_AFTER: Duration = Duration::from_secs(3);
/// How long a worker that leaves waits for recordings to reach their buckets.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);

/// What moves recordings.
pub(crate) struct Keeper {
    inbox: Inbox,
    task: JoinHandle<()>,
}

/// What became of a recording.
enum Kept {
    Done,
    /// It may work later.
    NotYet(String),
    /// There is no place for it any more.
    Nowhere(String),
}

impl Keeper {
    /// Begins with what earlier processes left.
    pub(crate) fn start(config: &LiveConfig, tools: &LiveTools) -> Self {
        let (inbox, handed_in) = mpsc::unbounded_channel();
        // Looked for before anything can start that makes directories of its own.
        let left = left_behind(&config.folder);
        let task = tokio::spawn(keep_all(left, tools.clone(), handed_in));
        Self { inbox, task }
    }

    pub(crate) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Waits for a moment until all is in its place; the rest is for the next start.
    pub(crate) async fn leave(self) {
        let Self { inbox, mut task } = self;
        drop(inbox);
        if tokio::time::timeout(LEAVES_WITHIN, &mut task)
            .await
            .is_err()
        {
            tracing::warn!(
                "some recordings are not in their buckets yet: the next start goes on with them"
            );
            task.abort();
        }
    }
}

async fn keep_all(
    left: Vec<PathBuf>,
    tools: LiveTools,
    mut handed_in: mpsc::UnboundedReceiver<PathBuf>,
) {
    let mut works = tokio::task::JoinSet::new();
    for left in left {
        let tools = tools.clone();
        works.spawn(async move {
            quiet(&left).await;
            keep(&tools, &left).await;
        });
    }
    loop {
        tokio::select! {
            folder = handed_in.recv() => {
                let Some(folder) = folder else { break };
                let tools = tools.clone();
                works.spawn(async move { keep(&tools, &folder).await });
            }
            Some(_) = works.join_next(), if !works.is_empty() => {}
        }
    }
    while works.join_next().await.is_some() {}
}

/// The directories, and those of manifests, that are there before anything has started.
fn left_behind(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path().with_extension(""))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Returns when nobody seems to write there any more.
async fn quiet(folder: &Path) {
    let manifest = read(folder).await;
    let files: Vec<PathBuf> = manifest.map_or_else(Vec::new, |manifest| {
        let recordings = manifest.recordings.into_iter();
        recordings.map(|it| folder.join(it.file)).collect()
    });
    let mut sizes = sizes_of(&files).await;
    if sizes.is_empty() {
        return;
    }
    loop {
        tokio::time::sleep(QUIET_AFTER).await;
        let now = sizes_of(&files).await;
        if now == sizes {
            return;
        }
        sizes = now;
    }
}

async fn sizes_of(files: &[PathBuf]) -> Vec<u64> {
    let mut sizes = Vec::new();
    for file in files {
        if let Ok(metadata) = tokio::fs::metadata(file).await {
            sizes.push(metadata.len());
        }
    }
    sizes
}

async fn read(folder: &Path) -> Option<Manifest> {
    let text = tokio::fs::read(beside(folder)).await.ok()?;
    serde_json::from_slice(&text).ok()
}

/// Sees to one directory, for as long as it takes.
async fn keep(tools: &LiveTools, folder: &Path) {
    if let Some(manifest) = read(folder).await {
        for (index, recording) in manifest.recordings.iter().enumerate() {
            keep_one(tools, folder, &manifest, (index, recording)).await;
        }
    }
    let removed = tokio::fs::remove_dir_all(folder).await;
    let removed = match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => match tokio::fs::remove_file(beside(folder)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    };
    if let Err(error) = removed {
        let folder = folder.display();
        tracing::warn!(%error, "the directory {folder} of a live stream stays until the next start");
    }
}

async fn keep_one(
    tools: &LiveTools,
    folder: &Path,
    manifest: &Manifest,
    (index, recording): (usize, &Recording),
) {
    let file = folder.join(&recording.file);
    let bytes = tokio::fs::metadata(&file).await.map_or(0, |it| it.len());
    if bytes == 0 {
        return;
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let id = format!("live-{name}-{index}");
    let Recording { bucket, key, .. } = recording;
    let mut pause = FIRST_PAUSE;
    loop {
        match take(tools, &file, manifest, recording, &id).await {
            Kept::Done => {
                tracing::info!(bytes, "recording {key} is in bucket {bucket}");
                break;
            }
            Kept::Nowhere(why) => {
                tracing::error!(why, "recording {key} is lost: bucket {bucket} is no more");
                break;
            }
            Kept::NotYet(why) if pause == FIRST_PAUSE => {
                tracing::warn!(why, "recording {key} waits for bucket {bucket}");
            }
            Kept::NotYet(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if let Err(error) = tokio::fs::remove_file(&file).await {
        tracing::warn!(%error, "the file of recording {key} stays for now");
    }
}

async fn take(
    tools: &LiveTools,
    file: &Path,
    manifest: &Manifest,
    recording: &Recording,
    id: &str,
) -> Kept {
    let Recording { bucket, key, .. } = recording;
    let found = match tools.store.bucket(manifest.account, bucket).await {
        Ok(Some(found)) => found,
        Ok(None) => return Kept::Nowhere("it was deleted".to_owned()),
        Err(StoreError::Unavailable(_)) => {
            return Kept::NotYet("the store does not answer".to_owned());
        }
        Err(error) => return Kept::NotYet(error.to_string()),
    };
    let open = match tools.buckets.open(&found) {
        Ok(open) => open,
        Err(error) => return Kept::NotYet(error.to_string()),
    };
    match open.take(file, key, id).await {
        Ok(()) => Kept::Done,
        Err(error) => Kept::NotYet(error.to_string()),
    }
}
