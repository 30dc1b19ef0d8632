//! Events: who is told of them, in whose words, and whether it has arrived.
//!
//! The store notes an event with each transition of a job. From there it goes two ways: readers follow
//! the events themselves ([`Service::events`]), and a [`Notifier`] makes deliveries of them and sends
//! these to webhooks and to the receivers of topics.

mod backoff;
mod carrier;
mod deliver;
mod deliveries;
mod destinations;
mod events;
mod fan_out;
mod notifier;
mod renderer;
mod sign;
#[cfg(test)]
mod tests;

pub use carrier::Carrier;
pub use deliveries::DeliveryPage;
pub use destinations::{DestinationView, OpenedDestination};
pub use events::EventQuery;
pub use notifier::{Notifier, NotifySettings};
pub use renderer::{About, EventRenderer, Headers, Message, Rendered, Tries};
