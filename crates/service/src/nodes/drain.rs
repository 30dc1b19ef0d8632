//! Has a node start nothing more, or lets it start again.

use reelgate_domain::node::NodeState;

use crate::{Caller, ErrorKind, Service, ServiceError};

impl Service {
    /// Has the node of this id, or the live one of this name, start nothing more: what it runs goes on. It
    /// learns of it with its next sign of life. Answers the node as it is now. Only operators may.
    pub async fn set_draining(
        &self,
        caller: &Caller,
        named: &str,
        draining: bool,
    ) -> Result<(NodeState, bool), ServiceError> {
        let known = self.nodes(caller).await?;
        let missing = || ServiceError::missing("worker", named);
        let by_id = known.iter().find(|(state, _)| state.node.id.0 == named);
        let (mut state, is_live) = match by_id {
            Some(found) => found.clone(),
            None => {
                let named_so = |(state, is_live): &&(NodeState, bool)| {
                    *is_live && state.node.name.as_str() == named
                };
                let mut by_name = known.iter().filter(named_so);
                let found = by_name.next().ok_or_else(missing)?;
                if by_name.next().is_some() {
                    let message = format!("several workers are called {named}: name one by its id");
                    return Err(ServiceError::new(ErrorKind::Conflict, named, message));
                }
                found.clone()
            }
        };
        if !self.store.set_draining(&state.node.id, draining).await? {
            return Err(missing());
        }
        state.draining = draining;
        Ok((state, is_live))
    }
}
