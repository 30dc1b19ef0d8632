//! What a call costs on a long queue beside the same call on a short one.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, PipelineState};
use reelgate_store::{Ending, Fenced};
use reelgate_testkit::{FixedClock, Ids};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::queue::{CALLERS, Queue, payload, scattered};
use crate::raw::{Id, Raw};
use crate::rounds::{in_turns, percentile, together};

/// The short queue.
const FEW: usize = 1000;

/// Calls in a round: fewer than the short queue has jobs.
const CALLS: usize = 480;

const ROUNDS: usize = 15;

/// A queue whose length every round leaves as it was.
struct Line {
    queue: Arc<Queue>,
    queued: Vec<JobId>,
}

#[derive(Clone, Copy)]
enum Operation {
    Submit,
    Cancel,
    Claim,
    Pause,
    Get,
}

pub(crate) fn figures(runtime: &Runtime, dir: &Path, many: usize) -> Result<Vec<Figure>> {
    ensure!(many > FEW, "the larger backlog has more than {FEW} jobs");
    let mut short = runtime.block_on(Line::open(&dir.join("short"), FEW))?;
    let mut long = runtime.block_on(Line::open(&dir.join("long"), many))?;
    let operations = [
        ("submit", Operation::Submit),
        ("cancel", Operation::Cancel),
        ("claim", Operation::Claim),
        ("pause", Operation::Pause),
        ("get", Operation::Get),
    ];
    let mut figures = Vec::new();
    for (name, operation) in operations {
        let (mut ours, mut baseline) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let a = runtime.block_on(long.round(operation))?;
            let b = runtime.block_on(short.round(operation))?;
            // The first round warms the caches.
            if round > 0 {
                ours.push(micros(a));
                baseline.push(micros(b));
            }
        }
        figures.push(Figure {
            name: format!("{name}: {many} queued / {FEW} queued, {CALLERS} callers"),
            unit: "us/call",
            ours: percentile(&mut ours, 0.5),
            baseline: percentile(&mut baseline, 0.5),
            goal: Goal::Most(1.5),
        });
    }
    figures.push(bare_cancel(dir, many)?);
    Ok(figures)
}

/// Cancels all over a long queue change pages that no other cancel of the batch changes: that much
/// of the difference the bare table shows as well.
fn bare_cancel(dir: &Path, many: usize) -> Result<Figure> {
    let mut long = BareLine::open(&dir.join("bare-long.db"), many)?;
    let mut short = BareLine::open(&dir.join("bare-short.db"), FEW)?;
    let (ours, baseline) = in_turns(ROUNDS, || long.cancel(), || short.cancel())?;
    Ok(Figure {
        name: format!("  cancel on the bare table: {many} / {FEW}"),
        unit: "us/call",
        ours,
        baseline,
        goal: Goal::Shown,
    })
}

struct BareLine {
    raw: Raw,
    source: Ids,
    queued: Vec<Id>,
}

impl BareLine {
    fn open(path: &Path, length: usize) -> Result<Self> {
        let (mut raw, source) = (Raw::open(path, &payload()?)?, Ids::default());
        let ids = next_ids(&source, length);
        raw.fill(&ids)?;
        Ok(Self {
            raw,
            source,
            queued: scattered(&ids),
        })
    }

    fn cancel(&mut self) -> Result<f64> {
        let rest = self.queued.split_off(CALLS);
        let ids = std::mem::replace(&mut self.queued, rest);
        let rate = self.raw.cancel(&ids)?;
        let fresh = next_ids(&self.source, CALLS);
        self.raw.fill(&fresh)?;
        self.queued.extend(scattered(&fresh));
        Ok(1e6 / rate)
    }
}

fn next_ids(source: &Ids, count: usize) -> Vec<Id> {
    (0..count)
        .map(|_| *source.job(FixedClock::START).as_bytes())
        .collect()
}

fn micros(round: Duration) -> f64 {
    round.as_secs_f64() * 1e6 / CALLS as f64
}

impl Line {
    async fn open(dir: &Path, length: usize) -> Result<Self> {
        let queue = Arc::new(Queue::open(dir).await?);
        let queued = scattered(&queue.fill(length).await?);
        Ok(Self { queue, queued })
    }

    async fn round(&mut self, operation: Operation) -> Result<Duration> {
        match operation {
            Operation::Submit => self.submit().await,
            Operation::Cancel => self.cancel().await,
            Operation::Claim => self.claim().await,
            Operation::Pause => self.pause().await,
            Operation::Get => self.get().await,
        }
    }

    async fn submit(&mut self) -> Result<Duration> {
        let jobs: Arc<Vec<_>> = Arc::new((0..CALLS).map(|_| self.queue.job()).collect());
        let (queue, submitted) = (Arc::clone(&self.queue), Arc::clone(&jobs));
        let took = together(CALLERS, CALLS, move |number| {
            let (queue, job) = (Arc::clone(&queue), submitted[number].clone());
            async move { queue.submit(job).await }
        })
        .await?;
        for job in jobs.iter() {
            self.queue.cancel(job.id).await?;
        }
        Ok(took)
    }

    async fn cancel(&mut self) -> Result<Duration> {
        let rest = self.queued.split_off(CALLS);
        let ids = Arc::new(std::mem::replace(&mut self.queued, rest));
        let queue = Arc::clone(&self.queue);
        let took = together(CALLERS, CALLS, move |number| {
            let (queue, id) = (Arc::clone(&queue), ids[number]);
            async move { queue.cancel(id).await }
        })
        .await?;
        let fresh = self.queue.fill(CALLS).await?;
        self.queued.extend(scattered(&fresh));
        Ok(took)
    }

    async fn claim(&mut self) -> Result<Duration> {
        let claimed = Arc::new(Mutex::new(Vec::with_capacity(CALLS)));
        let (queue, kept) = (Arc::clone(&self.queue), Arc::clone(&claimed));
        let took = together(CALLERS, CALLS, move |_| {
            let (queue, kept) = (Arc::clone(&queue), Arc::clone(&kept));
            async move {
                let id = queue.claim().await?;
                kept.lock()
                    .map_err(|_| anyhow::anyhow!("a caller panicked"))?
                    .push(id);
                Ok(())
            }
        })
        .await?;
        let claimed = claimed
            .lock()
            .map_err(|_| anyhow::anyhow!("a caller panicked"))?
            .clone();
        for id in claimed {
            self.give_back(id).await?;
        }
        Ok(took)
    }

    async fn give_back(&self, id: JobId) -> Result<()> {
        let queue = &self.queue;
        let job = queue.store.jobs(queue.account, &[id]).await?.pop();
        let attempt = job.context("a claimed job is gone")?.lifecycle.attempt;
        let fenced = queue
            .store
            .finish(id, attempt, Ending::GivenBack, queue.now)
            .await?;
        ensure!(fenced == Fenced::Done, "a job could not be given back");
        Ok(())
    }

    async fn pause(&mut self) -> Result<Duration> {
        let queue = Arc::clone(&self.queue);
        let took = together(CALLERS, CALLS, move |number| {
            let states = [PipelineState::Paused, PipelineState::Active];
            set_state(Arc::clone(&queue), states[number / CALLERS % 2])
        })
        .await?;
        set_state(Arc::clone(&self.queue), PipelineState::Active).await?;
        Ok(took)
    }

    async fn get(&mut self) -> Result<Duration> {
        let ids: Arc<Vec<JobId>> = Arc::new(self.queued[..CALLS].to_vec());
        self.queued.rotate_left(CALLS);
        let queue = Arc::clone(&self.queue);
        together(CALLERS, CALLS, move |number| {
            let (queue, id) = (Arc::clone(&queue), ids[number]);
            async move {
                ensure!(
                    queue.store.jobs(queue.account, &[id]).await?.len() == 1,
                    "a job is gone"
                );
                Ok(())
            }
        })
        .await
    }
}

async fn set_state(queue: Arc<Queue>, state: PipelineState) -> Result<()> {
    let change = PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    };
    let changed = queue
        .store
        .change_pipeline(queue.account, queue.pipeline, change)
        .await?;
    ensure!(changed.is_some(), "the pipeline is gone");
    Ok(())
}
