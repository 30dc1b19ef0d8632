//! Frames or samples of a source, handed on while FFmpeg decodes it: none of them is ever in a file.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode, StopMode};
use tokio::time::{MissedTickBehavior, interval};

use super::progress::percent;
use super::step::NOTHING;
use super::transcode::TranscodeError;
use super::watch::Pulse;
use super::{Access, Ended, Finished, Limits, Runner, SpawnError, classify};
use crate::argv::sample::sample_argv;
use crate::engine::Engine;
use crate::plan::SamplePlan;

/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// What FFmpeg writes, as it comes. Whoever reads it is not held up by anything but FFmpeg, and FFmpeg by nothing but
/// the reader: no more is in memory than a pipe holds.
pub struct Sampled {
    pipe: io::PipeReader,
    pulse: Arc<Pulse>,
    taken: Arc<AtomicU64>,
}

impl io::Read for Sampled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = io::Read::read(&mut self.pipe, buffer)?;
        self.pulse.beat();
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What is sampled, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sampling<'a> {
    pub plan: &'a SamplePlan,
    /// An absolute path.
    pub input: &'a Path,
    /// A directory that the process runs in; it writes nothing there.
    pub dir: &'a Path,
    /// Where these name no stall, the plan's holds.
    pub limits: &'a Limits,
}

/// Lets `take` read everything that is sampled, on a thread of its own that it may keep busy, and answers with what it
/// makes of that. After an error of its the process is ended. `on_progress` hears 0 to 100, rising; `stop` ends the
/// work when it completes. Dropping the future kills the process, and what is read ends.
///
/// A source of which nothing can be decoded is no failure: there is nothing to read then. What reads has to say
/// whether it was enough.
pub async fn sample<T: Send + 'static>(
    runner: &Runner,
    engine: &Engine,
    job: Sampling<'_>,
    take: impl FnOnce(&mut Sampled) -> io::Result<T> + Send + 'static,
    mut on_progress: impl FnMut(u8),
    stop: impl Future<Output = StopMode>,
) -> Result<T, TranscodeError> {
    let plan = job.plan;
    let limits = Limits {
        stall: job.limits.stall.or(Some(plan.stall)),
        ..*job.limits
    };
    let access = Access {
        read: &[job.input],
        write: None,
    };
    let args = sample_argv(plan, job.input);
    let started = runner.spawn(engine.ffmpeg(), args, job.dir, access, &limits);
    let mut watched = started.await.map_err(|SpawnError(error)| {
        let message = format!("FFmpeg could not be started: {}", error.kind());
        Fault::new(FaultCode::EngineFailed, message)
    })?;
    let pipe = watched.take_stdout().map_err(|error| pipe_fault(&error))?;
    let taken = Arc::new(AtomicU64::new(0));
    let mut sampled = Sampled {
        pipe,
        pulse: watched.pulse(),
        taken: Arc::clone(&taken),
    };
    // It ends when the process has, whatever becomes of this future.
    let reading = tokio::task::spawn_blocking(move || take(&mut sampled));
    let both = async { tokio::join!(watched.supervise(&limits, |_: &[u8]| false, stop), reading) };
    let mut both = pin!(both);
    let mut ticks = interval(TELL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    let (finished, read) = loop {
        tokio::select! {
            biased;
            ended = &mut both => break ended,
            _ = ticks.tick() => {
                let bytes = taken.load(Ordering::Relaxed);
                let done = Duration::from_secs_f64(bytes as f64 / plan.wanted.bytes_per_second() as f64);
                let now = percent(done, plan.seconds);
                if told.is_none_or(|before| now > before) {
                    told = Some(now);
                    on_progress(now);
                }
            }
        }
    };
    ended_well(&finished, job.input)?;
    let made = read.unwrap_or_else(|error| Err(io::Error::other(error)));
    let made = made.map_err(|error| taken_fault(&error))?;
    on_progress(100);
    Ok(made)
}

fn ended_well(finished: &Finished, input: &Path) -> Result<(), TranscodeError> {
    let log = finished.log_tail.to_lowercase();
    match finished.ended {
        Ended::Exited(0) => Ok(()),
        Ended::Stopped(how) => Err(TranscodeError::Stopped(how)),
        Ended::Exited(_) if NOTHING.iter().any(|text| log.contains(text)) => Ok(()),
        // Nobody reads any more: what did has failed, and says why.
        Ended::Signalled(libc::SIGPIPE) => Ok(()),
        Ended::Exited(_) if log.contains("broken pipe") => Ok(()),
        _ => Err(classify::failure(finished, input).into()),
    }
}

fn pipe_fault(error: &io::Error) -> Fault {
    let message = format!("what FFmpeg writes cannot be read: {}", error.kind());
    Fault::new(FaultCode::EngineFailed, message)
}

fn taken_fault(error: &io::Error) -> Fault {
    let message = format!("what was sampled could not be kept: {}", error.kind());
    Fault::new(FaultCode::StorageFailed, message)
}
