//! MPEG-DASH outputs: picture and sound, each read back by a playlist of its own, and the manifest over both.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;

use super::made::{MadeFile, Transcoded, add_totals, check_hdr10, complete, measure};
use super::made::{read_listed, rename_listed};
use super::{check_playlist, check_written};
use crate::argv;
use crate::engine::Engine;
use crate::mp4;
use crate::plan::{MANIFEST_SUFFIX, PLAYLIST_SUFFIX, Plan};
use crate::playlist::{
    AudioTrack, MediaPlaylist, Rendition, Shows, Stream, encoded, manifest, master_playlist, rates,
};
use crate::probe::Shape;
use crate::run::Runner;

/// What describes the samples of a segment stands before them; an hour's takes less.
const MOST_START_BYTES: u64 = 4 << 20;
/// What sound is called by whose language nobody knows.
const UNNAMED: &str = "audio";
/// ISO 639-2 for a language that is not said.
const UNDETERMINED: &str = "und";

/// The segments of the picture or of the sound.
struct Row {
    name: &'static str,
    /// The playlist is the last.
    files: Vec<MadeFile>,
    facts: MediaFacts,
}

/// What is there to tell of a row under its final names.
struct Told {
    rendition: Rendition,
    stream: Stream,
    facts: MediaFacts,
}

/// The output of `plan` in `folder`, if it is what was promised, with its manifest; `has_playlists` keeps those of HLS.
pub(super) async fn verified(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    (folder, has_playlists): (&Path, bool),
) -> Result<Transcoded, Fault> {
    let mut rows = Vec::new();
    for name in plan.rows() {
        rows.push(row(runner, engine, plan, (folder, name)).await?);
    }
    let mut facts = together(&rows);
    super::output(plan, &facts, None)?;
    if let Some(first) = rows.first() {
        let path = folder.join(argv::row_playlist(first.name));
        let main = (path.as_path(), Shape::Playlist);
        check_hdr10(runner, engine, plan, (main, &mut facts)).await?;
    }
    let files = written(plan, folder, rows, has_playlists)?;
    add_totals(&mut facts, &files);
    Ok(Transcoded { files, facts })
}

async fn row(
    runner: &Runner,
    engine: &Engine,
    plan: &Plan,
    (folder, name): (&Path, &'static str),
) -> Result<Row, Fault> {
    let main = argv::row_playlist(name);
    let (mut made, playlist) = read_listed(runner, engine, folder, main).await?;
    complete(&mut made.facts, &made.files, plan);
    check_written(&made.facts, &playlist)?;
    check_playlist(plan, &playlist)?;
    Ok(Row {
        name,
        files: made.files,
        facts: made.facts,
    })
}

/// The facts of all rows as those of one output.
fn together(rows: &[Row]) -> MediaFacts {
    let mut whole = MediaFacts::default();
    "dash".clone_into(&mut whole.format.name);
    "Dynamic Adaptive Streaming over HTTP".clone_into(&mut whole.format.long_name);
    let span = |row: &Row| {
        let format = &row.facts.format;
        let start = format.start_seconds?;
        Some((start, start + format.duration_seconds?))
    };
    let spans = || rows.iter().filter_map(span);
    let start = spans().map(|(start, _)| start).reduce(f64::min);
    let end = spans().map(|(_, end)| end).reduce(f64::max);
    whole.format.start_seconds = start;
    whole.format.duration_seconds = start.zip(end).map(|(start, end)| end - start);
    let streams = rows.iter().flat_map(|row| &row.facts.streams);
    whole.streams = (0..)
        .zip(streams)
        .map(|(index, stream)| {
            let mut stream = stream.clone();
            stream.index = index;
            stream
        })
        .collect();
    whole
}

/// Gives the files their names, and writes what names them. The manifest is the last.
fn written(
    plan: &Plan,
    folder: &Path,
    rows: Vec<Row>,
    has_playlists: bool,
) -> Result<Vec<MadeFile>, Fault> {
    let name = &plan.file_name;
    let stem = name.strip_suffix(MANIFEST_SUFFIX).unwrap_or(name);
    let (mut files, mut playlists, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for mut row in rows {
        all.push(told(&mut row, folder, stem)?);
        playlists.extend(row.files.pop());
        files.append(&mut row.files);
    }
    match has_playlists {
        true => {
            files.append(&mut playlists);
            let master = format!("{stem}{PLAYLIST_SUFFIX}");
            files.push(write(folder, master, &master_of(&all))?);
        }
        false => {
            for playlist in playlists {
                std::fs::remove_file(folder.join(playlist.name)).map_err(|error| lost(&error))?;
            }
        }
    }
    let streams: Vec<Stream> = all.into_iter().map(|told| told.stream).collect();
    let text = manifest(&streams).ok_or_else(|| wrong("there is nothing to write of in it"))?;
    files.push(write(folder, name.clone(), &text)?);
    Ok(files)
}

/// Names the files of a row, and learns what manifests tell of them.
fn told(row: &mut Row, folder: &Path, stem: &str) -> Result<Told, Fault> {
    let scratch = argv::row_playlist(row.name);
    let text = rename_listed(&scratch, stem, folder, &mut row.files);
    let text = text.map_err(|error| lost(&error))?;
    let playlist = MediaPlaylist::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    // The header, the segments, the playlist.
    let [init, segments @ .., _] = row.files.as_slice() else {
        return Err(wrong("it has no segments"));
    };
    let start = |file: &MadeFile| {
        let mut bytes = Vec::new();
        let mut opened = File::open(folder.join(&file.name))?.take(MOST_START_BYTES);
        opened.read_to_end(&mut bytes).map(|_| bytes)
    };
    let tracks = start(init).map_err(|error| lost(&error))?;
    let tracks = mp4::tracks(&tracks).ok_or_else(|| wrong("its header is none of MP4"))?;
    let [track] = tracks.as_slice() else {
        return Err(wrong("it has more than one track"));
    };
    let first = segments.first().map_or(Ok(Vec::new()), start);
    let first = first.map_err(|error| lost(&error))?;
    let bytes: Vec<u64> = segments.iter().map(|file| file.bytes).collect();
    let measured = rates(&playlist, &bytes).ok_or_else(|| wrong("segments are missing"))?;
    let codecs = mp4::codecs(&tracks).ok_or_else(|| wrong("its codec has no name"))?;
    let uri = format!("{}-{}{PLAYLIST_SUFFIX}", encoded(stem), row.name);
    let rendition = Rendition::measured(uri, measured, codecs, &row.facts, true);
    let shows = Shows::of(&row.facts, None, language(&row.facts));
    let shown = mp4::fragments(&first, &tracks).and_then(|shown| shown.first().copied());
    let stream = shown.and_then(|shown| Stream::of(&rendition, &playlist, (track, &shown), shows));
    let stream = stream.ok_or_else(|| wrong("its segments are not those of its playlist"))?;
    Ok(Told {
        rendition,
        stream,
        facts: row.facts.clone(),
    })
}

/// The language of the sound, if it is known.
fn language(facts: &MediaFacts) -> Option<String> {
    let (stream, _) = facts.audio()?;
    let language = stream.language.clone();
    language.filter(|it| it != UNDETERMINED)
}

/// The picture with its sound beside it, or sound alone.
fn master_of(rows: &[Told]) -> String {
    let is_picture = |row: &&Told| row.facts.video().is_some();
    let renditions: Vec<Rendition> = rows
        .iter()
        .filter(is_picture)
        .map(|row| row.rendition.clone())
        .collect();
    if renditions.is_empty() {
        let sounds: Vec<Rendition> = rows.iter().map(|row| row.rendition.clone()).collect();
        return master_playlist(&sounds, &[]);
    }
    let sounds = rows.iter().filter(|row| !is_picture(row));
    let tracks: Vec<AudioTrack> = sounds
        .map(|row| AudioTrack {
            name: language(&row.facts).unwrap_or_else(|| UNNAMED.to_owned()),
            language: language(&row.facts),
            channels: row.facts.audio().and_then(|(_, audio)| audio.channels),
            sound: row.rendition.clone(),
        })
        .collect();
    let heard = renditions.into_iter().map(|it| it.heard_with(&tracks));
    master_playlist(&heard.collect::<Vec<_>>(), &tracks)
}

fn write(folder: &Path, name: String, text: &str) -> Result<MadeFile, Fault> {
    std::fs::write(folder.join(&name), text).map_err(|error| lost(&error))?;
    measure(folder, name)
}

fn lost(error: &io::Error) -> Fault {
    let message = format!("the manifest could not be written: {}", error.kind());
    Fault::new(FaultCode::StorageFailed, message)
}

fn wrong(why: &str) -> Fault {
    let message = format!("no manifest can be written over the segments: {why}");
    Fault::new(FaultCode::EngineFailed, message)
}
