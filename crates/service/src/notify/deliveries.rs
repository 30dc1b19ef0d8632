//! The log of deliveries, and sending again.

use reelgate_domain::event::{Delivery, DeliveryId};
use reelgate_store::{DeliveryFilter, Replay};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// One page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    pub deliveries: Vec<Delivery>,
    /// What `before` is for the next page; none if this is the last.
    pub next: Option<u64>,
}

impl Service {
    pub async fn deliveries(
        &self,
        caller: &Caller,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<DeliveryPage, ServiceError> {
        let limit = limit.clamp(1, 1000);
        let found = self.store.deliveries(caller.account, filter, limit + 1);
        let mut deliveries = found.await?;
        let more = deliveries.len() > limit as usize;
        deliveries.truncate(limit as usize);
        let next = deliveries.last().filter(|_| more).map(|last| last.number);
        Ok(DeliveryPage { deliveries, next })
    }

    pub async fn delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, ServiceError> {
        let found = self.store.delivery(caller.account, id).await?;
        found.ok_or_else(|| ServiceError::missing("delivery", id))
    }

    /// Sends a delivery again that has ended, under its id.
    pub async fn replay_delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, ServiceError> {
        let now = self.clock.now();
        let refused = |message: String| Err(ServiceError::new(ErrorKind::Conflict, id, message));
        let replayed = self
            .store
            .replay_delivery(caller.account, id, now, caller.making(id));
        match replayed.await? {
            Replay::Queued => self.delivery(caller, id).await,
            Replay::Missing => Err(ServiceError::missing("delivery", id)),
            Replay::Unsent => refused(format!("delivery {id} is still on its way")),
            Replay::DestinationMissing => {
                refused(format!("the receiver of delivery {id} has been deleted"))
            }
        }
    }
}
