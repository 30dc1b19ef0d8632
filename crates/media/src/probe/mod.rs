//! Asking ffprobe what is in a file.

mod bright;
mod json;
mod moments;

pub(crate) use json::Told;
#[cfg(test)]
pub(crate) use json::facts as parse;

pub(crate) use moments::moments;

use std::path::Path;
use std::time::Duration;

use reelgate_domain::media::{MediaFacts, StreamDetail};

use crate::argv::{self, Args};
use crate::engine::Engine;
use crate::run::classify::SIGXCPU;
use crate::run::{Access, Capture, Ended, Limits, Runner, SpawnError};

const PROBE_TIME: Duration = Duration::from_secs(30);
/// What a file that somebody waits for may cost, in seconds of a processor. How busy the machine is changes nothing
/// of it.
pub(crate) const VIEW_CPU_SECONDS: u64 = 5;
/// Counting reads the whole of an output, which took much longer to make.
const COUNT_TIME: Duration = Duration::from_secs(15 * 60);
/// A small file can unpack to pictures of any size.
const PROBE_MEMORY: u64 = 2 << 30;
const PROBE_BYTES: usize = 8 << 20;
/// What outputs of ours are; playlists among them name segments of our own making.
pub(crate) const OWN_FORMATS: &str = "hls,mpegts,mov,aac,mp3,matroska,flv,ogg,flac,wav,gif";

/// Why a probe has no facts.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The file is none that FFmpeg can read.
    #[error("not readable as media: {reason}")]
    NotMedia { reason: String },
    #[error("probing took longer than {} seconds", PROBE_TIME.as_secs())]
    TimedOut,
    /// ffprobe could not be started, crashed, or answered in no known form.
    #[error("ffprobe failed: {reason}")]
    Engine { reason: String },
}

/// What is in the file at `path`, an absolute path.
pub async fn probe(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
) -> Result<MediaFacts, ProbeError> {
    let mut args = Args::default();
    args.open_source(path);
    let mut facts = ask(runner, engine, args, path, &[path], within(PROBE_TIME)).await?;
    if facts.format.size_bytes == 0 {
        facts.format.size_bytes = path.metadata().map_or(0, |meta| meta.len());
    }
    complete_hdr10(runner, engine, path, &mut facts).await?;
    Ok(facts)
}

/// Few containers say how a picture of HDR10 was mastered: its frames do.
async fn complete_hdr10(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
    facts: &mut MediaFacts,
) -> Result<(), ProbeError> {
    for stream in &mut facts.streams {
        let StreamDetail::Video(video) = &mut stream.detail else {
            continue;
        };
        let is_pq = video.color_transfer.as_deref() == Some("smpte2084");
        if !is_pq || video.is_picture || (video.mastering.is_some() && video.light.is_some()) {
            continue;
        }
        let mut args = Args::default();
        args.open_source(path);
        let told = match told(runner, engine, args, (path, path), stream.index).await {
            // What cannot be decoded tells nothing; that is for those to say who need it.
            Err(ProbeError::NotMedia { .. }) => Told::default(),
            other => other?,
        };
        video.mastering = video.mastering.or(told.mastering);
        video.light = video.light.or(told.light);
    }
    Ok(())
}

/// How the first frames of an output of ours say that it was mastered.
pub(crate) async fn told_by_output(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
    shape: Shape,
    stream: u32,
) -> Result<Told, ProbeError> {
    let mut args = Args::default();
    args.add(&["-protocol_whitelist", argv::PROTOCOLS]);
    args.add(&["-format_whitelist", OWN_FORMATS]);
    let reach = reach(path, shape == Shape::Playlist);
    told(runner, engine, args, (path, reach), stream).await
}

/// What the first of the frames says.
async fn told(
    runner: &Runner,
    engine: &Engine,
    mut args: Args,
    (path, reach): (&Path, &Path),
    stream: u32,
) -> Result<Told, ProbeError> {
    args.add(&["-hide_banner", "-loglevel", "level+error"])
        .pair("-select_streams", stream.to_string())
        // A decoder may want some packets before it has a frame.
        .add(&["-read_intervals", "%+#32", "-show_frames"])
        .add(&["-show_entries", "frame=pts:frame_side_data", "-of", "json"])
        .input(path);
    let limits = within(PROBE_TIME);
    let answer = answer(runner, engine, args, path, &[reach], limits).await?;
    json::told(&answer).map_err(misunderstood)
}

/// How an output of ours is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One file whose index counts its frames.
    Indexed,
    /// One file without.
    Unindexed,
    /// A playlist and the files it names.
    Playlist,
}

/// What is in an output of ours, with its frames counted where no index tells.
pub(crate) async fn probe_output(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
    shape: Shape,
) -> Result<MediaFacts, ProbeError> {
    let mut args = Args::default();
    args.add(&["-protocol_whitelist", argv::PROTOCOLS]);
    args.add(&["-format_whitelist", OWN_FORMATS]);
    if shape != Shape::Indexed {
        args.add(&["-count_packets"]);
    }
    let reach = reach(path, shape == Shape::Playlist);
    ask(runner, engine, args, path, &[reach], within(COUNT_TIME)).await
}

/// What is in a file or in a playlist of ours, with nothing counted; `reach` is all that has to be
/// readable for it.
pub(crate) async fn probe_view(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
    reach: &[&Path],
    is_playlist: bool,
) -> Result<MediaFacts, ProbeError> {
    let mut args = Args::default();
    if is_playlist {
        args.add(&["-protocol_whitelist", argv::PROTOCOLS])
            .add(&["-format_whitelist", OWN_FORMATS]);
    } else {
        args.open_source(path);
    }
    let limits = Limits {
        cpu_seconds: Some(VIEW_CPU_SECONDS),
        ..within(PROBE_TIME)
    };
    ask(runner, engine, args, path, reach, limits).await
}

/// What has to be readable to read an output: a playlist names files beside it.
pub(crate) fn reach(path: &Path, is_playlist: bool) -> &Path {
    match path.parent() {
        Some(folder) if is_playlist => folder,
        _ => path,
    }
}

async fn ask(
    runner: &Runner,
    engine: &Engine,
    mut args: Args,
    path: &Path,
    reach: &[&Path],
    limits: Limits,
) -> Result<MediaFacts, ProbeError> {
    args.add(&["-hide_banner", "-loglevel", "level+error"])
        .add(&["-of", "json", "-show_format", "-show_streams"])
        .input(path);
    let answer = answer(runner, engine, args, path, reach, limits).await?;
    json::facts(&answer).map_err(misunderstood)
}

fn misunderstood(error: serde_json::Error) -> ProbeError {
    ProbeError::Engine {
        reason: format!("its answer is not understood: {error}"),
    }
}

fn within(max_run_time: Duration) -> Limits {
    Limits {
        max_run_time,
        resident_bytes: Some(PROBE_MEMORY),
        address_space_bytes: Some(2 * PROBE_MEMORY),
        ..Limits::default()
    }
}

/// What ffprobe writes.
async fn answer(
    runner: &Runner,
    engine: &Engine,
    args: Args,
    path: &Path,
    reach: &[&Path],
    limits: Limits,
) -> Result<Vec<u8>, ProbeError> {
    let captured = runner
        .capture(Capture {
            program: engine.ffprobe(),
            args: args.0,
            cwd: Path::new("/"),
            access: Access {
                read: reach,
                write: None,
            },
            limits: &limits,
            max_bytes: PROBE_BYTES,
        })
        .await
        .map_err(|SpawnError(error)| ProbeError::Engine {
            reason: error.to_string(),
        })?;
    match captured.ended {
        Ended::Exited(0) => Ok(captured.stdout),
        // Every refusal of ffprobe to open a file that exists is about the file.
        Ended::Exited(_) if path.exists() => Err(ProbeError::NotMedia {
            reason: reason(&captured.log_tail, path),
        }),
        Ended::Signalled(SIGXCPU) => Err(ProbeError::NotMedia {
            reason: "it takes too much work to look into".to_owned(),
        }),
        Ended::TooMuchMemory => Err(ProbeError::NotMedia {
            reason: "it takes too much memory to look into".to_owned(),
        }),
        Ended::TimedOut(_) => Err(ProbeError::TimedOut),
        other => Err(ProbeError::Engine {
            reason: format!("{other}: {}", reason(&captured.log_tail, path)),
        }),
    }
}

fn reason(log: &str, path: &Path) -> String {
    let last = log.lines().next_back().unwrap_or("no reason given");
    crate::run::classify::without_paths(last, path)
}
