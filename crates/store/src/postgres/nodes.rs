//! Nodes and clusters: rows that every node sees.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::{Cluster, ClusterName, Kinds, Node, NodeState, Trouble};
use reelgate_domain::{Timestamp, WorkerId};
use tokio_postgres::Row;

use super::PostgresStore;
use super::connect::{Param, Session};
use super::error::Answer;
use super::once::counted;
use super::rows::{Cells, storable};
use super::sql::nodes as sql;
use super::sql::streams::HAS_STREAMS;
use super::transaction::{look_up, transact};
use crate::contract::{DeleteCluster, Join, NodeStore, Result, Sign, Told};

#[async_trait]
impl NodeStore for PostgresStore {
    async fn shared_now(&self) -> Result<Option<Timestamp>> {
        look_up!(self.pool, s => shared_now(s).await)
    }

    async fn join(&self, node: Node, now: Timestamp) -> Result<Join> {
        transact!(self.pool, s => join(s, &node, now).await)
    }

    async fn beat(&self, node: &WorkerId, sign: Sign, now: Timestamp) -> Result<Option<Told>> {
        transact!(self.pool, s => beat(s, node, &sign, now).await)
    }

    async fn leave(&self, node: &WorkerId) -> Result<()> {
        transact!(self.pool, s => s.execute(sql::DELETE_NODE, &[&node.0]).await.map(drop))
    }

    async fn nodes(&self) -> Result<Vec<NodeState>> {
        look_up!(self.pool, s => all(s, sql::NODES, &[]).await)
    }

    async fn set_draining(&self, node: &WorkerId, draining: bool) -> Result<bool> {
        let known: [Param<'_>; 2] = [&node.0, &draining];
        let changed = transact!(self.pool, s => s.execute(sql::SET_DRAINING, &known).await);
        changed.map(|changed| changed == 1)
    }

    async fn forget_nodes(&self, before: Timestamp) -> Result<u64> {
        let before = before.as_millis();
        transact!(self.pool, s => s.execute(sql::FORGET_NODES, &[&before]).await)
    }

    async fn create_cluster(&self, cluster: Cluster, once: Option<Once>) -> Result<bool> {
        let name = cluster.name.as_str();
        let created_at = cluster.created_at.as_millis();
        let row: [Param<'_>; 2] = [&name, &created_at];
        transact!(self.pool, s => {
            counted(s, once, async { Ok(s.execute(sql::INSERT_CLUSTER, &row).await? == 1) }).await
        })
    }

    async fn clusters(&self) -> Result<Vec<Cluster>> {
        look_up!(self.pool, s => clusters(s).await)
    }

    async fn delete_cluster(&self, name: &ClusterName, now: Timestamp) -> Result<DeleteCluster> {
        transact!(self.pool, s => delete_cluster(s, name, now).await)
    }
}

async fn shared_now(session: &Session) -> Answer<Option<Timestamp>> {
    let row = session.one(sql::SHARED_NOW, &[]).await?;
    Ok(row.map(|row| Timestamp::from_millis(row.get(0))))
}

async fn join(session: &Session, node: &Node, now: Timestamp) -> Answer<Join> {
    // One node at a time, so that of two the later one finds the earlier one.
    session.one(super::sql::LOCK_SCHEMA, &[]).await?;
    if let Some(cluster) = &node.cluster
        && !session
            .holds(sql::HOLD_CLUSTER, &[&cluster.as_str()])
            .await?
    {
        return Ok(Join::ClusterMissing);
    }
    let same: [Param<'_>; 2] = [&node.id.0, &node.home];
    let replaced = session.all(sql::REPLACE_NODE, &same).await?;
    let draining = replaced.iter().any(|row| row.get(0));
    let others = all(session, sql::LIVE_NODES, &[&lost_at(now)]).await?;
    let row: [Param<'_>; 13] = [
        &node.id.0,
        &node.name.as_str(),
        &node.home,
        &node.serves,
        &node.cluster.as_ref().map(ClusterName::as_str),
        &node.kinds.to_string(),
        &i32::try_from(node.slots).unwrap_or(i32::MAX),
        &node.version,
        &node.master_keys.join(","),
        &node.shared_buckets,
        &node.started_at.as_millis(),
        &now.as_millis(),
        &draining,
    ];
    session.execute(sql::INSERT_NODE, &row).await?;
    Ok(Join::Joined(others))
}

async fn beat(
    session: &Session,
    node: &WorkerId,
    sign: &Sign,
    now: Timestamp,
) -> Answer<Option<Told>> {
    let trouble = sign.trouble.as_ref();
    let row: [Param<'_>; 5] = [
        &node.0,
        &now.as_millis(),
        &i32::try_from(sign.taken).unwrap_or(i32::MAX),
        &trouble.map(|trouble| trouble.at.as_millis()),
        &trouble.map(|trouble| storable(&trouble.message)),
    ];
    let Some(known) = session.one(sql::BEAT, &row).await? else {
        return Ok(None);
    };
    let live: [Param<'_>; 2] = [&lost_at(now), &node.0];
    let counts = session.one(sql::COUNT_NODES, &live).await?;
    let count = |index| {
        let count: i64 = counts.as_ref().map_or(1, |row| row.get(index));
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let first: Option<&str> = counts.as_ref().and_then(|row| row.get(2));
    Ok(Some(Told {
        draining: known.get(0),
        live: count(0),
        serving: count(1),
        is_first: first == Some(node.0.as_str()),
    }))
}

async fn delete_cluster(
    session: &Session,
    name: &ClusterName,
    now: Timestamp,
) -> Answer<DeleteCluster> {
    let name = name.as_str();
    if !session.holds(sql::LOCK_CLUSTER, &[&name]).await? {
        return Ok(DeleteCluster::Missing);
    }
    let standing: [Param<'_>; 2] = [&name, &lost_at(now)];
    let used = session.one(sql::NODES_IN_CLUSTER, &standing).await?;
    let used: i64 = used.map_or(0, |row| row.get(0));
    if used > 0 {
        return Ok(DeleteCluster::Used(u32::try_from(used).unwrap_or(u32::MAX)));
    }
    if session.holds(HAS_STREAMS, &[&name]).await? {
        return Ok(DeleteCluster::HasStreams);
    }
    session.execute(sql::DELETE_CLUSTER, &[&name]).await?;
    Ok(DeleteCluster::Deleted)
}

/// Who was last seen then or before counts as lost now.
fn lost_at(now: Timestamp) -> i64 {
    let live_for = NodeState::LIVE_FOR.as_millis();
    now.as_millis()
        .saturating_sub(i64::try_from(live_for).unwrap_or(i64::MAX))
}

async fn all(
    session: &Session,
    query: &'static str,
    params: &[Param<'_>],
) -> Answer<Vec<NodeState>> {
    let rows = session.all(query, params).await?;
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}

/// Reads `node_query!`.
fn read(row: &Row) -> Result<NodeState> {
    let id: String = row.get(0);
    let cells = Cells::of(row, "nodes", &id);
    let keys: &str = cells.get(8, "master_keys")?;
    let keys = keys.split(',').filter(|key| !key.is_empty());
    let trouble = match cells.maybe_time(14, "trouble_at")? {
        None => None,
        Some(at) => Some(Trouble {
            at,
            message: cells.get(15, "trouble")?,
        }),
    };
    Ok(NodeState {
        taken: cells.number::<i32, u32>(13, "taken")?,
        trouble,
        draining: cells.get(12, "draining")?,
        seen_at: cells.time(11, "seen_at")?,
        leases: cells.number::<i64, u32>(16, "held")?,
        node: Node {
            name: cells.word(1, "name")?,
            home: cells.get(2, "home")?,
            serves: cells.get(3, "serves")?,
            cluster: cells.maybe_word(4, "cluster")?,
            kinds: Kinds::from(cells.get::<&str>(5, "kinds")?),
            slots: cells.number::<i32, u32>(6, "slots")?,
            version: cells.get(7, "version")?,
            master_keys: keys.map(str::to_owned).collect(),
            shared_buckets: cells.get(9, "shared_buckets")?,
            started_at: cells.time(10, "started_at")?,
            id: WorkerId(id),
        },
    })
}

async fn clusters(session: &Session) -> Answer<Vec<Cluster>> {
    let rows = session.all(sql::CLUSTERS, &[]).await?;
    let read = |row: &Row| {
        let cells = Cells::of(row, "clusters", row.get::<_, &str>(0));
        Ok(Cluster {
            name: cells.word(0, "name")?,
            created_at: cells.time(1, "created_at")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}
