//! Pictures of streams that are no more: whoever deletes a stream need not know in which bucket its picture is.

use std::time::Duration;

use reelgate_store::StoreError;
use tokio::sync::watch;

use super::LiveTools;

const EVERY: Duration = Duration::from_secs(3600);
/// How soon it is tried again what failed.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Removes what is left, now and again.
pub(crate) async fn clear(tools: LiveTools, mut stopped: watch::Receiver<bool>) {
    loop {
        let wait = match clear_once(&tools).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::debug!(%error, "pictures of deleted streams stay for now");
                AGAIN_AFTER
            }
        };
        tokio::select! {
            biased;
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn clear_once(tools: &LiveTools) -> Result<(), StoreError> {
    for bucket in tools.store.all_buckets().await? {
        let name = &bucket.name;
        let Ok(open) = tools.buckets.open(&bucket) else {
            continue;
        };
        let streams = match open.thumbnails().await {
            Ok(streams) => streams,
            Err(error) => {
                tracing::debug!(%error, "streams' pictures in bucket {name} cannot be looked for");
                continue;
            }
        };
        for stream in streams {
            match tools.store.stream(bucket.account, stream).await {
                Ok(None) => {}
                Ok(Some(_)) => continue,
                Err(away @ StoreError::Unavailable(_)) => return Err(away),
                // One that cannot be read is there.
                Err(_) => continue,
            }
            match open.remove_thumbnail(stream).await {
                Ok(()) => tracing::debug!("removed the picture of the deleted stream {stream}"),
                Err(error) => tracing::debug!(%error, "the picture of {stream} stays for now"),
            }
        }
    }
    Ok(())
}
