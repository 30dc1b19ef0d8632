//! Resident memory of an idle server, with nothing queued and with very much.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use reelgate_domain::PipelineState;
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::house::House;
use crate::program::{Engine, Program};

/// Until everything that happens at a start has happened.
const SETTLE: Duration = Duration::from_secs(3);

/// Two idle servers differ by up to this anyway, because an allocator hands memory out by the page.
const NOISE_BYTES: f64 = 4e6;

const MEGABYTE: f64 = 1e6;

pub(crate) fn figures(
    runtime: &Runtime,
    dir: &Path,
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let data = dir.join("data");
    let empty = idle(&data)?;
    tell(Figure::alone(
        "resident memory of an idle server",
        "MB",
        empty / MEGABYTE,
        Goal::Within(40.0),
    ));
    runtime.block_on(async {
        let house = House::enter(&data).await?;
        // Paused, or the server would start them.
        house.set_state(PipelineState::Paused).await?;
        house.fill(many).await.map(drop)
    })?;
    let full = idle(&data)?;
    let bound = NOISE_BYTES / many as f64;
    let figure = Figure::alone(
        format!("resident memory per queued job, {many} of them"),
        "B",
        (full - empty) / many as f64,
        Goal::Within(bound),
    );
    tell(figure.with_note(format!(
        "{:.1} MB with them queued, {:.1} MB without",
        full / MEGABYTE,
        empty / MEGABYTE
    )));
    Ok(())
}

/// Bytes of a freshly started server that has answered a few calls.
fn idle(data: &Path) -> Result<f64> {
    let mut program = Program::start(data, &Engine::find()?, &[])?;
    for _ in 0..20 {
        program.api.call("GET", "/jobs?limit=1", None)?;
        program.api.call("GET", "/pipelines", None)?;
    }
    std::thread::sleep(SETTLE);
    let bytes = program.resident()?;
    program.stop()?;
    Ok(bytes as f64)
}
