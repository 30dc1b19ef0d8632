//! Two nodes on one database: how soon one learns of what another has done.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reelgate_domain::job::{CancelPolicy, Selector, StopMode};
use reelgate_domain::{Timestamp, WorkerId};
use reelgate_service::{Clock, SystemClock};
use reelgate_store::{Beat, BeatAnswer, Ending, Gone, PostgresOptions, PostgresStore, Store};
use reelgate_testkit::{Postgres, worker};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::house::House;
use crate::rounds::{millis, percentile};

const SAMPLES: usize = 300;

/// Until nobody has anything to do any more.
const IDLE: Duration = Duration::from_millis(15);

pub(super) fn figures(
    runtime: &Runtime,
    dir: &Path,
    server: &Postgres,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let url = server.database();
    let (mut starts, mut stops) = runtime.block_on(async {
        let house = House::build_on_postgres(&dir.join("nodes"), &url).await?;
        let other = PostgresStore::open(PostgresOptions::new(url)).await?;
        measure(&house, &other).await
    })?;
    tell(spread(
        "submit on a node to its claim on another, p99",
        &mut starts,
    ));
    tell(spread(
        "cancel on a node to its worker on another told, p99",
        &mut stops,
    ));
    Ok(())
}

/// A worker on the other node waits for the bells and looks when one rings, as workers do.
async fn measure(house: &House, other: &PostgresStore) -> Result<(Vec<f64>, Vec<f64>)> {
    let name: WorkerId = worker("other");
    let mut hints = other.hints();
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        tokio::time::sleep(IDLE).await;
        hints.work.mark_unchanged();
        let submitted = Instant::now();
        let (id, job) = tokio::try_join!(house.submit(), async {
            loop {
                rung(&mut hints.work).await?;
                let now = SystemClock.now();
                let claims = other.claim(&name, 1, until(now), now).await?;
                if let Some(claim) = claims.into_iter().next() {
                    return Ok(claim.job);
                }
            }
        })?;
        starts.push(millis(submitted.elapsed()));
        ensure!(job.id == id, "another job was started");

        tokio::time::sleep(IDLE).await;
        hints.stops.mark_unchanged();
        let attempt = job.lifecycle.attempt;
        let cancelled = Instant::now();
        let cancel = async {
            let selector = Selector::ids(vec![id]);
            let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
            house
                .service
                .cancel(&house.caller, selector, policy, mode)
                .await?;
            anyhow::Ok(())
        };
        tokio::try_join!(cancel, async {
            loop {
                rung(&mut hints.stops).await?;
                let beat = Beat {
                    job: id,
                    attempt,
                    progress: 0,
                };
                let now = SystemClock.now();
                let answers = other.renew(vec![beat], until(now), now).await?;
                if matches!(answers[..], [BeatAnswer::Stop(_)]) {
                    return Ok(());
                }
            }
        })?;
        stops.push(millis(cancelled.elapsed()));
        let now = SystemClock.now();
        let gone = Gone {
            at: now,
            killed: false,
        };
        other
            .finish(id, attempt, Ending::Stopped(gone), now)
            .await?;
    }
    Ok((starts, stops))
}

async fn rung(bell: &mut tokio::sync::watch::Receiver<u64>) -> Result<()> {
    let patience = Duration::from_secs(5);
    let rung = tokio::time::timeout(patience, bell.changed()).await;
    rung.context("a hint was lost")?
        .context("the store is gone")
}

fn until(now: Timestamp) -> Timestamp {
    now.after(Duration::from_secs(30))
}

fn spread(name: &str, samples: &mut [f64]) -> Figure {
    let p99 = percentile(samples, 0.99);
    let note = format!(
        "{} samples: median {:.1} ms, largest {:.1} ms",
        samples.len(),
        percentile(samples, 0.5),
        percentile(samples, 1.0)
    );
    Figure::alone(name, "ms", p99, Goal::Within(50.0)).with_note(note)
}
