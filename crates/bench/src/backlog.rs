//! What a call costs on a long queue beside the same call on a short one.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use reelgate_domain::{JobId, PipelineState};
use reelgate_store::Ending;
use tokio::runtime::Runtime;

use crate::bare::Id;
use crate::bare::jobs::Jobs;
use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House, ids, payload, scattered};
use crate::rounds::{in_turns, together};

/// The short queue.
pub(crate) const FEW: usize = 1000;

/// Calls in a round: fewer than the short queue has jobs.
const CALLS: usize = 480;

const ROUNDS: usize = 21;

/// A queue whose length every round leaves as it was.
pub(crate) struct Line {
    house: Arc<House>,
    queued: Vec<JobId>,
}

#[derive(Clone, Copy)]
enum Operation {
    Submit,
    Get,
    Claim,
    Cancel,
    Pause,
}

pub(crate) fn figures(
    runtime: &Runtime,
    dir: &Path,
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    ensure!(many > FEW, "the larger backlog has more than {FEW} jobs");
    let mut short = runtime.block_on(Line::open(&dir.join("short"), FEW))?;
    let mut long = runtime.block_on(Line::open(&dir.join("long"), many))?;
    compare(runtime, (&mut long, &mut short), many, tell)?;
    tell(bare_cancel(dir, many)?);
    Ok(())
}

/// Every operation on a long queue beside the same on a short one.
pub(crate) fn compare(
    runtime: &Runtime,
    (long, short): (&mut Line, &mut Line),
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let operations = [
        ("submit", Operation::Submit),
        ("get", Operation::Get),
        ("claim", Operation::Claim),
        ("cancel", Operation::Cancel),
        ("pause", Operation::Pause),
    ];
    for (name, operation) in operations {
        let pair = in_turns(
            ROUNDS,
            || Ok(micros(runtime.block_on(long.round(operation, CALLERS))?)),
            || Ok(micros(runtime.block_on(short.round(operation, CALLERS))?)),
        )?;
        let name = format!("{name}, {CALLERS} callers: {many} queued / {FEW} queued");
        tell(Figure::beside(name, "us", pair, Goal::Most(1.5)));
    }
    for (name, operation) in operations {
        let pair = in_turns(
            5,
            || Ok(micros(runtime.block_on(long.round(operation, 1))?)),
            || Ok(micros(runtime.block_on(short.round(operation, 1))?)),
        )?;
        let name = format!("{name}, 1 caller: {many} queued / {FEW} queued");
        tell(Figure::beside(name, "us", pair, Goal::Most(1.5)));
    }
    Ok(())
}

/// Cancels all over a long queue change pages that no other cancel of the batch changes: that much
/// of the difference the bare table shows as well.
fn bare_cancel(dir: &Path, many: usize) -> Result<Figure> {
    let mut long = BareLine::open(&dir.join("bare-long.db"), many)?;
    let mut short = BareLine::open(&dir.join("bare-short.db"), FEW)?;
    let pair = in_turns(ROUNDS, || long.cancel(), || short.cancel())?;
    let name = format!("  bare cancel, 32 per commit: {many} queued / {FEW} queued");
    Ok(Figure::beside(name, "us", pair, Goal::Shown))
}

struct BareLine {
    jobs: Jobs,
    queued: Vec<Id>,
}

impl BareLine {
    fn open(path: &Path, length: usize) -> Result<Self> {
        let (mut jobs, ids) = (Jobs::open(path, payload()?)?, ids(length));
        jobs.fill(&ids)?;
        Ok(Self {
            jobs,
            queued: scattered(&ids),
        })
    }

    fn cancel(&mut self) -> Result<f64> {
        let rest = self.queued.split_off(CALLS);
        let victims = std::mem::replace(&mut self.queued, rest);
        let rate = self.jobs.cancel(&victims)?;
        let fresh = ids(CALLS);
        self.jobs.fill(&fresh)?;
        self.queued.extend(scattered(&fresh));
        Ok(1e6 / rate)
    }
}

fn micros(round: Duration) -> f64 {
    round.as_secs_f64() * 1e6 / CALLS as f64
}

impl Line {
    async fn open(dir: &Path, length: usize) -> Result<Self> {
        Self::of(House::build(dir).await?, length).await
    }

    pub(crate) async fn of(house: House, length: usize) -> Result<Self> {
        let house = Arc::new(house);
        let queued = scattered(&house.fill(length).await?);
        Ok(Self { house, queued })
    }

    async fn round(&mut self, operation: Operation, callers: usize) -> Result<Duration> {
        match operation {
            Operation::Submit => self.submit(callers).await,
            Operation::Get => self.get(callers).await,
            Operation::Claim => self.claim(callers).await,
            Operation::Cancel => self.cancel(callers).await,
            Operation::Pause => self.pause(callers).await,
        }
    }

    async fn submit(&mut self, callers: usize) -> Result<Duration> {
        let house = Arc::clone(&self.house);
        let call = move |_| {
            let house = Arc::clone(&house);
            async move { house.submit().await }
        };
        let (took, jobs) = gathered(callers, call).await?;
        for job in jobs {
            self.house.cancel(job).await?;
        }
        Ok(took)
    }

    async fn get(&mut self, callers: usize) -> Result<Duration> {
        let ids: Arc<Vec<JobId>> = Arc::new(self.queued[..CALLS].to_vec());
        self.queued.rotate_left(CALLS);
        let house = Arc::clone(&self.house);
        together(callers, CALLS, move |number| {
            let (house, id) = (Arc::clone(&house), ids[number]);
            async move { house.get(id).await.map(drop) }
        })
        .await
    }

    async fn claim(&mut self, callers: usize) -> Result<Duration> {
        let house = Arc::clone(&self.house);
        let call = move |_| {
            let house = Arc::clone(&house);
            async move { house.claim().await }
        };
        let (took, jobs) = gathered(callers, call).await?;
        for job in jobs {
            self.house.finish(&job, Ending::GivenBack).await?;
        }
        Ok(took)
    }

    async fn cancel(&mut self, callers: usize) -> Result<Duration> {
        let rest = self.queued.split_off(CALLS);
        let ids = Arc::new(std::mem::replace(&mut self.queued, rest));
        let house = Arc::clone(&self.house);
        let took = together(callers, CALLS, move |number| {
            let (house, id) = (Arc::clone(&house), ids[number]);
            async move { house.cancel(id).await }
        })
        .await?;
        let fresh = self.house.fill(CALLS).await?;
        self.queued.extend(scattered(&fresh));
        Ok(took)
    }

    async fn pause(&mut self, callers: usize) -> Result<Duration> {
        let house = Arc::clone(&self.house);
        let took = together(callers, CALLS, move |number| {
            let house = Arc::clone(&house);
            let states = [PipelineState::Paused, PipelineState::Active];
            async move { house.set_state(states[number / CALLERS % 2]).await }
        })
        .await?;
        self.house.set_state(PipelineState::Active).await?;
        Ok(took)
    }
}

/// As [`together`], and what the calls came to.
async fn gathered<F, T, C>(callers: usize, call: C) -> Result<(Duration, Vec<T>)>
where
    C: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let kept = Arc::new(Mutex::new(Vec::with_capacity(CALLS)));
    let keep = Arc::clone(&kept);
    let took = together(callers, CALLS, move |number| {
        let (outcome, keep) = (call(number), Arc::clone(&keep));
        async move {
            let outcome = outcome.await?;
            keep.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(outcome);
            Ok(())
        }
    })
    .await?;
    let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((took, kept))
}
