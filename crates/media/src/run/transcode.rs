//! Outputs of one source: made by one process, then each checked and named by itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::time::Instant;

use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::chunks::{Failure, Making};
use super::progress::{ProgressReader, percent};
use super::step::Steps;
use super::words::write_words;
use super::{Access, Ended, Limits, Runner, SpawnError, Stopped, classify};
use crate::argv::{PASS_FILE, STEMMED_PASS_FILE, argv, first_pass, text_file};
use crate::check::made::{self, Transcoded};
use crate::engine::Engine;
use crate::plan::{Plan, Seen};

/// One output of a transcode: what to make and where.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub plan: &'a Plan,
    /// An empty directory of this output's own, directly below [`Transcode::dir`] under a name of
    /// letters and digits.
    pub out_dir: &'a Path,
}

/// What one process makes, and from what.
#[derive(Clone, Copy, Debug)]
pub struct Transcode<'a> {
    /// At least one; [`crate::groups`] says which plans can share a process.
    pub parts: &'a [Part<'a>],
    /// An absolute path.
    pub input: &'a Path,
    /// Absolute paths of what the plans' further inputs are, as the plans number them.
    pub further: &'a [&'a Path],
    /// The directory the process runs in and may write below, as an absolute path.
    pub dir: &'a Path,
    /// Where finished pieces of a picture that is made in pieces stay, for whoever makes the same again; absent:
    /// below `dir`. Nobody else may work in it meanwhile.
    pub kept: Option<&'a Path>,
    /// Where these name no stall, the most patient plan's holds.
    pub limits: &'a Limits,
}

/// Why there are no outputs.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
    /// The process failed, and with it every part.
    #[error("{}", .0.message)]
    Fault(Fault),
    /// The caller wanted it to stop; the process and all it started are gone.
    #[error("stopped")]
    Stopped(Stopped),
}

impl From<Fault> for TranscodeError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How many outputs are read back at a time: one at a time leaves a processor idle, and what they
/// take of it is the same.
const CHECKED_AT_ONCE: usize = 2;

/// Makes the parts with one process that decodes their source once, and answers with a result for
/// each, in their order. `on_progress` hears a part's index and 0 to 100, which it reaches when it
/// has passed every check; `stop` ends the work when it completes. Dropping the future kills the
/// process.
pub async fn transcode(
    runner: &Runner,
    engine: &Engine,
    job: Transcode<'_>,
    mut on_progress: impl FnMut(usize, u8),
    stop: impl Future<Output = StopMode>,
) -> Result<Vec<Result<Transcoded, Fault>>, TranscodeError> {
    let mut stop = pin!(stop);
    let log_tail = encode(runner, engine, job, &mut on_progress, stop.as_mut()).await?;
    let mut results = Vec::with_capacity(job.parts.len());
    for some in job.parts.chunks(CHECKED_AT_ONCE) {
        let checked = async {
            match some {
                [first, second] => {
                    let (first, second) =
                        tokio::join!(check(runner, engine, first), check(runner, engine, second));
                    vec![first, second]
                }
                others => {
                    let mut checked = Vec::with_capacity(others.len());
                    for part in others {
                        checked.push(check(runner, engine, part).await);
                    }
                    checked
                }
            }
        };
        let checked = tokio::select! {
            checked = checked => checked,
            // Leaving the probes unfinished kills them.
            _ = &mut stop => return Err(TranscodeError::Stopped(Stopped::Killed)),
        };
        for result in checked {
            if result.is_ok() {
                on_progress(results.len(), 100);
            }
            results.push(result.map_err(|fault| with_log(fault, &log_tail)));
        }
    }
    Ok(results)
}

async fn check(runner: &Runner, engine: &Engine, part: &Part<'_>) -> Result<Transcoded, Fault> {
    made::verified(runner, engine, part.plan, part.out_dir).await
}

fn with_log(fault: Fault, log_tail: &str) -> Fault {
    match (&fault.log_tail, log_tail.is_empty()) {
        (None, false) => fault.with_log_tail(log_tail.to_owned()),
        _ => fault,
    }
}

async fn encode(
    runner: &Runner,
    engine: &Engine,
    job: Transcode<'_>,
    on_progress: &mut impl FnMut(usize, u8),
    mut stop: Pin<&mut impl Future<Output = StopMode>>,
) -> Result<String, TranscodeError> {
    let plans = job
        .parts
        .iter()
        .map(|part| Ok((part.plan, folder_name(job.dir, part.out_dir)?)))
        .collect::<Result<Vec<_>, Fault>>()?;
    write_texts(&job).await?;
    let mut read = vec![job.input];
    read.extend(
        job.parts
            .iter()
            .flat_map(|part| reads(part.plan, job.further)),
    );
    let access = Access {
        read: &read,
        write: Some(job.dir),
    };
    let patience = job.parts.iter().map(|part| part.plan.stall).max();
    let limits = Limits {
        stall: job.limits.stall.or(patience),
        ..*job.limits
    };
    let started = Instant::now();
    write_words((runner, engine), &job, &limits, stop.as_mut()).await?;
    let mut told: Vec<Option<u8>> = vec![None; job.parts.len()];
    let tell = |percent: u8| {
        told[0] = Some(percent);
        on_progress(0, percent);
    };
    if let Some(made) = in_pieces((runner, engine), job, &limits, tell, stop.as_mut()).await {
        return made;
    }
    if let Some(args) = first_pass(&plans, job.input, job.further) {
        learn(
            (runner, engine),
            job,
            args,
            &limits,
            on_progress,
            stop.as_mut(),
        )
        .await?;
    }
    let limits = Limits {
        max_run_time: limits.max_run_time.saturating_sub(started.elapsed()),
        ..limits
    };
    let args = argv(&plans, job.input, job.further);
    let watched = runner
        .spawn(engine.ffmpeg(), args, job.dir, access, &limits)
        .await
        .map_err(|SpawnError(error)| {
            Fault::new(
                FaultCode::EngineFailed,
                format!("FFmpeg could not be started: {}", error.kind()),
            )
        })?;
    let mut reader = ProgressReader::default();
    let tell = |chunk: &[u8]| {
        let moved = reader.push(chunk);
        let Some(position) = reader.position() else {
            return moved;
        };
        for (index, (part, told)) in job.parts.iter().zip(&mut told).enumerate() {
            let now = percent(position, part.plan.expected.seconds);
            let now = match part.plan.is_two_pass() {
                true => 50 + now / 2,
                false => now,
            };
            // Progress never goes back, and nobody needs to hear the same twice.
            if told.is_none_or(|before| now > before) {
                *told = Some(now);
                on_progress(index, now);
            }
        }
        moved
    };
    let finished = watched.supervise(&limits, tell, stop).await;
    match finished.ended {
        Ended::Exited(0) => Ok(classify::without_paths(&finished.log_tail, job.input)),
        Ended::Stopped(how) => Err(TranscodeError::Stopped(how)),
        _ => Err(classify::failure(&finished, job.input).into()),
    }
}

/// Makes the picture in pieces where the plan says so; nothing if it is to be made in one go.
async fn in_pieces(
    (runner, engine): (&Runner, &Engine),
    job: Transcode<'_>,
    limits: &Limits,
    on_progress: impl FnMut(u8),
    stop: Pin<&mut impl Future<Output = StopMode>>,
) -> Option<Result<String, TranscodeError>> {
    let [part] = job.parts else { return None };
    let (chunks, video) = (part.plan.chunks.as_ref()?, part.plan.video.as_ref()?);
    let making = Making {
        runner,
        engine,
        job,
        plan: part.plan,
        video,
        chunks,
        limits: *limits,
    };
    Some(match making.run(on_progress, stop).await {
        Ok(()) => Ok(String::new()),
        Err(Failure::Ended(error)) => Err(error),
        Err(Failure::Unfit(fault)) if chunks.is_required => {
            let message = format!("the picture could not be made in pieces: {}", fault.message);
            Err(Fault { message, ..fault }.into())
        }
        Err(Failure::Unfit(fault)) => {
            tracing::info!(
                why = fault.message,
                "a picture is made in one go, not in pieces"
            );
            return None;
        }
    })
}

/// Encodes a first time what is encoded twice: half of their progress.
async fn learn(
    (runner, engine): (&Runner, &Engine),
    job: Transcode<'_>,
    args: Vec<OsString>,
    limits: &Limits,
    on_progress: &mut impl FnMut(usize, u8),
    stop: Pin<&mut impl Future<Output = StopMode>>,
) -> Result<(), TranscodeError> {
    let patience = limits.stall.unwrap_or_default();
    let steps =
        Steps::new(runner, engine, (job.input, job.dir), limits, patience).reading(job.further);
    let mut reader = ProgressReader::default();
    let twice = || (job.parts.iter().enumerate()).filter(|(_, part)| part.plan.is_two_pass());
    let mut told: Option<u8> = None;
    let tell = |chunk: &[u8]| {
        let moved = reader.push(chunk);
        if let (Some(position), Some((_, part))) = (reader.position(), twice().next()) {
            let now = percent(position, part.plan.expected.seconds) / 2;
            if told.is_none_or(|before| now > before) {
                told = Some(now);
                for (index, _) in twice() {
                    on_progress(index, now);
                }
            }
        }
        moved
    };
    steps.run(args, tell, stop).await?;
    let has_learnt = |(_, part): (usize, &Part<'_>)| {
        let written = [PASS_FILE, STEMMED_PASS_FILE].map(|name| part.out_dir.join(name));
        let has_some = |path: &PathBuf| path.metadata().is_ok_and(|meta| meta.len() > 0);
        written.iter().any(has_some)
    };
    if twice().all(has_learnt) {
        return Ok(());
    }
    let message = "no picture of the source could be decoded";
    Err(Fault::new(FaultCode::SourceUnreadable, message).into())
}

/// What making an output reads besides its source.
fn reads<'a>(plan: &'a Plan, further: &[&'a Path]) -> Vec<&'a Path> {
    let parts = plan.parts.iter().filter_map(|part| part.input);
    let mixed = plan.mix.iter().filter_map(|sound| sound.input);
    let opened = parts.chain(mixed);
    let opened = opened.filter_map(|input| further.get(input).copied());
    let overlays = plan.overlays.iter();
    let reads = overlays.filter_map(|overlay| match &overlay.seen {
        Seen::Picture { input, .. } => further.get(*input).copied(),
        Seen::Text { font, .. } => Some(font.as_path()),
    });
    opened.chain(reads).collect()
}

/// Puts the texts that are drawn where the arguments say.
async fn write_texts(job: &Transcode<'_>) -> Result<(), Fault> {
    for (part, plan) in job.parts.iter().map(|part| part.plan).enumerate() {
        for (place, overlay) in plan.overlays.iter().enumerate() {
            let Seen::Text { text, .. } = &overlay.seen else {
                continue;
            };
            let path = job.dir.join(text_file(part, place));
            tokio::fs::write(path, text).await.map_err(|error| {
                let message = format!("a text could not be written to scratch: {}", error.kind());
                Fault::new(FaultCode::StorageFailed, message)
            })?;
        }
    }
    Ok(())
}

/// The name of a part's directory, which stands in the arguments: nothing in it may mean anything to
/// FFmpeg, as `%` does, or a colon, or a dash at its beginning.
pub(super) fn folder_name<'a>(dir: &Path, out_dir: &'a Path) -> Result<&'a OsStr, Fault> {
    let name = out_dir.file_name().unwrap_or_default();
    let is_plain = name
        .as_encoded_bytes()
        .iter()
        .all(u8::is_ascii_alphanumeric);
    if out_dir.parent() == Some(dir) && is_plain && !name.is_empty() {
        return Ok(name);
    }
    let message = "the output's directory is not a plain one in that of its job";
    Err(Fault::new(FaultCode::EngineFailed, message))
}
