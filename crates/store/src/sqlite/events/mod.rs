//! Events, destinations and deliveries.

mod deliveries;
mod destinations;
mod log;
pub(super) mod record;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::event::{
    Delivery, DeliveryId, Destination, DestinationId, EventCursor, TopicName,
};
use reelgate_domain::{AccountId, Timestamp};

pub(super) use self::deliveries::Turns;
use super::SqliteStore;
use super::access::counted;
use super::inbox::Lane;
use crate::contract::{
    ClaimedDelivery, Create, DeliveryClaim, DeliveryFilter, DestinationChange, EventPage,
    EventStore, NewDelivery, Replay, Result, Settled,
};

#[async_trait]
impl EventStore for SqliteStore {
    async fn events(
        &self,
        account: Option<AccountId>,
        after: EventCursor,
        limit: u32,
    ) -> Result<EventPage> {
        self.readers
            .read(move |connection| log::page(connection, account, after, limit))
            .await
    }

    async fn newest_event(&self) -> Result<EventCursor> {
        self.readers.look_up(log::newest).await
    }

    async fn fanned_out(&self) -> Result<EventCursor> {
        self.readers.look_up(log::fanned_out).await
    }

    async fn fan_out(
        &self,
        from: EventCursor,
        to: EventCursor,
        deliveries: Vec<NewDelivery>,
    ) -> Result<bool> {
        self.write(Lane::Normal, move |tx| {
            log::fan_out(tx, from, to, &deliveries)
        })
        .await
    }

    async fn create_destination(
        &self,
        destination: Destination,
        once: Option<Once>,
    ) -> Result<Create> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                destinations::create(tx.connection(), &destination)
            })
        })
        .await
    }

    async fn destinations(&self, account: AccountId) -> Result<Vec<Destination>> {
        self.readers
            .look_up(move |connection| destinations::of_account(connection, account))
            .await
    }

    async fn destination(
        &self,
        account: AccountId,
        id: DestinationId,
    ) -> Result<Option<Destination>> {
        self.readers
            .look_up(move |connection| destinations::get(connection, account, id))
            .await
    }

    async fn listening(&self, accounts: Vec<AccountId>) -> Result<Vec<(Destination, EventCursor)>> {
        self.readers
            .look_up(move |connection| destinations::listening(connection, &accounts))
            .await
    }

    async fn change_destination(
        &self,
        account: AccountId,
        id: DestinationId,
        change: DestinationChange,
        once: Option<Once>,
    ) -> Result<Option<Destination>> {
        self.write(Lane::Urgent, move |tx| {
            counted(tx, once, || {
                destinations::change(tx.connection(), account, id, &change)
            })
        })
        .await
    }

    async fn delete_destination(&self, account: AccountId, id: DestinationId) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| {
            destinations::delete(tx.connection(), account, id)
        })
        .await
    }

    async fn topic(&self, account: AccountId, name: &TopicName) -> Result<Option<Destination>> {
        let name = name.clone();
        self.readers
            .look_up(move |connection| destinations::topic(connection, account, &name))
            .await
    }

    async fn claim_deliveries(&self, wanted: DeliveryClaim) -> Result<Vec<ClaimedDelivery>> {
        let turns = Arc::clone(&self.delivery_turns);
        self.write(Lane::Urgent, move |tx| {
            deliveries::claim(tx, &wanted, &turns)
        })
        .await
    }

    async fn settle_deliveries(&self, settled: Vec<Settled>) -> Result<Vec<bool>> {
        self.write(Lane::Urgent, move |tx| deliveries::settle(tx, &settled))
            .await
    }

    async fn delivery(&self, account: AccountId, id: DeliveryId) -> Result<Option<Delivery>> {
        self.readers
            .look_up(move |connection| deliveries::get(connection, account, id))
            .await
    }

    async fn deliveries(
        &self,
        account: AccountId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        self.readers
            .read(move |connection| deliveries::list(connection, account, &filter, limit))
            .await
    }

    async fn replay_delivery(
        &self,
        account: AccountId,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Replay> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || deliveries::replay(tx, account, id, now))
        })
        .await
    }
}
