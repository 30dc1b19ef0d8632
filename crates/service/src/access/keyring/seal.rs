//! One master key: authenticated encryption under a name of the key that gives nothing away.
//!
//! What is sealed is: a version byte, 8 bytes that name the master key, 12 random bytes of nonce, the
//! ciphertext and its tag of 16 bytes. AES-256-GCM with random nonces is good for some 2^32 messages a
//! key; rotation gives a new one long before.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reelgate_domain::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::Ids;

/// The first byte. Zero marks secrets that an earlier release stored as they are.
const VERSION: u8 = 1;
const ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + ID_LEN;
pub(super) const KEY_LEN: usize = 32;

/// The name of a master key, derived from it: whoever has the key knows its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId([u8; ID_LEN]);

/// Why something sealed does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("it was sealed with master key {0}, which is not among those given")]
    UnknownKey(KeyId),
    #[error("it is not what was sealed, or belongs to something else")]
    Malformed,
}

/// A master key.
#[derive(Clone)]
pub(crate) struct MasterKey {
    id: KeyId,
    bytes: Zeroizing<[u8; KEY_LEN]>,
    key: LessSafeKey,
    /// Signs what others carry around.
    signing: hmac::Key,
    /// Since when nothing stored is sealed with it.
    pub(super) retired_at: Option<Timestamp>,
}

impl KeyId {
    /// The master key that sealed this, if anything did.
    pub(crate) fn of(sealed: &[u8]) -> Option<Self> {
        let (version, rest) = sealed.split_first()?;
        let id = rest.first_chunk::<ID_LEN>()?;
        (*version == VERSION).then_some(Self(*id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl MasterKey {
    pub(in crate::access) fn random(ids: &dyn Ids) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        ids.secret(bytes.as_mut_slice());
        Self::new(bytes)
    }

    fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"reelgate").extract(bytes.as_slice());
        let mut id = [0; ID_LEN];
        derive(&root, b"master key id", &mut id);
        let mut sealing = Zeroizing::new([0; KEY_LEN]);
        derive(&root, b"sealing key", sealing.as_mut_slice());
        let mut signing = Zeroizing::new([0; KEY_LEN]);
        derive(&root, b"link signing key", signing.as_mut_slice());
        let key = UnboundKey::new(&AES_256_GCM, sealing.as_slice());
        Self {
            id: KeyId(id),
            bytes,
            key: LessSafeKey::new(key.expect("the key has the length of AES-256")),
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing.as_slice()),
            retired_at: None,
        }
    }

    /// From 32 bytes in base64.
    pub(in crate::access) fn parse(text: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(text).ok()?);
        let bytes = <[u8; KEY_LEN]>::try_from(decoded.as_slice()).ok()?;
        Some(Self::new(Zeroizing::new(bytes)))
    }

    pub(in crate::access) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn sign(&self, text: &str) -> [u8; 32] {
        let mut signature = [0; 32];
        signature.copy_from_slice(hmac::sign(&self.signing, text.as_bytes()).as_ref());
        signature
    }

    /// In constant time.
    pub(super) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        hmac::verify(&self.signing, text.as_bytes(), signature).is_ok()
    }

    pub(in crate::access) fn seal(&self, ids: &dyn Ids, belongs_to: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        ids.secret(&mut nonce);
        let tag_len = AES_256_GCM.tag_len();
        let mut sealed = Vec::with_capacity(HEADER_LEN + NONCE_LEN + plain.len() + tag_len);
        sealed.push(VERSION);
        sealed.extend(self.id.0);
        sealed.extend(nonce);
        // Encrypted in its final place, which is large enough: no copy of the plain text stays behind.
        let start = sealed.len();
        sealed.extend(plain);
        let tag = self.key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(belongs_to),
            &mut sealed[start..],
        );
        sealed.extend(
            tag.expect("a secret is shorter than the cipher's 64 GB")
                .as_ref(),
        );
        sealed
    }

    pub(in crate::access) fn open(
        &self,
        belongs_to: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let rest = sealed.get(HEADER_LEN..).ok_or(OpenError::Malformed)?;
        let (nonce, rest) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Malformed)?;
        let mut opened = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(belongs_to), &mut opened)
            .map_err(|_| OpenError::Malformed)?
            .len();
        opened.truncate(length);
        Ok(opened)
    }
}

fn derive(root: &hkdf::Prk, purpose: &[u8], into: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    root.expand(&[purpose], Length(into.len()))
        .and_then(|derived| derived.fill(into))
        .expect("the length is one that HKDF can make");
}
