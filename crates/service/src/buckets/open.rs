//! Opening buckets wherever they are: whoever does it needs the master keys and the connections.

use std::sync::{Arc, OnceLock};

use reelgate_domain::{Place, S3Place};
use reelgate_objects::s3::{InvalidPlace, Patience, S3Bucket, S3Client};
use reelgate_objects::{Directory, ObjectError, OpenBucket};
use reelgate_store::Bucket;
use zeroize::Zeroizing;

use crate::Clock;
use crate::access::{Keyring, secret_of};

/// Opens buckets. Clones share their connections.
#[derive(Clone)]
pub struct BucketOpener {
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    patience: Patience,
    client: Connections,
}

/// Connections to object stores, made for the first bucket on one: most installations have none.
pub(crate) type Connections = Arc<OnceLock<S3Client>>;

/// Why a bucket cannot be opened. Not for callers: it may name directories and endpoints.
#[derive(Debug, thiserror::Error)]
pub enum OpenBucketError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("the secret of the bucket's object store cannot be read: {0}")]
    Secret(String),
    #[error("the place that is stored makes no sense: {0}")]
    Place(#[from] InvalidPlace),
}

impl BucketOpener {
    pub(crate) fn new(keyring: Keyring, clock: Arc<dyn Clock>, client: Connections) -> Self {
        Self {
            keyring,
            clock,
            patience: Patience::default(),
            client,
        }
    }

    /// The same with connections of its own that wait otherwise, for tests.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self {
            patience,
            client: Arc::default(),
            ..self
        }
    }

    /// A directory is opened if it is there; to an object store nothing is sent yet.
    pub fn open(&self, bucket: &Bucket) -> Result<OpenBucket, OpenBucketError> {
        match &bucket.place {
            Place::Directory(path) => Ok(OpenBucket::Directory(Directory::open(path)?)),
            Place::S3(place) => {
                let secret = self.secret(place)?;
                Ok(OpenBucket::S3(self.open_s3(place, secret)?))
            }
        }
    }

    pub(crate) fn open_s3(
        &self,
        place: &S3Place,
        secret: Zeroizing<String>,
    ) -> Result<S3Bucket, OpenBucketError> {
        Ok(S3Bucket::open(self.client()?, place, secret)?)
    }

    fn secret(&self, place: &S3Place) -> Result<Zeroizing<String>, OpenBucketError> {
        let unread = |why: String| OpenBucketError::Secret(why);
        let opened = self
            .keyring
            .open(&secret_of(&place.secret_id), &place.sealed);
        let opened = opened.map_err(|error| unread(error.to_string()))?;
        let text = std::str::from_utf8(&opened).map_err(|error| unread(error.to_string()))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn client(&self) -> Result<S3Client, ObjectError> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let clock = Arc::clone(&self.clock);
        let client = S3Client::new(move || clock.now(), self.patience)?;
        Ok(self.client.get_or_init(|| client).clone())
    }
}
