//! One font file: its names and its characters, read from its tables (OpenType 1.9, chapters `name` and `cmap`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MOST_TABLE_BYTES: u32 = 8 << 20;
const FAMILY: u16 = 1;
const STYLE: u16 = 2;
const FULL_NAME: u16 = 4;
const TYPOGRAPHIC_FAMILY: u16 = 16;

/// A font; of a collection the first, which is what FFmpeg takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Font {
    pub(super) path: PathBuf,
    /// Families in all languages; at least one.
    families: Vec<String>,
    full_names: Vec<String>,
    styles: Vec<String>,
    /// First and last characters of runs that it has.
    runs: Vec<(u32, u32)>,
}

impl Font {
    /// The font in a file, if it is one with names and characters.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let names = Names::parse(&table(&file, *b"name")?)?;
        let runs = runs(&table(&file, *b"cmap")?)?;
        let of = |ids: &[u16]| names.of(ids);
        let families = of(&[FAMILY, TYPOGRAPHIC_FAMILY]);
        (!families.is_empty()).then(|| Self {
            path: path.to_owned(),
            families,
            full_names: of(&[FULL_NAME]),
            styles: of(&[STYLE]),
            runs,
        })
    }

    pub(super) fn family(&self) -> &str {
        self.families.first().map_or("", String::as_str)
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        let mut all = self.families.iter().chain(&self.full_names);
        all.any(|own| own.to_lowercase() == name.to_lowercase())
    }

    pub(super) fn is_of(&self, styles: &[&str]) -> bool {
        let is = |own: &String| styles.iter().any(|style| own.eq_ignore_ascii_case(style));
        self.styles.iter().any(is)
    }

    /// The first character of the text that it does not have; blanks need none.
    pub(super) fn lacks(&self, text: &str) -> Option<char> {
        let has = |char: char| {
            let code = u32::from(char);
            char.is_whitespace()
                || self
                    .runs
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&code))
        };
        text.chars().find(|char| !has(*char))
    }
}

/// The bytes of a table.
fn table(file: &File, wanted: [u8; 4]) -> Option<Vec<u8>> {
    let read = |offset: u32, length: u32| {
        let mut bytes = vec![0; length.min(MOST_TABLE_BYTES) as usize];
        file.read_exact_at(&mut bytes, u64::from(offset)).ok()?;
        Some(bytes)
    };
    let head = read(0, 16)?;
    let start = match &head[..4] {
        b"ttcf" => u32_at(&head, 12)?,
        b"OTTO" | b"true" | [0, 1, 0, 0] => 0,
        _ => return None,
    };
    let count = u16_at(&read(start, 12)?, 4)?;
    let directory = read(start.checked_add(12)?, u32::from(count) * 16)?;
    let record = directory
        .chunks_exact(16)
        .find(|record| record[..4] == wanted)?;
    let (offset, length) = (u32_at(record, 8)?, u32_at(record, 12)?);
    (length <= MOST_TABLE_BYTES).then(|| read(offset, length))?
}

struct Names(Vec<(u16, String)>);

impl Names {
    fn parse(table: &[u8]) -> Option<Self> {
        let (count, texts) = (u16_at(table, 2)?, usize::from(u16_at(table, 4)?));
        let mut names = Vec::new();
        for record in table.get(6..)?.chunks_exact(12).take(usize::from(count)) {
            let (platform, id) = (u16_at(record, 0)?, u16_at(record, 6)?);
            let (length, offset) = (
                usize::from(u16_at(record, 8)?),
                usize::from(u16_at(record, 10)?),
            );
            let at = texts + offset;
            let Some(bytes) = table.get(at..at + length) else {
                continue;
            };
            // Macintosh names repeat those of the other platforms in an encoding of their own.
            if matches!(platform, 0 | 3) {
                let units = bytes
                    .chunks_exact(2)
                    .map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
                let units: Vec<u16> = units.collect();
                names.extend(String::from_utf16(&units).ok().map(|name| (id, name)));
            }
        }
        Some(Self(names))
    }

    fn of(&self, ids: &[u16]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (_, name) in self.0.iter().filter(|(id, _)| ids.contains(id)) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }
}

/// The characters of the table's largest map of Unicode.
fn runs(table: &[u8]) -> Option<Vec<(u32, u32)>> {
    let count = usize::from(u16_at(table, 2)?);
    let mut best: Option<Vec<(u32, u32)>> = None;
    for record in table.get(4..)?.chunks_exact(8).take(count) {
        let (platform, encoding) = (u16_at(record, 0)?, u16_at(record, 2)?);
        let is_unicode = platform == 0 || (platform == 3 && matches!(encoding, 1 | 10));
        let map = table.get(u32_at(record, 4)? as usize..)?;
        if !is_unicode {
            continue;
        }
        let runs = match u16_at(map, 0)? {
            4 => segments(map),
            12 => groups(map),
            _ => None,
        };
        let size = |runs: &[(u32, u32)]| {
            runs.iter()
                .map(|(first, last)| u64::from(last - first))
                .sum::<u64>()
        };
        if let Some(runs) = runs
            && best.as_ref().is_none_or(|best| size(&runs) > size(best))
        {
            best = Some(runs);
        }
    }
    best.filter(|runs| !runs.is_empty())
}

/// Format 4: characters of the first plane.
fn segments(map: &[u8]) -> Option<Vec<(u32, u32)>> {
    let bytes = usize::from(u16_at(map, 6)?);
    let mut runs = Vec::with_capacity(bytes / 2);
    for at in (0..bytes).step_by(2) {
        let (last, first) = (u16_at(map, 14 + at)?, u16_at(map, 16 + bytes + at)?);
        if first <= last && first != u16::MAX {
            runs.push((u32::from(first), u32::from(last)));
        }
    }
    Some(runs)
}

/// Format 12: characters of all planes.
fn groups(map: &[u8]) -> Option<Vec<(u32, u32)>> {
    let count = u32_at(map, 12)? as usize;
    let groups = map.get(16..)?.chunks_exact(12).take(count);
    let run = |group: &[u8]| Some((u32_at(group, 0)?, u32_at(group, 4)?));
    Some(
        groups
            .filter_map(run)
            .filter(|(first, last)| first <= last)
            .collect(),
    )
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}
