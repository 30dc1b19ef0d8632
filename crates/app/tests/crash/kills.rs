//! `kill -9` at any moment of a job's life.

use std::io::Write;
use std::time::Instant;

use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::home::small_clip;
use crate::lane::Lane;
use crate::table::Table;

/// Set to the seed that a run printed, it draws the same aims and delays again.
const SEED: &str = "REELGATE_KILL_SEED";

/// So many services are killed side by side: most of the time each waits for a retry to be due.
const LANES: usize = 4;

#[test]
fn nothing_is_lost_half_done_or_done_twice_when_the_service_is_killed_at_any_moment() {
    let seed = seed();
    say(&format!("kills are drawn with {SEED}={seed}\n"));
    let begun = Instant::now();
    let mut rng = Rng::with_seed(seed);
    let runtime = Runtime::new().unwrap();
    let table = Table::default();
    let dir = tempfile::tempdir().unwrap();
    let clip = small_clip(dir.path());
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            let (mut rng, handle) = (rng.fork(), runtime.handle().clone());
            let (table, clip) = (&table, &clip);
            scope.spawn(move || {
                let _others = StopsOthers(table);
                let mut lane = Lane::new(handle, rng.fork(), clip);
                while let Some(aim) = table.next(&mut rng) {
                    lane.round(aim, table);
                }
                lane.finish();
            });
        }
    });
    say(&format!("{table}in {} s\n", begun.elapsed().as_secs()));
    table.check();
}

/// One lane that fails is enough to know.
struct StopsOthers<'a>(&'a Table);

impl Drop for StopsOthers<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a run that failed is repeated by a seed from the environment"
)]
fn seed() -> u64 {
    match std::env::var(SEED) {
        Ok(seed) => seed.parse().expect("a seed is a number"),
        Err(_) => fastrand::u64(..),
    }
}

/// Past the test harness, which shows what passing tests print to nobody.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
