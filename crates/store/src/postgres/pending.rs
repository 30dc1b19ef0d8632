//! Parts of the contract that this engine does not keep yet.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::event::{
    Delivery, DeliveryId, Destination, DestinationId, EventCursor, TopicName,
};
use reelgate_domain::{AccountId, JobId, Kept, Timestamp};

use super::PostgresStore;
use crate::contract::*;

fn pending() -> StoreError {
    StoreError::Unavailable("this engine does not keep it yet".into())
}

#[async_trait]
impl EventStore for PostgresStore {
    async fn events(
        &self,
        _account: Option<AccountId>,
        _after: EventCursor,
        _limit: u32,
    ) -> Result<EventPage> {
        Err(pending())
    }
    async fn newest_event(&self) -> Result<EventCursor> {
        Err(pending())
    }
    async fn fanned_out(&self) -> Result<EventCursor> {
        Err(pending())
    }
    async fn fan_out(
        &self,
        _from: EventCursor,
        _to: EventCursor,
        _deliveries: Vec<NewDelivery>,
    ) -> Result<bool> {
        Err(pending())
    }
    async fn create_destination(&self, _destination: Destination) -> Result<Create> {
        Err(pending())
    }
    async fn destinations(&self, _account: AccountId) -> Result<Vec<Destination>> {
        Err(pending())
    }
    async fn destination(
        &self,
        _account: AccountId,
        _id: DestinationId,
    ) -> Result<Option<Destination>> {
        Err(pending())
    }
    async fn listening(
        &self,
        _accounts: Vec<AccountId>,
    ) -> Result<Vec<(Destination, EventCursor)>> {
        Err(pending())
    }
    async fn change_destination(
        &self,
        _account: AccountId,
        _id: DestinationId,
        _change: DestinationChange,
    ) -> Result<Option<Destination>> {
        Err(pending())
    }
    async fn delete_destination(&self, _account: AccountId, _id: DestinationId) -> Result<bool> {
        Err(pending())
    }
    async fn topic(&self, _account: AccountId, _name: &TopicName) -> Result<Option<Destination>> {
        Err(pending())
    }
    async fn claim_deliveries(&self, _wanted: DeliveryClaim) -> Result<Vec<ClaimedDelivery>> {
        Err(pending())
    }
    async fn settle_deliveries(&self, _settled: Vec<Settled>) -> Result<Vec<bool>> {
        Err(pending())
    }
    async fn delivery(&self, _account: AccountId, _id: DeliveryId) -> Result<Option<Delivery>> {
        Err(pending())
    }
    async fn deliveries(
        &self,
        _account: AccountId,
        _filter: DeliveryFilter,
        _limit: u32,
    ) -> Result<Vec<Delivery>> {
        Err(pending())
    }
    async fn replay_delivery(
        &self,
        _account: AccountId,
        _id: DeliveryId,
        _now: Timestamp,
    ) -> Result<Replay> {
        Err(pending())
    }
}
