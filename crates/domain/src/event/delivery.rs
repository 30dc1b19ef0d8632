//! One event on its way to one destination.

use std::str::FromStr;

use super::destination::DestinationId;
use super::{EventCursor, JobEvent};
use crate::ids::hex_id;
use crate::time::Timestamp;

hex_id! {
    /// A delivery: a UUIDv7. Receivers know a message by it, however often it comes.
    DeliveryId
}

hex_id! {
    /// What deliveries to one destination follow each other in: a job, or what several jobs are of, such as an asset.
    LaneId
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// An earlier one of the same lane has to arrive first.
    Waiting,
    /// It is sent, or sent again, when its time comes.
    Sending,
    /// The receiver has taken it.
    Delivered,
    /// It was given up.
    Dead,
    /// It was not to be sent any more, such as after a cancel.
    Withdrawn,
}

/// The text is no state of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no state {0:?} of a delivery")]
pub struct UnknownState(String);

impl DeliveryState {
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Sending,
        Self::Delivered,
        Self::Dead,
        Self::Withdrawn,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state as it is stored.
    pub const fn code(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Sending => 1,
            Self::Delivered => 2,
            Self::Dead => 3,
            Self::Withdrawn => 4,
        }
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether nothing more happens to it by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Dead | Self::Withdrawn)
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// A delivery as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    /// Its place in the log.
    pub number: u64,
    pub destination: DestinationId,
    /// Whose words it is told in; none for the native ones.
    pub dialect: Option<String>,
    /// Which of the dialect's messages it is, where an event has several.
    pub message: Option<String>,
    pub cursor: EventCursor,
    pub event: JobEvent,
    pub state: DeliveryState,
    /// All tries, the one that is being made included.
    pub tries: u32,
    /// Those before it was sent again by hand.
    pub base: u32,
    /// When it is tried next; while it is being tried, when that counts as failed.
    pub due_at: Option<Timestamp>,
    /// From when on the time is counted after which it is given up.
    pub began_at: Timestamp,
    pub created_at: Timestamp,
    pub last_at: Option<Timestamp>,
    /// The status of the last answer, if there was one.
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
}
