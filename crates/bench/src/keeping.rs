//! What the cleaner costs everybody else: the slowest calls while it takes old jobs away, beside the
//! slowest without it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reelgate_domain::job::{CancelPolicy, NewJob, Priority, Selector, StopMode};
use reelgate_domain::{JobId, SubmissionId, Timestamp};
use reelgate_service::{Clock, Ids, RandomIds, SystemClock};
use reelgate_testkit::spec;
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House};
use crate::rounds::{in_turns, millis, percentile, together};

/// Old jobs: more than the cleaner can take away while it is watched.
const OLD: usize = 100_000;
/// In one call of those that make them.
const AT_ONCE: usize = 500;

const CALLS: usize = 3200;
const ROUNDS: usize = 9;

/// Longer than jobs are kept.
const AGE: Duration = Duration::from_secs(400 * 24 * 3600);

#[derive(Clone, Copy)]
enum Operation {
    Submit,
    Get,
}

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let house = Arc::new(runtime.block_on(House::build(dir))?);
    let known = runtime.block_on(house.submit())?;
    runtime.block_on(grow_old(&house))?;
    let before = old_left(runtime, &house)?;
    for (name, operation) in [("submit", Operation::Submit), ("get", Operation::Get)] {
        let round = |cleans| {
            let house = Arc::clone(&house);
            runtime.block_on(slowest(house, operation, known, cleans))
        };
        let pair = in_turns(ROUNDS, || round(true), || round(false))?;
        let name = format!("{name}, {CALLERS} callers, p99: while old jobs go / without");
        tell(Figure::beside(name, "ms", pair, Goal::MostPlus(1.25, 1.0)));
    }
    let went = before - old_left(runtime, &house)?;
    ensure!(
        went > 1000,
        "the cleaner took {went} jobs away while it was watched"
    );
    let watched = tell_rate(runtime, &house)?;
    tell(Figure::alone(
        "  old jobs taken away while nobody calls",
        "/s",
        watched,
        Goal::Shown,
    ));
    Ok(())
}

/// Jobs that ended longer ago than they are kept.
async fn grow_old(house: &House) -> Result<()> {
    let ids = RandomIds::default();
    let now = SystemClock.now();
    let age = i64::try_from(AGE.as_millis())?;
    let then = Timestamp::from_millis(now.as_millis() - age);
    for _ in 0..OLD / AT_ONCE {
        let jobs: Vec<_> = (0..AT_ONCE)
            .map(|_| NewJob {
                id: JobId::from_bytes(ids.uuid(then)),
                submission: SubmissionId::from_bytes(ids.uuid(then)),
                account: house.caller.account,
                pipeline: house.pipeline,
                priority: Priority::default(),
                spec: spec("in.mp4", "out.mp4"),
                origin: None,
                user_data: None,
                asset: None,
                created_at: then,
            })
            .collect();
        let made = Selector::ids(jobs.iter().map(|job| job.id).collect());
        house.store.submit(jobs, None).await?;
        let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
        let cancel = house
            .store
            .cancel(house.caller.account, made, policy, mode, then, None);
        cancel.await?;
    }
    Ok(())
}

fn old_left(runtime: &Runtime, house: &House) -> Result<u64> {
    let mut next = None;
    let mut rows = 0;
    loop {
        let step = runtime.block_on(house.service.prune(&house.caller, true, next))?;
        rows += step.of.iter().map(|pruned| pruned.rows).sum::<u64>();
        next = step.next;
        if next.is_none() {
            return Ok(rows);
        }
    }
}

/// The time that one call in a hundred takes longer than, in milliseconds.
async fn slowest(
    house: Arc<House>,
    operation: Operation,
    known: JobId,
    cleans: bool,
) -> Result<f64> {
    let cleaner = cleans.then(|| {
        let service = Arc::clone(&house.service);
        tokio::spawn(async move { service.clean().await })
    });
    let times: Arc<Mutex<Vec<f64>>> = Arc::default();
    let noted = Arc::clone(&times);
    let call = move |_| {
        let (house, times) = (Arc::clone(&house), Arc::clone(&noted));
        async move {
            let begun = Instant::now();
            match operation {
                Operation::Submit => drop(house.submit().await?),
                Operation::Get => drop(house.get(known).await?),
            }
            let took = millis(begun.elapsed());
            times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(took);
            Ok(())
        }
    };
    together(CALLERS, CALLS, call).await?;
    if let Some(cleaner) = cleaner {
        ensure!(!cleaner.is_finished(), "nothing was left to take away");
        cleaner.abort();
        let _ = cleaner.await;
    }
    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(percentile(&mut times, 0.99))
}

fn tell_rate(runtime: &Runtime, house: &Arc<House>) -> Result<f64> {
    let before = old_left(runtime, house)?;
    let watched = Duration::from_secs(2);
    runtime.block_on(async {
        let clean = tokio::time::timeout(watched, house.service.clean());
        // It is cut off on purpose.
        let _ = clean.await;
    });
    let went = before.checked_sub(old_left(runtime, house)?);
    let went = went.context("old jobs came from nowhere")?;
    Ok(went as f64 / watched.as_secs_f64())
}
