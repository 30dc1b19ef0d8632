//! Objects of a caller's buckets: put, get, head, delete, list.

mod share;
mod whole;

pub use share::SharedAddress;

use bytes::Bytes;
use futures_util::Stream;
use reelgate_domain::{BucketName, ObjectRef};
use reelgate_objects::{Object, ObjectMeta, Room};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// One page of a bucket's objects, in the byte order of their keys.
#[derive(Clone, Debug)]
pub struct ObjectPage {
    pub objects: Vec<ObjectMeta>,
    /// Whether more follow the last one.
    pub truncated: bool,
}

impl Service {
    /// Stores an object from a stream; it appears complete or not at all.
    pub async fn put_object<S, E>(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        content: S,
    ) -> Result<ObjectMeta, ServiceError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        let upload = hex::encode(self.ids.uuid(self.clock.now()));
        let room = Room {
            limit_bytes: self.settings.max_object_bytes,
            floor_bytes: self.settings.free_space_floor,
        };
        Ok(bucket.put(&object.key, content, room, &upload).await?)
    }

    /// Opens an object. What is read of it is the object that is told of here, whatever takes its place.
    pub async fn get_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
    ) -> Result<Object, ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        Ok(bucket.get(&object.key).await?)
    }

    /// An address by which anybody can read an object for so many seconds. Fails with `Conflict` for a
    /// bucket whose objects only this program hands out.
    pub async fn link_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        seconds: u64,
    ) -> Result<String, ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        bucket.head(&object.key).await?;
        bucket.presigned(&object.key, seconds).ok_or_else(|| {
            let name = &object.bucket;
            let message = format!("bucket {name} is no S3 bucket: its objects have no addresses");
            ServiceError::new(ErrorKind::Conflict, name, message)
        })
    }

    pub async fn head_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
    ) -> Result<ObjectMeta, ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        Ok(bucket.head(&object.key).await?)
    }

    /// Deletes an object; fails with `NotFound` if there was none.
    pub async fn delete_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
    ) -> Result<(), ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        if bucket.delete(&object.key).await? {
            Ok(())
        } else {
            Err(ServiceError::missing("object", object))
        }
    }

    pub async fn list_objects(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ObjectPage, ServiceError> {
        let directory = self.open_bucket(caller, bucket).await?;
        let limit = limit.clamp(1, 1000) as usize;
        let listing = directory.list(prefix, after, limit).await?;
        Ok(ObjectPage {
            objects: listing.objects,
            truncated: listing.truncated,
        })
    }
}
