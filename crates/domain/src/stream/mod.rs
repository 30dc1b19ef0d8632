//! Live streams: what is taken from where, made into what and sent where, and the rules by which a
//! stream starts, survives its workers and stops.
//!
//! A stream is no job: it has no pipeline, no end of its own and no result. What is wanted of it
//! (`Standing::wanted`) and who may still have processes of it (`Standing::held`) are two facts, so
//! that a stop is decided at once and a start that follows waits for the old processes.

mod address;
mod health;
mod hosts;
mod note;
mod plan;
#[cfg(test)]
mod rules_tests;
mod spec;
mod standing;
#[cfg(test)]
mod standing_tests;
mod template;

pub use address::{InvalidStreamAddress, Scheme, StreamAddress};
pub use health::{Activity, Health};
pub use hosts::{HostPattern, HostRules, InvalidHostPattern};
pub use note::{Happening, StreamNote};
pub use plan::{PlannedOutput, StreamPlan};
pub use spec::{
    InvalidStreamName, Latency, OnSourceLost, StreamInput, StreamName, StreamOutput, StreamSpec,
    StreamTarget,
};
pub use standing::{EndReason, Held, NotNow, RunEnd, Standing, StreamEvent};
pub use template::{
    EdgeTemplate, Follow, LiveCodec, LiveGop, LiveSettings, Side, TemplateId, TemplateKind,
};

use crate::access::AccountId;
use crate::ids::hex_id;
use crate::node::ClusterName;
use crate::time::Timestamp;

hex_id! {
    /// A stream: a UUIDv7, so ids sort by creation.
    StreamId
}

/// A stream as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    pub id: StreamId,
    pub account: AccountId,
    /// Where it runs, and nowhere else.
    pub cluster: ClusterName,
    pub name: StreamName,
    pub spec: StreamSpec,
    pub created_at: Timestamp,
    /// When something was last asked of it.
    pub touched_at: Timestamp,
    /// What the newest start runs; absent before the first. A change of a running stream replaces it.
    pub plan: Option<StreamPlan>,
    pub standing: Standing,
    /// What its worker last said of it.
    pub health: Option<Health>,
}
