//! Deleting a stream.

use reelgate_domain::stream::StreamId;
use reelgate_store::StreamOutcome;

use super::StreamError;
use super::create::unexpected;
use crate::{Caller, Service};

impl Service {
    /// Deletes a stream that is not to run; what it has published and recorded stays.
    pub async fn delete_stream(&self, caller: &Caller, id: StreamId) -> Result<(), StreamError> {
        let (account, now) = (caller.account, self.clock.now());
        match self
            .store
            .delete_stream(account, id, now, caller.once)
            .await?
        {
            StreamOutcome::Done(_) => Ok(()),
            StreamOutcome::Missing => Err(StreamError::Missing(id)),
            StreamOutcome::Running => Err(StreamError::Running(id)),
            other => Err(unexpected(&other)),
        }
    }
}
