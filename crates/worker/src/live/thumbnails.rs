//! The newest picture of each stream, from the directory of its process into a bucket of its account.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reelgate_domain::AccountId;
use reelgate_domain::stream::StreamId;
use reelgate_media::live::THUMBNAIL;
use reelgate_service::thumbnail_bucket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::LiveTools;
use super::driver::Seen;
use super::scratch::Folder;

/// A picture that is larger is none of ours.
const MOST_BYTES: u64 = 4 << 20;

/// Brings the pictures of one process where they belong, for as long as it is kept. Nothing depends on it: what
/// fails is tried with the next picture.
#[derive(Debug)]
pub(crate) struct Thumbnails(JoinHandle<()>);

impl Thumbnails {
    /// Each new picture is told to `seen`. Of an account without buckets nothing is kept.
    pub(crate) fn start(
        tools: LiveTools,
        (account, stream): (AccountId, StreamId),
        folder: Arc<Folder>,
        every: Duration,
        seen: mpsc::UnboundedSender<Seen>,
    ) -> Self {
        Self(tokio::spawn(async move {
            let buckets = tools.store.buckets(account).await.unwrap_or_default();
            let bucket = thumbnail_bucket(&buckets).and_then(|it| tools.buckets.open(it).ok());
            let Some(bucket) = bucket else { return };
            let path = folder.path().join(THUMBNAIL);
            let mut newest = None;
            loop {
                tokio::time::sleep(every).await;
                let Some((modified, jpeg)) = newer(&path, newest).await else {
                    continue;
                };
                newest = Some(modified);
                match bucket.put_thumbnail(stream, jpeg.into()).await {
                    Ok(()) => {
                        let _ = seen.send(Seen::Thumbnail);
                    }
                    Err(error) => {
                        tracing::debug!(%error, stream.id = %stream, "a picture of stream {stream} is not kept");
                    }
                }
            }
        }))
    }
}

impl Drop for Thumbnails {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn newer(path: &Path, than: Option<SystemTime>) -> Option<(SystemTime, Vec<u8>)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    let modified = metadata.modified().ok()?;
    if than == Some(modified) || !(1..=MOST_BYTES).contains(&metadata.len()) {
        return None;
    }
    Some((modified, tokio::fs::read(path).await.ok()?))
}
