//! What is known of a file that is not complete, on the disk beside it.
//!
//! The file has three places of one block each. Two take turns: they are written after the data they speak of
//! has been made durable, and are made durable themselves, so that one of them is whole at any time. The
//! third is written after every block of data and made durable by nobody: it survives the end of the process, and
//! counts only until the machine has been started again.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::pull::answer::Facts;

pub(super) const PLACE_BYTES: usize = 4096;
const PLACES: usize = 3;
/// The place of what is not durable.
const NOTES: usize = 2;

/// So many ranges fit into a place beside everything else.
pub(super) const MOST_RANGES: usize = 40;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The SHA-256 of the address.
    pub(super) url: String,
    pub(super) total: u64,
    pub(super) facts: Facts,
    pub(super) held: Vec<(u64, u64)>,
    /// Only when all is there and has been verified.
    pub(super) sha256: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    number: u64,
    /// The start of the machine until which this counts; if none, it counts for ever.
    boot: Option<String>,
    state: State,
}

/// Which start of the machine this is. If that cannot be known, only what is durable counts.
static BOOT: LazyLock<Option<String>> = LazyLock::new(|| {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
});

/// The file with the three places, open for writing.
#[derive(Debug)]
pub(super) struct StateFile {
    file: Arc<File>,
    /// Of what was written last.
    number: u64,
    /// Which of the durable places is older.
    turn: usize,
}

/// What stands in the places of a file.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) state: Option<State>,
    number: u64,
    turn: usize,
}

impl StateFile {
    /// Begins one in which nothing is known.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        Ok(Self {
            file: Arc::new(file),
            number: 0,
            turn: 0,
        })
    }

    /// Goes on with one that is there, and what counts of it.
    pub(super) fn open(path: &Path) -> io::Result<Option<(Self, State)>> {
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        (&file)
            .take((PLACE_BYTES * PLACES) as u64)
            .read_to_end(&mut bytes)?;
        let places = read(&bytes, BOOT.as_deref());
        let Some(state) = places.state else {
            return Ok(None);
        };
        let opened = Self {
            file: Arc::new(file),
            number: places.number,
            turn: places.turn,
        };
        Ok(Some((opened, state)))
    }

    /// Nothing is known from here on, also after the machine has lost its power.
    pub(super) fn clear(self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    /// The place in the order of a state that is taken from now on.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Writes what holds as long as the machine is not started again.
    pub(super) fn note(&mut self, state: &State) -> io::Result<()> {
        let Some(boot) = BOOT.clone() else {
            return Ok(());
        };
        let number = self.next_number();
        self.write(NOTES, number, Some(boot), state)
    }

    /// Writes what holds for ever once the file that is returned has been made durable; the data has to be already. The
    /// number is from before the state was taken: making data durable takes long, and what is noted meanwhile is newer.
    pub(super) fn keep(&mut self, number: u64, state: &State) -> io::Result<Arc<File>> {
        self.write(self.turn, number, None, state)?;
        self.turn = 1 - self.turn;
        Ok(Arc::clone(&self.file))
    }

    fn write(
        &self,
        place: usize,
        number: u64,
        boot: Option<String>,
        state: &State,
    ) -> io::Result<()> {
        let written = Written {
            number,
            boot,
            state: state.clone(),
        };
        let block = encode(&written).ok_or_else(|| io::Error::other("too much to note"))?;
        self.file.write_all_at(&block, (place * PLACE_BYTES) as u64)
    }
}

/// A block with a checksum before it, filled up with zeros.
fn encode(written: &Written) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(written).ok()?;
    let mut block = digest(&SHA256, &json).as_ref().to_vec();
    block.extend_from_slice(&u32::try_from(json.len()).ok()?.to_be_bytes());
    block.extend_from_slice(&json);
    if block.len() > PLACE_BYTES {
        return None;
    }
    block.resize(PLACE_BYTES, 0);
    Some(block)
}

fn decode(block: &[u8]) -> Option<Written> {
    let (sum, rest) = block.split_at_checked(32)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let json = rest.get(..u32::from_be_bytes(*length) as usize)?;
    if digest(&SHA256, json).as_ref() != sum {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// What counts of a file in this start of the machine: the newest that does.
pub(super) fn read(bytes: &[u8], boot: Option<&str>) -> Places {
    let mut places = Places::default();
    for (place, block) in bytes.chunks(PLACE_BYTES).take(PLACES).enumerate() {
        let Some(written) = decode(block) else {
            continue;
        };
        // Numbers go on after whatever was written.
        let is_newest = written.number > places.number;
        let counts = written.boot.is_none() || written.boot.as_deref() == boot;
        if place != NOTES && is_newest {
            places.turn = 1 - place;
        }
        if is_newest && counts {
            places.state = Some(written.state);
        }
        places.number = places.number.max(written.number);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::{answer, names};

    fn state(held: u64) -> State {
        State {
            url: "ab".repeat(32),
            total: 1 << 40,
            held: vec![(0, held)],
            ..State::default()
        }
    }

    fn keep(file: &mut StateFile, state: &State) {
        let number = file.next_number();
        file.keep(number, state).unwrap();
    }

    fn held(path: &Path, boot: Option<&str>) -> Option<Vec<(u64, u64)>> {
        let bytes = std::fs::read(path).unwrap();
        read(&bytes, boot).state.map(|state| state.held)
    }

    #[test]
    fn notes_count_until_the_machine_is_started_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let mut file = StateFile::create(&path).unwrap();
        keep(&mut file, &state(1));
        file.note(&state(2)).unwrap();
        let boot = BOOT.as_deref();
        assert_eq!(held(&path, boot), Some(vec![(0, 2)]));
        assert_eq!(held(&path, Some("another")), Some(vec![(0, 1)]));
        assert_eq!(held(&path, None), Some(vec![(0, 1)]));
        let (mut again, found) = StateFile::open(&path).unwrap().unwrap();
        assert_eq!(found, state(2));
        keep(&mut again, &state(3));
        assert_eq!(held(&path, None), Some(vec![(0, 3)]));
    }

    /// Up to all that had been noted while data was made durable was fetched again after a kill.
    #[test]
    fn what_was_made_durable_does_not_hide_what_was_noted_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let mut file = StateFile::create(&path).unwrap();
        let number = file.next_number();
        file.note(&state(2)).unwrap();
        file.keep(number, &state(1)).unwrap();
        assert_eq!(held(&path, BOOT.as_deref()), Some(vec![(0, 2)]));
        assert_eq!(held(&path, None), Some(vec![(0, 1)]));
    }

    #[test]
    fn a_torn_place_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let mut file = StateFile::create(&path).unwrap();
        for count in 1..6 {
            keep(&mut file, &state(count));
            let mut bytes = std::fs::read(&path).unwrap();
            // What was written last stands in the place whose turn it was.
            let last = (1 - file.turn) * PLACE_BYTES;
            bytes[last + 100] ^= 1;
            let before = read(&bytes, None).state.map(|state| state.held);
            assert_eq!(before, (count > 1).then(|| vec![(0, count - 1)]));
        }
    }

    #[test]
    fn the_longest_state_fits_into_its_place() {
        // Quotes take two bytes each.
        let longest = || Some("\"".repeat(answer::LONGEST));
        let mut state = state(1);
        state.facts.validators.etag = longest();
        state.facts.validators.last_modified = longest();
        state.facts.validators.condition = longest();
        state.facts.content_type = longest();
        state.facts.file_name = Some("\"".repeat(names::LONGEST));
        state.sha256 = Some(state.url.clone());
        state.held = vec![(u64::MAX - 1, u64::MAX); MOST_RANGES];
        let written = Written {
            number: u64::MAX,
            boot: Some("b".repeat(36)),
            state,
        };
        assert!(encode(&written).is_some());
    }

    #[test]
    fn what_is_no_state_is_none() {
        for bytes in [&b""[..], &[0; 3 * PLACE_BYTES], &[0xff; 40], b"{}"] {
            assert!(read(bytes, Some("x")).state.is_none());
        }
    }
}
