//! What one start of a stream runs: the spec as it was then, with what its templates said.

use serde::{Deserialize, Serialize};

use super::{Latency, LiveSettings, OnSourceLost, StreamAddress, StreamInput, StreamTarget};

/// What is run. Later changes of templates and of the stopped stream do not touch it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamPlan {
    /// 1 at the stream's first plan, one more with each.
    pub revision: u32,
    pub input: StreamInput,
    pub outputs: Vec<PlannedOutput>,
    pub on_source_lost: OnSourceLost,
    pub latency: Latency,
}

/// One output of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedOutput {
    pub target: StreamTarget,
    pub settings: LiveSettings,
}

impl StreamPlan {
    /// The places that it publishes to.
    pub fn places(&self) -> impl Iterator<Item = String> {
        self.outputs.iter().map(|output| output.target.identity())
    }

    /// The addresses that it comes from and goes to, its source first.
    pub fn addresses(&self) -> impl Iterator<Item = &StreamAddress> {
        let pushes = self.outputs.iter().filter_map(|it| match &it.target {
            StreamTarget::Push { address } => Some(address),
            StreamTarget::Hls { .. } | StreamTarget::Recording { .. } => None,
        });
        std::iter::once(&self.input.address).chain(pushes)
    }

    /// Whether it waits for others to connect, at its source or at a target.
    pub fn listens(&self) -> bool {
        self.addresses().any(StreamAddress::listens)
    }
}
