//! What FFmpeg made of one output: read back, checked and named.

use std::io;
use std::path::{Path, PathBuf};

use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamDetail};

use crate::argv;
use crate::engine::Engine;
use crate::plan::{PLAYLIST_SUFFIX, Plan};
use crate::playlist::MediaPlaylist;
use crate::probe::{ProbeError, probe_output};
use crate::run::Runner;

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

/// The output of `plan` in `folder`, if it is what was promised.
pub(crate) async fn verified(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    folder: &Path,
) -> Result<Transcoded, Fault> {
    let mut transcoded = verify(runner, engine, plan, folder).await?;
    rename(plan, folder, &mut transcoded.files).map_err(|error| {
        Fault::new(
            FaultCode::StorageFailed,
            format!("the output could not be named: {}", error.kind()),
        )
    })?;
    let bytes = transcoded.files.iter().map(|file| file.bytes).sum();
    transcoded.facts.format.size_bytes = bytes;
    Ok(transcoded)
}

async fn verify(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    folder: &Path,
) -> Result<Transcoded, Fault> {
    let playlist = match plan.container {
        Container::Mp4 => None,
        Container::Hls { .. } => Some(read_playlist(folder)?),
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
        .map(|name| measure(folder, name))
        .collect::<Result<Vec<_>, _>>()?;
    let path = folder.join(main);
    let mut facts = probe_output(runner, engine, &path, playlist.is_some())
        .await
        .map_err(|error| unprobed(&error))?;
    complete(&mut facts, &files, plan);
    super::output(plan, &facts, playlist.as_ref())?;
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
fn rename(plan: &Plan, folder: &Path, files: &mut [MadeFile]) -> io::Result<()> {
    let Container::Hls { .. } = plan.container else {
        let name = &plan.file_name;
        return files
            .iter_mut()
            .try_for_each(|file| move_to(folder, file, name));
    };
    let stem = plan
        .file_name
        .strip_suffix(PLAYLIST_SUFFIX)
        .unwrap_or(&plan.file_name);
    let scratch = folder.join(argv::PLAYLIST_FILE);
    let text = std::fs::read_to_string(&scratch)?;
    std::fs::write(&scratch, crate::playlist::renamed(&text, argv::STEM, stem))?;
    for file in files {
        let rest = file.name.strip_prefix(argv::STEM).unwrap_or(&file.name);
        let name = format!("{stem}{rest}");
        move_to(folder, file, &name)?;
        file.bytes = std::fs::metadata(folder.join(&file.name))?.len();
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
