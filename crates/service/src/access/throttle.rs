//! How often an account may call an action: a token bucket for each, which holds one period's calls.
//!
//! Counted before anything is written, per node: with n nodes each grants a part in n. A call that is
//! refused takes nothing, so waiting for as long as it was told makes the next one pass.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use reelgate_domain::access::{CallLimit, LimitRule};
use reelgate_domain::{AccountId, Timestamp};

use super::known::Begun;
use crate::Clock;

/// A call came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many calls; the next one may come in {} ms", .retry_after.as_millis())]
pub struct Throttled {
    pub retry_after: Duration,
}

/// Beyond this many actions of one account, buckets that are full again are dropped. Actions come from
/// the products' tables, so there are no more of them in use than those have rows.
const MANY_ACTIONS: usize = 1024;

/// The buckets of one node. One account never waits for another: each has its own lock.
pub(super) struct Throttle {
    /// How many nodes share the limits; 1 or more.
    nodes: AtomicU32,
    accounts: RwLock<HashMap<AccountId, Arc<AccountThrottle>>>,
}

/// What an account has been given, and what it has used of it.
#[derive(Default)]
struct AccountThrottle(Mutex<Used>);

#[derive(Default)]
struct Used {
    /// In place of the documented limits, by action.
    rules: HashMap<String, LimitRule>,
    /// When the look-up of these rules began.
    begun: Begun,
    buckets: HashMap<String, Bucket>,
}

/// What is taken from a bucket, counted so that nothing is rounded: a call takes the period's length in
/// milliseconds times the number of nodes, and each millisecond gives back the number of calls.
#[derive(Clone, Copy)]
struct Bucket {
    taken: u64,
    at: Timestamp,
    limit: CallLimit,
}

impl Throttle {
    pub(super) fn new(nodes: u32) -> Self {
        Self {
            nodes: AtomicU32::new(nodes.max(1)),
            accounts: RwLock::default(),
        }
    }

    /// From now on so many nodes share the limits.
    pub(super) fn share(&self, nodes: u32) {
        self.nodes.store(nodes.max(1), Ordering::Relaxed);
    }

    /// Sets what the account has been given in place of documented limits, unless a later look-up knows
    /// better.
    pub(super) fn set_rules(
        &self,
        account: AccountId,
        rules: HashMap<String, LimitRule>,
        begun: Begun,
    ) {
        let of_account = self.of_account(account);
        let mut used = lock(&of_account.0);
        if begun >= used.begun {
            (used.rules, used.begun) = (rules, begun);
        }
    }

    /// Counts a call, or refuses it. The clock is read where the bucket is locked, so that time never
    /// goes back between two calls unless somebody sets it back.
    pub(super) fn take(
        &self,
        account: AccountId,
        action: &str,
        default: Option<CallLimit>,
        clock: &dyn Clock,
    ) -> Result<(), Throttled> {
        let of_account = self.of_account(account);
        let mut used = lock(&of_account.0);
        let limit = match used.rules.get(action) {
            Some(LimitRule::Unlimited) => None,
            Some(LimitRule::Limit(limit)) => Some(*limit),
            None => default,
        };
        let Some(limit) = limit else {
            return Ok(());
        };
        let now = clock.now();
        let nodes = self.nodes.load(Ordering::Relaxed);
        if let Some(bucket) = used.buckets.get_mut(action) {
            return bucket.take(limit, nodes, now);
        }
        if used.buckets.len() >= MANY_ACTIONS {
            used.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let mut bucket = Bucket::full(limit, now);
        let outcome = bucket.take(limit, nodes, now);
        used.buckets.insert(action.to_owned(), bucket);
        outcome
    }

    /// Drops what says nothing any more: full buckets.
    pub(super) fn tidy(&self, now: Timestamp) {
        let accounts: Vec<_> = {
            let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            accounts.values().cloned().collect()
        };
        for account in accounts {
            let mut used = lock(&account.0);
            used.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
    }

    fn of_account(&self, account: AccountId) -> Arc<AccountThrottle> {
        let found = {
            let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            accounts.get(&account).cloned()
        };
        found.unwrap_or_else(|| {
            let mut accounts = self
                .accounts
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(accounts.entry(account).or_default())
        })
    }
}

fn lock(used: &Mutex<Used>) -> std::sync::MutexGuard<'_, Used> {
    used.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bucket {
    fn full(limit: CallLimit, at: Timestamp) -> Self {
        let taken = 0;
        Self { taken, at, limit }
    }

    fn take(&mut self, limit: CallLimit, nodes: u32, now: Timestamp) -> Result<(), Throttled> {
        if limit != self.limit {
            *self = Self::full(limit, now);
        }
        self.refill(now);
        let (calls, call) = (u64::from(limit.calls), self.period() * u64::from(nodes));
        // A share of less than one call would never let any pass.
        let holds = self.holds().max(call);
        if self.taken + call <= holds {
            self.taken += call;
            return Ok(());
        }
        let missing = self.taken + call - holds;
        let retry_after = Duration::from_millis(missing.div_ceil(calls.max(1)));
        Err(Throttled { retry_after })
    }

    fn refill(&mut self, now: Timestamp) {
        // Not one period's calls: a bucket that gave its only call to many nodes has less than that.
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let back = millis.saturating_mul(u64::from(self.limit.calls));
        self.taken = self.taken.saturating_sub(back);
        // Also when the clock was set back: otherwise nothing would come back until it has caught up.
        self.at = now;
    }

    fn is_full(&mut self, now: Timestamp) -> bool {
        self.refill(now);
        self.taken == 0
    }

    fn holds(&self) -> u64 {
        self.period() * u64::from(self.limit.calls)
    }

    fn period(&self) -> u64 {
        u64::try_from(self.limit.per.length().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::access::Period;

    use super::*;
    use crate::access::tests::FixedClock;

    const ACTION: &str = "mts:CancelJob";

    fn account(number: u64) -> AccountId {
        AccountId::from_random(number)
    }

    fn limit(text: &str) -> Option<CallLimit> {
        Some(text.parse().unwrap())
    }

    /// How many calls pass at once.
    fn burst(throttle: &Throttle, clock: &FixedClock, limit: Option<CallLimit>) -> u32 {
        (0..)
            .take_while(|_| throttle.take(account(1), ACTION, limit, clock).is_ok())
            .fold(0, |passed, _| passed + 1)
    }

    #[track_caller]
    fn check(nodes: u32, text: &str, at_once: u32, then_each_millis: u64) {
        let (throttle, clock) = (Throttle::new(nodes), FixedClock::default());
        let limit = limit(text);
        assert_eq!(burst(&throttle, &clock, limit), at_once, "{text} at once");
        for _ in 0..3 {
            let refused = throttle
                .take(account(1), ACTION, limit, &clock)
                .unwrap_err();
            assert_eq!(refused.retry_after, Duration::from_millis(then_each_millis));
            clock.advance(Duration::from_millis(then_each_millis - 1));
            assert!(throttle.take(account(1), ACTION, limit, &clock).is_err());
            clock.advance(Duration::from_millis(1));
            assert_eq!(burst(&throttle, &clock, limit), 1, "{text} later");
        }
        clock.advance(Duration::from_secs(3600 * 24));
        assert_eq!(
            burst(&throttle, &clock, limit),
            at_once,
            "{text} after a day"
        );
    }

    #[test]
    fn a_bucket_holds_one_periods_calls_and_refills_evenly() {
        check(1, "100/s", 100, 10);
        check(1, "6000/min", 6000, 10);
        check(1, "10/h", 10, 360_000);
        check(1, "1/s", 1, 1000);
    }

    #[test]
    fn limits_are_shared_anew_when_nodes_come_and_go() {
        let (throttle, clock) = (Throttle::new(1), FixedClock::default());
        for (nodes, at_once) in [(1, 100), (4, 25), (2, 50), (0, 100)] {
            throttle.share(nodes);
            // By then every bucket is full again.
            clock.advance(Duration::from_secs(10));
            assert_eq!(burst(&throttle, &clock, limit("100/s")), at_once, "{nodes}");
        }
    }

    #[test]
    fn each_of_several_nodes_grants_its_part_and_never_less_than_a_call() {
        check(2, "100/s", 50, 20);
        check(5, "10/h", 2, 5 * 360_000);
        check(100, "10/h", 1, 100 * 360_000);
    }

    #[test]
    fn nothing_is_lost_to_rounding() {
        let (throttle, clock) = (Throttle::new(1), FixedClock::default());
        let limit = limit("7/s");
        let mut passed = burst(&throttle, &clock, limit);
        for _ in 0..10_000 {
            clock.advance(Duration::from_millis(1));
            passed += burst(&throttle, &clock, limit);
        }
        assert_eq!(passed, 7 + 70);
    }

    #[test]
    fn what_an_account_was_given_replaces_the_default() {
        let (throttle, clock) = (Throttle::new(1), FixedClock::default());
        let give = |rule: &str| {
            let rules = HashMap::from([(ACTION.to_owned(), rule.parse().unwrap())]);
            throttle.set_rules(account(1), rules, Begun::default());
        };
        give("3/s");
        assert_eq!(burst(&throttle, &clock, limit("100/s")), 3);
        assert!(
            throttle
                .take(account(1), "mts:Other", limit("1/s"), &clock)
                .is_ok()
        );
        // The same again gives no fresh bucket.
        give("3/s");
        assert_eq!(burst(&throttle, &clock, None), 0);
        give("unlimited");
        for _ in 0..1000 {
            throttle
                .take(account(1), ACTION, limit("1/h"), &clock)
                .unwrap();
        }
        throttle.set_rules(account(1), HashMap::new(), Begun::default());
        assert_eq!(burst(&throttle, &clock, limit("2/s")), 2);
        for _ in 0..1000 {
            throttle.take(account(2), ACTION, None, &clock).unwrap();
        }
    }

    #[test]
    fn a_clock_that_was_set_back_stops_no_refill() {
        let (throttle, clock) = (Throttle::new(1), FixedClock::default());
        let limit = limit("100/s");
        burst(&throttle, &clock, limit);
        clock.set_back(Duration::from_secs(3600));
        assert_eq!(burst(&throttle, &clock, limit), 0);
        clock.advance(Duration::from_millis(50));
        assert_eq!(burst(&throttle, &clock, limit), 5);
    }

    #[test]
    fn full_buckets_are_dropped_and_emptier_ones_are_not() {
        let (throttle, clock) = (Throttle::new(1), FixedClock::default());
        for number in 0..MANY_ACTIONS {
            let action = number.to_string();
            throttle
                .take(account(1), &action, limit("1/s"), &clock)
                .unwrap();
        }
        clock.advance(Duration::from_millis(1500));
        throttle
            .take(account(1), "0", limit("1/s"), &clock)
            .unwrap();
        throttle
            .take(account(1), "one more", limit("1/s"), &clock)
            .unwrap();
        let of_account = throttle.of_account(account(1));
        assert_eq!(lock(&of_account.0).buckets.len(), 2);
        assert!(
            throttle
                .take(account(1), "0", limit("1/s"), &clock)
                .is_err()
        );
        clock.advance(Duration::from_secs(1));
        throttle.tidy(clock.now());
        assert!(lock(&of_account.0).buckets.is_empty());
    }

    proptest::proptest! {
        /// Whoever takes all there is gets what the bucket held and what time gave back, to the call.
        #[test]
        fn who_takes_all_gets_exactly_what_the_limit_says(
            calls in 2_u32..100,
            per in proptest::sample::select(Period::ALL.to_vec()),
            // Short enough for the bucket never to run over.
            waits in proptest::collection::vec(0_u64..500, 1..20),
        ) {
            let limit = Some(CallLimit { calls, per });
            let (throttle, clock) = (Throttle::new(1), FixedClock::default());
            let mut passed = u64::from(burst(&throttle, &clock, limit));
            let mut waited = 0;
            for wait in waits {
                clock.advance(Duration::from_millis(wait));
                waited += wait;
                passed += u64::from(burst(&throttle, &clock, limit));
                let given = waited * u64::from(calls) / u64::try_from(per.length().as_millis()).unwrap();
                proptest::prop_assert_eq!(passed, u64::from(calls) + given);
            }
        }
    }
}
