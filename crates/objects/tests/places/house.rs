//! Buckets in each place, on a store of their own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reelgate_domain::{ObjectKey, S3Style, Timestamp};
use reelgate_objects::s3::{Patience, PlaceWish, S3Bucket, S3Client, Sizes};
use reelgate_objects::{Directory, Object, ObjectError, ObjectMeta, OpenBucket, Room};
use reelgate_s3server::{ACCESS_KEY_ID, S3Server, SECRET};
use tempfile::TempDir;

pub(crate) const ROOM: Room = Room {
    limit_bytes: 40 << 20,
    floor_bytes: 0,
};

/// Parts of the least size that stores take, so that little content has several.
pub(crate) const SIZES: Sizes = Sizes {
    part: 5 << 20,
    copy: 6 << 20,
};

pub(crate) const PATIENCE: Patience = Patience {
    tries: 4,
    first_pause: Duration::from_millis(5),
    answer: Duration::from_secs(30),
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Directory,
    Path,
    Virtual,
    /// Path style with a prefix in a bucket that others use too.
    Prefix,
}

/// A bucket with what it lives in.
pub(crate) struct House {
    pub(crate) bucket: OpenBucket,
    pub(crate) server: Option<S3Server>,
    _dir: Option<TempDir>,
}

impl House {
    pub(crate) async fn new(kind: Kind) -> Self {
        if matches!(kind, Kind::Directory) {
            let dir = tempfile::tempdir().unwrap();
            let bucket = OpenBucket::Directory(Directory::open(dir.path()).unwrap());
            return Self {
                bucket,
                server: None,
                _dir: Some(dir),
            };
        }
        let server = S3Server::start(&["films"]).await.unwrap();
        let bucket = OpenBucket::S3(s3(&server, kind, PATIENCE).with_sizes(SIZES));
        if matches!(kind, Kind::Prefix) {
            // What others keep there is nobody's business.
            for name in ["a-before", "shelf.txt", "z-after"] {
                std::fs::write(server.root().join("films").join(name), "theirs").unwrap();
            }
        }
        Self {
            bucket,
            server: Some(server),
            _dir: None,
        }
    }

    pub(crate) fn server(&self) -> &S3Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) async fn put(&self, name: &str, content: &[u8]) -> Result<ObjectMeta, ObjectError> {
        static UPLOADS: AtomicU32 = AtomicU32::new(0);
        let upload = format!("upload-{}", UPLOADS.fetch_add(1, Ordering::Relaxed));
        // In pieces, as a network would bring it.
        let pieces: Vec<_> = content.chunks(1 << 20).collect();
        let pieces = pieces.into_iter().map(Bytes::copy_from_slice);
        let pieces = stream::iter(pieces.map(Ok::<_, String>));
        self.bucket.put(&key(name), pieces, ROOM, &upload).await
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Vec<u8>, ObjectError> {
        let object = self.bucket.get(&key(name)).await?;
        let bytes = object.meta.bytes;
        read(object, 0, bytes).await
    }

    pub(crate) async fn names(&self, prefix: &str) -> Vec<String> {
        let listing = self.bucket.list(prefix, None, 1000).await.unwrap();
        let keys = listing.objects.iter().map(|object| object.key.to_string());
        keys.collect()
    }
}

pub(crate) async fn read(object: Object, offset: u64, length: u64) -> Result<Vec<u8>, ObjectError> {
    let mut content = object.read(offset, length).await?;
    let mut all = Vec::new();
    while let Some(piece) = content.next().await {
        all.extend_from_slice(&piece.map_err(|error| error.downcast::<ObjectError>().unwrap())?);
    }
    Ok(all)
}

pub(crate) fn s3(server: &S3Server, kind: Kind, patience: Patience) -> S3Bucket {
    opened(server, kind, patience, SECRET)
}

pub(crate) fn opened(server: &S3Server, kind: Kind, patience: Patience, secret: &str) -> S3Bucket {
    let client = S3Client::new(now, patience).unwrap();
    opened_by(client, server, kind, secret)
}

pub(crate) fn opened_by(client: S3Client, server: &S3Server, kind: Kind, secret: &str) -> S3Bucket {
    let (endpoint, style) = match kind {
        Kind::Virtual => (server.virtual_endpoint(), S3Style::Virtual),
        _ => (server.endpoint(), S3Style::Path),
    };
    let wish = PlaceWish {
        endpoint,
        bucket: "films".to_owned(),
        prefix: matches!(kind, Kind::Prefix).then(|| "shelf/one".to_owned()),
        style: Some(style),
        access_key_id: ACCESS_KEY_ID.to_owned(),
        ..PlaceWish::default()
    };
    let secret = secret.to_owned().into();
    S3Bucket::open(client, &wish.check().unwrap(), secret).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the store checks dates by the system's clock"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

/// Content of which no part is like another.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}
