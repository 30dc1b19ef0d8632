//! Objects of a caller's buckets: put, get, head, delete, list.

use bytes::Bytes;
use futures_util::Stream;
use reelgate_domain::{BucketName, ObjectRef};
use reelgate_objects::{ByteRange, ObjectMeta, Room};
use tokio::io::{AsyncReadExt, Take};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// An object, or a part of one, that is being read.
#[derive(Debug)]
pub struct ObjectBody {
    pub meta: ObjectMeta,
    /// Where in the object this starts and how long it is, in bytes.
    pub offset: u64,
    pub length: u64,
    pub reader: Take<tokio::fs::File>,
}

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

    /// Opens an object or a part of it. Fails with `Invalid` on `range` outside the object.
    pub async fn get_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        range: Option<ByteRange>,
    ) -> Result<ObjectBody, ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        let mut opened = bucket.get(&object.key).await?;
        let bytes = opened.meta.bytes;
        let (offset, length) = match range {
            None => (0, bytes),
            Some(range) => range.within(bytes).ok_or_else(|| {
                let message = format!("the range lies outside the object's {bytes} bytes");
                ServiceError::new(ErrorKind::Invalid, "range", message)
            })?,
        };
        if offset > 0 {
            opened.seek(offset).await?;
        }
        let reader = opened.file.take(length);
        Ok(ObjectBody {
            meta: opened.meta,
            offset,
            length,
            reader,
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
