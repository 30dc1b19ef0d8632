//! The keys that outputs are encrypted with, sealed in the specs of their jobs.
//!
//! Jobs are many and their rows are not sealed anew when a master key is rotated. So what seals here is a key of its
//! own, made when it is first needed and kept as a secret, which is sealed anew like all others.

use std::sync::Arc;

use reelgate_domain::JobId;
use reelgate_domain::job::JobSpec;
use reelgate_domain::job::kind::transcode::{ContentKey, Encryption, KEY_BYTES, OutputSpec};
use reelgate_store::{SealedSecret, Store};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::credentials::secret_of;
use super::keyring::{Keyring, MasterKey};
use crate::{Ids, Service, ServiceError};

/// The id of the key that seals them.
const SECRET: &str = "~content-keys";

/// Seals and opens the keys of outputs. Clones share what they have read.
#[derive(Clone)]
pub struct ContentKeys {
    store: Arc<dyn Store>,
    ids: Arc<dyn Ids>,
    keyring: Keyring,
    sealing: Sealing,
}

/// The key that seals, once it is known.
pub(super) type Sealing = Arc<OnceCell<MasterKey>>;

impl ContentKeys {
    /// Opens the keys of an output of a job, in place. Fails if the store is away, or if they were not sealed here for
    /// this job.
    pub async fn open(&self, job: JobId, output: &mut OutputSpec) -> Result<(), ServiceError> {
        let Some(encryption) = &mut output.encryption else {
            return Ok(());
        };
        let sealing = self.sealing().await?;
        for key in &mut encryption.keys {
            let ContentKey::Sealed(sealed) = &key.key else {
                continue;
            };
            let opened = sealing.open(&belonging(job), sealed);
            let opened = opened.map_err(|error| unreadable(job, &error))?;
            let plain = <[u8; KEY_BYTES]>::try_from(opened.as_slice());
            key.key = ContentKey::Open(plain.map_err(|error| unreadable(job, &error))?);
        }
        Ok(())
    }

    async fn seal(&self, job: JobId, encryption: &mut Encryption) -> Result<(), ServiceError> {
        let sealing = self.sealing().await?;
        for key in &mut encryption.keys {
            let ContentKey::Open(plain) = &key.key else {
                let message = "a key is 16 bytes in Base64: one that is sealed already is nobody's";
                return Err(ServiceError::invalid("encryption.keys.key", message));
            };
            key.key = ContentKey::Sealed(sealing.seal(&*self.ids, &belonging(job), plain));
        }
        Ok(())
    }

    async fn sealing(&self) -> Result<&MasterKey, ServiceError> {
        self.sealing.get_or_try_init(|| self.find_or_make()).await
    }

    /// Of several nodes that make one at once the first one's stays.
    async fn find_or_make(&self) -> Result<MasterKey, ServiceError> {
        if let Some(found) = self.store.secret(SECRET).await? {
            return self.read(&found);
        }
        let text = MasterKey::random(&*self.ids).to_text();
        let secret = SealedSecret {
            id: SECRET.to_owned(),
            sealed: self
                .keyring
                .seal(&*self.ids, &secret_of(SECRET), text.as_bytes()),
        };
        self.store.add_secret(secret).await?;
        let kept = self.store.secret(SECRET).await?;
        let kept = kept.ok_or_else(|| {
            ServiceError::internal(format!("the secret {SECRET} was added and is not there"))
        })?;
        self.read(&kept)
    }

    fn read(&self, kept: &SealedSecret) -> Result<MasterKey, ServiceError> {
        let opened = self.keyring.open(&secret_of(SECRET), &kept.sealed);
        let opened = opened.map_err(|error| {
            ServiceError::internal(format!("the secret {SECRET} cannot be read: {error}"))
        })?;
        let text = Zeroizing::new(String::from_utf8_lossy(&opened).into_owned());
        MasterKey::parse(&text)
            .ok_or_else(|| ServiceError::internal(format!("the secret {SECRET} is no key")))
    }
}

impl Service {
    /// What opens the keys of outputs for a worker of this process.
    pub fn content_keys(&self) -> ContentKeys {
        ContentKeys {
            store: Arc::clone(&self.store),
            ids: Arc::clone(&self.ids),
            keyring: self.access.keyring(),
            sealing: Arc::clone(&self.access.content_keys),
        }
    }

    /// Seals the keys of a new job's outputs, so that nobody can read them where the job is stored.
    pub(crate) async fn seal_content_keys(
        &self,
        job: JobId,
        spec: &mut JobSpec,
    ) -> Result<(), ServiceError> {
        let JobSpec::Transcode(spec) = spec else {
            return Ok(());
        };
        for output in &mut spec.outputs {
            if let Some(encryption) = &mut output.encryption {
                self.content_keys().seal(job, encryption).await?;
            }
        }
        Ok(())
    }
}

/// What a sealed key belongs to: in the spec of another job it does not open.
fn belonging(job: JobId) -> String {
    format!("content-key:{job}")
}

fn unreadable(job: JobId, why: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::internal(format!(
        "a key of the outputs of job {job} cannot be read: {why}"
    ))
}
