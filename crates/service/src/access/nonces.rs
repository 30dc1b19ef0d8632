//! Signed reads that were served already: the same one again is a replay.
//!
//! Kept in memory, because a read that is served twice changes nothing: a restart forgets them, and so
//! does another node. Calls that change something write theirs with their effect.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::Once;

/// A request may be signed 15 minutes ahead and is good for 15 minutes after that.
const REMEMBERED: Duration = Duration::from_mins(30);

/// When there are more in one generation, the one before is forgotten early: what is kept stays
/// below some 50 MB whatever comes in.
const MOST: usize = 1 << 20;

/// The reads of one node, as hashes under keys that nobody knows: two different ones are taken for
/// the same once in many billion years of calls.
pub(super) struct Nonces {
    hasher: RandomState,
    most: usize,
    seen: Mutex<Seen>,
}

/// Two generations: what the older one holds is forgotten at once, when the newer one is as old as
/// anything has to be remembered.
struct Seen {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    newer_since: Timestamp,
}

impl Default for Nonces {
    fn default() -> Self {
        Self::with_room(MOST)
    }
}

impl Nonces {
    fn with_room(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            most,
            seen: Mutex::new(Seen {
                newer: HashSet::new(),
                older: HashSet::new(),
                newer_since: Timestamp::from_millis(0),
            }),
        }
    }

    /// Whether this request comes for the first time; from now on it does not.
    pub(super) fn is_new(&self, once: &Once, now: Timestamp) -> bool {
        let hash = self.hasher.hash_one(once.hash);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(seen.newer_since) > REMEMBERED || seen.newer.len() >= self.most {
            seen.older = std::mem::take(&mut seen.newer);
            seen.newer_since = now;
        }
        !seen.older.contains(&hash) && seen.newer.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::once;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_767_323_045_000 + minutes * 60_000)
    }

    #[test]
    fn a_nonce_is_new_once_for_each_key_for_as_long_as_its_signature_is_good() {
        let nonces = Nonces::default();
        let is_new = |key, nonce, minutes| {
            let signed = once::signed_call(key, nonce, at(0));
            nonces.is_new(&signed, at(minutes))
        };
        assert!(is_new("a", "1", 0));
        assert!(!is_new("a", "1", 0));
        assert!(is_new("b", "1", 0));
        assert!(is_new("a", "2", 0));
        for minutes in [1, 15, 30] {
            assert!(!is_new("a", "1", minutes));
            assert!(!is_new("a", "2", minutes));
        }
        assert!(!is_new("a", "2", 31));
        assert!(is_new("a", "2", 100));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let nonces = Nonces::with_room(100);
        let signed = |number: usize| once::signed_call("a", &number.to_string(), at(0));
        for number in 0..1_000 {
            assert!(nonces.is_new(&signed(number), at(0)));
            assert!(!nonces.is_new(&signed(number), at(0)));
            assert!(number < 50 || !nonces.is_new(&signed(number - 50), at(0)));
        }
        let seen = nonces.seen.lock().unwrap();
        assert!(seen.newer.len() + seen.older.len() <= 200);
    }
}
