//! Stopping a stream.

use reelgate_domain::stream::{Stream, StreamId};
use reelgate_store::StreamOutcome;

use super::StreamError;
use super::create::unexpected;
use crate::{Caller, Service};

impl Service {
    /// Stops a stream that is to run. Once this has returned nothing of it starts any more, and what runs is about
    /// to end; a start need not wait for that.
    pub async fn stop_stream(&self, caller: &Caller, id: StreamId) -> Result<Stream, StreamError> {
        let (account, now) = (caller.account, self.clock.now());
        match self
            .store
            .stop_stream(account, id, now, caller.once)
            .await?
        {
            StreamOutcome::Done(stream) => Ok(*stream),
            StreamOutcome::Missing => Err(StreamError::Missing(id)),
            StreamOutcome::NotRunning => Err(StreamError::NotRunning(id)),
            other => Err(unexpected(&other)),
        }
    }
}
