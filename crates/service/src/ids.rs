//! Where new ids and secrets come from.

use reelgate_domain::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::{ContextV7, Uuid};

/// Makes ids and random bytes.
pub trait Ids: Send + Sync + 'static {
    /// A new UUIDv7 whose time is `at`; later ones of the same millisecond sort after earlier ones.
    fn uuid(&self, at: Timestamp) -> [u8; 16];

    /// Bytes nobody can guess.
    fn secret(&self, bytes: &mut [u8]);
}

/// Ids from the system's random source.
#[derive(Debug)]
pub struct RandomIds {
    sequence: std::sync::Mutex<ContextV7>,
    random: SystemRandom,
}

impl Default for RandomIds {
    fn default() -> Self {
        Self {
            sequence: std::sync::Mutex::new(ContextV7::new()),
            random: SystemRandom::new(),
        }
    }
}

impl Ids for RandomIds {
    fn uuid(&self, at: Timestamp) -> [u8; 16] {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
        let sequence = self
            .sequence
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*sequence, millis / 1000, nanos)).into_bytes()
    }

    fn secret(&self, bytes: &mut [u8]) {
        self.random
            .fill(bytes)
            .expect("the system's random source works");
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::JobId;

    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_they_were_made() {
        let ids = RandomIds::default();
        let at = Timestamp::from_millis(1_763_712_000_123);
        let made: Vec<_> = (0..1000).map(|_| JobId::from_bytes(ids.uuid(at))).collect();
        assert!(made.is_sorted());
        assert!(made[0] >= JobId::first_at(at) && made[999] <= JobId::last_at(at));
    }
}
