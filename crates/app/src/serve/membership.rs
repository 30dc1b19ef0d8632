//! Being one of the nodes that share a store: joining them, giving signs of life, leaving.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use reelgate_domain::Timestamp;
use reelgate_domain::node::{Node, NodeState};
use reelgate_service::{Clock, Service};
use reelgate_store::{Join, Sign, Store};
use reelgate_worker::Overview;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::company::objection;

/// For this long people are shown a node that gives no sign of life.
const KEEP_LOST: Duration = Duration::from_secs(24 * 3600);
/// Signs of life between two looks for nodes that are to be forgotten: an hour's.
const BEATS_BETWEEN_LOOKS: u32 = 720;
/// How long leaving may take: the store may be away.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);

/// A node that has joined.
pub(super) struct Membership {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    node: Node,
}

/// The task that gives signs of life, and how it is told to end.
pub(super) struct Beating {
    member: Arc<Membership>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Membership {
    /// Joins, if the node goes with those that are there.
    pub(super) async fn join(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        node: Node,
    ) -> Result<Self> {
        let member = Self { store, clock, node };
        let objection = member.enter().await;
        match objection {
            Ok(None) => Ok(member),
            Ok(Some(objection)) => {
                member.leave().await;
                bail!("{objection}");
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the node known, and says why it does not go with the others, if that is so.
    async fn enter(&self) -> Result<Option<String>> {
        let now = self.clock.now();
        let others = match self.store.join(self.node.clone(), now).await? {
            Join::Joined(others) => others,
            Join::ClusterMissing => {
                let cluster = self.node.cluster.as_ref().map(ToString::to_string);
                let cluster = cluster.unwrap_or_default();
                bail!(
                    "there is no cluster {cluster}: make it by `reelgate cluster create {cluster}`, or leave --cluster out"
                );
            }
        };
        if others.is_empty() {
            return Ok(None);
        }
        let buckets = self.store.all_buckets().await?;
        let mut places = buckets.iter().map(|bucket| &bucket.place);
        // The first account comes with one.
        let has_directories =
            places.any(|place| place.directory().is_some()) || !self.store.has_accounts().await?;
        Ok(objection(&self.node, &others, has_directories))
    }

    /// Says that the node ends. If the store is away, the others find out by themselves.
    pub(super) async fn leave(&self) {
        let leaving = self.store.leave(&self.node.id);
        match tokio::time::timeout(LEAVE_PATIENCE, leaving).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "this node could not say that it ends"),
            Err(_) => tracing::debug!("this node could not say that it ends in time"),
        }
    }

    /// Gives signs of life from now on, and passes on what is told for them.
    pub(super) fn beat(self, service: &Arc<Service>, worker: Option<Overview>) -> Beating {
        let member = Arc::new(self);
        let (stop, stopped) = watch::channel(false);
        let beats = beats(Arc::clone(&member), Arc::clone(service), worker, stopped);
        Beating {
            member,
            stop,
            task: tokio::spawn(beats),
        }
    }
}

impl Beating {
    /// Completes when the task has ended, which it does by a panic only.
    pub(super) async fn lost(&mut self) {
        let _ = (&mut self.task).await;
    }

    pub(super) async fn leave(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
        self.member.leave().await;
    }
}

async fn beats(
    member: Arc<Membership>,
    service: Arc<Service>,
    worker: Option<Overview>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut beat = tokio::time::interval(NodeState::BEAT_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beats: u32 = 0;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = beat.tick() => {}
        }
        if let Err(error) = beat_once(&member, &service, worker.as_ref()).await {
            // The claim loop and the calls tell of it.
            tracing::debug!(%error, "no sign of life could be given");
            continue;
        }
        if beats.is_multiple_of(BEATS_BETWEEN_LOOKS) {
            let now = member.clock.now().as_millis();
            let keep = i64::try_from(KEEP_LOST.as_millis()).unwrap_or(i64::MAX);
            let before = Timestamp::from_millis(now.saturating_sub(keep));
            if let Err(error) = member.store.forget_nodes(before).await {
                tracing::debug!(%error, "nodes that are lost stay known for now");
            }
        }
        beats = beats.wrapping_add(1);
    }
}

async fn beat_once(
    member: &Membership,
    service: &Service,
    worker: Option<&Overview>,
) -> Result<()> {
    let sign = Sign {
        taken: worker.map_or(0, Overview::taken),
        trouble: worker.and_then(Overview::trouble),
    };
    let (store, node) = (&member.store, &member.node.id);
    let Some(told) = store.beat(node, sign, member.clock.now()).await? else {
        // It was away for so long that it was forgotten, or another process has its directory.
        if let Some(objection) = member.enter().await? {
            tracing::error!("this node does not go with the others any more: {objection}");
        }
        return Ok(());
    };
    service.tell_nodes(told.live, told.serving);
    if let Some(worker) = worker
        && worker.is_draining() != told.draining
    {
        match told.draining {
            true => tracing::info!("told to drain: no further job starts here"),
            false => tracing::info!("told to go on: jobs start here again"),
        }
        worker.set_draining(told.draining);
    }
    Ok(())
}
