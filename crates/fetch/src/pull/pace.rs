//! How many bytes may come in a second: of all pulls, and from one host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

/// What may come at once after a pause.
const BURST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Pace {
    all: Option<Arc<Bucket>>,
    per_host: Option<u64>,
    hosts: Mutex<HashMap<String, Weak<Bucket>>>,
}

/// The pace of one connection.
#[derive(Clone, Debug)]
pub(super) struct Paced {
    all: Option<Arc<Bucket>>,
    host: Option<Arc<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    per_second: u64,
    /// When all that has been taken will have been paid for.
    paid: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(all: Option<u64>, per_host: Option<u64>) -> Self {
        Self {
            all: all.map(|per_second| Arc::new(Bucket::new(per_second))),
            per_host,
            hosts: Mutex::default(),
        }
    }

    pub(super) fn of(&self, host: &str) -> Paced {
        let host = self.per_host.map(|per_second| {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
                return known;
            }
            hosts.retain(|_, bucket| bucket.strong_count() > 0);
            let bucket = Arc::new(Bucket::new(per_second));
            hosts.insert(host.to_owned(), Arc::downgrade(&bucket));
            bucket
        });
        Paced {
            all: self.all.clone(),
            host,
        }
    }
}

impl Paced {
    pub(super) fn is_limited(&self) -> bool {
        self.all.is_some() || self.host.is_some()
    }

    /// Pays for bytes that have come, by waiting; how long.
    pub(super) async fn pay(&self, bytes: u64) -> Duration {
        let debts = [&self.all, &self.host].map(|bucket| {
            let bucket = bucket.as_ref();
            bucket.map_or(Duration::ZERO, |bucket| bucket.take(bytes, Instant::now()))
        });
        let wait = debts[0].max(debts[1]);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        wait
    }
}

impl Bucket {
    fn new(per_second: u64) -> Self {
        Self {
            per_second: per_second.max(1),
            paid: Mutex::new(Instant::now()),
        }
    }

    fn take(&self, bytes: u64, now: Instant) -> Duration {
        let price = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        *paid = (*paid).max(earliest) + price;
        paid.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time stands still, so what has to be waited for can be told exactly.
    #[tokio::test(start_paused = true)]
    async fn bytes_of_all_connections_count_together() {
        let pace = Pace::new(Some(1000), Some(500));
        let (a, b) = (pace.of("a"), pace.of("b"));
        let start = Instant::now();
        tokio::join!(a.pay(1000), b.pay(1000));
        // Each host has 500 a second, both together 1000.
        assert!(
            start.elapsed() >= Duration::from_millis(1900),
            "{:?}",
            start.elapsed()
        );
        assert!(
            start.elapsed() <= Duration::from_millis(2100),
            "{:?}",
            start.elapsed()
        );
        let again = pace.of("a");
        again.pay(500).await;
        assert!(
            start.elapsed() >= Duration::from_millis(2800),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let paced = Pace::new(None, None).of("a");
        assert!(!paced.is_limited());
        assert_eq!(paced.pay(u64::MAX).await, Duration::ZERO);
    }
}
