//! What running a stream costs beside the same FFmpeg by hand, over the same minutes from the same source.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Stage;
use super::edge::{PATIENCE, below};
use super::peers::make_source;
use super::starts::arguments_of;
use crate::figure::{Figure, Goal};
use crate::program::processor_time;

/// What is compared.
const WATCHED: Duration = Duration::from_secs(60);
/// Until both have come to their pace.
const SETTLED: Duration = Duration::from_secs(5);

const FROZEN: Duration = Duration::from_secs(10);

pub(super) fn figures(stage: &mut Stage, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let clip = stage.dir.join("large.mp4");
    make_source(&stage.engine, &clip, "1280:720")?;
    let (copied, by_hand) = watch(stage, &clip, "copy")?;
    let name = "driver of a 720p stream that is copied, of a processor";
    let note = format!(
        "all processes {:.2} %, the bare FFmpeg {:.2} %, over the same {} s",
        share(copied),
        share(by_hand),
        WATCHED.as_secs()
    );
    let driver = share(copied) - share(by_hand);
    tell(Figure::alone(name, "%", driver, Goal::Within(2.0)).with_note(note));
    let template = template(stage, 480)?;
    let pair = watch(stage, &clip, &template)?;
    let name = "a 720p stream encoded to 480p, processor time / bare FFmpeg";
    let pair = (pair.0.as_secs_f64(), pair.1.as_secs_f64());
    tell(Figure::beside(name, "s", pair, Goal::Most(1.02)));
    Ok(())
}

fn share(used: Duration) -> f64 {
    used.as_secs_f64() / WATCHED.as_secs_f64() * 100.0
}

/// Processor time of all processes that run a stream, the service included, and of a bare FFmpeg beside them.
fn watch(stage: &mut Stage, clip: &Path, template: &str) -> Result<(Duration, Duration)> {
    let (_source, _) = stage.publish(clip, "watched")?;
    let from = stage.relay.source("watched");
    let target = stage.relay.target("ours");
    stage.relay.forget("ours");
    stage.relay.forget("bare");
    let stream = stage.edge.create((&from, &target), template, FROZEN)?;
    stage.edge.start_stream(&stream)?;
    stage.relay.first_frame("ours", PATIENCE)?;
    let args = arguments_of(stage.edge.engine_of(&target)?)?;
    let bare = stage.by_hand(&args)?;
    stage.relay.first_frame("bare", PATIENCE)?;
    std::thread::sleep(SETTLED);
    let (ours, by_hand) = (used(stage)?, processor_time(&bare.id().to_string())?);
    let begun = Instant::now();
    std::thread::sleep(WATCHED.saturating_sub(begun.elapsed()));
    let (ours_then, by_hand_then) = (used(stage)?, processor_time(&bare.id().to_string())?);
    ensure!(
        ours.keys().eq(ours_then.keys()),
        "processes came or went while they were watched"
    );
    stage.edge.stop_stream(&stream)?;
    stage.edge.wait_for(&stream, "stopped")?;
    let sum = |of: &BTreeMap<u32, Duration>| of.values().sum::<Duration>();
    Ok((sum(&ours_then) - sum(&ours), by_hand_then - by_hand))
}

/// Processor time of the service and of each process below it.
fn used(stage: &Stage) -> Result<BTreeMap<u32, Duration>> {
    let service = stage.edge.program.node.id();
    let all = below(service).into_iter().map(|(id, _)| id);
    let times = all.chain([service]).map(|id| {
        let time = processor_time(&id.to_string())?;
        Ok((id, time))
    });
    times.collect()
}

/// A template of H.264 with so many lines that ships with the program.
fn template(stage: &mut Stage, lines: u64) -> Result<String> {
    let told = stage
        .edge
        .program
        .api
        .call("GET", "/stream-templates", None)?;
    let all = told["templates"]
        .as_array()
        .context("templates are a list")?;
    let fits = |one: &&serde_json::Value| {
        one["settings"]["codec"] == "h264" && one["settings"]["height"] == lines
    };
    let found = all.iter().find(fits);
    let name = found.and_then(|one| one["name"].as_str());
    Ok(name.context("there is no such template")?.to_owned())
}
