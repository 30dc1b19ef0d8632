//! What is noted only a few times a second, because noting it is a write and refusing must cost none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use reelgate_domain::{AccountId, Timestamp};

/// How many pass in a second, of one account.
const PER_SECOND: u32 = 10;

/// Lets a few of each account pass in a second, so that one account's flood pushes nobody else's out.
#[derive(Default)]
pub(super) struct Sparing(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    second: i64,
    /// Those that belong to no account are counted together.
    passed: HashMap<Option<AccountId>, u32>,
}

impl Sparing {
    pub(super) fn passes(&self, account: Option<AccountId>, now: Timestamp) -> bool {
        let second = now.as_millis().div_euclid(1000);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.second != second {
            counted.second = second;
            counted.passed.clear();
        }
        let passed = counted.passed.entry(account).or_default();
        *passed = passed.saturating_add(1);
        *passed <= PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_an_account_pass_in_a_second() {
        let sparing = Sparing::default();
        let passed = |account: Option<u64>, at: i64| {
            let account = account.map(AccountId::from_random);
            let now = Timestamp::from_millis(at);
            (0..100).filter(|_| sparing.passes(account, now)).count()
        };
        assert_eq!(passed(Some(1), 5_000), 10);
        assert_eq!(passed(Some(1), 5_999), 0);
        assert_eq!(passed(Some(2), 5_999), 10);
        assert_eq!(passed(None, 5_999), 10);
        assert_eq!(passed(Some(1), 6_000), 10);
    }
}
