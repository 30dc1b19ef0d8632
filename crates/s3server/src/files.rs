//! The store's objects as files, by s3s-fs, with what that lacks: a listing of uploads in parts, ETags in
//! listings, and folders and buckets that are not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, MultipartUpload, PutObjectInput, PutObjectOutput,
    Timestamp, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

pub(crate) struct Files {
    files: FileSystem,
    root: PathBuf,
    uploads: Arc<Uploads>,
}

/// Uploads in parts that are under way: when they began, by bucket, key and id.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<BTreeMap<(String, String, String), SystemTime>>);

impl Uploads {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(String, String, String), SystemTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Their keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.all().keys().map(|(_, key, _)| key.clone()).collect()
    }

    /// From now on they began long ago.
    pub(crate) fn age(&self) {
        for begun in self.all().values_mut() {
            *begun = SystemTime::UNIX_EPOCH;
        }
    }
}

impl Files {
    pub(crate) fn new(root: &Path, uploads: Arc<Uploads>) -> Result<Self, String> {
        let files = FileSystem::new(root).map_err(|error| format!("{error:?}"))?;
        let root = root.to_owned();
        Ok(Self {
            files,
            root,
            uploads,
        })
    }

    fn need_bucket(&self, bucket: &str) -> S3Result<()> {
        match self.root.join(bucket).is_dir() {
            true => Ok(()),
            false => Err(s3_error!(NoSuchBucket)),
        }
    }

    fn need_file(&self, bucket: &str, key: &str) -> S3Result<()> {
        match self.root.join(bucket).join(key).is_file() {
            true => Ok(()),
            false => Err(s3_error!(NoSuchKey)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a store has a clock of its own")]
fn now() -> SystemTime {
    SystemTime::now()
}

// A macro, because most calls go on as they are.
macro_rules! store {
    ($($name:ident: $input:ident => $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $name(&self, req: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.files.$name(req).await
            })*

            async fn head_object(
                &self,
                req: S3Request<HeadObjectInput>,
            ) -> S3Result<S3Response<HeadObjectOutput>> {
                self.need_file(&req.input.bucket, &req.input.key)?;
                self.files.head_object(req).await
            }

            async fn get_object(
                &self,
                req: S3Request<GetObjectInput>,
            ) -> S3Result<S3Response<GetObjectOutput>> {
                self.need_file(&req.input.bucket, &req.input.key)?;
                self.files.get_object(req).await
            }

            async fn list_objects(
                &self,
                req: S3Request<ListObjectsInput>,
            ) -> S3Result<S3Response<ListObjectsOutput>> {
                let asking = req.clone();
                let mut listed = self.files.list_objects(req).await?;
                for object in listed.output.contents.iter_mut().flatten() {
                    let key = object.key.clone().unwrap_or_default();
                    let about = asking.clone().map_input(|listing| HeadObjectInput {
                        bucket: listing.bucket,
                        key,
                        ..HeadObjectInput::default()
                    });
                    object.e_tag = self.files.head_object(about).await?.output.e_tag;
                }
                Ok(listed)
            }

            async fn put_object(
                &self,
                req: S3Request<PutObjectInput>,
            ) -> S3Result<S3Response<PutObjectOutput>> {
                self.need_bucket(&req.input.bucket)?;
                self.files.put_object(req).await
            }

            async fn create_multipart_upload(
                &self,
                req: S3Request<CreateMultipartUploadInput>,
            ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
                let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
                let made = self.files.create_multipart_upload(req).await?;
                let id = made.output.upload_id.clone().unwrap_or_default();
                self.uploads.all().insert((bucket, key, id), now());
                Ok(made)
            }

            async fn complete_multipart_upload(
                &self,
                req: S3Request<CompleteMultipartUploadInput>,
            ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
                let input = &req.input;
                let upload = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
                if !self.uploads.all().contains_key(&upload) {
                    return Err(s3_error!(NoSuchUpload));
                }
                let done = self.files.complete_multipart_upload(req).await?;
                self.uploads.all().remove(&upload);
                Ok(done)
            }

            async fn abort_multipart_upload(
                &self,
                req: S3Request<AbortMultipartUploadInput>,
            ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
                let input = &req.input;
                let upload = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
                if self.uploads.all().remove(&upload).is_none() {
                    return Err(s3_error!(NoSuchUpload));
                }
                self.files.abort_multipart_upload(req).await
            }

            async fn list_multipart_uploads(
                &self,
                req: S3Request<ListMultipartUploadsInput>,
            ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
                let input = req.input;
                let prefix = input.prefix.clone().unwrap_or_default();
                let after = (input.key_marker.unwrap_or_default(), input.upload_id_marker.unwrap_or_default());
                let most = input.max_uploads.and_then(|most| usize::try_from(most).ok()).unwrap_or(1000);
                let known = self.uploads.all();
                let mut found = known.iter().filter(|((bucket, key, id), _)| {
                    *bucket == input.bucket
                        && key.starts_with(&prefix)
                        && (key, id) > (&after.0, &after.1)
                });
                let uploads: Vec<_> = found
                    .by_ref()
                    .take(most)
                    .map(|((_, key, id), begun)| MultipartUpload {
                        key: Some(key.clone()),
                        upload_id: Some(id.clone()),
                        initiated: Some(Timestamp::from(*begun)),
                        ..MultipartUpload::default()
                    })
                    .collect();
                Ok(S3Response::new(ListMultipartUploadsOutput {
                    bucket: Some(input.bucket.clone()),
                    is_truncated: Some(found.next().is_some()),
                    uploads: Some(uploads),
                    ..ListMultipartUploadsOutput::default()
                }))
            }
        }
    };
}

store! {
    copy_object: CopyObjectInput => CopyObjectOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    list_buckets: ListBucketsInput => ListBucketsOutput;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    upload_part: UploadPartInput => UploadPartOutput;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
}
