//! What has happened to jobs, and who is told of it.
//!
//! The write that moves a job notes the event that [`EventName::of`] makes of it: both are there or
//! neither is. All events have one order, in which those of one job follow each other as they
//! happened. A reader that has come to a place finds every later event after it, also those that are
//! still being written while it reads.
//!
//! [`EventName::of`]: reelgate_domain::event::EventName::of

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::event::{
    Delivery, DeliveryId, DeliveryState, Destination, DestinationId, EventCursor, LaneId, NameSet,
    Sealed, StoredEvent, TopicName,
};
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::{Create, Result};

/// Some events in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    pub events: Vec<StoredEvent>,
    /// How far this has looked: the next page begins after it.
    pub reached: EventCursor,
    /// Whether there may be more right now.
    pub more: bool,
    /// Whether events after the place asked for may have been removed, or it is no place of this store: it is
    /// still to come, or another engine's.
    pub gap: bool,
}

/// What is to change of a destination. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationChange {
    pub url: Option<String>,
    pub names: Option<NameSet>,
    pub enabled: Option<bool>,
    /// A new secret, and until when the one before signs too.
    pub secret: Option<(Sealed, Timestamp)>,
}

/// A delivery that is to be made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub destination: DestinationId,
    pub dialect: Option<String>,
    pub message: Option<String>,
    /// What it waits for others of. Absent: the job.
    pub lane: Option<LaneId>,
    pub event: StoredEvent,
    pub created_at: Timestamp,
}

/// Which deliveries somebody can try now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// The most of them.
    pub most: u32,
    /// The most to one destination, beside those in `busy`.
    pub each: u32,
    /// How many fewer it may be to these.
    pub busy: Vec<(DestinationId, u32)>,
    /// When a try that has not been settled counts as failed.
    pub lease_until: Timestamp,
    pub now: Timestamp,
}

/// A delivery that whoever claimed it tries now, and to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// `delivery.tries` counts this one too, and is the number to settle it by.
    pub delivery: Delivery,
    pub destination: Destination,
    /// The destination has been deleted since.
    pub deleted: bool,
}

/// How a try has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub id: DeliveryId,
    /// Which try it was; one that is not the newest counts no more.
    pub tries: u32,
    /// When it is tried again, or the end of it.
    pub next: std::result::Result<Timestamp, DeliveryState>,
    pub at: Timestamp,
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// What became of a wish to send something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It is its turn, or behind what is on its way of the same lane.
    Queued,
    Missing,
    /// It has not ended yet.
    Unsent,
    /// Its destination has been deleted.
    DestinationMissing,
}

/// Which deliveries a listing shows, newest first. Absent fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub destination: Option<DestinationId>,
    pub job: Option<JobId>,
    pub state: Option<DeliveryState>,
    /// Only those with lower numbers: that of the last of the page before.
    pub before: Option<u64>,
}

/// What happened, and the deliveries of it.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Events after a place, in order: of one account, or of all. Looks at no more than `limit` of
    /// them, whoever they belong to.
    async fn events(
        &self,
        account: Option<AccountId>,
        after: EventCursor,
        limit: u32,
    ) -> Result<EventPage>;

    /// The place of the newest event: whoever begins there sees all that happens from now on.
    async fn newest_event(&self) -> Result<EventCursor>;

    /// Up to which event deliveries have been made.
    async fn fanned_out(&self) -> Result<EventCursor>;

    /// Makes deliveries of the events between two places, unless somebody else has moved on from
    /// `from`: then nothing is written, and the answer is false. Of one lane and destination, a
    /// delivery waits until the ones before it have ended. One whose id is there already is not made again.
    async fn fan_out(
        &self,
        from: EventCursor,
        to: EventCursor,
        deliveries: Vec<NewDelivery>,
    ) -> Result<bool>;

    /// Stores a destination. At most [`Destination::MOST`]; a topic has one. It is told of what
    /// happens from now on.
    async fn create_destination(
        &self,
        destination: Destination,
        once: Option<Once>,
    ) -> Result<Create>;

    /// Oldest first.
    async fn destinations(&self, account: AccountId) -> Result<Vec<Destination>>;

    async fn destination(
        &self,
        account: AccountId,
        id: DestinationId,
    ) -> Result<Option<Destination>>;

    /// The destinations of these accounts that are enabled, each with the place after which it is
    /// told of events.
    async fn listening(&self, accounts: Vec<AccountId>) -> Result<Vec<(Destination, EventCursor)>>;

    /// `None` if there is no such destination. One that is switched on again is told of what happens from then
    /// on.
    async fn change_destination(
        &self,
        account: AccountId,
        id: DestinationId,
        change: DestinationChange,
        once: Option<Once>,
    ) -> Result<Option<Destination>>;

    /// Deletes a destination; what is unsent is withdrawn when its turn comes. False if there is none.
    async fn delete_destination(&self, account: AccountId, id: DestinationId) -> Result<bool>;

    /// The destination of a topic's name.
    async fn topic(&self, account: AccountId, name: &TopicName) -> Result<Option<Destination>>;

    /// Takes deliveries whose time has come, of enabled or deleted destinations; destinations take
    /// turns. Nobody else gets them before `lease_until`.
    async fn claim_deliveries(&self, wanted: DeliveryClaim) -> Result<Vec<ClaimedDelivery>>;

    /// Notes how tries have ended; for each whether it still counted. What waited behind one that has
    /// come to an end has its turn.
    async fn settle_deliveries(&self, settled: Vec<Settled>) -> Result<Vec<bool>>;

    async fn delivery(&self, account: AccountId, id: DeliveryId) -> Result<Option<Delivery>>;

    /// The newest deliveries that match, at most `limit`.
    async fn deliveries(
        &self,
        account: AccountId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<Delivery>>;

    /// Sends a delivery that has ended again, under its id, as if it had not been tried yet.
    async fn replay_delivery(
        &self,
        account: AccountId,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Replay>;
}
