//! Small objects that the program keeps for itself, out of the way of a bucket's callers.

use bytes::Bytes;
use reqwest::Method;

use super::S3Bucket;
use super::client::{Failure, Request};
use crate::error::ObjectError;

impl S3Bucket {
    pub(crate) async fn put_aside(&self, name: &str, content: Bytes) -> Result<(), ObjectError> {
        let request = Request::new(Method::PUT, self.home.full(name)).body(content);
        let stored = self.client.call(&self.home, request).await;
        stored
            .map(drop)
            .map_err(|it| it.about("storing", "a stream's picture"))
    }

    pub(crate) async fn aside(&self, name: &str) -> Result<Option<Bytes>, ObjectError> {
        let request = Request::new(Method::GET, self.home.full(name));
        match self.client.call(&self.home, request).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) => match failure.about("reading", "a stream's picture") {
                ObjectError::Missing(_) => Ok(None),
                error => Err(error),
            },
        }
    }

    pub(crate) async fn remove_aside(&self, name: &str) -> Result<(), ObjectError> {
        let removed = self.remove(&self.home.full(name)).await;
        removed.map_err(|it| it.about("removing", "a stream's picture"))
    }

    /// The names of those in a folder, without it.
    pub(crate) async fn asides(&self, folder: &str) -> Result<Vec<String>, ObjectError> {
        let failed = |it: Failure| it.about("looking for", "streams' pictures");
        let folder = self.home.full(folder);
        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let (page, is_last) = self.page(&folder, &after, 1000).await.map_err(failed)?;
            let found = page.iter().filter_map(|it| it.key.strip_prefix(&folder));
            names.extend(found.map(str::to_owned));
            match page.last() {
                Some(last) if !is_last => after.clone_from(&last.key),
                _ => return Ok(names),
            }
        }
    }
}
