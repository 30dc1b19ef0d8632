//! How soon another worker of a cluster runs the stream of one that was killed or stands still.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reelgate_testkit::{Postgres, PostgresSetup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::edge::{LOOPBACK, PATIENCE, create, engine_of, lift_limits, wait_for};
use super::relay::Relay;
use super::{publish, spread};
use crate::figure::{Figure, Goal};
use crate::program::{Engine, Node, Program};

const KILLS: usize = 4;
const FROZEN: Duration = Duration::from_secs(10);

/// A lease and what it may take to find that it has run out.
const MOST: f64 = 6.0 + 2.0;

pub(super) fn figures(
    engine: &Engine,
    relay: &Relay,
    dir: &Path,
    clip: &Path,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let postgres = Postgres::start(PostgresSetup::default());
    let buckets = dir.join("buckets");
    std::fs::create_dir(&buckets)?;
    let text = |path: &Path| path.to_str().map(str::to_owned);
    let place = text(&buckets).context("the directory's name is text")?;
    let store = postgres.database();
    let mut shared = vec!["--store", &store, "--shared-buckets", &place];
    shared.extend(LOOPBACK);
    let server_args = [&shared[..], &["--slots", "0", "--name", "server"]].concat();
    let data = dir.join("server");
    let mut server = Program::start_with_buckets(&data, &buckets, engine, &server_args)?;
    lift_limits(&mut server)?;
    let cluster = json!({"name": "east"});
    server.api.call("POST", "/clusters", Some(&cluster))?;
    let key = text(&data.join("master.key")).context("the directory's name is text")?;
    let worker = |number: usize| {
        let name = format!("worker-{number}");
        let more = [
            "--master-key-file",
            &key,
            "--cluster",
            "east",
            "--name",
            &name,
        ];
        let args = [&shared[..], &more].concat();
        Node::start("worker", &dir.join(&name), engine, &args)
    };
    let (_source, _) = publish(engine, relay, clip, "taken")?;
    let (from, target) = (relay.source("taken"), relay.target("over"));
    let stream = create(&mut server, "east", (&from, &target), "copy", FROZEN)?;
    let mut holder = worker(0)?;
    server
        .api
        .call("POST", &format!("/streams/{stream}/start"), None)?;
    let (mut killed, mut frozen) = (Vec::new(), Vec::new());
    for number in 0..KILLS {
        wait_for(&mut server, &stream, "live")?;
        let heir = worker(number + 1)?;
        // At other moments between two renewals of the lease each time.
        std::thread::sleep(Duration::from_millis(number as u64 * 700));
        relay.forget("over");
        let begun = Instant::now();
        let is_killed = number % 2 == 0;
        let lost = if is_killed {
            holder.kill()?;
            None
        } else {
            let id = Pid::from_raw(holder.id().cast_signed()).context("a process has an id")?;
            kill_process(id, Signal::STOP)?;
            Some(holder)
        };
        engine_of(heir.id(), &target)?;
        let took = begun.elapsed().as_secs_f64();
        if is_killed { &mut killed } else { &mut frozen }.push(took);
        relay.first_frame("over", PATIENCE)?;
        drop(lost);
        holder = heir;
    }
    ensure!(
        killed.len() + frozen.len() == KILLS,
        "a takeover is missing"
    );
    let name = "worker killed to its stream's process on another, p95";
    tell(spread(name, &mut killed, MOST));
    let name = "worker frozen to its stream's process on another, p95";
    tell(spread(name, &mut frozen, MOST));
    let name = "publishers turned away meanwhile because another was there";
    let refused = relay.refused("over") as f64;
    tell(Figure::alone(name, "", refused, Goal::Within(0.0)));
    server.stop()
}
