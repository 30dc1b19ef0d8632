//! Processes of the program on one PostgreSQL: how soon a worker starts what another node was asked for
//! and ends what another node has cancelled, and when somebody else runs the jobs of one that was killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reelgate_testkit::{Postgres, PostgresSetup};

use crate::clip;
use crate::figure::{Figure, Goal};
use crate::latency::{LONG, TEXT, Watched, copy_of, distribution, job};
use crate::program::{Engine, Node, Program};
use crate::rounds::percentile;

const STARTS: usize = 120;
const CANCELS: usize = 60;
/// Jobs that a node runs when it is killed.
const RUNNING: usize = 2;

/// How long a worker's claim to a job outlives it, as `reelgate-worker` has it.
const LEASE: Duration = Duration::from_secs(30);
/// Between two kills: so that they meet different moments between two signs of life, which come each 4 s.
const APART: Duration = Duration::from_secs(2);

/// Every commit reaches the disk.
const DURABLE: &[(&str, &str)] = &[
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
];

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let postgres = Postgres::start(PostgresSetup {
        settings: DURABLE,
        ..PostgresSetup::default()
    });
    let mut company = Company::found(dir, postgres.database())?;
    company.calls(tell)?;
    company.deaths(tell)?;
    company.server.stop()
}

/// A server that runs nothing, and what its workers have to know.
struct Company<'d> {
    dir: &'d Path,
    server: Program,
    shared: Vec<String>,
}

impl<'d> Company<'d> {
    fn found(dir: &'d Path, store: String) -> Result<Self> {
        let buckets = dir.join("buckets");
        std::fs::create_dir(&buckets)?;
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let place = text(&buckets).context("the directory's name is text")?;
        let shared = ["--store", &store, "--shared-buckets", &place];
        let mut args = shared.to_vec();
        args.extend(["--slots", "0", "--name", "server"]);
        let engine = Engine::find()?;
        let data = dir.join("server");
        let server = Program::start_with_buckets(&data, &buckets, &engine, &args)?;
        clip::PLAIN.make_long(&engine, &server.object(LONG))?;
        std::fs::write(server.object(TEXT), "no media")?;
        let mut shared: Vec<String> = shared.map(str::to_owned).to_vec();
        shared.push("--master-key-file".to_owned());
        shared.push(text(&data.join("master.key")).context("the directory's name is text")?);
        Ok(Self {
            dir,
            server,
            shared,
        })
    }

    fn worker(&self, name: &str, engine: &Engine, slots: usize) -> Result<Node> {
        let slots = slots.to_string();
        let mut args: Vec<&str> = self.shared.iter().map(String::as_str).collect();
        args.extend(["--name", name, "--slots", &slots]);
        Node::start("worker", &self.dir.join(name), engine, &args)
    }

    /// Calls go to the server, over HTTP; what they cause is seen at the worker.
    fn calls(&mut self, tell: &mut dyn FnMut(Figure)) -> Result<()> {
        let engine = copy_of(&Engine::find()?, self.dir)?;
        let worker = self.worker("worker", &engine, 1)?;
        let mut watched = Watched {
            api: &mut self.server.api,
            worker: &worker,
            engine: &engine,
        };
        let mut waits = watched.starts(STARTS)?;
        let name = "submit to its first process on another node, p99";
        tell(distribution(name, &mut waits, 50.0));
        let mut cancels = watched.cancels(CANCELS)?;
        let name = "cancel to the worker on another node being told, p99";
        tell(distribution(name, &mut cancels.told, 50.0));
        let name = "cancel to its process group on another node gone, p99";
        tell(distribution(name, &mut cancels.gone, 500.0));
        worker.stop()
    }

    /// Two workers are killed while they run jobs, and a third one has room for them.
    fn deaths(&mut self, tell: &mut dyn FnMut(Figure)) -> Result<()> {
        let engine = Engine::find()?;
        let mut victims = Vec::new();
        for name in ["first", "second"] {
            let node = self.worker(name, &engine, RUNNING)?;
            let mut jobs = Vec::new();
            for _ in 0..RUNNING {
                let id = self.server.api.submit(&job(LONG, "web-720p"))?;
                node.when_said(&format!("job {id} starts"))?;
                jobs.push(id);
            }
            victims.push((node, jobs));
        }
        let heir = self.worker("third", &engine, 2 * RUNNING)?;
        let mut killed: BTreeMap<String, Instant> = BTreeMap::new();
        for (node, jobs) in victims {
            let when = node.kill()?;
            killed.extend(jobs.into_iter().map(|job| (job, when)));
            std::thread::sleep(APART);
        }
        let mut waits = Vec::new();
        let patience = LEASE + Duration::from_secs(30);
        while !killed.is_empty() {
            let line = heir.log.recv_timeout(patience);
            let (when, line) = line.context("nobody runs the jobs of a node that is gone")?;
            let starts = |job: &String| line.contains(&format!("job {job} starts"));
            if let Some(job) = killed.keys().find(|job| starts(job)).cloned() {
                let death = killed.remove(&job).context("it was just found")?;
                waits.push(when.saturating_duration_since(death).as_secs_f64());
            }
        }
        ensure!(waits.len() == 2 * RUNNING, "a job was run twice");
        let note = format!(
            "{} jobs of 2 nodes, leases of {} s: {:.1} to {:.1} s",
            waits.len(),
            LEASE.as_secs(),
            percentile(&mut waits, 0.0),
            percentile(&mut waits, 1.0)
        );
        let most = LEASE.as_secs_f64() + 1.0;
        let name = "node killed to its jobs running on another, largest";
        let largest = percentile(&mut waits, 1.0);
        tell(Figure::alone(name, "s", largest, Goal::Within(most)).with_note(note));
        heir.kill().map(drop)
    }
}
