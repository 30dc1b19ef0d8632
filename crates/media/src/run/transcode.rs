//! One output, made, checked and named.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;

use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::{MediaFacts, StreamDetail};

use super::progress::{ProgressReader, percent};
use super::{Access, Ended, Limits, Runner, SpawnError, Stopped, classify};
use crate::argv::{self, argv};
use crate::check;
use crate::engine::Engine;
use crate::plan::{PLAYLIST_SUFFIX, Plan};
use crate::playlist::MediaPlaylist;
use crate::probe::{ProbeError, probe_output};

/// What to make, from what, and where.
#[derive(Clone, Copy, Debug)]
pub struct Transcode<'a> {
    pub plan: &'a Plan,
    /// An absolute path.
    pub input: &'a Path,
    /// An empty directory of this output's own, as an absolute path.
    pub out_dir: &'a Path,
    pub limits: &'a Limits,
}

/// An output that passed every check, in its directory under its final names.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcoded {
    /// The main file is the last one.
    pub files: Vec<MadeFile>,
    pub facts: MediaFacts,
}

/// A file of an output, by its name in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFile {
    pub name: String,
    pub bytes: u64,
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
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

/// Makes one output. `on_progress` hears 0 to 100; `stop` ends the work when it completes. Dropping
/// the future kills the process.
pub async fn transcode(
    runner: &Runner,
    engine: &Engine,
    job: Transcode<'_>,
    mut on_progress: impl FnMut(u8),
    stop: impl Future<Output = StopMode>,
) -> Result<Transcoded, TranscodeError> {
    let mut stop = pin!(stop);
    let log_tail = encode(runner, engine, job, &mut on_progress, stop.as_mut()).await?;
    let verified = tokio::select! {
        verified = verify(runner, engine, job) => verified,
        // Leaving the probe unfinished kills it.
        _ = stop => return Err(TranscodeError::Stopped(Stopped::Killed)),
    };
    let mut transcoded = verified.map_err(|fault| with_log(fault, log_tail))?;
    rename(job, &mut transcoded.files).map_err(|error| {
        Fault::new(
            FaultCode::StorageFailed,
            format!("the output could not be named: {}", error.kind()),
        )
    })?;
    let bytes = transcoded.files.iter().map(|file| file.bytes).sum();
    transcoded.facts.format.size_bytes = bytes;
    on_progress(100);
    Ok(transcoded)
}

fn with_log(fault: Fault, log_tail: String) -> Fault {
    match (&fault.log_tail, log_tail.is_empty()) {
        (None, false) => fault.with_log_tail(log_tail),
        _ => fault,
    }
}

async fn encode(
    runner: &Runner,
    engine: &Engine,
    job: Transcode<'_>,
    on_progress: &mut impl FnMut(u8),
    stop: impl Future<Output = StopMode>,
) -> Result<String, TranscodeError> {
    let args = argv(job.plan, job.input);
    let access = Access {
        read: &[job.input],
        write: Some(job.out_dir),
    };
    let watched = runner
        .spawn(engine.ffmpeg(), args, job.out_dir, access, job.limits)
        .await
        .map_err(|SpawnError(error)| {
            Fault::new(
                FaultCode::EngineFailed,
                format!("FFmpeg could not be started: {}", error.kind()),
            )
        })?;
    let mut reader = ProgressReader::default();
    let mut told = None;
    let tell = |chunk: &[u8]| {
        let Some(position) = reader.push(chunk) else {
            return false;
        };
        let now = percent(position, job.plan.expected.seconds);
        // Progress never goes back, and nobody needs to hear the same twice.
        if told.is_none_or(|before| now > before) {
            told = Some(now);
            on_progress(now);
        }
        true
    };
    let finished = watched.supervise(job.limits, tell, stop).await;
    match finished.ended {
        Ended::Exited(0) => Ok(classify::without_paths(&finished.log_tail, job.input)),
        Ended::Stopped(how) => Err(TranscodeError::Stopped(how)),
        _ => Err(classify::failure(&finished, job.input).into()),
    }
}

async fn verify(runner: &Runner, engine: &Engine, job: Transcode<'_>) -> Result<Transcoded, Fault> {
    let playlist = match job.plan.container {
        Container::Mp4 => None,
        Container::Hls { .. } => Some(read_playlist(job.out_dir)?),
    };
    let main = match playlist {
        None => argv::MP4_FILE,
        Some(_) => argv::PLAYLIST_FILE,
    };
    let mut names: Vec<String> = Vec::new();
    if let Some(playlist) = &playlist {
        names.extend(playlist.init.clone());
        names.extend(playlist.segments.iter().map(|segment| segment.uri.clone()));
    }
    names.push(main.to_owned());
    let files = names
        .into_iter()
        .map(|name| measure(job.out_dir, name))
        .collect::<Result<Vec<_>, _>>()?;
    let path = job.out_dir.join(main);
    let mut facts = probe_output(runner, engine, &path, playlist.is_some())
        .await
        .map_err(|error| unprobed(&error))?;
    complete(&mut facts, &files, job.plan);
    check::output(job.plan, &facts, playlist.as_ref())?;
    Ok(Transcoded { files, facts })
}

fn unprobed(error: &ProbeError) -> Fault {
    Fault::new(
        FaultCode::EngineFailed,
        format!("the output cannot be read back: {error}"),
    )
}

fn read_playlist(folder: &Path) -> Result<MediaPlaylist, Fault> {
    let text = std::fs::read_to_string(folder.join(argv::PLAYLIST_FILE)).map_err(|error| {
        match error.kind() {
            // FFmpeg ends with success and without a file when it had nothing to encode.
            io::ErrorKind::NotFound => Fault::new(
                FaultCode::SourceUnreadable,
                "nothing of the source could be decoded",
            ),
            kind => Fault::new(
                FaultCode::StorageFailed,
                format!("the playlist cannot be read back: {kind}"),
            ),
        }
    })?;
    if text.is_empty() {
        let message = "the playlist could not be written";
        return Err(Fault::new(FaultCode::StorageFailed, message));
    }
    MediaPlaylist::parse(&text).map_err(|error| {
        let message = format!("the playlist written is not understood: {error}");
        Fault::new(FaultCode::EngineFailed, message)
    })
}

fn measure(folder: &Path, name: String) -> Result<MadeFile, Fault> {
    match std::fs::metadata(folder.join(&name)) {
        Ok(meta) if meta.len() > 0 => Ok(MadeFile {
            name,
            bytes: meta.len(),
        }),
        _ => Err(Fault::new(
            FaultCode::StorageFailed,
            format!("the output's file {name} is missing or empty"),
        )),
    }
}

/// Adds what ffprobe cannot tell about an output of several files.
fn complete(facts: &mut MediaFacts, files: &[MadeFile], plan: &Plan) {
    let format = &mut facts.format;
    format.size_bytes = files.iter().map(|file| file.bytes).sum();
    if let Some(seconds) = format.duration_seconds.filter(|seconds| *seconds > 0.0) {
        format.bit_rate = Some((format.size_bytes as f64 * 8.0 / seconds) as u64);
    }
    for stream in &mut facts.streams {
        let frame_seconds = match (&stream.detail, &plan.video) {
            (StreamDetail::Video(_), Some(video)) => video.fps.frame_seconds(),
            (StreamDetail::Audio(audio), _) => {
                1024.0 / f64::from(audio.sample_rate.unwrap_or(1024))
            }
            _ => continue,
        };
        if let (None, Some(frames)) = (stream.duration_seconds, stream.frames) {
            stream.duration_seconds = Some(frames as f64 * frame_seconds);
        }
    }
}

/// Gives the files the names their object's key asks for.
fn rename(job: Transcode<'_>, files: &mut [MadeFile]) -> io::Result<()> {
    let Container::Hls { .. } = job.plan.container else {
        let name = &job.plan.file_name;
        return files
            .iter_mut()
            .try_for_each(|file| move_to(job.out_dir, file, name));
    };
    let stem = job
        .plan
        .file_name
        .strip_suffix(PLAYLIST_SUFFIX)
        .unwrap_or(&job.plan.file_name);
    let scratch = job.out_dir.join(argv::PLAYLIST_FILE);
    let text = std::fs::read_to_string(&scratch)?;
    std::fs::write(&scratch, crate::playlist::renamed(&text, argv::STEM, stem))?;
    for file in files {
        let rest = file.name.strip_prefix(argv::STEM).unwrap_or(&file.name);
        let name = format!("{stem}{rest}");
        move_to(job.out_dir, file, &name)?;
        file.bytes = std::fs::metadata(job.out_dir.join(&file.name))?.len();
    }
    Ok(())
}

fn move_to(folder: &Path, file: &mut MadeFile, name: &str) -> io::Result<()> {
    let (from, to): (PathBuf, PathBuf) = (folder.join(&file.name), folder.join(name));
    // Another file of this output must not be lost under the new name.
    if from != to {
        if to.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(from, to)?;
    }
    name.clone_into(&mut file.name);
    Ok(())
}
