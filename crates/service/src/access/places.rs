//! Places in the queue of passwords, of which nobody holds more than a share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelgate_domain::AccountId;

use super::attempts::Origin;

/// For whom a password is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Claimant {
    /// A login, which anybody may try.
    Address(Origin),
    /// A new password, set by a caller of this account.
    Account(AccountId),
}

/// So many places, and the most of them that one claimant holds at once.
pub(super) struct Places {
    most: usize,
    share: usize,
    taken: Mutex<HashMap<Claimant, usize>>,
}

/// A place in the queue; free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    claimant: Claimant,
}

/// Too many wait for their password to be worked on: all in all, or of this claimant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Places {
    pub(super) fn new(most: usize, share: usize) -> Arc<Self> {
        let taken = Mutex::default();
        Arc::new(Self { most, share, taken })
    }

    pub(super) fn take(self: &Arc<Self>, claimant: Claimant) -> Result<Place, TooMany> {
        let mut taken = self.taken();
        let own = taken.get(&claimant).copied().unwrap_or(0);
        if own >= self.share || taken.values().sum::<usize>() >= self.most {
            return Err(TooMany);
        }
        taken.insert(claimant, own + 1);
        let places = Arc::clone(self);
        Ok(Place { places, claimant })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Claimant, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        // Only who holds places is in the table, so it never has more rows than there are places.
        match taken.get_mut(&self.claimant) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.claimant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Claimant {
        Claimant::Address(Some(text.parse().unwrap()).into())
    }

    #[test]
    fn a_claimant_holds_its_share_and_all_together_what_there_is() {
        let places = Places::new(5, 2);
        let (one, two) = (address("192.0.2.1"), address("2001:db8::1"));
        let account = Claimant::Account("1234567890123456".parse().unwrap());
        let first = places.take(one).unwrap();
        let _second = places.take(one).unwrap();
        assert_eq!(places.take(one).err(), Some(TooMany));
        let _others = [places.take(two).unwrap(), places.take(account).unwrap()];
        // The same network.
        let neighbours = places.take(address("2001:db8::2")).unwrap();
        assert_eq!(places.take(two).err(), Some(TooMany));
        assert_eq!(places.take(account).err(), Some(TooMany));
        drop(neighbours);
        let last = places.take(account).unwrap();
        assert_eq!(places.take(two).err(), Some(TooMany));
        drop((first, last));
        places.take(one).unwrap();
    }

    #[test]
    fn who_holds_no_place_leaves_no_trace() {
        let places = Places::new(5, 2);
        let held = [0, 1].map(|_| places.take(address("192.0.2.1")).unwrap());
        drop(held);
        assert!(places.taken().is_empty());
    }
}
