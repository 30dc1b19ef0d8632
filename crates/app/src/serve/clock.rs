//! The time that all nodes of a shared store go by. A node asks the store for it now and then and counts on
//! by itself in between, by a clock that nobody can set: leases depend neither on the clocks of machines
//! agreeing nor on them staying as they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_service::Clock;
use reelgate_store::{Store, StoreError};
use rustix::time::{ClockId, clock_gettime};

/// How often the store is asked.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// An answer that took longer says too little.
const LONGEST_ANSWER: Duration = Duration::from_millis(500);
/// Questions before the first time is told; the one that is answered fastest counts.
const FIRST_QUESTIONS: u32 = 3;
/// A node that is further behind than this was asleep, or the store has moved to another machine: it goes
/// ahead at once. It never goes back, but only slower until the others have caught up.
const STEP: i64 = 1_000_000;
/// One in so many: how much faster or slower the clock goes until a difference is made up.
const SLEW: i64 = 10;

/// Microseconds of a clock that goes on whatever is done to the machine's time, also while it sleeps.
type Ticks = fn() -> i64;

/// A clock that follows the store's.
pub(super) struct SharedClock {
    ticks: Ticks,
    course: Mutex<Course>,
}

/// Where the clock stands and where it is heading, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// The ticks at which this was so.
    since: i64,
    told: i64,
    /// What has to be made up; negative if the clock is ahead.
    behind: i64,
}

impl Course {
    fn at(&self, ticks: i64) -> i64 {
        let passed = (ticks - self.since).max(0);
        let most = passed / SLEW;
        self.told + passed + self.behind.clamp(-most, most)
    }
}

impl SharedClock {
    /// The clock of this store; `None` if it belongs to one process.
    pub(super) async fn of(store: &Arc<dyn Store>) -> Result<Option<Arc<Self>>, StoreError> {
        let clock = Self::measured(&**store, boot_time).await?;
        let clock = clock.map(Arc::new);
        if let Some(clock) = &clock {
            tokio::spawn(follow(Arc::downgrade(clock), Arc::clone(store)));
        }
        Ok(clock)
    }

    async fn measured(store: &dyn Store, ticks: Ticks) -> Result<Option<Self>, StoreError> {
        let mut best: Option<(Measured, Duration)> = None;
        for _ in 0..FIRST_QUESTIONS {
            let Some((measured, took)) = measure(store, ticks).await? else {
                return Ok(None);
            };
            if best.as_ref().is_none_or(|(_, shortest)| took < *shortest) {
                best = Some((measured, took));
            }
        }
        Ok(best.map(|(Measured { since, told }, _)| Self {
            ticks,
            course: Mutex::new(Course {
                since,
                told,
                behind: 0,
            }),
        }))
    }

    /// Heads for what the store was found to tell.
    fn correct(&self, measured: Measured) {
        let ticks = (self.ticks)();
        let mut course = self.course();
        let now = course.at(ticks);
        let behind = measured.told + (ticks - measured.since) - now;
        if behind > STEP {
            let ms = behind / 1000;
            tracing::warn!("this node's time was {ms} ms behind the store's: it goes by that now");
            *course = Course {
                since: ticks,
                told: now + behind,
                behind: 0,
            };
            return;
        }
        if behind < -STEP {
            let ms = -behind / 1000;
            tracing::warn!(
                "this node's time is {ms} ms ahead of the store's: it goes slower until they agree"
            );
        }
        *course = Course {
            since: ticks,
            told: now,
            behind,
        };
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let course = self.course();
        let micros = course.at((self.ticks)());
        Timestamp::from_millis(micros.div_euclid(1000))
    }
}

/// What the store told, and the ticks to which that belongs.
#[derive(Clone, Copy, Debug)]
struct Measured {
    since: i64,
    told: i64,
}

/// Asks the store for the time; tells how long the answer took.
async fn measure(
    store: &dyn Store,
    ticks: Ticks,
) -> Result<Option<(Measured, Duration)>, StoreError> {
    let asked = ticks();
    let told = store.shared_now().await?;
    let took = (ticks() - asked).max(0);
    let measured = told.map(|told| Measured {
        // It was read somewhere in between.
        since: asked + took / 2,
        told: told.as_millis() * 1000,
    });
    let took = Duration::from_micros(took.unsigned_abs());
    Ok(measured.map(|measured| (measured, took)))
}

/// Asks again as long as somebody reads the clock.
async fn follow(clock: Weak<SharedClock>, store: Arc<dyn Store>) {
    loop {
        tokio::time::sleep(MEASURE_EVERY).await;
        let Some(clock) = clock.upgrade() else { return };
        match measure(&*store, clock.ticks).await {
            Ok(Some((measured, took))) if took < LONGEST_ANSWER => clock.correct(measured),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the store does not tell the time"),
        }
    }
}

fn boot_time() -> i64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const START: i64 = 1_763_712_000_000_000;
    const SECOND: i64 = 1_000_000;

    // Each test has ticks of its own, and a function has no captures.
    macro_rules! ticks {
        () => {{
            static TICKS: AtomicI64 = AtomicI64::new(5_000_000);
            fn read() -> i64 {
                TICKS.load(Ordering::SeqCst)
            }
            (&TICKS, read as Ticks)
        }};
    }

    fn clock(ticks: Ticks) -> SharedClock {
        let course = Course {
            since: ticks(),
            told: START,
            behind: 0,
        };
        SharedClock {
            ticks,
            course: Mutex::new(course),
        }
    }

    /// What the store tells, if it is so much ahead of the clock.
    fn ahead(clock: &SharedClock, by: i64) -> Measured {
        Measured {
            since: (clock.ticks)(),
            told: clock.course().at((clock.ticks)()) + by,
        }
    }

    fn micros(clock: &SharedClock) -> i64 {
        clock.course().at((clock.ticks)()) - START
    }

    /// Leases followed the machine's clock, so setting it ended them all or kept dead ones alive.
    #[test]
    fn a_step_of_the_machines_clock_does_nothing() {
        let (ticks, read) = ticks!();
        let clock = clock(read);
        // Nothing in the clock reads the machine's time: what can be set is not asked for.
        for seconds in 1..=100 {
            ticks.fetch_add(SECOND, Ordering::SeqCst);
            assert_eq!(micros(&clock), seconds * SECOND);
        }
    }

    #[test]
    fn a_small_difference_is_made_up_bit_by_bit() {
        let (ticks, read) = ticks!();
        let clock = clock(read);
        clock.correct(ahead(&clock, 200_000));
        assert_eq!(micros(&clock), 0);
        ticks.fetch_add(SECOND, Ordering::SeqCst);
        assert_eq!(micros(&clock), SECOND + 100_000);
        ticks.fetch_add(9 * SECOND, Ordering::SeqCst);
        assert_eq!(micros(&clock), 10 * SECOND + 200_000);
    }

    #[test]
    fn a_clock_that_is_ahead_waits_and_never_goes_back() {
        let (ticks, read) = ticks!();
        let clock = clock(read);
        // The store's own machine was set back by an hour.
        clock.correct(ahead(&clock, -3600 * SECOND));
        let mut last = micros(&clock);
        for _ in 0..1000 {
            ticks.fetch_add(1000, Ordering::SeqCst);
            let now = micros(&clock);
            assert!(now > last);
            last = now;
        }
        assert_eq!(last, SECOND - 100_000);
    }

    #[test]
    fn a_clock_that_slept_goes_ahead_at_once() {
        let (_ticks, read) = ticks!();
        let clock = clock(read);
        clock.correct(ahead(&clock, 60 * SECOND));
        assert_eq!(micros(&clock), 60 * SECOND);
    }
}
