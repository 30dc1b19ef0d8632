//! Starting a stream.

use reelgate_domain::stream::{Stream, StreamId, StreamSpec};
use reelgate_store::StreamOutcome;

use super::create::unexpected;
use super::{StreamError, TRIES, again};
use crate::{Caller, Service};

impl Service {
    /// Starts a stream as it and its templates are now. Processes of an earlier start end first.
    pub async fn start_stream(&self, caller: &Caller, id: StreamId) -> Result<Stream, StreamError> {
        self.require_edge(caller).await?;
        let mut once = caller.once;
        for _ in 0..TRIES {
            let stream = self.stream(caller, id).await?;
            let spec = stream.spec.clone();
            // One that runs is refused by the store, which knows best.
            self.check_spec(caller, &spec).await?;
            let plan = self.plan(caller, &stream, &spec).await?;
            let (account, now) = (caller.account, self.clock.now());
            let started = self
                .store
                .start_stream(account, id, spec.clone(), plan, now, once);
            match started.await? {
                StreamOutcome::Done(stream) => return Ok(*stream),
                StreamOutcome::Missing => return Err(StreamError::Missing(id)),
                StreamOutcome::Running => return Err(StreamError::Running(id)),
                StreamOutcome::PlaceTaken(place) => return Err(place_taken(&spec, &place)),
                StreamOutcome::Changed => once = again(once),
                other @ (StreamOutcome::NotRunning | StreamOutcome::Full) => {
                    return Err(unexpected(&other));
                }
            }
        }
        Err(StreamError::Contested(id))
    }
}

/// Says which of the outputs goes to a place that is taken.
pub(super) fn place_taken(spec: &StreamSpec, place: &str) -> StreamError {
    let mut outputs = spec.outputs.iter();
    // The store may know the place by more than its own name, such as an account before it.
    let at = outputs.position(|output| place.ends_with(&output.target.identity()));
    StreamError::PlaceTaken {
        output: at.unwrap_or(0) + 1,
    }
}
