//! Nodes and clusters. The file belongs to one process, so what nodes say of themselves is kept in its
//! memory and costs no write; clusters are rows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::{Cluster, ClusterName, Node, NodeState};
use reelgate_domain::{Timestamp, WorkerId};
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::access::counted;
use super::inbox::Lane;
use super::rows::{Cells, all, cell, execute};
use super::sql::nodes as sql;
use super::sql::streams::{HAS_STREAMS, KNOWS_CLUSTER};
use crate::contract::{DeleteCluster, Join, NodeStore, Result, Sign, Told};

/// The nodes of this process: one, in a program; more in tests.
#[derive(Debug, Default)]
pub(super) struct Nodes(Mutex<Vec<NodeState>>);

impl Nodes {
    fn all(&self) -> MutexGuard<'_, Vec<NodeState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl NodeStore for SqliteStore {
    async fn shared_now(&self) -> Result<Option<Timestamp>> {
        #[cfg(feature = "simulation")]
        if let Some(seat) = &self.seat {
            return seat.shared_now().await;
        }
        Ok(None)
    }

    async fn join(&self, node: Node, now: Timestamp) -> Result<Join> {
        if let Some(cluster) = &node.cluster
            && !self.clusters().await?.iter().any(|it| it.name == *cluster)
        {
            return Ok(Join::ClusterMissing);
        }
        let mut known = self.nodes.all();
        let is_same = |other: &NodeState| other.node.id == node.id || other.node.home == node.home;
        let draining = known.iter().any(|other| is_same(other) && other.draining);
        known.retain(|other| !is_same(other));
        let others = known.iter().filter(|other| other.is_live(now));
        let others = others.cloned().collect();
        known.push(NodeState {
            node,
            taken: 0,
            trouble: None,
            draining,
            seen_at: now,
            leases: 0,
        });
        Ok(Join::Joined(others))
    }

    async fn beat(&self, node: &WorkerId, sign: Sign, now: Timestamp) -> Result<Option<Told>> {
        let mut known = self.nodes.all();
        let Some(me) = known.iter_mut().find(|known| known.node.id == *node) else {
            return Ok(None);
        };
        (me.taken, me.trouble) = (sign.taken, sign.trouble);
        me.seen_at = me.seen_at.max(now);
        let draining = me.draining;
        let live = || {
            let live = known.iter();
            live.filter(|it| it.is_live(now) || it.node.id == *node)
        };
        let serving = || live().map(|it| &it.node).filter(|it| it.serves);
        let first = serving().min_by_key(|it| (it.started_at, &it.id.0));
        Ok(Some(Told {
            draining,
            live: u32::try_from(live().count()).unwrap_or(u32::MAX),
            serving: u32::try_from(serving().count()).unwrap_or(u32::MAX),
            is_first: first.is_some_and(|first| first.id == *node),
        }))
    }

    async fn leave(&self, node: &WorkerId) -> Result<()> {
        self.nodes.all().retain(|known| known.node.id != *node);
        Ok(())
    }

    async fn nodes(&self) -> Result<Vec<NodeState>> {
        let held = self.readers.read(held).await?;
        let mut known = self.nodes.all().clone();
        for state in &mut known {
            state.leases = held.get(&state.node.id.0).copied().unwrap_or(0);
        }
        Ok(known)
    }

    async fn set_draining(&self, node: &WorkerId, draining: bool) -> Result<bool> {
        let mut known = self.nodes.all();
        let found = known.iter_mut().find(|known| known.node.id == *node);
        Ok(found.map(|node| node.draining = draining).is_some())
    }

    async fn forget_nodes(&self, before: Timestamp) -> Result<u64> {
        let mut known = self.nodes.all();
        let all = known.len();
        known.retain(|known| known.seen_at >= before);
        Ok((all - known.len()) as u64)
    }

    async fn create_cluster(&self, cluster: Cluster, once: Option<Once>) -> Result<bool> {
        self.write(Lane::Normal, move |tx| {
            counted(tx, once, || {
                let row = params![cluster.name.as_str(), cluster.created_at.as_millis()];
                Ok(execute(tx.connection(), sql::INSERT_CLUSTER, row)? == 1)
            })
        })
        .await
    }

    async fn clusters(&self) -> Result<Vec<Cluster>> {
        self.readers.read(clusters).await
    }

    async fn delete_cluster(&self, name: &ClusterName, now: Timestamp) -> Result<DeleteCluster> {
        let stands =
            |node: &&NodeState| node.is_live(now) && node.node.cluster.as_ref() == Some(name);
        let used = self.nodes.all().iter().filter(stands).count();
        if used > 0 {
            return Ok(DeleteCluster::Used(u32::try_from(used).unwrap_or(u32::MAX)));
        }
        let name = name.to_string();
        self.write(Lane::Urgent, move |tx| {
            let connection = tx.connection();
            let known: Option<i64> = cell(connection, KNOWS_CLUSTER, [&name])?;
            if known.is_none() {
                return Ok(DeleteCluster::Missing);
            }
            let streams: Option<i64> = cell(connection, HAS_STREAMS, [&name])?;
            if streams.is_some() {
                return Ok(DeleteCluster::HasStreams);
            }
            execute(connection, sql::DELETE_CLUSTER, [&name])?;
            Ok(DeleteCluster::Deleted)
        })
        .await
    }
}

/// How many leases each worker has that has any.
fn held(connection: &Connection) -> Result<BTreeMap<String, u32>> {
    let holders: Vec<String> = all(connection, sql::HOLDERS, [], |row| Ok(row.get(0)?))?;
    let mut held = BTreeMap::new();
    for holder in holders {
        *held.entry(holder).or_default() += 1;
    }
    Ok(held)
}

fn clusters(connection: &Connection) -> Result<Vec<Cluster>> {
    all(connection, sql::CLUSTERS, [], |row| {
        let name: String = row.get(0)?;
        let cells = Cells::of(row, "clusters", &name);
        Ok(Cluster {
            name: cells.word(0, "name")?,
            created_at: cells.time(1, "created_at")?,
        })
    })
}
