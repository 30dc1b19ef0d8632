//! Keeps segments few: small ones are joined as they come, files when they are saved or in the background.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::build::build;
use super::segment::{MOST_SHORT, Part, Segment};
use super::{Damage, Index, IndexError, Live, Snapshot, held, manifest};

/// Joins segments in memory at the end of the list until each is over twice as large as the next.
pub(super) fn small_ones(segments: &mut Vec<Live>) {
    loop {
        let [.., before, last] = &segments[..] else {
            return;
        };
        let are_small = !before.is_sealed && !last.is_sealed;
        if !are_small || before.segment.bytes().len() > 2 * last.segment.bytes().len() {
            return;
        }
        let parts: Vec<Part<'_>> = before.alive().chain(last.alive()).collect();
        let joined = Live::new(Segment::of_parts(&parts), None);
        segments.truncate(segments.len() - 2);
        if joined.segment.len() > 0 {
            segments.push(joined);
        }
    }
}

impl Index {
    /// Writes down what is only in memory, with the version it stands for. If the process dies before it returns, the
    /// directory holds what it held before, or this.
    pub fn save(&self) -> Result<(), IndexError> {
        let _keeping = held(&self.keeping);
        let before = {
            let _changing = held(&self.changing);
            let mut sealed = Snapshot::clone(&self.snapshot());
            // They stay as they are, so that they can be taken out again once they are in a file.
            sealed
                .segments
                .iter_mut()
                .for_each(|live| live.is_sealed = true);
            self.put(sealed.clone());
            sealed
        };
        self.rewrite(before.version, &before, |live| live.file.is_none())
    }

    /// Joins files that are of about one size, or hold many deleted fingerprints, so that a search visits few. It takes
    /// long for large ones; searches and changes go on meanwhile. Says whether there was anything to do.
    pub fn merge(&self) -> Result<bool, IndexError> {
        let _keeping = held(&self.keeping);
        let snapshot = self.snapshot();
        let size = |live: &Live| live.segment.bytes().len();
        let mut files: Vec<&Live> = snapshot
            .segments
            .iter()
            .filter(|live| live.file.is_some())
            .collect();
        files.sort_by_key(|live| size(live));
        // From the smallest on: whatever is not much larger than all before it together joins them.
        let (mut together, mut codes) = (0, 0);
        let mut chosen = HashSet::new();
        for (at, live) in files.iter().enumerate() {
            let more = live.segment.codes().len();
            if at > 0 && (size(live) > 2 * together || codes + more > MOST_SHORT) {
                break;
            }
            together += size(live);
            codes += more;
            chosen.insert(live.file);
        }
        if chosen.len() < 2 {
            chosen.clear();
            codes = 0;
        }
        let is_holed = |live: &&Live| {
            let dead = live.dead.iter().filter(|dead| **dead).count();
            dead * 4 > live.dead.len()
        };
        for live in files.iter().copied().filter(is_holed) {
            let more = live.segment.codes().len();
            if !chosen.contains(&live.file) && (chosen.is_empty() || codes + more <= MOST_SHORT) {
                codes += more;
                chosen.insert(live.file);
            }
        }
        drop(files);
        if chosen.is_empty() {
            return Ok(false);
        }
        self.rewrite(snapshot.saved, &snapshot, |live| {
            live.file.is_some() && chosen.contains(&live.file)
        })?;
        Ok(true)
    }

    /// Compares every byte of every file with its checksum; what is damaged is left out from then on. The fingerprints
    /// that were in it have to be added again.
    pub fn check(&self) -> Result<(Vec<u64>, Vec<Damage>), IndexError> {
        let Some(dir) = &self.dir else {
            return Ok((Vec::new(), Vec::new()));
        };
        let _keeping = held(&self.keeping);
        let snapshot = self.snapshot();
        let mut damage = Vec::new();
        let mut bad = HashSet::new();
        for file in snapshot.segments.iter().filter_map(|live| live.file) {
            let path = manifest::segment_path(dir, file);
            let read = Segment::map(&path, true).map_err(IndexError::new("open", &path))?;
            if let Err(what) = read {
                damage.push(Damage { file: path, what });
                bad.insert(Some(file));
            }
        }
        let _changing = held(&self.changing);
        let mut next = Snapshot::clone(&self.snapshot());
        let lost = next.segments.iter().filter(|live| bad.contains(&live.file));
        let lost = lost
            .flat_map(|live| live.alive().map(|part| part.id))
            .collect();
        next.segments.retain(|live| !bad.contains(&live.file));
        self.put(next);
        Ok((lost, damage))
    }

    /// Writes the chosen segments as one file, then the manifest, which stands for the version `saved`.
    fn rewrite(
        &self,
        saved: u64,
        before: &Snapshot,
        chosen: impl Fn(&Live) -> bool,
    ) -> Result<(), IndexError> {
        let Some(dir) = &self.dir else {
            return Ok(());
        };
        let old: Vec<&Live> = before.segments.iter().filter(|live| chosen(live)).collect();
        let parts: Vec<Part<'_>> = old.iter().flat_map(|live| live.alive()).collect();
        let mut made = None;
        if !parts.is_empty() {
            let (segment, file) = write(dir, before, &parts)?;
            made = Some(Live::new(segment, Some(file)));
        }
        drop(parts);
        let next = {
            let _changing = held(&self.changing);
            let mut next = Snapshot::clone(&self.snapshot());
            next.saved = saved;
            let is_old = |live: &Live| {
                old.iter()
                    .any(|other| Arc::ptr_eq(&other.segment, &live.segment))
            };
            if let Some(made) = &mut made {
                // What was deleted while the file was written.
                let replaced = next.segments.iter().filter(|live| is_old(live));
                let alive: HashSet<u64> = replaced
                    .flat_map(|live| live.alive().map(|part| part.id))
                    .collect();
                let ids = (0..made.segment.len()).map(|part| made.segment.entry(part).id);
                let gone = ids.filter(|id| !alive.contains(id)).collect();
                made.bury(&gone);
            }
            next.segments.retain(|live| !is_old(live));
            // Files first: what comes next is joined with what is in memory only.
            next.segments.splice(0..0, made);
            self.put(next.clone());
            next
        };
        manifest::write(dir, &next).map_err(IndexError::new("write the manifest in", dir))?;
        for file in old.iter().filter_map(|live| live.file) {
            // What cannot be removed now goes when the index is opened next.
            let _ = fs::remove_file(manifest::segment_path(dir, file));
        }
        Ok(())
    }
}

/// Writes a segment under a number that no other file has, down to the disk.
fn write(dir: &Path, before: &Snapshot, parts: &[Part<'_>]) -> Result<(Segment, u64), IndexError> {
    let mut number = before
        .segments
        .iter()
        .filter_map(|live| live.file)
        .max()
        .unwrap_or(0)
        + 1;
    loop {
        let path = manifest::segment_path(dir, number);
        let failed = |error| IndexError::new("write", &path)(error);
        // A file may be left that a search still reads: nothing is ever written over.
        let file = match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                number += 1;
                continue;
            }
            other => other.map_err(failed)?,
        };
        let mut out = BufWriter::new(file);
        build(parts, &mut out).map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)?;
        return match Segment::map(&path, false).map_err(failed)? {
            Ok(segment) => Ok((segment, number)),
            Err(what) => Err(failed(io::Error::other(what))),
        };
    }
}
