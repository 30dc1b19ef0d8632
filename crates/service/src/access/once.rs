//! The identity of a call, by which a replay of it is known: a signed one, or one with a key that its caller chose.

use std::time::Duration;

use reelgate_domain::access::{Made, Note, Once};
use reelgate_domain::{AccountId, Timestamp};
use ring::{digest, hmac};

use crate::{Service, ServiceError};

/// How long after it was signed a request may arrive, and how far ahead of this clock it may be signed.
pub const SIGNATURE_HOLDS: Duration = Duration::from_mins(15);

// Told apart by more than any signature holds.
const _: () = assert!(Once::KEPT.as_secs() > SIGNATURE_HOLDS.as_secs());

/// The identity of a call that was signed with this key, nonce and time.
pub fn signed_call(key_id: &str, nonce: &str, signed_at: Timestamp) -> Once {
    let mut context = digest::Context::new(&digest::SHA256);
    // Its length keeps apart what could run together.
    context.update(&(key_id.len() as u64).to_be_bytes());
    context.update(key_id.as_bytes());
    context.update(nonce.as_bytes());
    let digest = context.finish();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest.as_ref()[..16]);
    let until = signed_at.after(Once::KEPT);
    Once {
        hash,
        until,
        note: None,
    }
}

/// The identity of a call to which its caller has given a token that no other call of the action may have for so
/// long. It stands in the place of its signature's: it is remembered for at least as long as that.
pub fn session_call(
    account: AccountId,
    action: &str,
    token: &str,
    now: Timestamp,
    kept: Duration,
) -> Once {
    let mut context = digest::Context::new(&digest::SHA256);
    let account = account.to_string();
    for part in ["session", &account, action, token] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let digest = context.finish();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest.as_ref()[..16]);
    // A request may be signed ahead of this clock.
    let signature = SIGNATURE_HOLDS + Once::KEPT;
    Once {
        hash,
        until: now.after(kept.max(signature)),
        note: None,
    }
}

/// A call to which its caller has given a key.
#[derive(Clone, Copy)]
pub struct KeyedCall<'a> {
    /// Of the credential that the call came with.
    pub key_id: &'a str,
    /// That credential's secret. What a request holds may be easy to guess, such as a password: without this
    /// nobody can try guesses on what is stored of it.
    pub secret: &'a str,
    pub key: &'a str,
    /// All that tells it from another request, part by part.
    pub request: [&'a [u8]; 3],
}

impl KeyedCall<'_> {
    /// The identity of the call when it comes at this time.
    pub fn once(&self, now: Timestamp) -> Once {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let note = Note {
            request: hashed(&key, &[&[self.key.as_bytes()], &self.request[..]].concat()),
            made: Made::NOTHING,
        };
        Once {
            hash: hashed(&key, &[self.key_id.as_bytes(), self.key.as_bytes()]),
            until: now.after(Once::ANSWERED),
            note: Some(note),
        }
    }
}

fn hashed(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    context.update(&(parts.len() as u64).to_be_bytes());
    for part in parts {
        // Their lengths keep apart what could run together.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&context.sign().as_ref()[..16]);
    hash
}

/// What a call with the same key came to, if there was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// There was none.
    None,
    /// It asked for something else.
    Other,
    /// It was the same, and this is the id or name of what it made.
    Same(String),
}

impl Service {
    /// What is known of an earlier call with the same key.
    pub async fn earlier(&self, once: &Once) -> Result<Earlier, ServiceError> {
        let Some(asked) = &once.note else {
            return Ok(Earlier::None);
        };
        Ok(match self.store.noted(once.hash).await? {
            None => Earlier::None,
            Some(noted) if noted.request == asked.request => {
                Earlier::Same(noted.made.as_str().to_owned())
            }
            Some(_) => Earlier::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyed_call_is_known_by_its_key_and_its_request_by_all_of_it() {
        let at = Timestamp::from_millis(1_767_323_045_000);
        let call = KeyedCall {
            key_id: "rgk-1",
            secret: "s",
            key: "k",
            request: [b"POST", b"/a", b"b"],
        };
        let first = call.once(at);
        let later = call.once(at.after(Duration::from_secs(9)));
        assert_eq!((later.hash, later.note), (first.hash, first.note));
        let other_request = KeyedCall {
            request: [b"POST", b"/ab", b""],
            ..call
        };
        assert_eq!(other_request.once(at).hash, first.hash);
        assert_ne!(other_request.once(at).note, first.note);
        for other in [
            KeyedCall { key: "l", ..call },
            KeyedCall {
                key_id: "rgk-",
                key: "1k",
                ..call
            },
            KeyedCall {
                secret: "t",
                ..call
            },
        ] {
            assert_ne!(other.once(at).hash, first.hash);
        }
        assert_eq!(first.until.since(at).as_secs(), 24 * 3600);
    }

    #[test]
    fn calls_of_other_keys_or_nonces_are_other_calls() {
        let at = Timestamp::from_millis(1_767_323_045_000);
        let hash = |key, nonce| signed_call(key, nonce, at).hash;
        assert_eq!(hash("ab", "c"), hash("ab", "c"));
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("ab", "c"), hash("ab", "d"));
        assert_eq!(signed_call("a", "b", at).until.since(at).as_secs(), 16 * 60);
    }
}
