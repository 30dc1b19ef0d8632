//! Many callers cancel the jobs that many workers claim, and every answer is checked against what
//! ran.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use reelgate_domain::JobId;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, StateName};
use tokio::task::JoinSet;

use super::{Home, World};

/// What a race came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub cancelled: usize,
    /// Cancels that came too late.
    pub refused: usize,
    pub started: usize,
    /// One line per broken promise.
    pub violations: Vec<String>,
}

pub async fn cancel_and_claim_never_both_win(home: &dyn Home) {
    let world = Arc::new(World::new(home).await);
    let canceller = Arc::clone(&world);
    let tally = race(&world, 4000, move |id| {
        let world = Arc::clone(&canceller);
        async move { world.cancel(id, CancelPolicy::QueuedOnly).await }
    })
    .await;
    assert_eq!(tally.violations, Vec::<String>::new());
    assert_eq!(tally.cancelled + tally.started, 4000);
    // Otherwise they did not meet and nothing was shown.
    assert!(tally.cancelled > 40 && tally.refused > 40, "{tally:?}");
}

/// Queues `count` jobs; four workers claim them, oldest first, while four callers cancel those
/// that are next, so that the two meet all along the way. `cancel` is what is tried: it cancels
/// one job by the policy `QueuedOnly`.
pub async fn race<C, F>(world: &Arc<World>, count: usize, cancel: C) -> Tally
where
    C: Fn(JobId) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = CancelOutcome> + Send + 'static,
{
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.extend(world.fill(world.pipeline, 500.min(count - ids.len())).await);
    }
    let field = Arc::new(Field {
        ids,
        gone: AtomicUsize::new(0),
        next: AtomicUsize::new(0),
    });
    let mut claimers = JoinSet::new();
    let mut cancellers = JoinSet::new();
    for caller in 0..4 {
        claimers.spawn(claim_all(Arc::clone(world), Arc::clone(&field)));
        cancellers.spawn(cancel_ahead(
            Arc::clone(&field),
            caller * (caller + 1) / 2,
            cancel.clone(),
        ));
    }
    let answers = cancellers.join_all().await.concat();
    let started = claimers.join_all().await.concat();
    check(world, &field.ids, &answers, &started).await
}

/// The queue that both sides eat from its head.
struct Field {
    ids: Vec<JobId>,
    /// How many jobs have left the queue: about where its head is.
    gone: AtomicUsize,
    /// Jobs before this one have had their cancel, or were passed over.
    next: AtomicUsize,
}

impl Field {
    /// A job so far behind the head of the queue, whose cancel nobody else tries.
    fn take(&self, behind: usize) -> Option<JobId> {
        let mut next = self.next.load(SeqCst);
        loop {
            let place = next.max(self.gone.load(SeqCst) + behind);
            match self.next.compare_exchange(next, place + 1, SeqCst, SeqCst) {
                Ok(_) => return self.ids.get(place).copied(),
                Err(moved) => next = moved,
            }
        }
    }
}

async fn claim_all(world: Arc<World>, field: Arc<Field>) -> Vec<JobId> {
    let mut started = Vec::new();
    loop {
        // Nothing is queued again in this race, so an empty answer is the end.
        let claimed = world.claim_ids(1).await;
        if claimed.is_empty() {
            return started;
        }
        field.gone.fetch_add(claimed.len(), SeqCst);
        started.extend(claimed);
    }
}

// The head is known only as of the last answers, so callers aim at different places near it.
async fn cancel_ahead<C, F>(
    field: Arc<Field>,
    behind: usize,
    cancel: C,
) -> Vec<(JobId, CancelOutcome)>
where
    C: Fn(JobId) -> F,
    F: Future<Output = CancelOutcome>,
{
    let mut answers = Vec::new();
    while let Some(id) = field.take(behind) {
        let answer = cancel(id).await;
        if matches!(answer, CancelOutcome::Cancelled { .. }) {
            field.gone.fetch_add(1, SeqCst);
        }
        answers.push((id, answer));
    }
    answers
}

async fn check(
    world: &World,
    ids: &[JobId],
    answers: &[(JobId, CancelOutcome)],
    started: &[JobId],
) -> Tally {
    let mut tally = Tally {
        started: started.len(),
        ..Tally::default()
    };
    let ran: HashSet<JobId> = started.iter().copied().collect();
    if ran.len() != started.len() {
        tally
            .violations
            .push(format!("{} jobs started twice", started.len() - ran.len()));
    }
    let mut cancelled = HashMap::new();
    for (id, answer) in answers {
        let accepted = matches!(answer, CancelOutcome::Cancelled { .. });
        tally.refused += usize::from(!accepted);
        match (accepted, ran.contains(id)) {
            (true, true) => tally
                .violations
                .push(format!("{id} ran and its cancel was accepted")),
            (false, false) => tally
                .violations
                .push(format!("{id} never ran, yet: {answer:?}")),
            _ => {}
        }
        cancelled.insert(*id, accepted);
    }
    tally.cancelled = cancelled.values().filter(|accepted| **accepted).count();
    for id in ids {
        let accepted = cancelled.get(id) == Some(&true);
        let expected = match (accepted, ran.contains(id)) {
            (true, _) => StateName::Cancelled,
            (false, true) => StateName::Running,
            (false, false) => {
                tally
                    .violations
                    .push(format!("{id} was neither cancelled nor started"));
                continue;
            }
        };
        let state = world.state(*id).await;
        if state != expected {
            tally
                .violations
                .push(format!("{id} is {state:?}, not {expected:?}"));
        }
    }
    let load = world.load(world.pipeline).await;
    if load != (0, ran.len() as u64) {
        tally.violations.push(format!(
            "the pipeline counts {load:?} for {} running",
            ran.len()
        ));
    }
    tally
}
