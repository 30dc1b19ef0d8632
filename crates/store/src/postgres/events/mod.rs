//! Events, destinations and deliveries.

mod deliveries;
mod destinations;
pub(super) mod log;
mod rows;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::event::{
    Delivery, DeliveryId, Destination, DestinationId, EventCursor, TopicName,
};
use reelgate_domain::{AccountId, Timestamp};

pub(super) use self::deliveries::Turns;
use super::PostgresStore;
use super::once::counted;
use super::transaction::{look_up, transact};
use crate::contract::{
    ClaimedDelivery, Create, DeliveryClaim, DeliveryFilter, DestinationChange, EventPage,
    EventStore, NewDelivery, Replay, Result, Settled,
};
use crate::hints::Wakes;

impl PostgresStore {
    /// Gives all events that have been committed by now their places.
    async fn place_events(&self) -> Result<()> {
        let mut placed = 0;
        while look_up!(self.pool, s => log::has_new(s).await)? {
            let new = transact!(self.pool, s => log::place(s).await)?;
            // Somebody else has placed what there was.
            if new == 0 {
                break;
            }
            placed += new;
        }
        if placed > 0 {
            // Who has looked before found nothing.
            self.hinter.ring(Wakes::EVENTS);
        }
        Ok(())
    }
}

#[async_trait]
impl EventStore for PostgresStore {
    async fn events(
        &self,
        account: Option<AccountId>,
        after: EventCursor,
        limit: u32,
    ) -> Result<EventPage> {
        self.place_events().await?;
        look_up!(self.pool.for_walks(), s => log::page(s, account, after, limit).await)
    }

    async fn newest_event(&self) -> Result<EventCursor> {
        self.place_events().await?;
        look_up!(self.pool, s => log::event_log(s).await).map(|[last, _, _]| last)
    }

    async fn fanned_out(&self) -> Result<EventCursor> {
        look_up!(self.pool, s => log::event_log(s).await).map(|[_, fanned_out, _]| fanned_out)
    }

    async fn fan_out(
        &self,
        from: EventCursor,
        to: EventCursor,
        deliveries: Vec<NewDelivery>,
    ) -> Result<bool> {
        let done = transact!(self.pool, s => log::fan_out(s, from, to, &deliveries).await)?;
        if done && !deliveries.is_empty() {
            self.hinter.ring(Wakes::EVENTS);
        }
        Ok(done)
    }

    async fn create_destination(
        &self,
        destination: Destination,
        once: Option<Once>,
    ) -> Result<Create> {
        transact!(self.pool, s => counted(s, once, destinations::create(s, &destination)).await)
    }

    async fn destinations(&self, account: AccountId) -> Result<Vec<Destination>> {
        look_up!(self.pool, s => destinations::of_account(s, account).await)
    }

    async fn destination(
        &self,
        account: AccountId,
        id: DestinationId,
    ) -> Result<Option<Destination>> {
        look_up!(self.pool, s => destinations::get(s, account, id).await)
    }

    async fn listening(&self, accounts: Vec<AccountId>) -> Result<Vec<(Destination, EventCursor)>> {
        look_up!(self.pool, s => destinations::listening(s, &accounts).await)
    }

    async fn change_destination(
        &self,
        account: AccountId,
        id: DestinationId,
        change: DestinationChange,
        once: Option<Once>,
    ) -> Result<Option<Destination>> {
        if change.enabled == Some(true) {
            // It listens from the newest place on, so what has happened by now needs one.
            self.place_events().await?;
        }
        transact!(self.pool, s => {
            counted(s, once, destinations::change(s, account, id, &change)).await
        })
    }

    async fn delete_destination(&self, account: AccountId, id: DestinationId) -> Result<bool> {
        transact!(self.pool, s => destinations::delete(s, account, id).await)
    }

    async fn topic(&self, account: AccountId, name: &TopicName) -> Result<Option<Destination>> {
        look_up!(self.pool, s => destinations::topic(s, account, name).await)
    }

    async fn claim_deliveries(&self, wanted: DeliveryClaim) -> Result<Vec<ClaimedDelivery>> {
        if !look_up!(self.pool, s => deliveries::is_any_due(s, wanted.now).await)? {
            return Ok(Vec::new());
        }
        let turns = &self.delivery_turns;
        transact!(self.pool, s => deliveries::claim(s, &wanted, turns).await)
    }

    async fn settle_deliveries(&self, settled: Vec<Settled>) -> Result<Vec<bool>> {
        let counted = transact!(self.pool, s => deliveries::settle(s, &settled).await)?;
        self.hinter.ring(Wakes::EVENTS);
        Ok(counted)
    }

    async fn delivery(&self, account: AccountId, id: DeliveryId) -> Result<Option<Delivery>> {
        look_up!(self.pool, s => deliveries::get(s, account, id).await)
    }

    async fn deliveries(
        &self,
        account: AccountId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        look_up!(self.pool.for_walks(), s => deliveries::list(s, account, &filter, limit).await)
    }

    async fn replay_delivery(
        &self,
        account: AccountId,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Replay> {
        let replay = transact!(self.pool, s => {
            counted(s, once, deliveries::replay(s, account, id, now)).await
        })?;
        self.hinter.ring(Wakes::EVENTS);
        Ok(replay)
    }
}
