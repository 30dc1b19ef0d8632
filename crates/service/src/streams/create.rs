//! Creating a stream.

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Stream, StreamId, StreamName, StreamSpec};
use reelgate_store::{NewStream, StreamOutcome};

use super::{MOST_STREAMS, StreamError};
use crate::{Caller, Service, ServiceError};

/// What a new stream is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateStream {
    /// Where it is to run.
    pub cluster: ClusterName,
    pub name: StreamName,
    pub spec: StreamSpec,
}

impl Service {
    /// Creates a stream that does not run.
    pub async fn create_stream(
        &self,
        caller: &Caller,
        wanted: CreateStream,
    ) -> Result<Stream, StreamError> {
        let CreateStream {
            cluster,
            name,
            spec,
        } = wanted;
        self.require_edge(caller).await?;
        if !self.knows_cluster(&cluster).await? {
            return Err(StreamError::NoCluster(cluster));
        }
        self.check_spec(caller, &spec).await?;
        self.templates_of(caller, &spec.outputs).await?;
        let created_at = self.clock.now();
        let new = NewStream {
            id: StreamId::from_bytes(self.ids.uuid(created_at)),
            account: caller.account,
            cluster,
            name,
            spec,
            created_at,
            most: MOST_STREAMS,
        };
        let once = caller.making(new.id);
        match self.store.create_stream(new, once).await? {
            StreamOutcome::Done(stream) => Ok(*stream),
            StreamOutcome::Full => Err(StreamError::Full(MOST_STREAMS)),
            other => Err(unexpected(&other)),
        }
    }
}

/// What the store's contract rules out.
pub(super) fn unexpected(outcome: &StreamOutcome) -> StreamError {
    let what = format!("the store answered {outcome:?} about a stream");
    ServiceError::internal(what).into()
}
