//! Lists the nodes that share the store.

use reelgate_domain::node::NodeState;

use crate::access::require_operator;
use crate::{Caller, Service, ServiceError};

impl Service {
    /// All nodes that are known, the oldest first, and for each whether it lives. Only operators may.
    pub async fn nodes(&self, caller: &Caller) -> Result<Vec<(NodeState, bool)>, ServiceError> {
        require_operator(caller)?;
        let now = self.clock.now();
        let known = self.store.nodes().await?;
        let told = known.into_iter().map(|node| {
            let is_live = node.is_live(now);
            (node, is_live)
        });
        Ok(told.collect())
    }
}
