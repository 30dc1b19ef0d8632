//! What cancelling uploads by URL costs while many wait beside the same while few do.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reelgate_domain::JobId;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, JobKind, Named, Selector, StopMode};
use reelgate_domain::node::Kinds;
use tokio::runtime::Runtime;

use crate::backlog::FEW;
use crate::figure::{Figure, Goal};
use crate::house::{House, scattered};
use crate::rounds::{in_turns, median};

/// What one call names.
const NAMED: usize = 10;
/// Calls in a round: all that they cancel is queued again behind the rest.
const CALLS: usize = 40;
const ROUNDS: usize = 21;

pub(crate) fn figures(
    runtime: &Runtime,
    dir: &Path,
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    ensure!(many > FEW, "the larger backlog has more than {FEW} jobs");
    let open = |name: &str| runtime.block_on(House::build(&dir.join(name)));
    let (long, short) = (open("long")?, open("short")?);
    compare(runtime, (long, short), many, tell)
}

/// The same calls in the house of many and in that of few.
pub(crate) fn compare(
    runtime: &Runtime,
    (long, short): (House, House),
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let mut long = runtime.block_on(Line::of(long, many))?;
    let mut short = runtime.block_on(Line::of(short, FEW))?;
    for by in [By::Ids, By::Urls] {
        let pair = in_turns(
            ROUNDS,
            || runtime.block_on(long.cancel(by)),
            || runtime.block_on(short.cancel(by)),
        )?;
        let word = by.word();
        let name = format!("cancel {NAMED} uploads by {word}: {many} waiting / {FEW} waiting");
        tell(Figure::beside(name, "us", pair, Goal::Most(1.2)));
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum By {
    Ids,
    Urls,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Ids => "id",
            Self::Urls => "URL",
        }
    }
}

/// Uploads that wait, as many after each round as before it.
struct Line {
    house: Arc<House>,
    waiting: Vec<JobId>,
}

impl Line {
    async fn of(house: House, length: usize) -> Result<Self> {
        let house = Arc::new(house);
        let waiting = scattered(&house.fill_uploads(length).await?);
        Ok(Self { house, waiting })
    }

    /// The median of one caller's calls, in microseconds.
    async fn cancel(&mut self, by: By) -> Result<f64> {
        let rest = self.waiting.split_off(NAMED * CALLS);
        let named = std::mem::replace(&mut self.waiting, rest);
        let mut micros = Vec::with_capacity(CALLS);
        for ids in named.chunks(NAMED) {
            let took = match by {
                By::Ids => self.by_ids(ids).await?,
                By::Urls => self.by_urls(ids).await?,
            };
            micros.push(took.as_secs_f64() * 1e6);
        }
        let fresh = self.house.fill_uploads(NAMED * CALLS).await?;
        self.waiting.extend(scattered(&fresh));
        Ok(median(&mut micros))
    }

    /// As the call does it: what is no upload is left out before.
    async fn by_ids(&self, ids: &[JobId]) -> Result<Duration> {
        let begun = Instant::now();
        let found = self.house.service.jobs(&self.house.caller, ids).await?;
        ensure!(found.len() == ids.len(), "an upload is gone");
        self.take(Named::Ids(ids.to_vec())).await?;
        Ok(begun.elapsed())
    }

    async fn by_urls(&self, ids: &[JobId]) -> Result<Duration> {
        let found = self.house.service.jobs(&self.house.caller, ids).await?;
        let urls = found.iter().map(|job| job.spec.source_url().cloned());
        let urls: Option<Vec<SourceUrl>> = urls.collect();
        let urls = urls.context("every upload has an address")?;
        let begun = Instant::now();
        self.take(Named::SourceUrls(urls)).await?;
        Ok(begun.elapsed())
    }

    async fn take(&self, named: Named) -> Result<()> {
        let selector = Selector {
            kinds: Kinds::NONE.and(JobKind::Ingest),
            pipeline: None,
            named,
        };
        let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
        let house = &self.house;
        let cancelled = house.service.cancel(&house.caller, selector, policy, mode);
        let cancelled = cancelled.await?;
        let is_cancelled = |it: &CancelOutcome| matches!(it, CancelOutcome::Cancelled { .. });
        ensure!(
            cancelled.len() == NAMED && cancelled.iter().all(is_cancelled),
            "an upload that waits was not cancelled"
        );
        Ok(())
    }
}
