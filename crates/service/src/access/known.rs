//! What was looked up before: keys, bearer keys and tokens with the principals behind them.
//!
//! Whoever changes access drops what is known of the account afterwards; a look-up that began before
//! that is not remembered, whenever it ends. When another node says that it has changed something, all is
//! dropped; if that is not heard, it is seen when the memory is old.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reelgate_domain::{AccountId, Timestamp};

/// After this long it is looked up again.
const FRESH: Duration = Duration::from_secs(10);

/// Nearly all of these exist in the store; sessions come and go, so their number needs a bound.
const MOST: usize = 1 << 16;

/// Counts changes of access.
#[derive(Debug, Default)]
pub(super) struct Changes(AtomicU64);

/// How many changes there were when a look-up began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Begun(u64);

impl Changes {
    pub(super) fn begin(&self) -> Begun {
        Begun(self.0.load(Ordering::SeqCst))
    }

    /// To be called after the change is stored and before anything is dropped.
    pub(super) fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Values by what they are looked up with.
pub(super) struct Known<K, V> {
    changes: Arc<Changes>,
    entries: RwLock<HashMap<K, Entry<V>>>,
}

struct Entry<V> {
    account: AccountId,
    read_at: Timestamp,
    value: Arc<V>,
}

impl<K: Eq + Hash, V> Known<K, V> {
    pub(super) fn new(changes: &Arc<Changes>) -> Self {
        Self {
            changes: Arc::clone(changes),
            entries: RwLock::default(),
        }
    }

    pub(super) fn get<Q>(&self, key: &Q, now: Timestamp) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        // A clock that was set back makes everything old.
        let is_fresh = now >= entry.read_at && now.since(entry.read_at) < FRESH;
        is_fresh.then(|| Arc::clone(&entry.value))
    }

    /// Remembers what a look-up has found, unless access has changed since it began.
    pub(super) fn put(
        &self,
        key: K,
        account: AccountId,
        value: Arc<V>,
        now: Timestamp,
        begun: Begun,
    ) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes.begin() != begun {
            return;
        }
        if entries.len() >= MOST {
            entries.retain(|_, entry| now.since(entry.read_at) < FRESH);
        }
        if entries.len() >= MOST {
            entries.clear();
        }
        let read_at = now;
        entries.insert(
            key,
            Entry {
                account,
                read_at,
                value,
            },
        );
    }

    pub(super) fn forget(&self, account: AccountId) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.account != account);
    }

    pub(super) fn forget_all(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.clear();
    }

    /// Drops what is too old to be of use.
    pub(super) fn tidy(&self, now: Timestamp) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| now.since(entry.read_at) < FRESH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_763_712_000_000).after(Duration::from_secs(seconds))
    }

    fn account(number: u64) -> AccountId {
        AccountId::from_random(number)
    }

    #[test]
    fn what_was_looked_up_is_known_for_a_while() {
        let changes = Arc::default();
        let known = Known::<String, u8>::new(&changes);
        known.put(
            "a".to_owned(),
            account(1),
            Arc::new(1),
            at(0),
            changes.begin(),
        );
        assert_eq!(known.get("a", at(9)).as_deref(), Some(&1));
        assert_eq!(known.get("b", at(9)), None);
        assert_eq!(known.get("a", at(10)), None);
        known.tidy(at(10));
        assert!(known.entries.read().unwrap().is_empty());
    }

    #[test]
    fn a_change_drops_what_is_known_of_its_account_and_spoils_look_ups_under_way() {
        let changes = Arc::default();
        let known = Known::<&str, u8>::new(&changes);
        for (name, number) in [("a", 1), ("b", 2)] {
            known.put(name, account(number), Arc::new(0), at(0), changes.begin());
        }
        let begun = changes.begin();
        changes.note();
        known.forget(account(1));
        known.put("a", account(1), Arc::new(0), at(0), begun);
        assert_eq!(known.get("a", at(0)), None);
        assert!(known.get("b", at(0)).is_some());
        known.put("a", account(1), Arc::new(5), at(0), changes.begin());
        assert_eq!(known.get("a", at(0)).as_deref(), Some(&5));
    }

    #[test]
    fn what_is_known_is_bounded() {
        let changes = Arc::default();
        let known = Known::<usize, ()>::new(&changes);
        for number in 0..=MOST {
            known.put(number, account(1), Arc::new(()), at(0), changes.begin());
        }
        assert!(known.entries.read().unwrap().len() <= MOST);
        assert!(known.get(&MOST, at(0)).is_some());
    }
}
