//! Work of several FFmpeg processes, one after another, under limits that hold for all of them together.

use std::ffi::OsString;
use std::iter;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode, StopMode};
use tokio::time::Instant;

use super::transcode::TranscodeError;
use super::{Access, Ended, Limits, Runner, SpawnError, classify};
use crate::engine::Engine;

/// What FFmpeg says, and fails with since 6.1, when there was no frame to write.
pub(super) const NOTHING: [&str; 2] = ["received no packets", "output file is empty"];

/// The steps of one piece of work.
pub(super) struct Steps<'a> {
    pub(super) runner: &'a Runner,
    pub(super) engine: &'a Engine,
    pub(super) input: &'a Path,
    /// What is read besides.
    further: &'a [&'a Path],
    /// The directory the processes run in and may write below.
    pub(super) dir: &'a Path,
    limits: Limits,
    until: Option<Instant>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        runner: &'a Runner,
        engine: &'a Engine,
        (input, dir): (&'a Path, &'a Path),
        limits: &Limits,
        patience: Duration,
    ) -> Self {
        Self {
            runner,
            engine,
            input,
            further: &[],
            dir,
            limits: Limits {
                stall: limits.stall.or(Some(patience)),
                ..*limits
            },
            until: Instant::now().checked_add(limits.max_run_time),
        }
    }

    /// The same work with more to read.
    pub(super) fn reading(self, further: &'a [&'a Path]) -> Self {
        Self { further, ..self }
    }

    /// The same work with a step that may not take longer than this.
    pub(super) fn within(&self, most: Duration) -> Self {
        let until = Instant::now().checked_add(most);
        Self {
            until: self.until.into_iter().chain(until).min(),
            ..*self
        }
    }

    /// Runs one process to its end. To have had nothing to write is no failure: what it wrote is
    /// there or not.
    pub(super) async fn run(
        &self,
        args: Vec<OsString>,
        on_stdout: impl FnMut(&[u8]) -> bool,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), TranscodeError> {
        let mut limits = self.limits;
        if let Some(until) = self.until {
            limits.max_run_time = until.saturating_duration_since(Instant::now());
        }
        let read: Vec<&Path> = iter::once(self.input)
            .chain(self.further.iter().copied())
            .collect();
        let access = Access {
            read: &read,
            write: Some(self.dir),
        };
        let ffmpeg = self.engine.ffmpeg();
        let watched = self
            .runner
            .spawn(ffmpeg, args, self.dir, access, &limits)
            .await
            .map_err(|SpawnError(error)| {
                Fault::new(
                    FaultCode::EngineFailed,
                    format!("FFmpeg could not be started: {}", error.kind()),
                )
            })?;
        let finished = watched.supervise(&limits, on_stdout, stop).await;
        let log = finished.log_tail.to_lowercase();
        match finished.ended {
            Ended::Exited(0) => Ok(()),
            Ended::Stopped(how) => Err(TranscodeError::Stopped(how)),
            Ended::Exited(_) if NOTHING.iter().any(|text| log.contains(text)) => Ok(()),
            _ => Err(classify::failure(&finished, self.input).into()),
        }
    }
}
