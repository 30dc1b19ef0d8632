//! The keyring: seals secrets with the installation's master key, and opens what older ones sealed.

mod file;
mod seal;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use reelgate_domain::Timestamp;

pub use file::MasterKeyError;
pub(crate) use seal::{KeyId, MasterKey, OpenError};

use crate::Ids;

/// Master keys, newest first. The newest one seals; each of them opens what it sealed.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<RwLock<Arc<[MasterKey]>>>,
    source: Source,
}

/// Where the master keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// A file that the program may write to: rotation works.
    File(PathBuf),
    /// What the program was given at its start, such as an environment variable.
    Given,
}

impl Keyring {
    /// Reads a master key file, which nobody but its owner may read. `None` if there is no such file.
    pub fn read_file(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let keys = file::read(path)?;
        Ok(keys.map(|keys| Self::new(keys, Source::File(path.to_owned()))))
    }

    /// Makes a master key file with one new key; on disk when this returns.
    pub fn create_file(path: &Path, ids: &dyn Ids) -> Result<Self, MasterKeyError> {
        let keys = vec![MasterKey::random(ids)];
        file::write(path, &keys)?;
        Ok(Self::new(keys, Source::File(path.to_owned())))
    }

    /// Takes master keys in base64, newest first, separated by commas.
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let keys = file::parse_list(text)?;
        Ok(Self::new(keys, Source::Given))
    }

    /// A key that ends with the process, for tests and figures: what it seals nobody opens later.
    pub fn passing(ids: &dyn Ids) -> Self {
        Self::new(vec![MasterKey::random(ids)], Source::Given)
    }

    fn new(keys: Vec<MasterKey>, source: Source) -> Self {
        Self {
            keys: Arc::new(RwLock::new(keys.into())),
            source,
        }
    }

    fn keys(&self) -> Arc<[MasterKey]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals with the newest key. `belongs_to` has to be given again to open it, so that nothing
    /// sealed can be put in the place of something else.
    pub(crate) fn seal(&self, ids: &dyn Ids, belongs_to: &str, plain: &[u8]) -> Vec<u8> {
        self.keys()[0].seal(ids, belongs_to, plain)
    }

    /// Opens what [`Keyring::seal`] made, with whichever key sealed it.
    pub(crate) fn open(
        &self,
        belongs_to: &str,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, OpenError> {
        let id = KeyId::of(sealed).ok_or(OpenError::Malformed)?;
        let keys = self.keys();
        let key = keys.iter().find(|key| key.id() == id);
        key.ok_or(OpenError::UnknownKey(id))?
            .open(belongs_to, sealed)
    }

    /// Signs a text with the newest key: anybody may have the text, and nobody else can sign another.
    pub(crate) fn sign(&self, text: &str) -> [u8; 32] {
        self.keys()[0].sign(text)
    }

    /// Whether one of the keys has signed this text.
    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        self.keys()
            .iter()
            .any(|key| key.has_signed(text, signature))
    }

    /// Whether a new key would seal it differently: an older key sealed it, or none did.
    pub(crate) fn is_outdated(&self, sealed: &[u8]) -> bool {
        KeyId::of(sealed) != Some(self.newest())
    }

    /// The names of the keys, which say nothing of them, newest first.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.id().to_string()).collect()
    }

    pub(crate) fn newest(&self) -> KeyId {
        self.keys()[0].id()
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    /// Puts a new key before the others, first in the file and then in use. If the process dies in
    /// between, the next start finds the key in the file: nothing is sealed with it yet, everything
    /// opens.
    pub(crate) fn add_key(&self, ids: &dyn Ids) -> Result<KeyId, MasterKeyError> {
        let mut keys = vec![MasterKey::random(ids)];
        keys.extend(self.keys().iter().cloned());
        self.replace(keys)?;
        Ok(self.newest())
    }

    /// Notes that nothing stored needs the older keys any more. Tokens made with them may still be
    /// good, so they stay for a while.
    pub(crate) fn retire_older(&self, now: Timestamp) -> Result<(), MasterKeyError> {
        let mut keys: Vec<MasterKey> = self.keys().to_vec();
        let mut changed = false;
        for key in &mut keys[1..] {
            if key.retired_at.is_none() {
                key.retired_at = Some(now);
                changed = true;
            }
        }
        if changed { self.replace(keys) } else { Ok(()) }
    }

    /// Whether an older key may still be needed by something stored.
    pub(crate) fn is_between_keys(&self) -> bool {
        self.keys()[1..].iter().any(|key| key.retired_at.is_none())
    }

    /// The keys that were retired before then.
    pub(crate) fn retired_before(&self, then: Timestamp) -> Vec<KeyId> {
        let keys = self.keys();
        let retired = keys[1..].iter();
        let retired = retired.filter(|key| key.retired_at.is_some_and(|at| at < then));
        retired.map(MasterKey::id).collect()
    }

    /// Forgets keys for good, never the newest. If the process dies before the file is replaced,
    /// they are there again and are forgotten later.
    pub(crate) fn forget(&self, ids: &[KeyId]) -> Result<(), MasterKeyError> {
        let keys = self.keys();
        let newest = self.newest();
        let kept = keys.iter();
        let kept = kept.filter(|key| key.id() == newest || !ids.contains(&key.id()));
        self.replace(kept.cloned().collect())
    }

    /// The file first: a key that was used and is not in it would be lost with the process.
    fn replace(&self, keys: Vec<MasterKey>) -> Result<(), MasterKeyError> {
        if let Source::File(path) = &self.source {
            file::write(path, &keys)?;
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
        Ok(())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys().iter().map(MasterKey::id).collect();
        let mut shown = f.debug_struct("Keyring");
        shown.field("source", &self.source).field("keys", &ids);
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RandomIds;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_only_and_not_once_it_is_changed() {
        let ids = RandomIds::default();
        let ring = Keyring::passing(&ids);
        let sealed = ring.seal(&ids, "access-key:A", b"hush");
        assert_eq!(&**ring.open("access-key:A", &sealed).unwrap(), b"hush");
        let again = ring.seal(&ids, "access-key:A", b"hush");
        assert_ne!(sealed, again);
        assert!(!sealed.windows(4).any(|part| part == b"hush"));

        let elsewhere = ring.open("access-key:B", &sealed);
        assert_eq!(elsewhere.unwrap_err(), OpenError::Malformed);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(ring.open("access-key:A", &changed).is_err(), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert!(ring.open("access-key:A", &sealed[..length]).is_err());
        }
    }

    #[test]
    fn what_another_master_key_sealed_does_not_open_and_says_whose_it_is() {
        let ids = RandomIds::default();
        let (ours, theirs) = (Keyring::passing(&ids), Keyring::passing(&ids));
        let sealed = theirs.seal(&ids, "x", b"hush");
        let refused = ours.open("x", &sealed).unwrap_err();
        assert_eq!(refused, OpenError::UnknownKey(theirs.newest()));
        assert!(ours.is_outdated(&sealed) && !theirs.is_outdated(&sealed));
    }

    #[test]
    fn older_keys_open_until_they_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let (ids, path) = (RandomIds::default(), dir.path().join("master.key"));
        let ring = Keyring::create_file(&path, &ids).unwrap();
        let first = ring.newest();
        let old = ring.seal(&ids, "x", b"old");
        ring.add_key(&ids).unwrap();
        assert_ne!(ring.newest(), first);
        let new = ring.seal(&ids, "x", b"new");
        let both_open = |ring: &Keyring| {
            ring.open("x", &old).is_ok_and(|text| **text == *b"old")
                && ring.open("x", &new).is_ok_and(|text| **text == *b"new")
        };
        assert!(both_open(&ring) && ring.is_outdated(&old) && !ring.is_outdated(&new));
        assert_eq!(ring.retired_before(at(1_000_000)), []);
        ring.retire_older(at(100)).unwrap();
        // A later rotation does not make an older key younger.
        ring.retire_older(at(200)).unwrap();
        assert_eq!(ring.retired_before(at(100)), []);
        let read = Keyring::read_file(&path).unwrap().unwrap();
        assert!(both_open(&read));
        assert_eq!(read.retired_before(at(101)), [first]);

        read.forget(&[first, read.newest()]).unwrap();
        for ring in [&read, &Keyring::read_file(&path).unwrap().unwrap()] {
            assert_eq!(
                ring.open("x", &old).unwrap_err(),
                OpenError::UnknownKey(first)
            );
            assert_eq!(&**ring.open("x", &new).unwrap(), b"new");
        }
    }

    #[test]
    fn a_keyring_shows_no_key() {
        let ids = RandomIds::default();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let ring = Keyring::create_file(&path, &ids).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let key = text.lines().find(|line| !line.starts_with('#')).unwrap();
        let shown = format!("{ring:?}");
        assert!(
            key.len() == 44 && !shown.contains(key) && shown.contains("KeyId"),
            "{shown}"
        );
    }
}
