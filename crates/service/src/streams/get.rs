//! Looking streams up, listing them, and what happened to them.

use reelgate_domain::Timestamp;
use reelgate_domain::stream::{Health, Stream, StreamId, StreamNote};
use reelgate_store::{StreamFilter, StreamPage};

use super::StreamError;
use crate::{Caller, Service};

impl Service {
    /// One stream, in whichever cluster.
    pub async fn stream(&self, caller: &Caller, id: StreamId) -> Result<Stream, StreamError> {
        let found = self.store.stream(caller.account, id).await?;
        found.ok_or(StreamError::Missing(id))
    }

    /// At most 1000 of the account's streams, newest first unless asked otherwise.
    pub async fn list_streams(
        &self,
        caller: &Caller,
        filter: StreamFilter,
        limit: u32,
    ) -> Result<StreamPage, StreamError> {
        let limit = limit.clamp(1, 1000);
        Ok(self
            .store
            .list_streams(caller.account, filter, limit)
            .await?)
    }

    /// What has happened to a stream, the newest first, at most 1000 notes.
    pub async fn stream_notes(
        &self,
        caller: &Caller,
        id: StreamId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<StreamNote>, StreamError> {
        self.stream(caller, id).await?;
        let limit = limit.clamp(1, 1000);
        let notes = self.store.stream_notes(caller.account, id, before, limit);
        Ok(notes.await?)
    }

    /// What was kept of a stream's health after a time, oldest first, at most 5000 samples.
    pub async fn stream_health(
        &self,
        caller: &Caller,
        id: StreamId,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<Health>, StreamError> {
        self.stream(caller, id).await?;
        let limit = limit.clamp(1, 5000);
        let samples = self.store.stream_health(caller.account, id, after, limit);
        Ok(samples.await?)
    }
}
