//! Signed requests that were served already: the same one again is a replay.
//!
//! Kept in memory, so a restart forgets them. A request that was signed before a restart can be
//! replayed after it, until its timestamp is too old.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// A request may be signed 15 minutes ahead and is good for 15 minutes after that.
const REMEMBERED_MS: i64 = 30 * 60 * 1000;

/// When there are more in one generation, the one before is forgotten early: what is kept stays
/// below some 50 MB whatever comes in.
const MOST: usize = 1 << 20;

/// The nonces of one node, as hashes under keys that nobody knows: two different ones are taken for
/// the same once in many billion years of calls.
#[derive(Default)]
pub(super) struct Nonces {
    hasher: RandomState,
    seen: Mutex<Seen>,
}

/// Two generations: what the older one holds is forgotten at once, when the newer one is as old as
/// anything has to be remembered.
#[derive(Default)]
struct Seen {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    newer_since_ms: i64,
}

impl Nonces {
    /// Whether this key uses the nonce for the first time; from now on it does not.
    pub(super) fn is_new(&self, key_id: &str, nonce: &str, now_ms: i64) -> bool {
        let hash = self.hasher.hash_one((key_id, nonce));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = now_ms - seen.newer_since_ms > REMEMBERED_MS;
        if is_old || seen.newer.len() >= MOST {
            seen.older = std::mem::take(&mut seen.newer);
            seen.newer_since_ms = now_ms;
        }
        !seen.older.contains(&hash) && seen.newer.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_new_once_for_each_key_for_as_long_as_its_signature_is_good() {
        let nonces = Nonces::default();
        let start = 1_767_323_045_000;
        assert!(nonces.is_new("a", "1", start));
        assert!(!nonces.is_new("a", "1", start));
        assert!(nonces.is_new("b", "1", start));
        assert!(nonces.is_new("a", "2", start + 1));
        for minutes in [1, 15, 30] {
            assert!(!nonces.is_new("a", "1", start + minutes * 60_000));
            assert!(!nonces.is_new("a", "2", start + minutes * 60_000));
        }
        assert!(!nonces.is_new("a", "2", start + REMEMBERED_MS + 1));
        assert!(nonces.is_new("a", "2", start + 3 * REMEMBERED_MS));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let nonces = Nonces::default();
        for number in 0..=2 * MOST {
            assert!(nonces.is_new("a", &number.to_string(), 1));
        }
        let seen = nonces.seen.lock().unwrap();
        assert!(seen.newer.len() + seen.older.len() <= 2 * MOST);
    }
}
