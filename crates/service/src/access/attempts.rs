//! Limits on failed attempts to prove who one is: signatures, keys and passwords.
//!
//! What is limited are failures, per what was tried and where it came from, and per address. The memory is
//! a table of fixed size: whoever comes from a million addresses fills it up, and lets it grow by nothing.
//! Two that meet in one place of the table share its limit; who meets whom nobody can foresee.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelgate_domain::Timestamp;

use super::throttle::Throttled;

/// 2^16 places of 8 bytes each.
const PLACES: usize = 1 << 16;

const PERIOD_MICROS: u64 = 60_000_000;

/// Failures by key: as many in a minute as given, then as they are forgotten.
pub(super) struct Attempts {
    /// For each place the time at which all its failures will be forgotten, in microseconds.
    places: Box<[AtomicU64]>,
    hasher: RandomState,
    /// What one failure adds.
    interval: u64,
}

impl Attempts {
    pub(super) fn per_minute(most: u32) -> Self {
        Self {
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            interval: PERIOD_MICROS / u64::from(most.max(1)),
        }
    }

    /// Whether another failure would be within the limit.
    pub(super) fn may_try(
        &self,
        what: &str,
        from: Origin,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let now = micros(now);
        let free_at = forgotten_at(self.place(what, from).load(Ordering::Relaxed), now);
        let most = now + PERIOD_MICROS - self.interval;
        if free_at <= most {
            return Ok(());
        }
        let retry_after = Duration::from_micros(free_at - most);
        Err(Throttled { retry_after })
    }

    /// Counts a failure.
    pub(super) fn failed(&self, what: &str, from: Origin, now: Timestamp) {
        let now = micros(now);
        let add = |at| Some((forgotten_at(at, now) + self.interval).min(now + PERIOD_MICROS));
        let place = self.place(what, from);
        // Always written, so there is no other outcome.
        let _ = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    fn place(&self, what: &str, from: Origin) -> &AtomicU64 {
        let hash = self.hasher.hash_one((what, from));
        // The remainder is below the number of places.
        &self.places[usize::try_from(hash % PLACES as u64).unwrap_or(0)]
    }
}

/// Where an attempt comes from: an IPv4 address, or a network of the size that one customer gets in IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin(u64);

impl From<Option<IpAddr>> for Origin {
    fn from(source: Option<IpAddr>) -> Self {
        Self(match source.map(|source| source.to_canonical()) {
            None => u64::MAX,
            Some(IpAddr::V4(address)) => u64::from(address.to_bits()),
            Some(IpAddr::V6(address)) => (address.to_bits() >> 64) as u64,
        })
    }
}

fn micros(now: Timestamp) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(0) * 1000
}

/// Never before now. What lies further ahead than any failure leads was written before the clock was set
/// back, and counts no more.
fn forgotten_at(at: u64, now: u64) -> u64 {
    if at > now + PERIOD_MICROS {
        now
    } else {
        at.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_763_712_000_000 + millis)
    }

    fn from(address: &str) -> Origin {
        Some(address.parse().unwrap()).into()
    }

    #[test]
    fn failures_are_limited_and_forgotten_one_by_one() {
        let attempts = Attempts::per_minute(30);
        let here = from("192.0.2.1");
        for _ in 0..30 {
            attempts.may_try("key", here, at(0)).unwrap();
            attempts.failed("key", here, at(0));
        }
        let refused = attempts.may_try("key", here, at(0)).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(2));
        assert!(attempts.may_try("key", here, at(1_999)).is_err());
        attempts.may_try("key", here, at(2_000)).unwrap();
        attempts.failed("key", here, at(2_000));
        assert!(attempts.may_try("key", here, at(2_000)).is_err());

        attempts.may_try("other", here, at(0)).unwrap();
        attempts.may_try("key", from("192.0.2.2"), at(0)).unwrap();
        attempts.may_try("key", Origin::from(None), at(0)).unwrap();
    }

    #[test]
    fn failures_beyond_the_limit_lengthen_nothing() {
        let attempts = Attempts::per_minute(30);
        let here = from("192.0.2.1");
        for _ in 0..10_000 {
            attempts.failed("key", here, at(0));
        }
        attempts.may_try("key", here, at(2_000)).unwrap();
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let attempts = Attempts::per_minute(1);
        let here = from("192.0.2.1");
        attempts.failed("key", here, at(3_600_000));
        attempts.may_try("key", here, at(0)).unwrap();
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address_and_mapped_ones_as_what_they_map() {
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::9"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(from("::"), Origin::from(None));
    }
}
