//! The part of the contract that is for whoever starts a worker.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::{Cluster, ClusterName, Node, NodeState};
use reelgate_domain::{Timestamp, WorkerId};
use reelgate_store::{DeleteCluster, Join, NodeStore, Result, Sign, Told};

use super::{ELSEWHERE, Faulty};

// A macro because all that these methods have is a signature.
macro_rules! unused {
    ($(fn $name:ident($($argument:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl NodeStore for Faulty {
            $(async fn $name(&self, $(_: $argument),*) -> Result<$answer> {
                unreachable!("{ELSEWHERE}")
            })*
        }
    };
}

unused! {
    fn shared_now() -> Option<Timestamp>;
    fn join(Node, Timestamp) -> Join;
    fn beat(&WorkerId, Sign, Timestamp) -> Option<Told>;
    fn leave(&WorkerId) -> ();
    fn nodes() -> Vec<NodeState>;
    fn set_draining(&WorkerId, bool) -> bool;
    fn forget_nodes(Timestamp) -> u64;
    fn create_cluster(Cluster, Option<Once>) -> bool;
    fn clusters() -> Vec<Cluster>;
    fn delete_cluster(&ClusterName, Timestamp) -> DeleteCluster;
}
