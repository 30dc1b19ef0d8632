//! Events: what happens to jobs, as others are told of it.

mod cursor;
mod delivery;
mod destination;
mod name;

pub use cursor::{EventCursor, InvalidCursor};
pub use delivery::{Delivery, DeliveryId, DeliveryState, LaneId, UnknownState};
pub use destination::{Destination, DestinationId, InvalidTopic, NameSet, Sealed, TopicName};
pub use name::{EventName, UnknownEvent};

use crate::access::AccountId;
use crate::ids::{JobId, PipelineId};
use crate::job::Fault;
use crate::time::Timestamp;

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    pub account: AccountId,
    pub job: JobId,
    pub pipeline: PipelineId,
    pub name: EventName,
    /// The newest attempt at that time, 0 before the first.
    pub attempt: u32,
    pub at: Timestamp,
    /// Of a failure, why: without the engine's last words, which stay with the job.
    pub fault: Option<Fault>,
}

/// An event and its place in the order of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub cursor: EventCursor,
    pub event: JobEvent,
}
