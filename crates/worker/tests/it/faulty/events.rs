//! Events and deliveries, which a worker does not look at.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::event::{
    Delivery, DeliveryId, Destination, DestinationId, EventCursor, TopicName,
};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_store::{
    ClaimedDelivery, Create, DeliveryClaim, DeliveryFilter, DestinationChange, EventPage,
    EventStore, NewDelivery, Replay, Result, Settled,
};

use super::{ELSEWHERE, Faulty};

// A macro because all that these methods have is a signature.
macro_rules! unused {
    ($(fn $name:ident($($argument:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl EventStore for Faulty {
            $(async fn $name(&self, $(_: $argument),*) -> Result<$answer> {
                unreachable!("{ELSEWHERE}")
            })*
        }
    };
}

unused! {
    fn events(Option<AccountId>, EventCursor, u32) -> EventPage;
    fn newest_event() -> EventCursor;
    fn fanned_out() -> EventCursor;
    fn fan_out(EventCursor, EventCursor, Vec<NewDelivery>) -> bool;
    fn create_destination(Destination, Option<Once>) -> Create;
    fn destinations(AccountId) -> Vec<Destination>;
    fn destination(AccountId, DestinationId) -> Option<Destination>;
    fn listening(Vec<AccountId>) -> Vec<(Destination, EventCursor)>;
    fn change_destination(AccountId, DestinationId, DestinationChange, Option<Once>) -> Option<Destination>;
    fn delete_destination(AccountId, DestinationId) -> bool;
    fn topic(AccountId, &TopicName) -> Option<Destination>;
    fn claim_deliveries(DeliveryClaim) -> Vec<ClaimedDelivery>;
    fn settle_deliveries(Vec<Settled>) -> Vec<bool>;
    fn delivery(AccountId, DeliveryId) -> Option<Delivery>;
    fn deliveries(AccountId, DeliveryFilter, u32) -> Vec<Delivery>;
    fn replay_delivery(AccountId, DeliveryId, Timestamp, Option<Once>) -> Replay;
}
