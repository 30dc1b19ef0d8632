//! Being one of the nodes that share a store: joining them, giving signs of life, leaving.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use reelgate_domain::Timestamp;
use reelgate_domain::node::{Node, NodeState, Trouble};
use reelgate_service::{Clock, Service};
use reelgate_store::{Join, Sign, Store, Told};
use reelgate_worker::Overview;
use reelgate_worker::live::LiveOverview;
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
    /// What was told for the first sign of life.
    told: Told,
}

/// The task that gives signs of life, and how it is told to end.
pub(super) struct Beating {
    member: Arc<Membership>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What runs on the node.
struct Works {
    jobs: Option<Overview>,
    streams: Option<LiveOverview>,
}

impl Works {
    /// What went wrong last.
    fn trouble(&self) -> Option<Trouble> {
        let of_jobs = self.jobs.as_ref().and_then(Overview::trouble);
        let of_streams = self.streams.as_ref().and_then(LiveOverview::trouble);
        [of_jobs, of_streams]
            .into_iter()
            .flatten()
            .max_by_key(|trouble| trouble.at)
    }
}

impl Membership {
    /// Joins, if the node goes with those that are there.
    pub(super) async fn join(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        node: Node,
    ) -> Result<Self> {
        let told = Told {
            draining: false,
            live: 1,
            serving: 1,
            is_first: true,
        };
        let mut member = Self {
            store,
            clock,
            node,
            told,
        };
        let entered = match member.enter().await {
            Ok(None) => member.beat_once(Sign::default()).await,
            Ok(Some(objection)) => Err(anyhow!("{objection}")),
            Err(error) => Err(error),
        };
        match entered {
            Ok(told) => {
                member.told = told.unwrap_or(member.told);
                Ok(member)
            }
            Err(error) => {
                member.leave().await;
                Err(error)
            }
        }
    }

    /// What is known of the others from the start on.
    pub(super) fn told(&self) -> Told {
        self.told
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
        let in_directories = buckets
            .iter()
            .filter(|bucket| bucket.place.directory().is_some());
        let names: Vec<_> = in_directories.map(|bucket| bucket.name.as_str()).collect();
        Ok(objection(&self.node, &others, &names))
    }

    async fn beat_once(&self, sign: Sign) -> Result<Option<Told>> {
        let (node, now) = (&self.node.id, self.clock.now());
        Ok(self.store.beat(node, sign, now).await?)
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
    pub(super) fn beat(
        self,
        service: &Arc<Service>,
        jobs: Option<Overview>,
        streams: Option<LiveOverview>,
    ) -> Beating {
        let member = Arc::new(self);
        let (stop, stopped) = watch::channel(false);
        let works = Works { jobs, streams };
        let beats = beats(Arc::clone(&member), Arc::clone(service), works, stopped);
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
    works: Works,
    mut stopped: watch::Receiver<bool>,
) {
    let mut beat = tokio::time::interval(NodeState::BEAT_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beats: u32 = 0;
    loop {
        let sign = async {
            beat.tick().await;
            sign(&member, &service, &works).await
        };
        // The store may take long to say that it is away.
        let signed = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            signed = sign => signed,
        };
        if let Err(error) = signed {
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

/// Gives a sign of life, and passes on what is told for it.
async fn sign(member: &Membership, service: &Service, works: &Works) -> Result<()> {
    let sign = Sign {
        taken: works.jobs.as_ref().map_or(0, Overview::taken),
        trouble: works.trouble(),
    };
    let Some(told) = member.beat_once(sign).await? else {
        tracing::warn!(
            "this node was not known any more and joins anew: it gave no sign of life for a day, or another process \
             has a copy of its data directory, in which the file `node` has to be removed"
        );
        if let Some(objection) = member.enter().await? {
            tracing::error!("this node does not go with the others any more: {objection}");
        }
        return Ok(());
    };
    service.tell_nodes(told);
    if let Some(streams) = &works.streams {
        streams.set_draining(told.draining);
    }
    if let Some(worker) = &works.jobs
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
