//! How soon the first frame of a started stream comes out, and how soon a stopped one is over.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal};

use super::edge::{PATIENCE, line_of};
use super::peers::{GOP, Peer};
use super::{Stage, beside};
use crate::figure::Figure;
use crate::latency::{handle, wait_for_ends};

/// Streams and bare FFmpegs, in turns.
const PAIRS: usize = 24;

/// Frozen sources are not what is looked at here.
const FROZEN: Duration = Duration::from_secs(10);

/// What one start and stop took, in seconds.
#[derive(Default)]
struct Took {
    first: Vec<f64>,
    gone: Vec<f64>,
    told: Vec<f64>,
}

pub(super) fn figures(stage: &mut Stage, clip: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let (_source, _) = stage.publish(clip, "starts")?;
    let from = stage.relay.source("starts");
    let target = stage.relay.target("ours");
    let stream = stage.edge.create((&from, &target), "copy", FROZEN)?;
    let (mut ours, mut bare) = (Took::default(), Took::default());
    let mut args = None;
    for pair in 0..PAIRS {
        // At other moments between two keyframes each time.
        std::thread::sleep(GOP / 8 * (pair as u32 * 3 % 8));
        let found = run(stage, &stream, &target, &mut ours)?;
        let args = args.get_or_insert(found);
        std::thread::sleep(GOP / 8 * (pair as u32 * 5 % 8));
        by_hand(stage, args, &mut bare)?;
    }
    let most = GOP.as_secs_f64() + 1.0;
    let name = "start called to the first frame at the target, p95";
    tell(beside(name, &mut ours.first, &mut bare.first, most));
    let name = "stop answered to the process gone, p95 / SIGTERM";
    tell(beside(name, &mut ours.gone, &mut bare.gone, 0.5));
    let name = "stop answered to the reader told of the end, p95";
    tell(beside(name, &mut ours.told, &mut bare.told, 0.5));
    Ok(())
}

/// One start and stop of the stream; the arguments of its FFmpeg.
fn run(stage: &mut Stage, stream: &str, target: &str, took: &mut Took) -> Result<Vec<String>> {
    stage.relay.forget("ours");
    let begun = Instant::now();
    stage.edge.start_stream(stream)?;
    let first = stage.relay.first_frame("ours", PATIENCE)?;
    took.first.push(seconds(first, begun));
    let process = stage.edge.engine_of(target)?;
    let args = arguments_of(process)?;
    let reader = Peer::read(&stage.engine, target)?;
    settle(&reader)?;
    let process = watch(process)?;
    let begun = Instant::now();
    stage.edge.stop_stream(stream)?;
    let answered = Instant::now();
    wait_for_ends(&[process])?;
    let gone = Instant::now();
    let told = reader.ended()?;
    // The process may be gone before the answer is here; then that is what counts.
    took.gone.push(seconds(gone, answered.min(gone)));
    took.told.push(seconds(told, answered.min(told)));
    ensure!(gone > begun, "the process ended by itself");
    stage.edge.wait_for(stream, "stopped")?;
    Ok(args)
}

/// The same by somebody who starts FFmpeg and ends it by its signal.
fn by_hand(stage: &mut Stage, args: &[String], took: &mut Took) -> Result<()> {
    stage.relay.forget("bare");
    let target = stage.relay.target("bare");
    let begun = Instant::now();
    let process = stage.by_hand(args)?;
    let first = stage.relay.first_frame("bare", PATIENCE)?;
    took.first.push(seconds(first, begun));
    let reader = Peer::read(&stage.engine, &target)?;
    settle(&reader)?;
    let begun = Instant::now();
    process.signal(Signal::TERM)?;
    let gone = process.ended()?;
    took.gone.push(seconds(gone, begun));
    let told = reader.ended()?;
    took.told.push(seconds(told, begun));
    Ok(())
}

/// The reader is there and has some of the stream: it has opened its output.
fn settle(reader: &Peer) -> Result<()> {
    // Nothing outside tells when it reads, and it is not what is measured.
    std::thread::sleep(GOP + Duration::from_millis(500));
    ensure!(line_of(reader.id()).contains("null"), "the reader is gone");
    Ok(())
}

/// The arguments of a running FFmpeg, for one that goes to `bare` and reports to nobody.
pub(super) fn arguments_of(process: u32) -> Result<Vec<String>> {
    let line = std::fs::read(format!("/proc/{process}/cmdline"))?;
    let words = line.split(|byte| *byte == 0).skip(1);
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).replace("/out/ours", "/out/bare"))
        .collect();
    ensure!(!words.is_empty(), "a process has no arguments");
    let nowhere = |word: String| match word.strip_prefix("pipe:") {
        Some(number) if number.parse::<u32>().is_ok() => "/dev/null".to_owned(),
        _ => word,
    };
    let mut words: Vec<String> = words.into_iter().map(nowhere).collect();
    // What is written to files is written again.
    words.insert(0, "-y".to_owned());
    Ok(words)
}

fn watch(process: u32) -> Result<OwnedFd> {
    let id = Pid::from_raw(process.cast_signed()).context("a process has an id")?;
    handle(id).context("the process is gone already")
}

fn seconds(later: Instant, earlier: Instant) -> f64 {
    later.saturating_duration_since(earlier).as_secs_f64()
}
