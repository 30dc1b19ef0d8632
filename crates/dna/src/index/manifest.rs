//! The file that says which segments an index consists of, what is deleted in them, and for which version of the library.
//!
//! ```text
//! "RGMAN" 1 0 0  version  count  (file length fingerprints (id dead)*)*  crc32 of all before it
//! ```

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::segment::Segment;
use super::{Damage, IndexError, Live, Snapshot};

const MAGIC: &[u8; 8] = b"RGMAN\x01\0\0";
const NAME: &str = "manifest";

/// What a directory holds.
pub(super) struct Read {
    pub(super) snapshot: Snapshot,
    pub(super) lost: Vec<u64>,
    pub(super) damage: Vec<Damage>,
}

/// A segment as the manifest knows it.
struct Row {
    file: u64,
    length: u64,
    prints: Vec<(u64, bool)>,
}

pub(super) fn segment_path(dir: &Path, file: u64) -> PathBuf {
    dir.join(format!("{file:016x}.segment"))
}

/// Reads a directory; what is damaged is left out and told. Files that no manifest names are removed.
pub(super) fn read(dir: &Path, thorough: bool) -> Result<Read, IndexError> {
    let path = dir.join(NAME);
    let mut read = Read {
        snapshot: Snapshot::default(),
        lost: Vec::new(),
        damage: Vec::new(),
    };
    let rows = match fs::read(&path) {
        Ok(bytes) => match parse(&bytes) {
            Some((version, rows)) => {
                read.snapshot.version = version;
                read.snapshot.saved = version;
                rows
            }
            // Version 0 says that everything has to be applied again.
            None => {
                read.damage.push(Damage {
                    file: path,
                    what: "damaged",
                });
                Vec::new()
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(IndexError::new("read", &path)(error)),
    };
    for row in &rows {
        let path = segment_path(dir, row.file);
        match open(&path, row, thorough) {
            Ok(Ok(segment)) => read.snapshot.segments.push(Live {
                segment: Arc::new(segment),
                dead: Arc::new(row.prints.iter().map(|(_, dead)| *dead).collect()),
                file: Some(row.file),
                is_sealed: true,
            }),
            Ok(Err(what)) => {
                let alive = row.prints.iter().filter(|(_, dead)| !dead);
                read.lost.extend(alive.map(|(id, _)| *id));
                read.damage.push(Damage { file: path, what });
            }
            Err(error) => return Err(IndexError::new("open", &path)(error)),
        }
    }
    let used: Vec<PathBuf> = read
        .snapshot
        .segments
        .iter()
        .filter_map(|live| live.file)
        .map(|file| segment_path(dir, file))
        .collect();
    sweep(dir, &used).map_err(IndexError::new("clean", dir))?;
    Ok(read)
}

fn open(path: &Path, row: &Row, thorough: bool) -> io::Result<Result<Segment, &'static str>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() != row.length => return Ok(Err("of another length")),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err("missing")),
        Err(error) => return Err(error),
    }
    let segment = match Segment::map(path, thorough)? {
        Ok(segment) => segment,
        Err(what) => return Ok(Err(what)),
    };
    let ids = (0..segment.len()).map(|part| segment.entry(part).id);
    match ids.eq(row.prints.iter().map(|(id, _)| *id)) {
        true => Ok(Ok(segment)),
        false => Ok(Err("of other fingerprints")),
    }
}

/// Removes segments that a process left which died before it could name them, or after they were merged.
fn sweep(dir: &Path, used: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_ours = path
            .extension()
            .is_some_and(|end| end == "segment" || end == "new");
        if is_ours && !used.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes the manifest of segments that all have files. It is replaced in one step, or not at all.
pub(super) fn write(dir: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    let mut put = |number: u64| bytes.extend(number.to_le_bytes());
    put(snapshot.saved);
    let saved: Vec<(&Live, u64)> = snapshot
        .segments
        .iter()
        .filter_map(|live| Some((live, live.file?)))
        .collect();
    put(saved.len() as u64);
    for (live, file) in saved {
        put(file);
        put(live.segment.bytes().len() as u64);
        put(live.segment.len() as u64);
        for part in 0..live.segment.len() {
            put(live.segment.entry(part).id);
            put(u64::from(live.dead[part]));
        }
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    let (fresh, path) = (dir.join("manifest.new"), dir.join(NAME));
    let mut file = File::create(&fresh)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    File::open(dir)?.sync_all()
}

fn parse(bytes: &[u8]) -> Option<(u64, Vec<Row>)> {
    let (content, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (numbers, rest) = content.strip_prefix(MAGIC)?.as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
    let version = numbers.next()?;
    let mut rows = Vec::new();
    for _ in 0..numbers.next()? {
        let (file, length, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let mut prints = Vec::new();
        for _ in 0..count {
            prints.push((numbers.next()?, numbers.next()? != 0));
        }
        rows.push(Row {
            file,
            length,
            prints,
        });
    }
    Some((version, rows))
}
