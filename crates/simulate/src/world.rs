//! What all parts of a simulation share: the time, the chance, the faults of the moment, the record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_service::Clock;
use reelgate_testkit::FixedClock;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::plan::Plan;
use crate::record::Record;
use crate::storage::Storage;

/// One simulation.
pub(crate) struct World {
    pub(crate) plan: Plan,
    begun: Instant,
    dice: Mutex<Dice>,
    weather: Mutex<Weather>,
    pub(crate) record: Mutex<Record>,
    pub(crate) storage: Mutex<Storage>,
}

/// What is wrong right now, beside what concerns one node only.
#[derive(Debug)]
struct Weather {
    /// Whether anything may go wrong by itself.
    turmoil: bool,
    store_away_until: Instant,
    bucket_away_until: Instant,
}

impl World {
    pub(crate) fn new(plan: Plan, dice: Dice, record: Record) -> Arc<Self> {
        let begun = Instant::now();
        Arc::new(Self {
            plan,
            begun,
            dice: Mutex::new(dice),
            weather: Mutex::new(Weather {
                turmoil: false,
                store_away_until: begun,
                bucket_away_until: begun,
            }),
            record: Mutex::new(record),
            storage: Mutex::default(),
        })
    }

    /// Milliseconds since the start.
    pub(crate) fn millis(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }

    /// The database's time.
    pub(crate) fn now(&self) -> Timestamp {
        FixedClock::START.after(self.begun.elapsed())
    }

    pub(crate) fn dice<T>(&self, ask: impl FnOnce(&mut Dice) -> T) -> T {
        ask(&mut lock(&self.dice))
    }

    /// Whether something that goes wrong so many times in a thousand does so now.
    pub(crate) fn misfortune(&self, per_mille: u64) -> bool {
        per_mille > 0 && self.is_turmoil() && self.dice(|dice| dice.chance(per_mille))
    }

    pub(crate) fn is_turmoil(&self) -> bool {
        lock(&self.weather).turmoil
    }

    pub(crate) fn set_turmoil(&self, turmoil: bool) {
        let mut weather = lock(&self.weather);
        weather.turmoil = turmoil;
        if !turmoil {
            weather.store_away_until = Instant::now();
            weather.bucket_away_until = Instant::now();
        }
    }

    pub(crate) fn take_store_away(&self, span: Duration) {
        lock(&self.weather).store_away_until = Instant::now() + span;
    }

    pub(crate) fn take_bucket_away(&self, span: Duration) {
        lock(&self.weather).bucket_away_until = Instant::now() + span;
    }

    pub(crate) fn is_store_away(&self) -> bool {
        lock(&self.weather).store_away_until > Instant::now()
    }

    pub(crate) fn is_bucket_away(&self) -> bool {
        lock(&self.weather).bucket_away_until > Instant::now()
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    pub(crate) fn storage(&self) -> MutexGuard<'_, Storage> {
        lock(&self.storage)
    }

    /// Puts something on record that is no change of a row.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        let at = self.millis();
        self.record().note(at, what);
    }
}

/// A node's clock: the database's time, and how far it is off.
pub(crate) struct SkewedClock {
    pub(crate) world: Arc<World>,
    pub(crate) ahead_ms: Mutex<i64>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world.now().as_millis() + *lock(&self.ahead_ms))
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
