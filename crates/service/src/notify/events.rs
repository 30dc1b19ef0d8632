//! Reading events in their order, and following them.

use std::time::Duration;

use reelgate_domain::event::{EventCursor, EventName, NameSet};
use reelgate_domain::{JobId, PipelineId};
use reelgate_store::EventPage;
use tokio::sync::watch;

use crate::{Caller, Service, ServiceError};

/// What is seen although nobody rang a bell for it, such as what another node has written.
const POLL: Duration = Duration::from_secs(1);

/// Which events somebody wants to see. Absent fields filter nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    pub names: NameSet,
    pub job: Option<JobId>,
    pub pipeline: Option<PipelineId>,
}

impl Default for EventQuery {
    fn default() -> Self {
        Self {
            names: NameSet::ALL,
            job: None,
            pipeline: None,
        }
    }
}

impl EventQuery {
    fn wants(&self, name: EventName, job: JobId, pipeline: PipelineId) -> bool {
        self.names.has(name)
            && self.job.is_none_or(|wanted| wanted == job)
            && self.pipeline.is_none_or(|wanted| wanted == pipeline)
    }
}

impl Service {
    /// The caller's events after a place. Looks at no more than `limit` of the events there are, so a
    /// page may be empty although more follow.
    pub async fn events(
        &self,
        caller: &Caller,
        query: &EventQuery,
        after: EventCursor,
        limit: u32,
    ) -> Result<EventPage, ServiceError> {
        let limit = limit.clamp(1, 1000);
        let found = self.store.events(Some(caller.account), after, limit).await;
        let mut page = found?;
        page.events.retain(|stored| {
            let event = &stored.event;
            query.wants(event.name, event.job, event.pipeline)
        });
        Ok(page)
    }

    /// The place of the newest event.
    pub async fn newest_event(&self) -> Result<EventCursor, ServiceError> {
        Ok(self.store.newest_event().await?)
    }

    /// What changes when a look at the events may be worth it.
    pub fn event_bell(&self) -> watch::Receiver<u64> {
        self.store.hints().events
    }

    /// Waits until there may be something new, `patience` is over or nobody may wait any longer; false
    /// in the last case.
    pub async fn await_events(&self, bell: &mut watch::Receiver<u64>, patience: Duration) -> bool {
        let mut leaving = self.leaving.subscribe();
        tokio::select! {
            _ = leaving.wait_for(|leaving| *leaving) => return false,
            _ = bell.changed() => {}
            () = tokio::time::sleep(patience.min(POLL)) => {}
        }
        !*self.leaving.borrow()
    }
}
