//! How many connections there are at once: of all pulls, and to one host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    per_host: usize,
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// The right to one connection to a host, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    host: String,
    _to_host: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Slot {
    pub(super) fn is_for(&self, host: &str) -> bool {
        self.host == host
    }
}

impl Slots {
    pub(super) fn new(all: usize, per_host: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.max(1))),
            per_host: per_host.max(1),
            hosts: Mutex::default(),
        }
    }

    /// Waits for one. Nobody may have another while waiting: that is what keeps it free of deadlocks.
    pub(super) async fn enter(&self, host: &str) -> Slot {
        // The host's first: whoever waits for a busy host takes nothing from those who fetch from others.
        let to_host = self.of(host).acquire_owned().await;
        let of_all = Arc::clone(&self.all).acquire_owned().await;
        Slot {
            host: host.to_owned(),
            _to_host: to_host.expect("the semaphore is never closed"),
            _of_all: of_all.expect("the semaphore is never closed"),
        }
    }

    /// One that is free now.
    pub(super) fn try_enter(&self, host: &str) -> Option<Slot> {
        Some(Slot {
            host: host.to_owned(),
            _to_host: self.of(host).try_acquire_owned().ok()?,
            _of_all: Arc::clone(&self.all).try_acquire_owned().ok()?,
        })
    }

    fn of(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, slots| slots.strong_count() > 0);
        let slots = Arc::new(Semaphore::new(self.per_host));
        hosts.insert(host.to_owned(), Arc::downgrade(&slots));
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_host_takes_nothing_from_others() {
        let slots = Arc::new(Slots::new(3, 1));
        let first = slots.enter("busy").await;
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let slots = Arc::clone(&slots);
                tokio::spawn(async move { slots.enter("busy").await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(slots.try_enter("busy").is_none());
        let other = slots.try_enter("other").unwrap();
        assert!(other.is_for("other"));
        drop(first);
        for next in waiting {
            drop(next.await.unwrap());
        }
    }

    #[test]
    fn all_hosts_share_one_limit() {
        let slots = Slots::new(2, 2);
        let held = [slots.try_enter("a"), slots.try_enter("b")];
        assert!(held.iter().all(Option::is_some));
        assert!(slots.try_enter("c").is_none());
        drop(held);
        assert!(slots.try_enter("c").is_some());
    }
}
