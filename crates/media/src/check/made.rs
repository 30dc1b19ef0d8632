//! What FFmpeg made of one output: read back, checked and named.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamDetail};

use super::{boxes, webp};
use crate::argv;
use crate::engine::Engine;
use crate::plan::{AudioPlan, PLAYLIST_SUFFIX, Plan, RemuxPlan, Words};
use crate::playlist::MediaPlaylist;
use crate::probe::{ProbeError, Shape, probe_output, told_by_output};
use crate::run::Runner;
use crate::segments;

/// Two days in segments of a second take half of it.
const MOST_PLAYLIST_BYTES: u64 = 16 * 1024 * 1024;

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
    let mut transcoded = match plan.container {
        Container::Dash { hls, .. } => {
            super::dash::verified(runner, engine, plan, (folder, hls)).await?
        }
        _ => {
            let mut made = verify(runner, engine, plan, folder).await?;
            segments::finish(plan, folder).await?;
            name(plan.container, &plan.file_name, folder, &mut made)?;
            made
        }
    };
    for words in &plan.words {
        if let Words::Beside { name } = &words.becomes {
            let file = measure(folder, name.clone())?;
            // The main file is the last.
            transcoded.files.insert(0, file);
        }
    }
    Ok(transcoded)
}

/// What a remux has made in `folder`, if it is what was promised.
pub(crate) async fn remuxed(
    runner: &Runner,
    engine: &Engine,
    plan: &RemuxPlan,
    folder: &Path,
) -> Result<Transcoded, Fault> {
    let (mut made, playlist) = read_back(runner, engine, plan.container, folder).await?;
    add_totals(&mut made.facts, &made.files);
    super::remux::check(plan, &made.facts, playlist.as_ref())?;
    name(plan.container, &plan.file_name, folder, &mut made)?;
    Ok(made)
}

/// Gives an output its names.
fn name(
    container: Container,
    file_name: &str,
    folder: &Path,
    made: &mut Transcoded,
) -> Result<(), Fault> {
    rename(container, file_name, folder, &mut made.files).map_err(|error| {
        Fault::new(
            FaultCode::StorageFailed,
            format!("the output could not be named: {}", error.kind()),
        )
    })?;
    made.facts.format.size_bytes = made.files.iter().map(|file| file.bytes).sum();
    Ok(())
}

async fn verify(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    folder: &Path,
) -> Result<Transcoded, Fault> {
    if !plan.segment_starts.is_empty() {
        complete_playlist(folder)?;
    }
    let (mut made, playlist) = read_back(runner, engine, plan.container, folder).await?;
    complete(&mut made.facts, &made.files, plan);
    super::output(plan, &made.facts, playlist.as_ref())?;
    let main = folder.join(argv::main_file(plan.container));
    let main = (main.as_path(), shape(plan.container));
    check_hdr10(runner, engine, plan, (main, &mut made.facts)).await?;
    Ok(made)
}

/// Whether frames of the file at `path` say how they were mastered.
pub(super) async fn check_hdr10(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    ((path, shape), facts): ((&Path, Shape), &mut MediaFacts),
) -> Result<(), Fault> {
    let Some(planned) = plan.video.as_ref().and_then(|video| video.hdr10) else {
        return Ok(());
    };
    let index = facts.video().map_or(0, |(stream, _)| stream.index);
    let told = told_by_output(runner, engine, path, shape, index).await;
    let told = told.map_err(|error| Fault::new(FaultCode::EngineFailed, error.to_string()))?;
    let is_kept = planned.mastering == told.mastering && planned.light == told.light;
    if !is_kept {
        let message = "the output does not say how the source was mastered";
        return Err(Fault::new(FaultCode::EngineFailed, message));
    }
    for stream in &mut facts.streams {
        if let StreamDetail::Video(video) = &mut stream.detail
            && stream.index == index
        {
            (video.mastering, video.light) = (told.mastering, told.light);
        }
    }
    Ok(())
}

const fn shape(container: Container) -> Shape {
    match container {
        Container::Mp4 | Container::Mov | Container::M4a => Shape::Indexed,
        Container::Hls { .. } => Shape::Playlist,
        _ => Shape::Unindexed,
    }
}

/// The files of an output under their scratch names, and what the probe says about them.
async fn read_back(
    runner: &Runner,
    engine: &Engine,
    container: Container,
    folder: &Path,
) -> Result<(Transcoded, Option<MediaPlaylist>), Fault> {
    let main = argv::main_file(container);
    if let Container::Hls { .. } = container {
        let (made, playlist) = read_listed(runner, engine, folder, main).await?;
        return Ok((made, Some(playlist)));
    }
    let path = folder.join(&main);
    let files = vec![measure(folder, main)?];
    if let Container::Webp { plays } = container {
        let facts = animated(&path, plays)?;
        return Ok((Transcoded { files, facts }, None));
    }
    let shape = shape(container);
    let facts = probe_output(runner, engine, &path, shape)
        .await
        .map_err(|error| unprobed(&error))?;
    if shape == Shape::Indexed && !boxes::is_whole(&path).unwrap_or(false) {
        let message = "the output's file is not complete";
        return Err(Fault::new(FaultCode::StorageFailed, message));
    }
    Ok((Transcoded { files, facts }, None))
}

/// The files that the playlist `main` names, and itself, with what the probe says about them.
pub(super) async fn read_listed(
    runner: &Runner,
    engine: &Engine,
    folder: &Path,
    main: String,
) -> Result<(Transcoded, MediaPlaylist), Fault> {
    let playlist = read_playlist(folder, &main)?;
    let mut names: Vec<String> = playlist.init.iter().cloned().collect();
    names.extend(playlist.segments.iter().map(|segment| segment.uri.clone()));
    let path = folder.join(&main);
    names.push(main);
    let files = names
        .into_iter()
        .map(|name| measure(folder, name))
        .collect::<Result<Vec<_>, _>>()?;
    let facts = probe_output(runner, engine, &path, Shape::Playlist)
        .await
        .map_err(|error| unprobed(&error))?;
    Ok((Transcoded { files, facts }, playlist))
}

fn animated(path: &Path, plays: u32) -> Result<MediaFacts, Fault> {
    let unread = |what: &str| {
        let message = format!("the output cannot be read back: {what}");
        Fault::new(FaultCode::EngineFailed, message)
    };
    match webp::read(path) {
        Ok(found) => match found.plays.filter(|found| *found != plays) {
            None => Ok(found.facts()),
            Some(wrong) => Err(unread(&format!("it is shown {wrong} times"))),
        },
        Err(error) => Err(unread(&error.to_string())),
    }
}

fn unprobed(error: &ProbeError) -> Fault {
    Fault::new(
        FaultCode::EngineFailed,
        format!("the output cannot be read back: {error}"),
    )
}

fn read_playlist(folder: &Path, name: &str) -> Result<MediaPlaylist, Fault> {
    let path = folder.join(name);
    let unlike = |meta: Metadata| !meta.is_file() || meta.len() > MOST_PLAYLIST_BYTES;
    if std::fs::symlink_metadata(&path).is_ok_and(unlike) {
        let message = "the playlist is too large, or no file".to_owned();
        return Err(Fault::new(FaultCode::EngineFailed, message));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
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

/// Where segments begin at chosen moments, the muxer leaves out what players go by.
fn complete_playlist(folder: &Path) -> Result<(), Fault> {
    read_playlist(folder, argv::PLAYLIST_FILE)?;
    let path = folder.join(argv::PLAYLIST_FILE);
    let rewritten = std::fs::read_to_string(&path)
        .and_then(|text| std::fs::write(&path, crate::playlist::completed(&text)));
    rewritten.map_err(|error| {
        let message = format!("the playlist could not be completed: {}", error.kind());
        Fault::new(FaultCode::StorageFailed, message)
    })
}

/// What a process that was taken over has left is no link or pipe, and lies where it may write.
pub(super) fn measure(folder: &Path, name: String) -> Result<MadeFile, Fault> {
    match std::fs::symlink_metadata(folder.join(&name)) {
        Ok(meta) if meta.is_file() && meta.len() > 0 && !name.contains('/') => Ok(MadeFile {
            name,
            bytes: meta.len(),
        }),
        _ => Err(Fault::new(
            FaultCode::StorageFailed,
            format!("the output's file {name} is missing or empty"),
        )),
    }
}

/// Adds up what ffprobe sees only a part of.
pub(super) fn add_totals(facts: &mut MediaFacts, files: &[MadeFile]) {
    let format = &mut facts.format;
    format.size_bytes = files.iter().map(|file| file.bytes).sum();
    if let Some(seconds) = format.duration_seconds.filter(|seconds| *seconds > 0.0) {
        format.bit_rate = Some((format.size_bytes as f64 * 8.0 / seconds) as u64);
    }
}

/// Adds what ffprobe cannot tell about an output of several files.
pub(super) fn complete(facts: &mut MediaFacts, files: &[MadeFile], plan: &Plan) {
    if let Container::Mp3 | Container::Adts = plan.container {
        count_seconds(facts, plan);
    }
    add_totals(facts, files);
    for stream in &mut facts.streams {
        let frame_seconds = match (&stream.detail, &plan.video) {
            (StreamDetail::Video(_), Some(video)) => video.fps.frame_seconds(),
            (StreamDetail::Audio(_), _) => {
                plan.audio.as_ref().map_or(0.0, AudioPlan::packet_seconds)
            }
            _ => continue,
        };
        if let (None, Some(frames)) = (stream.duration_seconds, stream.frames) {
            stream.duration_seconds = Some(frames as f64 * frame_seconds);
        }
    }
}

/// Files without an index are as long as their frames are many; what ffprobe says of them it guesses from
/// their size.
fn count_seconds(facts: &mut MediaFacts, plan: &Plan) {
    let Some(audio) = &plan.audio else { return };
    for stream in &mut facts.streams {
        stream.duration_seconds = stream
            .frames
            .map(|frames| frames as f64 * audio.packet_seconds());
        facts.format.duration_seconds = stream.duration_seconds;
    }
}

/// Gives the files the names their object's key asks for.
fn rename(
    container: Container,
    file_name: &str,
    folder: &Path,
    files: &mut [MadeFile],
) -> io::Result<()> {
    let Container::Hls { .. } = container else {
        return files
            .iter_mut()
            .try_for_each(|file| move_to(folder, file, file_name));
    };
    let stem = file_name.strip_suffix(PLAYLIST_SUFFIX).unwrap_or(file_name);
    rename_listed(argv::PLAYLIST_FILE, stem, folder, files).map(|_| ())
}

/// Gives a playlist and what it names their names, which begin with `stem`, and answers with its new text.
pub(super) fn rename_listed(
    playlist: &str,
    stem: &str,
    folder: &Path,
    files: &mut [MadeFile],
) -> io::Result<String> {
    let scratch = folder.join(playlist);
    let text = std::fs::read_to_string(&scratch)?;
    let text = crate::playlist::renamed(&text, argv::STEM, stem);
    std::fs::write(&scratch, &text)?;
    for file in files {
        let rest = file.name.strip_prefix(argv::STEM).unwrap_or(&file.name);
        let name = format!("{stem}{rest}");
        move_to(folder, file, &name)?;
        file.bytes = std::fs::metadata(folder.join(&file.name))?.len();
    }
    Ok(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_files_elsewhere_are_not_what_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("made");
        std::fs::create_dir_all(folder.join("below")).unwrap();
        for path in ["secret", "made/out.ts", "made/below/out.ts"] {
            std::fs::write(dir.path().join(path), "1234").unwrap();
        }
        for link in ["link.ts", argv::PLAYLIST_FILE] {
            std::os::unix::fs::symlink(dir.path().join("secret"), folder.join(link)).unwrap();
        }
        let found = measure(&folder, "out.ts".to_owned()).unwrap();
        assert_eq!(found.bytes, 4);
        let absolute = dir.path().join("secret").display().to_string();
        for name in ["link.ts", "../secret", "below/out.ts", "below", &absolute] {
            let fault = measure(&folder, name.to_owned()).unwrap_err();
            assert_eq!(fault.code, FaultCode::StorageFailed, "{name}");
        }
        let playlist = folder.join(argv::PLAYLIST_FILE);
        let refused = || {
            read_playlist(&folder, argv::PLAYLIST_FILE)
                .unwrap_err()
                .code
        };
        assert_eq!(refused(), FaultCode::EngineFailed);
        std::fs::remove_file(&playlist).unwrap();
        let large = std::fs::File::create(&playlist).unwrap();
        large.set_len(MOST_PLAYLIST_BYTES + 1).unwrap();
        assert_eq!(refused(), FaultCode::EngineFailed);
    }
}
