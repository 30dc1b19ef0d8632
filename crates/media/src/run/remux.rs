//! Streams copied into another container by one process, then read back and named.

use std::path::Path;
use std::pin::pin;

use reelgate_domain::job::StopMode;

use super::progress::{ProgressReader, percent};
use super::snapshots::stored;
use super::step::Steps;
use super::transcode::TranscodeError;
use super::{Limits, Runner};
use crate::argv::remux::remux_argv;
use crate::check::made::{self, Transcoded};
use crate::engine::Engine;
use crate::plan::RemuxPlan;

/// What is copied, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Remux<'a> {
    pub plan: &'a RemuxPlan,
    /// An absolute path.
    pub input: &'a Path,
    /// An empty directory, as an absolute path. The process runs in it and may write below.
    pub dir: &'a Path,
    pub limits: &'a Limits,
}

/// The directory below [`Remux::dir`] in which the files are at the end.
pub const REMUXED: &str = "made";

/// Copies the streams of a plan. `on_progress` hears 0 to 100, rising; `stop` ends the work when it
/// completes. Dropping the future kills the process.
pub async fn remux(
    runner: &Runner,
    engine: &Engine,
    job: Remux<'_>,
    mut on_progress: impl FnMut(u8),
    stop: impl Future<Output = StopMode>,
) -> Result<Transcoded, TranscodeError> {
    let (plan, folder) = (job.plan, job.dir.join(REMUXED));
    stored(std::fs::create_dir_all(&folder))?;
    let paths = (job.input, job.dir);
    let steps = Steps::new(runner, engine, paths, job.limits, plan.stall);
    let args = remux_argv(plan, job.input, REMUXED.as_ref());
    let mut reader = ProgressReader::default();
    let mut told = None;
    let hear = |chunk: &[u8]| {
        let moved = reader.push(chunk);
        if let Some(position) = reader.position() {
            let now = percent(position, plan.expected.seconds);
            if told.is_none_or(|before| now > before) {
                told = Some(now);
                on_progress(now);
            }
        }
        moved
    };
    steps.run(args, hear, pin!(stop)).await?;
    let made = made::remuxed(runner, engine, plan, &folder).await;
    let made = made.map_err(TranscodeError::Fault)?;
    on_progress(100);
    Ok(made)
}
