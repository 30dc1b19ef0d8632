//! Streams that are started and stopped again and again: how soon each end is an end, and what is left over.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;

use super::edge::{Edge, below, is_engine};
use super::relay::Relay;
use super::{Stage, publish, spread};
use crate::figure::{Figure, Goal};
use crate::latency::{handle, wait_for_ends};
use crate::program::Engine;

/// Of all cycles the first ones, in which a process gets what it keeps.
const WARM: usize = 20;

const FROZEN: Duration = Duration::from_secs(10);

/// A process that is still there this long after a kill of the service is an orphan.
const ORPHAN: Duration = Duration::from_secs(1);

/// What the program holds.
struct Held {
    bytes: u64,
    files: usize,
    processes: usize,
}

pub(super) fn figures(
    stage: &mut Stage,
    clip: &Path,
    cycles: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let (_source, _) = stage.publish(clip, "cycles")?;
    let (from, target) = (stage.relay.source("cycles"), stage.relay.target("cycled"));
    let stream = stage.edge.create((&from, &target), "copy", FROZEN)?;
    let process = stage.edge.program.node.id();
    let mut gone = Vec::with_capacity(cycles);
    let mut warm = held(stage)?;
    let begun = Instant::now();
    for cycle in 0..cycles {
        stage.edge.start_stream(&stream)?;
        let engine = stage.edge.engine_of(&target)?;
        // Stopped while it connects, probes, and publishes.
        std::thread::sleep(Duration::from_millis(cycle as u64 * 37 % 401));
        // One that has ended by itself comes again.
        let engine = handle(Pid::from_raw(engine.cast_signed()).context("a process has an id")?);
        stage.edge.stop_stream(&stream)?;
        let answered = Instant::now();
        if let Some(engine) = engine {
            wait_for_ends(&[engine])?;
        }
        gone.push(answered.elapsed().as_secs_f64());
        stage.edge.wait_for(&stream, "stopped")?;
        if cycle == WARM {
            warm = held(stage)?;
        }
    }
    let took = begun.elapsed();
    let left = held(stage)?;
    let orphans = below(process)
        .iter()
        .filter(|(id, _)| is_engine(*id))
        .count();
    let name = format!("{cycles} starts and stops: stop answered to gone, p95");
    tell(spread(&name, &mut gone, 0.5));
    let note = format!(
        "in {:.0} s; {} processes before, {} after; {} publishers turned away",
        took.as_secs_f64(),
        warm.processes,
        left.processes,
        stage.relay.refused("cycled"),
    );
    let name = format!("{cycles} starts and stops: FFmpegs left");
    tell(Figure::alone(name, "", orphans as f64, Goal::Within(0.0)).with_note(note));
    let name = format!("{cycles} starts and stops: more open files");
    let more = left.files as f64 - warm.files as f64;
    let note = format!("{} after {WARM}, {} at the end", warm.files, left.files);
    // Connections to the database and of callers come and go.
    tell(Figure::alone(name, "", more, Goal::Within(4.0)).with_note(note));
    let name = format!("{cycles} starts and stops: more resident memory");
    let more = (left.bytes as f64 - warm.bytes as f64) / 1e6;
    let note = format!(
        "{:.1} MB after {WARM}, {:.1} MB at the end",
        warm.bytes as f64 / 1e6,
        left.bytes as f64 / 1e6
    );
    tell(Figure::alone(name, "MB", more, Goal::Within(8.0)).with_note(note));
    Ok(())
}

/// The service is killed with streams running.
pub(super) fn kill(
    engine: &Engine,
    relay: &Relay,
    mut edge: Edge,
    clip: &Path,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    const STREAMS: usize = 4;
    let (_source, _) = publish(engine, relay, clip, "orphaned")?;
    let from = relay.source("orphaned");
    for number in 0..STREAMS {
        let target = relay.target(&format!("orphan-{number}"));
        let stream = edge.create((&from, &target), "copy", FROZEN)?;
        edge.start_stream(&stream)?;
        edge.wait_for(&stream, "live")?;
    }
    let all = below(edge.program.node.id());
    ensure!(all.len() >= STREAMS, "streams run without processes");
    let killed = edge.program.node.kill()?;
    std::thread::sleep(ORPHAN.saturating_sub(killed.elapsed()));
    let left = all.iter().filter(|(id, _)| runs(*id)).count();
    let name = "processes left 1 s after the service was killed";
    let note = format!("{} ran for {STREAMS} streams", all.len());
    tell(Figure::alone(name, "", left as f64, Goal::Within(0.0)).with_note(note));
    Ok(())
}

/// Whether a process is there, and not only its end, which its parent has not looked at yet.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn held(stage: &Stage) -> Result<Held> {
    let process = stage.edge.program.node.id();
    Ok(Held {
        bytes: stage.edge.program.resident()?,
        files: fs::read_dir(format!("/proc/{process}/fd"))?.count(),
        processes: below(process).len(),
    })
}
