//! The part of the contract that is about the processes which share a store: what time it is for all of
//! them, which of them live, and the clusters they stand in.
//!
//! What a node says of itself is not part of the record: it need not survive a crash of the engine, and
//! an engine that belongs to one process may keep it in memory. Clusters are as durable as anything else.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::{Cluster, ClusterName, Node, NodeState, Trouble};
use reelgate_domain::{Timestamp, WorkerId};

use super::Result;

/// What became of a node's wish to be one of those that share the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Join {
    /// It is known now. These lived before it, oldest first; of two that join at once, at least one
    /// finds the other among them. If it does not go with them, it has to leave.
    Joined(Vec<NodeState>),
    /// The cluster that it is to stand in does not exist; nothing was written.
    ClusterMissing,
}

/// What a node tells with each sign of life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sign {
    /// Slots that are taken.
    pub taken: u32,
    pub trouble: Option<Trouble>,
}

/// What a node is told for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// It is to start nothing more.
    pub draining: bool,
    /// How many nodes live, itself included.
    pub live: u32,
    /// How many of them answer the APIs.
    pub serving: u32,
    /// Whether it is the oldest of these: what one of them does for all, it does.
    pub is_first: bool,
}

/// What became of a wish to delete a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteCluster {
    Deleted,
    Missing,
    /// As many live nodes stand in it; nothing was deleted.
    Used(u32),
    /// Live streams belong to it; nothing was deleted.
    HasStreams,
}

/// The processes that share a store.
#[async_trait]
pub trait NodeStore: Send + Sync + 'static {
    /// The time that all who use this store go by, so that leases do not depend on clocks of machines that
    /// disagree; `None` if the engine belongs to one process, whose clock is as good as any.
    async fn shared_now(&self) -> Result<Option<Timestamp>>;

    /// Makes a node known. One that joins again is as one that joins for the first time, and whichever had
    /// its home before is forgotten: that process has ended, without a word. If it was to drain, so is the
    /// one that takes its place.
    async fn join(&self, node: Node, now: Timestamp) -> Result<Join>;

    /// Notes a sign of life; `None` if the node is not known any more and has to join again.
    async fn beat(&self, node: &WorkerId, sign: Sign, now: Timestamp) -> Result<Option<Told>>;

    /// Forgets a node that ends, and with it that it was to drain. Its leases stay.
    async fn leave(&self, node: &WorkerId) -> Result<()>;

    /// All that are known, the oldest first: also those that gave no sign of life for long, until they are
    /// forgotten.
    async fn nodes(&self) -> Result<Vec<NodeState>>;

    /// Has a node start nothing more, or lets it start again; it learns of it with its next sign of life.
    /// False if it is not known.
    async fn set_draining(&self, node: &WorkerId, draining: bool) -> Result<bool>;

    /// Forgets nodes that gave no sign of life since then.
    async fn forget_nodes(&self, before: Timestamp) -> Result<u64>;

    /// False if there is one of this name.
    async fn create_cluster(&self, cluster: Cluster, once: Option<Once>) -> Result<bool>;

    /// By name.
    async fn clusters(&self) -> Result<Vec<Cluster>>;

    /// Deletes a cluster in which no live node stands and to which no live stream belongs.
    async fn delete_cluster(&self, name: &ClusterName, now: Timestamp) -> Result<DeleteCluster>;
}
