//! Creating a bucket on an object store.

use reelgate_domain::{BucketName, Place};
use reelgate_objects::ObjectError;
use reelgate_objects::s3::PlaceWish;
use reelgate_store::Bucket;
use zeroize::Zeroizing;

use super::{BucketView, view};
use crate::{Caller, ErrorKind, Secret, Service, ServiceError};

/// A bucket whose objects an object store keeps.
#[derive(Clone, Debug)]
pub struct NewS3Bucket {
    pub name: BucketName,
    pub place: PlaceWish,
    /// Of the access key in `place`.
    pub secret: Secret,
}

impl Service {
    /// Creates a bucket on an object store, once it has been written to, read and emptied there. Only for
    /// operators, because this program calls whatever endpoint they name, inside their network too. The
    /// secret is sealed with the master key and shown to nobody again.
    pub async fn create_s3_bucket(
        &self,
        caller: &Caller,
        wanted: NewS3Bucket,
    ) -> Result<BucketView, ServiceError> {
        if !caller.operator {
            let message = "only an operator key may choose an object store";
            return Err(ServiceError::new(ErrorKind::Denied, "s3", message));
        }
        let NewS3Bucket {
            name,
            place,
            secret,
        } = wanted;
        let invalid = |field: &str, why: String| ServiceError::invalid(format!("s3.{field}"), why);
        let mut place = place
            .check()
            .map_err(|error| invalid(error.field, error.why))?;
        if secret.expose().is_empty() {
            return Err(invalid(
                "secret_access_key",
                "an access key has a secret".to_owned(),
            ));
        }
        // Before anything is sent, so that a name that is taken costs nothing.
        if self.bucket_exists(caller, &name).await? {
            return Err(taken(&name));
        }
        let opener = self.bucket_opener();
        let opened = opener.open_s3(&place, Zeroizing::new(secret.expose().to_owned()))?;
        let now = self.clock.now();
        let check = hex::encode(self.ids.uuid(now));
        opened.check(&check).await.map_err(refused)?;
        place.secret_id = format!("~bucket:{}/{name}", caller.account);
        place.sealed = self.seal_secret(&place.secret_id, &secret);
        let bucket = Bucket {
            account: caller.account,
            name: name.clone(),
            place: Place::S3(place),
            created_at: now,
        };
        let once = caller.making(&name);
        if !self.store.create_bucket(bucket.clone(), once).await? {
            return Err(taken(&name));
        }
        Ok(view(caller, bucket))
    }
}

fn taken(name: &BucketName) -> ServiceError {
    let message = format!("bucket {name} already exists");
    ServiceError::new(ErrorKind::Conflict, name, message)
}

/// What does not work for an operator is the operator's to know, and nothing of ours is broken.
fn refused(error: ObjectError) -> ServiceError {
    ServiceError::invalid("s3", format!("the bucket cannot be used: {error}"))
}
