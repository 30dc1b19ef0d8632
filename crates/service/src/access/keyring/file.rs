//! The master key file: a key in base64 a line, newest first.
//!
//! A key that nothing stored needs any more has `retired=` and the time in milliseconds behind it. Lines
//! that begin with `#` are for people.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use reelgate_domain::Timestamp;
use zeroize::Zeroizing;

use super::seal::{KEY_LEN, MasterKey};
use crate::private_file::write_private;

/// More keys than anybody rotates through in a day.
const MOST_BYTES: u64 = 64 * 1024;

const HEAD: &str = "\
# Master keys of this installation, newest first. Whoever has them can read the stored secrets;
# without them nobody can. Keep a copy of this file apart from copies of the database.
";

/// Why the master keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("the master key file {} cannot be {doing}: {cause}", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        cause: std::io::Error,
    },
    #[error(
        "others may read the master key file {}: its mode is {mode:03o}; make it 600 (chmod 600) and, if \
         others have read it, rotate the key", path.display()
    )]
    Open { path: PathBuf, mode: u32 },
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    #[error("line {line} of the master key file {} is no key: write {KEY_LEN} bytes in base64", path.display())]
    Line { path: PathBuf, line: usize },
    #[error(
        "master key number {0} is none: write {KEY_LEN} bytes in base64, several separated by commas"
    )]
    Given(usize),
    #[error("the master key file {} holds no key", .0.display())]
    Empty(PathBuf),
    #[error("a master key is given twice")]
    Twice,
}

/// The keys of a file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<MasterKey>>, MasterKeyError> {
    let failed = |doing, cause| MasterKeyError::Io {
        path: path.to_owned(),
        doing,
        cause,
    };
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed("opened", error))?,
    };
    // Of the file that is open, not of whatever has its name by now.
    let facts = file.metadata().map_err(|error| failed("read", error))?;
    if !facts.is_file() {
        return Err(MasterKeyError::NoFile(path.to_owned()));
    }
    let mode = facts.mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(MasterKeyError::Open { path, mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| failed("read", error))?;
    parse_lines(path, &text).map(Some)
}

fn parse_lines(path: &Path, text: &str) -> Result<Vec<MasterKey>, MasterKeyError> {
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = parse_line(line).ok_or_else(|| MasterKeyError::Line {
            path: path.to_owned(),
            line: index + 1,
        })?;
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(MasterKeyError::Empty(path.to_owned()));
    }
    distinct(keys)
}

fn parse_line(line: &str) -> Option<MasterKey> {
    let mut words = line.split_whitespace();
    let mut key = MasterKey::parse(words.next()?)?;
    if let Some(word) = words.next() {
        let millis = word.strip_prefix("retired=")?.parse().ok()?;
        key.retired_at = Some(Timestamp::from_millis(millis));
    }
    words.next().is_none().then_some(key)
}

/// Keys in base64, separated by commas.
pub(super) fn parse_list(text: &str) -> Result<Vec<MasterKey>, MasterKeyError> {
    let keys = text.split(',').enumerate().map(|(index, key)| {
        let key = MasterKey::parse(key.trim());
        key.ok_or(MasterKeyError::Given(index + 1))
    });
    distinct(keys.collect::<Result<_, _>>()?)
}

fn distinct(keys: Vec<MasterKey>) -> Result<Vec<MasterKey>, MasterKeyError> {
    for (index, key) in keys.iter().enumerate() {
        if keys[..index].iter().any(|earlier| earlier.id() == key.id()) {
            return Err(MasterKeyError::Twice);
        }
    }
    Ok(keys)
}

/// Replaces the file; the new one is on disk when this returns. If the process dies before, the old one
/// is there, whole, and beside it perhaps a `.new` that the next write replaces.
pub(super) fn write(path: &Path, keys: &[MasterKey]) -> Result<(), MasterKeyError> {
    replace(path, keys).map_err(|cause| MasterKeyError::Io {
        path: path.to_owned(),
        doing: "written",
        cause,
    })
}

fn replace(path: &Path, keys: &[MasterKey]) -> std::io::Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + keys.len() * 80));
    text.push_str(HEAD);
    for key in keys {
        text.push_str(&key.to_text());
        if let Some(at) = key.retired_at {
            text.push_str(" retired=");
            text.push_str(&at.as_millis().to_string());
        }
        text.push('\n');
    }
    write_private(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::RandomIds;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OTHER: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

    fn write_text(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn refusal(text: &str, mode: u32) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        write_text(&path, text, mode);
        let refused = read(&path).map(drop).unwrap_err().to_string();
        refused.replace(path.to_str().unwrap(), "FILE")
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_what_to_do() {
        for mode in [0o640, 0o604, 0o660, 0o666, 0o620] {
            let refused = refusal(KEY, mode);
            assert!(refused.contains(&format!("{mode:03o}")), "{refused}");
            assert!(refused.contains("chmod 600"), "{refused}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        for mode in [0o600, 0o400] {
            write_text(&path, KEY, mode);
            assert_eq!(read(&path).unwrap().unwrap().len(), 1);
        }
        assert!(matches!(read(dir.path()), Err(MasterKeyError::NoFile(_))));
        assert!(read(&dir.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line_and_never_repeated() {
        let short = "AAECAwQFBgcICQoLDA0ODw==";
        for (text, line) in [
            (short.to_owned(), 1),
            (format!("# mine\n\n{KEY}\n{KEY}x"), 4),
            (format!("{KEY} retired"), 1),
            (format!("{KEY} retired=1 more"), 1),
        ] {
            let refused = refusal(&text, 0o600);
            assert!(refused.starts_with(&format!("line {line} of")), "{refused}");
            assert!(!refused.contains("AAEC"), "{refused}");
        }
        assert!(refusal("# nothing\n", 0o600).contains("holds no key"));
        assert!(refusal(&format!("{KEY}\n{KEY}\n"), 0o600).contains("twice"));
        let given = parse_list(&format!("{KEY}, x")).map(drop).unwrap_err();
        assert!(
            given.to_string().starts_with("master key number 2"),
            "{given}"
        );
        assert_eq!(parse_list(&format!("{KEY}, {OTHER}")).unwrap().len(), 2);
    }

    #[test]
    fn a_file_reads_back_and_is_its_owners_alone_also_over_an_open_leftover() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        write_text(&dir.path().join("master.key.new"), "leftover", 0o666);
        let ids = RandomIds::default();
        let mut keys = vec![MasterKey::random(&ids), MasterKey::random(&ids)];
        keys[1].retired_at = Some(Timestamp::from_millis(1_763_712_000_123));
        write(&path, &keys).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(!dir.path().join("master.key.new").exists());
        let read = read(&path).unwrap().unwrap();
        let shape = |keys: &[MasterKey]| -> Vec<_> {
            keys.iter().map(|key| (key.id(), key.retired_at)).collect()
        };
        assert_eq!(shape(&read), shape(&keys));
    }
}
