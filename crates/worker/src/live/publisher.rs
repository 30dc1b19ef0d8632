//! HLS in a bucket: what the process of a stream has finished in its directory is put there, and the playlist
//! names it afterwards.
//!
//! | if the process dies | then |
//! |---|---|
//! | after a segment is there, before the playlist names it | whoever goes on with the stream removes it |
//! | after the playlist is replaced, before what left it long ago is removed | the playlist names that as retired, and whoever goes on removes it |
//! | before the playlist is closed | it stays open: whoever goes on with the stream marks a break and goes on with it |
//!
//! Nothing is written once the stream's lease is not known to hold. A playlist that was sent to an object store just
//! before may arrive after that and stand for one segment's time in the place of a newer one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reelgate_domain::stream::{StreamId, StreamTarget};
use reelgate_domain::{AccountId, BucketName, ObjectKey};
use reelgate_media::live::{BootTime, PLAYLIST};
use reelgate_objects::{ObjectError, OpenBucket, Room};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::LiveTools;
use super::driver::Seen;
use super::playlist::{Playlist, Segment};
use super::scratch::Folder;
use super::seats::{End, Orders};

/// How often it is looked for finished segments.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How soon it is tried again what failed.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How long the last segments of a process, and the end of a playlist, are tried to be put in their place.
const LAST_WITHIN: Duration = Duration::from_secs(10);
/// A playlist that is larger is none of ours.
const MOST_BYTES: u64 = 16 << 20;
/// Of so many segments that wait for their bucket the oldest are given up, where a window would drop them anyway.
const MOST_WAITING: usize = 20;

/// Where an HLS output goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    account: AccountId,
    stream: StreamId,
    bucket: BucketName,
    playlist: ObjectKey,
    segment_seconds: u32,
    window: usize,
    /// Its number in the plan.
    index: usize,
}

impl Place {
    pub(crate) fn of(
        (account, stream): (AccountId, StreamId),
        index: usize,
        target: &StreamTarget,
    ) -> Option<Self> {
        let StreamTarget::Hls {
            bucket,
            playlist,
            segment_seconds,
            window,
        } = target
        else {
            return None;
        };
        Some(Self {
            account,
            stream,
            bucket: bucket.clone(),
            playlist: playlist.clone(),
            segment_seconds: *segment_seconds,
            window: usize::try_from(*window).unwrap_or(usize::MAX),
            index,
        })
    }

    /// What tells it from other places of its account.
    pub(crate) fn identity(&self) -> (BucketName, ObjectKey) {
        (self.bucket.clone(), self.playlist.clone())
    }

    /// The key of a file beside the playlist.
    fn beside(&self, name: &str) -> Result<ObjectKey, ObjectError> {
        let key = self.playlist.as_str();
        let folder = key.rsplit_once('/').map(|(folder, _)| folder);
        let key = folder.map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
        Ok(ObjectKey::new(key)?)
    }

    /// What the names of its segments begin with.
    fn stem(&self) -> String {
        let name = self.playlist.file_name();
        let stem = name.strip_suffix(".m3u8").unwrap_or(name);
        let plain = |it: char| if it.is_ascii_alphanumeric() { it } else { '_' };
        // Names have at most 240 bytes.
        stem.chars().take(150).map(plain).collect()
    }

    /// Whether a file beside the playlist has the name of a segment that was put there by a stream. Callers can
    /// write playlists, too: whatever else theirs name is not removed.
    fn is_ours(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&self.stem());
        let rest = rest.and_then(|rest| rest.strip_prefix('-'));
        let Some((stamp, number)) = rest.and_then(|rest| rest.split_once('-')) else {
            return false;
        };
        let is_stamp = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z');
        let is_number = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
        let has_number = number.starts_with(|it: char| it.is_ascii_digit());
        stamp.len() == 19
            && stamp.bytes().all(is_stamp)
            && has_number
            && number.bytes().all(is_number)
    }
}

enum Order {
    Began(Arc<Folder>, String),
    Gone,
    /// Whether the playlist is closed.
    End(bool),
}

/// What puts one HLS output into its bucket, from process to process.
pub(crate) struct Publisher {
    pub(crate) place: Place,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Begins when what did this for the same place before has ended. What goes wrong is told to `seen`.
    pub(crate) fn start(
        place: Place,
        tools: LiveTools,
        told: watch::Receiver<Orders>,
        seen: mpsc::UnboundedSender<Seen>,
        before: Option<JoinHandle<()>>,
    ) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let publishing = Publishing {
            place: place.clone(),
            tools,
            told,
            seen,
            playlist: None,
            from: None,
            has_news: false,
            again_at: None,
        };
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            publishing.run(inbox).await;
        });
        Self {
            place,
            orders,
            task,
        }
    }

    /// A process has begun that writes into this folder.
    pub(crate) fn began(&self, folder: Arc<Folder>, stamp: String) {
        let _ = self.orders.send(Order::Began(folder, stamp));
    }

    /// The process is gone: what it has finished is published yet.
    pub(crate) fn gone(&self) {
        let _ = self.orders.send(Order::Gone);
    }

    /// Ends, and closes the playlist if nothing follows in it.
    pub(crate) fn end(self, closes: bool) -> JoinHandle<()> {
        let _ = self.orders.send(Order::End(closes));
        self.task
    }
}

/// The files of one process.
struct From {
    folder: Arc<Folder>,
    stamp: String,
    modified: Option<SystemTime>,
    /// The newest that was put into the bucket, or given up.
    done: Option<u64>,
    is_first: bool,
    map: Option<(String, String)>,
}

struct Publishing {
    place: Place,
    tools: LiveTools,
    told: watch::Receiver<Orders>,
    seen: mpsc::UnboundedSender<Seen>,
    /// As it is in the bucket, once that is known.
    playlist: Option<Playlist>,
    from: Option<From>,
    /// Whether the playlist here says more than the one in the bucket.
    has_news: bool,
    again_at: Option<Instant>,
}

impl Publishing {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let order = tokio::select! {
                order = inbox.recv() => order,
                _ = look.tick(), if self.from.is_some() => {
                    if self.again_at.is_none_or(|at| at <= Instant::now()) {
                        self.try_look().await;
                    }
                    continue;
                }
            };
            match order {
                Some(Order::Began(folder, stamp)) => {
                    self.from = Some(From {
                        folder,
                        stamp,
                        modified: None,
                        done: None,
                        is_first: true,
                        map: None,
                    });
                }
                Some(Order::Gone) => {
                    self.last(async |this| this.look().await).await;
                    self.from = None;
                }
                Some(Order::End(closes)) => {
                    if closes {
                        self.last(async |this| this.close().await).await;
                    }
                    return;
                }
                None => return,
            }
        }
    }

    /// Tries what is the last of its kind for a while.
    async fn last(&mut self, mut step: impl AsyncFnMut(&mut Self) -> Result<(), ObjectError>) {
        let until = Instant::now() + LAST_WITHIN;
        loop {
            match step(self).await {
                Ok(()) => return,
                Err(error) if Instant::now() >= until || !self.may_write() => {
                    self.tell(&error);
                    return;
                }
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn try_look(&mut self) {
        match self.look().await {
            Ok(()) => self.again_at = None,
            Err(error) => {
                self.again_at = Some(Instant::now() + AGAIN_AFTER);
                self.tell(&error);
            }
        }
    }

    fn tell(&self, error: &ObjectError) {
        let Place {
            bucket, playlist, ..
        } = &self.place;
        let trouble = format!("{playlist} in bucket {bucket}: {error}");
        let _ = self.seen.send(Seen::Trouble(trouble));
    }

    fn may_write(&self) -> bool {
        let told = *self.told.borrow();
        told.end != Some(End::Lost) && told.until > BootTime::now()
    }

    async fn open(&self) -> Result<OpenBucket, ObjectError> {
        let Place {
            account, bucket, ..
        } = &self.place;
        let away = |why: String| ObjectError::Away {
            what: "opening the bucket".to_owned(),
            why,
        };
        let found = self.tools.store.bucket(*account, bucket).await;
        let found = found.map_err(|error| away(error.to_string()))?;
        let found = found.ok_or_else(|| ObjectError::Missing(bucket.to_string()))?;
        self.tools.buckets.open(&found).map_err(|error| {
            // The error may name the directory, which is not for whoever reads it.
            tracing::error!(%error, "bucket {bucket} cannot be opened");
            away("it cannot be opened".to_owned())
        })
    }

    /// Publishes what the process has finished since the last look.
    async fn look(&mut self) -> Result<(), ObjectError> {
        let Some(from) = &mut self.from else {
            return Ok(());
        };
        let folder = from.folder.path().join(self.place.index.to_string());
        let local = folder.join(PLAYLIST);
        let modified = tokio::fs::metadata(&local).await.ok();
        let modified = modified.and_then(|it| it.modified().ok());
        if modified.is_none() || modified == from.modified {
            return Ok(());
        }
        let Ok(text) = tokio::fs::read_to_string(&local).await else {
            return Ok(());
        };
        let written = Playlist::read(&text).unwrap_or_default();
        let mut waiting: VecDeque<(u64, Segment)> = written
            .segments()
            .filter_map(|it| Some((number(&it.name)?, it.clone())))
            .filter(|(number, _)| from.done.is_none_or(|done| *number > done))
            .collect();
        let mut has_gap = false;
        while self.place.window > 0 && waiting.len() > MOST_WAITING.max(self.place.window) {
            if let Some((number, _)) = waiting.pop_front() {
                from.done = Some(number);
                has_gap = true;
            }
        }
        if (waiting.is_empty() && !self.has_news) || !self.may_write() {
            return Ok(());
        }
        let bucket = self.open().await?;
        self.load(&bucket).await?;
        for (number, segment) in waiting {
            if !self.may_write() {
                return Ok(());
            }
            let has_break = std::mem::take(&mut has_gap);
            self.put(&bucket, &folder, (number, segment), has_break)
                .await?;
        }
        self.write(&bucket).await?;
        self.has_news = false;
        if let Some(from) = &mut self.from {
            from.modified = modified;
        }
        self.remove_due(&bucket).await
    }

    /// Puts one segment into the bucket and names it in the playlist here, not yet in the one there.
    async fn put(
        &mut self,
        bucket: &OpenBucket,
        folder: &std::path::Path,
        (number, segment): (u64, Segment),
        has_gap: bool,
    ) -> Result<(), ObjectError> {
        let (Some(from), Some(playlist)) = (&mut self.from, &mut self.playlist) else {
            return Ok(());
        };
        let (place, stem) = (&self.place, self.place.stem());
        let stamp = from.stamp.clone();
        let id = |name: &str| format!("live-{}-{name}", place.stream);
        if let Some(local) = &segment.map
            && from.map.as_ref().is_none_or(|(known, _)| known != local)
        {
            let name = format!("{stem}-{stamp}-{number:06}init.mp4");
            bucket
                .take(&folder.join(local), &place.beside(&name)?, &id(&name))
                .await?;
            from.map = Some((local.clone(), name));
        }
        let kind = segment.name.rsplit_once('.').map_or("ts", |(_, kind)| kind);
        let name = format!("{stem}-{stamp}-{number:06}.{kind}");
        let file: PathBuf = folder.join(&segment.name);
        bucket
            .take(&file, &place.beside(&name)?, &id(&name))
            .await?;
        let is_break = segment.is_break || has_gap || (from.is_first && !playlist.is_empty());
        playlist.push(
            Segment {
                name,
                is_break,
                map: segment
                    .map
                    .and_then(|_| from.map.as_ref().map(|(_, name)| name.clone())),
                ..segment
            },
            place.window,
        );
        self.has_news = true;
        from.is_first = false;
        from.done = Some(number);
        if place.window == 0 {
            // FFmpeg removes only what leaves a window.
            let _ = tokio::fs::remove_file(&file).await;
        }
        Ok(())
    }

    /// Reads the playlist that is in the bucket, and removes what was put there and never named.
    async fn load(&mut self, bucket: &OpenBucket) -> Result<(), ObjectError> {
        if self.playlist.is_some() {
            return Ok(());
        }
        let key = &self.place.playlist;
        let mut playlist = match bucket.head(key).await {
            Ok(meta) if meta.bytes > MOST_BYTES => Playlist::default(),
            Ok(_) => {
                let text = text_of(bucket, key).await?;
                Playlist::read(&text).unwrap_or_default()
            }
            Err(ObjectError::Missing(_)) => Playlist::default(),
            Err(error) => return Err(error),
        };
        playlist.at_least(self.place.segment_seconds.into());
        if let Some(last) = playlist.segments().next_back()
            && self.place.is_ours(&last.name)
            && let Some((process, _)) = last.name.rsplit_once('-')
        {
            let prefix = self.place.beside(&format!("{process}-"))?;
            let last = self.place.beside(&last.name)?;
            let found = bucket
                .list(prefix.as_str(), Some(last.as_str()), 100)
                .await?;
            for unnamed in found.objects {
                if !playlist.knows(unnamed.key.file_name()) {
                    bucket.delete(&unnamed.key).await?;
                }
            }
        }
        self.playlist = Some(playlist);
        Ok(())
    }

    /// Replaces the playlist in the bucket by the one here.
    async fn write(&self, bucket: &OpenBucket) -> Result<(), ObjectError> {
        let Some(playlist) = &self.playlist else {
            return Ok(());
        };
        let text = Bytes::from(playlist.text());
        let room = Room {
            limit_bytes: u64::MAX,
            floor_bytes: 0,
        };
        let content = stream::iter([Ok::<_, Infallible>(text)]);
        let id = format!("live-{}-{}-playlist", self.place.stream, self.place.index);
        bucket
            .put(&self.place.playlist, content, room, &id)
            .await
            .map(drop)
    }

    async fn remove_due(&mut self, bucket: &OpenBucket) -> Result<(), ObjectError> {
        let Some(playlist) = &mut self.playlist else {
            return Ok(());
        };
        for name in playlist.due(self.place.window) {
            if self.place.is_ours(&name) {
                bucket.delete(&self.place.beside(&name)?).await?;
            }
            playlist.removed(&name);
        }
        Ok(())
    }

    /// Says in the playlist that nothing follows.
    async fn close(&mut self) -> Result<(), ObjectError> {
        if !self.may_write() {
            return Ok(());
        }
        let bucket = self.open().await?;
        self.load(&bucket).await?;
        let Some(playlist) = &mut self.playlist else {
            return Ok(());
        };
        if playlist.is_over() || playlist.is_empty() {
            return Ok(());
        }
        playlist.end();
        self.write(&bucket).await
    }
}

/// The number in the name of a segment of FFmpeg's.
fn number(name: &str) -> Option<u64> {
    name.split_once('.')?.0.parse().ok()
}

async fn text_of(bucket: &OpenBucket, key: &ObjectKey) -> Result<String, ObjectError> {
    let object = bucket.get(key).await?;
    let bytes = object.meta.bytes;
    let mut content = object.read(0, bytes).await?;
    let mut text = Vec::new();
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|error| ObjectError::Away {
            what: format!("reading {key}"),
            why: error.to_string(),
        })?;
        text.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(playlist: &str) -> Place {
        let target = StreamTarget::Hls {
            bucket: BucketName::new("media").unwrap(),
            playlist: ObjectKey::new(playlist).unwrap(),
            segment_seconds: 2,
            window: 5,
        };
        let (account, stream) = (AccountId::from_random(1), StreamId::from_bytes([2; 16]));
        Place::of((account, stream), 0, &target).unwrap()
    }

    /// Callers can put a playlist there that names files of their own.
    #[test]
    fn only_segments_of_streams_are_taken_for_such() {
        let place = place("a/live show.m3u8");
        assert!(place.is_ours("live_show-20251121T080000007Z-000001.ts"));
        assert!(place.is_ours("live_show-20251121T080000007Z-000001init.mp4"));
        for other in [
            "live_show-1.ts",
            "live_show.m3u8",
            "film-20251121T080000007Z-000001.ts",
            "live_show-20251121T080000007Z-../x",
            "live_show-2025112180000007000-",
        ] {
            assert!(!place.is_ours(other), "{other}");
        }
        assert_eq!(place.beside("x.ts").unwrap().as_str(), "a/x.ts");
        let top = self::place("live.m3u8");
        assert_eq!(top.beside("x.ts").unwrap().as_str(), "x.ts");
    }
}
