//! What nodes have in common, whether they answer calls, run jobs or both: made in the order in which one
//! thing needs the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reelgate_domain::WorkerId;
use reelgate_domain::node::Node;
use reelgate_fetch::pull::Puller;
use reelgate_media::{Engine, Runner};
use reelgate_service::{AccessSettings, Clock, Ids, RandomIds, Service, Settings};
use reelgate_store::Store;
use reelgate_worker::{Machine, Tools, Worker, WorkerConfig};

use super::access::{self, FirstStart, MasterKeys};
use super::documents;
use super::files::data_directory;
use super::home::{self, Home};
use super::membership::Membership;
use super::parts::Parts;
use super::space::Space;
use super::store::Opened;
use crate::config::{
    self, EngineArgs, LiveArgs, NodeArgs, OutboundArgs, StoreArgs, StoreChoice, WorkArgs,
};

/// What a node is to be.
pub(super) struct Plan<'a> {
    pub(super) data: &'a Path,
    pub(super) store: &'a StoreArgs,
    pub(super) node: &'a NodeArgs,
    pub(super) work: &'a WorkArgs,
    pub(super) live: &'a LiveArgs,
    pub(super) engine: &'a EngineArgs,
    pub(super) master_key_file: Option<&'a Path>,
    pub(super) max_object_bytes: u64,
    /// 0 if it runs no jobs.
    pub(super) slots: u32,
    /// Whether it answers the APIs.
    pub(super) serves: bool,
    /// Whom this node may call, for events and for sources, and how it fetches.
    pub(super) outbound: &'a OutboundArgs,
}

/// A node that has a store and a service, and has joined the others.
pub(super) struct Base {
    pub(super) id: WorkerId,
    pub(super) data: PathBuf,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) service: Arc<Service>,
    pub(super) parts: Parts,
    pub(super) membership: Membership,
    pub(super) engine: Arc<Engine>,
    pub(super) runner: Arc<Runner>,
    pub(super) space: Space,
    /// As long as the node runs.
    home: Option<Home>,
}

impl Base {
    /// `access` says what the service is told about access beside the master keys.
    pub(super) async fn start(
        plan: &Plan<'_>,
        access: impl FnOnce(AccessSettings) -> Result<AccessSettings>,
    ) -> Result<Self> {
        let data = data_directory(plan.data)?;
        let choice = plan.store.choice(&data)?;
        if !plan.serves && matches!(choice, StoreChoice::Sqlite(_)) {
            bail!(
                "a worker of its own needs a store that it shares with the servers: give --store postgres://… \
                 (REELGATE_STORE), or run jobs inside the server by `reelgate serve --slots N`"
            );
        }
        let ids: Arc<dyn Ids> = Arc::new(RandomIds::default());
        let home = match &choice {
            StoreChoice::Postgres { .. } => Some(Home::take(&data, &*ids)?),
            // The store keeps others out of its directory.
            StoreChoice::Sqlite(_) => None,
        };
        let space = Space::of(plan.work, &data);
        let runner = Arc::new(Runner::start(tokio::runtime::Handle::current())?);
        super::tell_sandbox(runner.sandbox());
        let engine = Arc::new(super::find_engine(&runner, plan.engine).await?);
        let Opened {
            store,
            clock,
            is_shared,
            writer,
        } = Opened::open(choice).await?;
        let parts = Parts::new(&runner, writer);
        let shared = plan.node.shared_buckets(&data).filter(|_| is_shared);
        let mark = shared.as_deref().map(|dir| home::mark(dir, &*ids));
        let mark = mark.transpose()?;
        let keys =
            MasterKeys::find(plan.master_key_file, &data, &*store, &*ids, plan.serves).await?;

        let name = plan.node.name();
        let id = WorkerId(format!("{name}-{}", &home::random_hex(&*ids)[..8]));
        let node = Node {
            id: id.clone(),
            name,
            home: home
                .as_ref()
                .map_or_else(String::new, |home| home.id.clone()),
            serves: plan.serves,
            cluster: plan.node.named_cluster(),
            kinds: plan.node.kinds(),
            slots: plan.slots,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            master_keys: keys.keyring.key_ids(),
            shared_buckets: mark,
            started_at: clock.now(),
        };
        let settings = Settings {
            data_dir: data.clone(),
            max_object_bytes: plan.max_object_bytes,
            free_space_floor: space.floor,
        };
        let service = Service::new(Arc::clone(&store), Arc::clone(&clock), ids, settings)
            .with_guard(plan.outbound.guard())
            .with_srt_listeners(plan.live.live_srt_listener);
        let service = service.with_access(access(AccessSettings::new(keys.keyring.clone()))?);
        let service = Arc::new(match is_shared {
            true => service.with_shared_store(shared),
            false => service,
        });
        let joined = Membership::join(Arc::clone(&store), Arc::clone(&clock), node).await;
        let membership = match joined {
            Ok(membership) => membership,
            Err(error) => {
                keys.unmake(is_shared);
                return Err(error);
            }
        };
        let base = Self {
            id,
            data,
            store,
            clock,
            service,
            parts,
            membership,
            engine,
            runner,
            space,
            home,
        };
        base.service.tell_nodes(base.membership.told());
        if let Err(error) = base.settle(plan.serves, &keys, is_shared).await {
            base.membership.leave().await;
            return Err(error);
        }
        Ok(base)
    }

    /// What is done when it is known that the node may use the store.
    async fn settle(&self, serves: bool, keys: &MasterKeys, is_shared: bool) -> Result<()> {
        self.unlock(keys, is_shared).await?;
        if !serves {
            return Ok(());
        }
        let file = config::credentials_file(&self.data);
        // If this fails the account may have been made all the same, and needs the key that was made for it.
        match access::first_start(&self.service, &*self.store, &file).await? {
            FirstStart::Done => Ok(()),
            FirstStart::ByAnother => self.unlock(keys, is_shared).await,
        }
    }

    /// Sees to it that what is stored can be read here.
    async fn unlock(&self, keys: &MasterKeys, is_shared: bool) -> Result<()> {
        let unlocked = self.service.unlock().await;
        if unlocked.is_err() {
            keys.unmake(is_shared);
        }
        unlocked?;
        Ok(())
    }

    /// Where FFmpeg is.
    pub(super) fn ffmpeg(&self) -> PathBuf {
        self.engine.ffmpeg().to_owned()
    }

    /// Starts to run jobs.
    pub(super) fn work(&self, plan: &Plan<'_>) -> Result<Worker> {
        let puller = Puller::new(plan.outbound.guard(), plan.outbound.pull_limits());
        let puller = puller.context("setting up the client that fetches sources")?;
        let tools = Tools {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            bench: Arc::new(Machine::new(
                Arc::clone(&self.engine),
                Arc::clone(&self.runner),
                self.service.bucket_opener(),
                puller,
            )),
            progress: self.service.progress(),
            holdups: self.service.holdups(),
            slots: self.service.slots(),
            content_keys: self.service.content_keys(),
            documents: documents::documents(),
        };
        let scratch = self.data.join("scratch");
        let defaults = WorkerConfig::new(self.id.clone(), plan.slots, scratch);
        let config = WorkerConfig {
            kinds: plan.node.kinds(),
            draining: self.membership.told().draining,
            // Most of what an encoder maps it never touches.
            max_memory_bytes: defaults
                .max_memory_bytes
                .max(plan.work.max_memory.saturating_mul(4)),
            max_file_bytes: plan.max_object_bytes,
            max_run: Duration::from_secs(plan.work.max_run),
            max_resident_bytes: plan.work.max_memory,
            scratch_per_job: self.space.per_job,
            free_space_floor: self.space.floor,
            ..defaults
        };
        let scratch = config.scratch.clone();
        Worker::start(config, tools)
            .with_context(|| format!("emptying the directory {}", scratch.display()))
    }

    /// What keeps other processes out of the data directory, for as long as it is kept.
    pub(super) fn take_home(&mut self) -> Option<Home> {
        self.home.take()
    }
}
