//! The deterministic simulation: several nodes, each with the service and the worker of the program, on one
//! store, in one task queue with a clock of its own. A seed decides what happens, and the same seed lets the
//! same happen again.
//!
//! `docs/simulation.md` says what is simulated and what is checked.

mod bench;
mod client;
mod dice;
pub mod exhaustive;
mod life;
mod mutant;
mod node;
mod plan;
mod post;
mod record;
mod rules;
#[cfg(test)]
mod seeds_tests;
mod storage;
mod turmoil;
mod verdict;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelgate_domain::access::AccountId;
use reelgate_domain::job::StateName;
use reelgate_domain::{BucketName, PipelineId, PipelineState, Place, Timestamp, preset};
use reelgate_service::Caller;
use reelgate_store::conformance::first_account;
use reelgate_store::twin::{Direct, TwinDatabase};
use reelgate_store::{AccessStore as _, Bucket, NewAccount, NewPipeline, Store as _};
use reelgate_testkit::{FixedClock, Ids, account};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::client::Town;
use crate::dice::Dice;
use crate::node::Node;
use crate::plan::{LEASE, Plan};
use crate::post::Post;
use crate::record::{Asked, Record, Told};
use crate::world::World;

pub use crate::mutant::Mutant;
pub use crate::record::Broken;

/// The longest that all jobs take to end once nothing goes wrong any more.
const SETTLED_WITHIN: Duration = Duration::from_secs(240);

/// The longest until a message that was tried again and again in bad times is tried once more.
const TOLD_WITHIN: Duration = Duration::from_secs(600);

/// The longest that a call takes that nothing holds up any more.
const LONGEST_CALL: Duration = Duration::from_secs(12);

/// What came of a seed.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    /// The same if the same has happened.
    pub hash: u64,
    pub broken: Vec<Broken>,
    /// How often the things happened that a simulation is for.
    pub met: Met,
    /// What happened, for people; only if asked for.
    pub lines: Vec<String>,
}

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    pub jobs: usize,
    pub attempts: usize,
    pub calls: usize,
    pub succeeded: usize,
    pub failed: usize,
    pub cancelled: usize,
    /// Attempts that were lost to their workers.
    pub lost: usize,
    /// Winners whose outputs others gave their names.
    pub takeovers: usize,
    /// Webhooks that wanted to be told.
    pub receivers: usize,
    pub writes: u64,
}

impl Met {
    /// Adds what another seed met.
    pub fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.attempts += other.attempts;
        self.calls += other.calls;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.lost += other.lost;
        self.takeovers += other.takeovers;
        self.receivers += other.receivers;
        self.writes += other.writes;
    }
}

/// Runs seeds, one after the other, on one database.
#[derive(Default)]
pub struct Simulator {
    database: Option<TwinDatabase>,
}

impl Simulator {
    /// Lets happen what the seed says. With `lines` the outcome can be read by people.
    pub fn run(
        &mut self,
        seed: u64,
        mutant: Option<Mutant>,
        lines: bool,
    ) -> anyhow::Result<Outcome> {
        let database = match self.database.take() {
            Some(database) => database,
            None => TwinDatabase::new()?,
        };
        if let Some(rule) = mutant.and_then(Mutant::rule) {
            database.break_rule(rule)?;
        }
        let database = Arc::new(database);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let outcome = runtime.block_on(simulate(seed, &database, mutant, lines));
        // With it go all tasks, and with them all that knows of the database.
        drop(runtime);
        let outcome = outcome?;
        if let Some(database) = Arc::into_inner(database) {
            self.database = database.rewind().ok();
        }
        Ok(outcome)
    }
}

async fn simulate(
    seed: u64,
    database: &Arc<TwinDatabase>,
    mutant: Option<Mutant>,
    lines: bool,
) -> anyhow::Result<Outcome> {
    let mut dice = Dice::new(seed);
    let plan = Plan::of(&mut dice, &mut Dice::new(!seed));
    let world = World::new(plan.clone(), dice, Record::new(lines, plan.most_skew_ms()));
    world.note(|| format!("seed {seed}: {plan:?}"));
    let account = account(1);
    let pipelines = furnish(database, &world, account).await?;
    watch(database, &world)?;
    let nodes: Vec<Arc<Node>> = (0..plan.slots.len())
        .map(|number| Node::new(number, &world, database, mutant))
        .collect();
    for node in &nodes {
        tokio::spawn(Arc::clone(node).keep());
    }
    let town = Arc::new(Town {
        world: Arc::clone(&world),
        nodes: nodes.clone(),
        caller: Caller::root(account),
        pipelines: pipelines.clone(),
        settings: preset::find("web-360p")
            .ok_or_else(|| anyhow::anyhow!("a preset is missing"))?
            .settings,
        known: Mutex::default(),
    });
    world.set_turmoil(true);
    tokio::spawn(turmoil::make(Arc::clone(&world), nodes.clone()));
    let clients = (0..plan.clients).map(|client| Arc::clone(&town).call_now_and_then(client));
    let clients: Vec<_> = clients.map(tokio::spawn).collect();
    sleep(plan.turmoil).await;
    settle(&world, &nodes, &town, clients).await;
    Ok(finish(seed, &world))
}

/// An account with a bucket and pipelines.
async fn furnish(
    database: &TwinDatabase,
    world: &Arc<World>,
    account: AccountId,
) -> anyhow::Result<Vec<PipelineId>> {
    let (store, plan) = (database.store(Arc::new(Direct)), &world.plan);
    let created_at = FixedClock::START;
    let bucket = Bucket {
        account,
        name: BucketName::new("media")?,
        place: Place::Directory("/simulated/media".into()),
        created_at,
    };
    let ids = Ids::default();
    let first = NewAccount {
        bucket: Some(bucket),
        pipelines: Vec::new(),
        ..first_account(&ids, created_at)
    };
    store.create_account(first, None).await?;
    let mut pipelines = Vec::new();
    for limit in &plan.limits {
        let pipeline = NewPipeline {
            id: ids.pipeline(created_at),
            account,
            name: "simulated".to_owned(),
            state: PipelineState::Active,
            concurrency: *limit,
            origin: None,
            created_at,
        };
        pipelines.push(store.create_pipeline(pipeline, None).await?.id);
    }
    let service = node::first_service(world, Arc::new(store))?;
    let caller = Caller::root(account);
    for receiver in 0..plan.receivers {
        let (url, names) = (post::url(receiver), post::names(receiver));
        service.create_webhook(&caller, url, names).await?;
    }
    Ok(pipelines)
}

fn watch(database: &TwinDatabase, world: &Arc<World>) -> anyhow::Result<()> {
    let rows = database.rows()?;
    world.record().written(0, Timestamp::from_millis(0), rows);
    let watching = Arc::clone(world);
    database.watch(Box::new(move |rows| {
        let (at, now) = (watching.millis(), watching.now());
        let wins = watching.record().written(at, now, rows);
        watching.storage().winners.extend(wins);
    }));
    Ok(())
}

/// Nothing goes wrong any more: what waits must end.
async fn settle(
    world: &Arc<World>,
    nodes: &[Arc<Node>],
    town: &Arc<Town>,
    clients: Vec<JoinHandle<()>>,
) {
    world.note(|| "all is well from here on".to_owned());
    world.set_turmoil(false);
    for node in nodes {
        node.set_clock(0);
        if let Some(life) = node.life() {
            life.heal();
        }
    }
    for client in clients {
        if let Err(panic) = client.await {
            let mut record = world.record();
            record.break_promise("nothing panics", panic.to_string());
        }
    }
    // What a client has given up may still be on its way.
    sleep(LONGEST_CALL).await;
    for pipeline in &town.pipelines {
        let pipeline = *pipeline;
        loop {
            let told = town.call(Asked::Resume { pipeline }).await;
            if told == Some(Told::Changed) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        sleep(Duration::from_millis(500)).await;
        let paused = {
            let record = world.record();
            let open = |it: &&reelgate_store::twin::JobRow| !it.lifecycle.state.name().is_final();
            if record.rows.jobs.iter().find(open).is_none() {
                break;
            }
            let paused = record.rows.queues.iter().filter(|queue| queue.paused);
            paused.map(|queue| queue.pipeline).collect::<Vec<_>>()
        };
        if Instant::now() > deadline {
            break;
        }
        for pipeline in paused {
            town.call(Asked::Resume { pipeline }).await;
        }
    }
    let deadline = Instant::now() + TOLD_WITHIN;
    let receivers = world.plan.receivers;
    while Post::missing(&world.record(), receivers).next().is_some() && Instant::now() < deadline {
        sleep(Duration::from_secs(1)).await;
    }
    // Whoever stood still when all was over has to hear of it.
    sleep(LEASE * 2).await;
}

/// What is left when all is over, and what all of it came to.
fn finish(seed: u64, world: &World) -> Outcome {
    const ENDS: &str = "every job ends";
    const OUTPUTS: &str = "a job that succeeded has its outputs, of the attempt that won";
    const PROCESSES: &str = "no process runs for a job that has ended";
    let mut record = world.record();
    let mut broken = std::mem::take(&mut record.broken);
    broken.extend(verdict::of_calls(&record));
    for (receiver, event) in Post::missing(&record, world.plan.receivers) {
        let (job, name, attempt) = (record::short(event.job), event.name, event.attempt);
        broken.push(Broken {
            promise: post::AT_LEAST_ONCE,
            what: format!("receiver {receiver} was never told of {job} {name:?} {attempt}"),
        });
    }
    let storage = world.storage();
    let mut met = Met {
        jobs: record.rows.jobs.len(),
        calls: record.calls.len(),
        receivers: world.plan.receivers,
        writes: record.step,
        ..Met::default()
    };
    let mut objects: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for origin in storage.objects.values() {
        objects.entry(origin.job).or_default().push(origin.attempt);
    }
    for job in &record.rows.jobs {
        let id = record::short(job.id);
        let state = job.lifecycle.state.name();
        met.attempts += job.lifecycle.attempt as usize;
        match state {
            StateName::Succeeded => met.succeeded += 1,
            StateName::Failed => met.failed += 1,
            StateName::Cancelled => met.cancelled += 1,
            _ => broken.push(Broken {
                promise: ENDS,
                what: format!("{id} is {state:?} in attempt {}", job.lifecycle.attempt),
            }),
        }
        let winner = storage.winners.get(&job.id).copied();
        let made = objects.get(&job.id).map_or(&[][..], Vec::as_slice);
        if state == StateName::Succeeded && made != winner.as_slice() {
            broken.push(Broken {
                promise: OUTPUTS,
                what: format!("{id} has outputs of {made:?}, {winner:?} has won"),
            });
        }
    }
    for (life, jobs) in storage.processes.values() {
        let jobs: Vec<_> = jobs.iter().map(|job| record::short(*job)).collect();
        broken.push(Broken {
            promise: PROCESSES,
            what: format!("{life} still works for {}", jobs.join(" ")),
        });
    }
    for history in record.jobs.values() {
        for pair in history.windows(2) {
            let (was, is) = (&pair[0].1.lifecycle, &pair[1].1.lifecycle);
            met.lost += usize::from(is.losses > was.losses);
            let publishing = was.state.name() == StateName::Publishing;
            met.takeovers += usize::from(publishing && is.attempt > was.attempt);
        }
    }
    let hash = record.hash();
    Outcome {
        seed,
        hash,
        broken,
        met,
        lines: record.take_lines(),
    }
}
