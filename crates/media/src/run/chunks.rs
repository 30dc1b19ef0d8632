//! A picture made in pieces, several at once, and put together. Finished pieces are kept in a directory that may
//! outlive the process, under what they were made with: whoever makes the same again finds them.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::progress::ProgressReader;
use super::step::Steps;
use super::transcode::{Transcode, TranscodeError, folder_name};
use super::{Limits, Runner};
use crate::argv::chunk::{self, PIECE_FILE};
use crate::engine::Engine;
use crate::ivf::{self, Measured};
use crate::plan::{ChunkPlan, Piece, Plan, VideoPlan, pieces};
use crate::probe::moments;

/// What all kept pieces were made with.
const RECIPE_FILE: &str = "recipe.txt";
const JOINED_FILE: &str = "joined.ivf";
/// Of all progress; the rest is the sound and the container.
const PIECES_PERCENT: u64 = 97;

/// Why an output was not made in pieces.
pub(super) enum Failure {
    /// It may still be made in one go.
    Unfit(Fault),
    Ended(TranscodeError),
}

impl Failure {
    fn unfit(why: String) -> Self {
        Self::Unfit(Fault::new(FaultCode::SpecUnfit, why))
    }
}

impl From<TranscodeError> for Failure {
    fn from(error: TranscodeError) -> Self {
        match error {
            // Damage that is little of the whole may be much of a piece.
            TranscodeError::Fault(fault)
                if matches!(
                    fault.code,
                    FaultCode::SourceUnreadable | FaultCode::EngineFailed
                ) =>
            {
                Self::Unfit(fault)
            }
            error => Self::Ended(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let message = format!("pieces of the picture could not be kept: {}", error.kind());
        Self::Ended(Fault::new(FaultCode::StorageFailed, message).into())
    }
}

/// One output that is made in pieces.
pub(super) struct Making<'a> {
    pub(super) runner: &'a Runner,
    pub(super) engine: &'a Engine,
    pub(super) job: Transcode<'a>,
    pub(super) plan: &'a Plan,
    pub(super) video: &'a VideoPlan,
    pub(super) chunks: &'a ChunkPlan,
    /// With the patience of the plan.
    pub(super) limits: Limits,
}

impl Making<'_> {
    /// Makes the output under its scratch names. `on_progress` hears 0 to 99.
    pub(super) async fn run(
        &self,
        mut on_progress: impl FnMut(u8),
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), Failure> {
        let until = Instant::now().checked_add(self.limits.max_run_time);
        let listing = moments(self.runner, self.engine, self.job.input, self.video.stream);
        let (moments, digest) = tokio::select! {
            listed = listing => listed.map_err(Failure::unfit)?,
            // Leaving the probe unfinished kills it.
            _ = &mut stop => return Err(stopped()),
        };
        let start = self.chunks.start_micros;
        let pieces = pieces(
            (self.video, self.chunks),
            &self.plan.window,
            &moments,
            start,
        );
        let pieces = pieces.map_err(|why| Failure::unfit(format!("the source is unfit: {why}")))?;
        let total = moments.shown.len() as u64;
        let last = pieces.last().map_or(0, |piece| piece.first);
        let expected = self
            .plan
            .expected
            .video_seconds
            .or(self.plan.expected.seconds);
        let expected = expected.map(|seconds| (seconds * self.video.fps.as_f64()) as u64);
        let total = expected.unwrap_or(total).max(last + 1);
        let kept = self.kept_dir(&pieces, digest).await?;
        let progress = Mutex::new(Progress {
            done: vec![0; pieces.len()],
            total,
            told: None,
            on_progress: &mut on_progress,
        });
        self.make_all(&pieces, &kept, &progress, until, stop.as_mut())
            .await?;
        self.join(&pieces, &kept, until, stop).await
    }

    fn remaining(&self, until: Option<Instant>) -> Limits {
        let left = until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(Instant::now())
        });
        Limits {
            max_run_time: left,
            ..self.limits
        }
    }

    async fn make_all(
        &self,
        pieces: &[Piece],
        kept: &Path,
        progress: &Mutex<Progress<'_, impl FnMut(u8)>>,
        until: Option<Instant>,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), Failure> {
        let stop = stop.shared();
        let mut form = None;
        let mut running = FuturesUnordered::new();
        let mut waiting = pieces.iter().enumerate();
        loop {
            while running.len() < self.chunks.at_once as usize
                && let Some((number, piece)) = waiting.next()
            {
                running.push(self.make(number, piece, kept, progress, until, stop.clone()));
            }
            let Some(made) = running.next().await else {
                return Ok(());
            };
            let made = made?.form;
            if *form.get_or_insert_with(|| made.clone()) != made {
                return Err(Failure::unfit(
                    "pieces of the picture differ in form".to_owned(),
                ));
            }
        }
    }

    /// Makes one piece, unless there is one already.
    async fn make(
        &self,
        number: usize,
        piece: &Piece,
        kept: &Path,
        progress: &Mutex<Progress<'_, impl FnMut(u8)>>,
        until: Option<Instant>,
        stop: impl Future<Output = StopMode>,
    ) -> Result<Measured, Failure> {
        let finished = kept.join(finished_name(number));
        if let Ok(found) = measured(&finished, piece).await {
            note(progress, number, found.frames);
            return Ok(found);
        }
        let dir = kept.join(format!("making{number}"));
        clear(&dir).await?;
        let limits = self.remaining(until);
        let limits = Limits {
            resident_bytes: limits
                .resident_bytes
                .map(|bytes| bytes / u64::from(self.chunks.at_once)),
            ..limits
        };
        let input = self.job.input;
        let steps = Steps::new(
            self.runner,
            self.engine,
            (input, &dir),
            &limits,
            self.plan.stall,
        );
        let mut reader = ProgressReader::default();
        let tell = |chunk: &[u8]| {
            let moved = reader.push(chunk);
            note(progress, number, reader.frames().unwrap_or(0));
            moved
        };
        let args = chunk::piece(self.video, self.chunks, self.plan, piece, input);
        steps.run(args, tell, pin!(stop)).await?;
        let made = dir.join(PIECE_FILE);
        let found = measured(&made, piece).await?;
        let (from, to, folder) = (made, finished, kept.to_owned());
        blocking(move || {
            File::open(&from)?.sync_all()?;
            std::fs::rename(&from, &to)?;
            File::open(&folder)?.sync_all()
        })
        .await??;
        tokio::fs::remove_dir_all(&dir).await?;
        note(progress, number, found.frames);
        Ok(found)
    }

    /// Puts the pieces together, and the sound with them.
    async fn join(
        &self,
        pieces: &[Piece],
        kept: &Path,
        until: Option<Instant>,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), Failure> {
        let [part] = self.job.parts else {
            return Err(Failure::unfit("it has a process of its own".to_owned()));
        };
        let folder = folder_name(self.job.dir, part.out_dir).map_err(TranscodeError::from)?;
        let joined = self.job.dir.join(JOINED_FILE);
        let files: Vec<PathBuf> = (0..pieces.len())
            .map(|number| kept.join(finished_name(number)))
            .collect();
        let (rate, to) = (self.video.fps, joined.clone());
        blocking(move || ivf::join(&files, rate, &to)).await??;
        let args = chunk::joined(
            (self.plan, folder),
            (self.video, self.chunks),
            self.job.input,
            &joined,
        );
        let limits = self.remaining(until);
        let steps = Steps::new(
            self.runner,
            self.engine,
            (self.job.input, self.job.dir),
            &limits,
            self.plan.stall,
        );
        let mut reader = ProgressReader::default();
        steps.run(args, |chunk| reader.push(chunk), stop).await?;
        tokio::fs::remove_file(&joined).await?;
        Ok(())
    }

    /// The directory of the finished pieces, empty if those in it were made otherwise.
    async fn kept_dir(&self, pieces: &[Piece], digest: u64) -> io::Result<PathBuf> {
        let kept = match self.job.kept {
            Some(kept) => kept.to_owned(),
            None => self.job.dir.join("pieces"),
        };
        let recipe = self.recipe(pieces, digest);
        let path = kept.join(RECIPE_FILE);
        if tokio::fs::read_to_string(&path)
            .await
            .is_ok_and(|found| found == recipe)
        {
            return Ok(kept);
        }
        clear(&kept).await?;
        let (folder, new) = (kept.clone(), kept.join("recipe.new"));
        blocking(move || {
            std::fs::write(&new, recipe)?;
            File::open(&new)?.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&folder)?.sync_all()
        })
        .await??;
        Ok(kept)
    }

    /// Everything that decides what pieces are: the engine, the source and the arguments.
    fn recipe(&self, pieces: &[Piece], digest: u64) -> String {
        let mut recipe = format!("{}\n{digest:016x}\n", self.engine.capabilities().version);
        for piece in pieces {
            // Where the source lies may change from one attempt to the next.
            let args = chunk::piece(
                self.video,
                self.chunks,
                self.plan,
                piece,
                Path::new("source"),
            );
            let _ = writeln!(recipe, "{}", args.join(OsStr::new(" ")).display());
        }
        recipe
    }
}

fn stopped() -> Failure {
    Failure::Ended(TranscodeError::Stopped(super::Stopped::Killed))
}

fn finished_name(number: usize) -> String {
    format!("{number:05}.ivf")
}

/// The piece in a file, if it is whole and has as many frames as it is to have.
async fn measured(path: &Path, piece: &Piece) -> Result<Measured, Failure> {
    let file = path.to_owned();
    let found = blocking(move || ivf::measure(&file)).await?;
    let found = found.map_err(|error| Failure::unfit(format!("a piece is not whole: {error}")))?;
    match piece.frames {
        Some(wanted) if wanted != found.frames => Err(Failure::unfit(format!(
            "the piece from frame {} on has {} frames instead of {wanted}",
            piece.first, found.frames
        ))),
        None if found.frames == 0 => Err(Failure::unfit("the last piece is empty".to_owned())),
        _ => Ok(found),
    }
}

async fn clear(dir: &Path) -> io::Result<()> {
    match tokio::fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    tokio::fs::create_dir_all(dir).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
}

/// How many frames of each piece are made.
struct Progress<'a, F> {
    done: Vec<u64>,
    total: u64,
    told: Option<u8>,
    on_progress: &'a mut F,
}

fn note<F: FnMut(u8)>(progress: &Mutex<Progress<'_, F>>, piece: usize, frames: u64) {
    let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
    progress.done[piece] = progress.done[piece].max(frames);
    let done: u64 = progress.done.iter().sum();
    let percent = (done.min(progress.total) * PIECES_PERCENT / progress.total.max(1)) as u8;
    // Progress never goes back, and nobody needs to hear the same twice.
    if progress.told.is_none_or(|before| percent > before) {
        progress.told = Some(percent);
        (progress.on_progress)(percent);
    }
}
