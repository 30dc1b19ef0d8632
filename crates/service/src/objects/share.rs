//! Addresses by which anybody can read an object for a while: of the object store that has it, or of this server.
//!
//! An address of this server is signed, and the signature stands in its path. So what a playlist or a manifest names beside
//! itself is found under the same signature, which holds for the playlist's folder.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelgate_domain::{AccountId, BucketName, ObjectKey, ObjectRef, Timestamp};
use reelgate_objects::Object;

use crate::{Caller, ErrorKind, Service, ServiceError};

/// As long as object stores take addresses.
const MOST_SECONDS_ELSEWHERE: u64 = 7 * 24 * 3600;
const PLAYLIST_SUFFIXES: [&str; 2] = [".m3u8", ".mpd"];
/// What stays as it is in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What an address of this server says: `account.expiry.scope.signature`, the expiry in seconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedAddress {
    account: AccountId,
    expires_s: i64,
    scope: Scope,
    signature: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// One object.
    Object,
    /// All that lies right beside it.
    Folder,
}

impl Scope {
    const fn word(self) -> &'static str {
        match self {
            Self::Object => "o",
            Self::Folder => "f",
        }
    }
}

impl SharedAddress {
    /// Reads the part of a path; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut next = || parts.next();
        let address = Self {
            account: next()?.parse().ok()?,
            expires_s: next()?.parse().ok()?,
            scope: match next()? {
                "o" => Scope::Object,
                "f" => Scope::Folder,
                _ => return None,
            },
            signature: URL_SAFE_NO_PAD.decode(next()?).ok()?,
        };
        parts.next().is_none().then_some(address)
    }

    /// What is signed: no part can have a line's end in it.
    fn text(&self, bucket: &BucketName, key: &ObjectKey) -> String {
        let named = match self.scope {
            Scope::Object => key.as_str(),
            Scope::Folder => key.folder(),
        };
        let (account, expires_s, scope) = (self.account, self.expires_s, self.scope.word());
        format!("{account}\n{expires_s}\n{scope}\n{bucket}\n{named}")
    }
}

impl fmt::Display for SharedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = URL_SAFE_NO_PAD.encode(&self.signature);
        let scope = self.scope.word();
        write!(f, "{}.{}.{scope}.{signature}", self.account, self.expires_s)
    }
}

/// Whoever has an address can read what it is of.
impl fmt::Debug for SharedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedAddress")
            .field("account", &self.account)
            .field("expires_s", &self.expires_s)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// An address by which anybody can read an object for so many seconds; of a playlist or a manifest that which it names
    /// beside itself as well. Fails with `NotFound` if there is no such object.
    pub async fn share_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        seconds: u64,
    ) -> Result<String, ServiceError> {
        let bucket = self.open_bucket(caller, &object.bucket).await?;
        bucket.head(&object.key).await?;
        let key = object.key.as_str();
        let is_playlist = PLAYLIST_SUFFIXES.iter().any(|it| key.ends_with(it));
        // What an object store signs holds for one object, which a playlist is not.
        if !is_playlist
            && let Some(url) = bucket.presigned(&object.key, seconds.min(MOST_SECONDS_ELSEWHERE))
        {
            return Ok(url);
        }
        let expires = self.clock.now().after(Duration::from_secs(seconds));
        // A playlist at the top would open the whole bucket.
        let has_folder = !object.key.folder().is_empty();
        let mut address = SharedAddress {
            account: caller.account,
            expires_s: expires.as_millis().div_euclid(1000),
            scope: if is_playlist && has_folder {
                Scope::Folder
            } else {
                Scope::Object
            },
            signature: Vec::new(),
        };
        let text = address.text(&object.bucket, &object.key);
        address.signature = self.access.keyring().sign(&text).to_vec();
        let public = self.public_url.get().map_or("", String::as_str);
        let (name, key) = (&object.bucket, utf8_percent_encode(key, IN_PATH));
        Ok(format!(
            "{public}/api/v1/buckets/{name}/shared/{address}/{key}"
        ))
    }

    /// Opens an object for whoever has an address of it. Every reason not to is the same: `Denied`.
    pub async fn get_shared(
        &self,
        address: &SharedAddress,
        object: &ObjectRef,
    ) -> Result<Object, ServiceError> {
        let text = address.text(&object.bucket, &object.key);
        let ends = Timestamp::from_millis(address.expires_s.saturating_mul(1000));
        let is_signed = self.access.keyring().has_signed(&text, &address.signature);
        if !is_signed || ends <= self.clock.now() {
            let message = "the address is none, or is not good any more";
            return Err(ServiceError::new(ErrorKind::Denied, "address", message));
        }
        self.get_object(&Caller::root(address.account), object)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "1234567890123456.1767323045.f.AAEC";

    #[test]
    fn an_address_reads_back_and_does_not_show_its_signature() {
        let address = SharedAddress::parse(TEXT).unwrap();
        assert_eq!(address.to_string(), TEXT);
        assert_eq!(address.signature, [0, 1, 2]);
        assert!(!format!("{address:?}").contains("AAEC"));
        for bad in [
            "",
            "1234567890123456.1767323045.f",
            "1234567890123456.1767323045.x.AAEC",
            "1234567890123456.1767323045.f.AAEC.",
            "1.1767323045.f.AAEC",
            "1234567890123456.soon.f.AAEC",
            "1234567890123456.1767323045.f.?",
        ] {
            assert!(SharedAddress::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_signed_is_one_object_or_one_folder() {
        let text = |scope: &str, key: &str| {
            let address = format!("1234567890123456.1767323045.{scope}.AAEC");
            let bucket = BucketName::new("media").unwrap();
            let key = ObjectKey::new(key).unwrap();
            SharedAddress::parse(&address).unwrap().text(&bucket, &key)
        };
        assert_ne!(text("o", "a/b"), text("o", "a/c"));
        assert_eq!(text("f", "a/b"), text("f", "a/c"));
        assert_ne!(text("f", "a/b"), text("f", "a/b/c"));
        assert_ne!(text("f", "a/b"), text("o", "a/b"));
    }
}
