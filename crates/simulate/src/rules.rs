//! What has to hold of every write, whoever makes it: the small model of jobs and pipelines that the rows
//! are compared with. It knows states by their names only and shares no code with what decides.

use std::collections::BTreeMap;

use reelgate_domain::event::EventName;
use reelgate_domain::job::{FaultCode, JobState, StateName};
use reelgate_domain::{PipelineId, Timestamp};
use reelgate_store::twin::{JobRow, QueueRow, Rows};

use crate::record::{Broken, short};

/// A write: the rows before it and after it.
pub(crate) struct Write<'w> {
    pub(crate) before: &'w Rows,
    pub(crate) after: &'w Rows,
    /// The jobs that it changed.
    pub(crate) changes: &'w [(Option<JobRow>, JobRow)],
    /// Whose it is.
    pub(crate) caller: &'w str,
    /// By the database's clock.
    pub(crate) now: Timestamp,
    /// How far a node's clock may be ahead of it.
    pub(crate) skew_ms: i64,
}

pub(crate) fn check(write: &Write<'_>, broken: &mut Vec<Broken>) {
    for (before, after) in write.changes {
        moves(write, before.as_ref(), after, broken);
    }
    tallies(write.after, broken);
    events(write, broken);
    starts(write, broken);
}

fn require(
    broken: &mut Vec<Broken>,
    holds: bool,
    promise: &'static str,
    what: impl FnOnce() -> String,
) {
    if !holds {
        let what = what();
        broken.push(Broken { promise, what });
    }
}

/// What may become of a job by one write.
fn moves(write: &Write<'_>, before: Option<&JobRow>, after: &JobRow, broken: &mut Vec<Broken>) {
    use StateName::{Cancelled, Failed, Publishing, Queued, Running, Stopping, Succeeded};
    const LEGAL: &str = "a job goes the ways that there are";
    const FENCED: &str = "only the attempt that holds a job writes";
    const PROGRESS: &str = "progress does not go back within an attempt";
    let id = || short(after.id);
    let is = after.lifecycle.state.name();
    let Some(before) = before else {
        let new = is == Queued && after.lifecycle.attempt == 0 && after.lifecycle.losses == 0;
        require(broken, new, LEGAL, || format!("{} begins as {is:?}", id()));
        return;
    };
    let was = before.lifecycle.state.name();
    let (a, b) = (&before.lifecycle, &after.lifecycle);
    let same = a.attempt == b.attempt;
    let next = a.attempt + 1 == b.attempt;
    // Whose right it is to write of an attempt: its holder's, anybody's once its lease has run out.
    let holder = a.state.lease().map(|lease| lease.worker.0.as_str());
    let own = holder == Some(write.caller);
    let ran_out = a.state.lease().is_some_and(|lease| {
        let latest = write.now.as_millis() + write.skew_ms;
        lease.until.as_millis() <= latest
    });
    let legal = match (was, is) {
        (Queued, Running) | (Publishing, Publishing) if next => true,
        (Failed, Queued) => same && b.forgiven == a.attempt && b.losses == 0,
        // Handed back, or to be tried again.
        (Running, Queued) if b.losses == a.losses => same && !is_delayed(after),
        (Running, Queued) => {
            // Only a job that fails waits after its first loss.
            let waits_rightly = match is_delayed(after) {
                true => own || b.losses > 1,
                false => ran_out && b.losses == 1,
            };
            same && b.losses == a.losses + 1 && waits_rightly
        }
        (Queued, Queued | Cancelled)
        | (Running, Running | Publishing | Stopping | Failed)
        | (Publishing, Publishing | Succeeded | Failed)
        | (Stopping, Stopping | Cancelled) => same,
        _ => false,
    };
    require(broken, legal, LEGAL, || {
        let (from, to) = (a.attempt, b.attempt);
        format!("{} goes from {was:?} in {from} to {is:?} in {to}", id())
    });
    let lost = b.losses == a.losses + 1 && (is == Queued || is_lost(after));
    let fenced = match (was, is) {
        (Running, Publishing) | (Publishing, Succeeded) => own,
        (Running, Failed | Queued) => own || (ran_out && lost),
        (Publishing, Failed) => own,
        (Stopping, Cancelled) => own || ran_out,
        (Publishing, Publishing) if next => ran_out,
        _ => true,
    };
    require(broken, fenced, FENCED, || {
        let caller = write.caller;
        format!(
            "{} of {holder:?} goes from {was:?} to {is:?} by {caller}",
            id()
        )
    });
    if before.progress != after.progress {
        let grows = after.progress > before.progress;
        let anew = after.progress == 0 && (next || is == Queued);
        require(broken, grows || anew, PROGRESS, || {
            format!("{} from {} to {}", id(), before.progress, after.progress)
        });
        let held = own || next || is == Queued;
        require(broken, held, FENCED, || {
            format!("the progress of {} by {}", id(), write.caller)
        });
    }
}

/// What pipelines count is what there is.
fn tallies(rows: &Rows, broken: &mut Vec<Broken>) {
    const TALLY: &str = "a pipeline counts what it has";
    let mut counts: BTreeMap<PipelineId, (i64, i64, i64)> = BTreeMap::new();
    for job in &rows.jobs {
        let count = counts.entry(job.pipeline).or_default();
        match &job.lifecycle.state {
            JobState::Queued { ready_at } => {
                count.0 += 1;
                count.1 += i64::from(ready_at.is_none());
            }
            state => count.2 += i64::from(state.lease().is_some()),
        }
    }
    for queue in &rows.queues {
        let count = counts.get(&queue.pipeline).copied().unwrap_or_default();
        let kept = (queue.queued, queue.ready, queue.running);
        require(broken, kept == count, TALLY, || {
            format!("it counts {kept:?} (queued, ready, running) and has {count:?}")
        });
    }
}

/// Each change that others are told of is an event of its own, in the same write, and nothing else is one.
fn events(write: &Write<'_>, broken: &mut Vec<Broken>) {
    use StateName::{Cancelled, Failed, Queued, Running, Stopping, Succeeded};
    const EVENTS: &str = "events are what has happened";
    let expected = write.changes.iter().filter_map(|(before, after)| {
        let was = before.as_ref().map(|before| before.lifecycle.state.name());
        let name = match (was, after.lifecycle.state.name()) {
            (was, is) if was == Some(is) => return None,
            (None, _) => EventName::Queued,
            (Some(Queued), Running) => EventName::Started,
            (Some(Running), Queued) => EventName::Requeued,
            (Some(Failed), Queued) => EventName::Retried,
            (_, Stopping) => EventName::Stopping,
            (_, Succeeded) => EventName::Succeeded,
            (_, Failed) => EventName::Failed,
            (_, Cancelled) => EventName::Cancelled,
            _ => return None,
        };
        Some((after.id, name))
    });
    let mut expected: Vec<_> = expected.collect();
    let found = write.after.events.iter();
    let mut found: Vec<_> = found.map(|event| (event.job, event.name)).collect();
    expected.sort_unstable();
    found.sort_unstable();
    require(broken, expected == found, EVENTS, || {
        format!("{found:?} for {expected:?}")
    });
}

/// Whether it waits for the time of another attempt.
fn is_delayed(job: &JobRow) -> bool {
    matches!(job.lifecycle.state, JobState::Queued { ready_at: Some(_) })
}

/// Whether it failed because its workers were lost.
fn is_lost(job: &JobRow) -> bool {
    matches!(&job.lifecycle.state, JobState::Failed { fault, .. } if fault.code == FaultCode::WorkerLost)
}

fn is_ready(job: &JobRow) -> bool {
    matches!(job.lifecycle.state, JobState::Queued { ready_at: None })
}

/// The lower, the sooner.
fn rank(job: &JobRow) -> impl Ord + use<> {
    let started = job.lifecycle.has_started();
    (std::cmp::Reverse(job.priority), !started, job.id)
}

/// Which jobs a claim may start.
fn starts(write: &Write<'_>, broken: &mut Vec<Broken>) {
    const PAUSE: &str = "a paused pipeline starts nothing";
    const LIMIT: &str = "no more jobs of a pipeline run than may";
    const ORDER: &str = "the oldest job of the highest priority starts first";
    const TURNS: &str = "pipelines take turns, by fewest running jobs";
    let started = write.changes.iter().filter_map(|(before, after)| {
        let before = before.as_ref()?;
        let starts = before.lifecycle.state.name() == StateName::Queued
            && after.lifecycle.state.name() == StateName::Running;
        starts.then_some(before)
    });
    let started: Vec<&JobRow> = started.collect();
    if started.is_empty() {
        return;
    }
    let find = |rows: &'_ Rows, id: PipelineId| -> Option<QueueRow> {
        rows.queues.iter().find(|it| it.pipeline == id).cloned()
    };
    let family = |job: &JobRow| (job.submission, job.kin, job.pipeline, job.priority);
    for job in &started {
        let (Some(was), Some(is)) = (
            find(write.before, job.pipeline),
            find(write.after, job.pipeline),
        ) else {
            continue;
        };
        require(broken, !was.paused, PAUSE, || {
            format!("{} starts", short(job.id))
        });
        let kept = is.limit.is_none_or(|limit| is.running <= i64::from(limit));
        require(broken, kept, LIMIT, || {
            format!(
                "{} run of {:?} with {}",
                is.running,
                is.limit,
                short(job.id)
            )
        });
        // Some job of its family was the best of those that still wait.
        let head = started
            .iter()
            .filter(|it| family(it) == family(job))
            .min_by_key(|it| rank(it));
        let overtaken = write.after.jobs.iter().find(|other| {
            other.pipeline == job.pipeline
                && is_ready(other)
                && head.is_some_and(|head| rank(other) < rank(head))
        });
        require(broken, overtaken.is_none(), ORDER, || {
            format!(
                "{} starts before {:?}",
                short(job.id),
                overtaken.map(|it| short(it.id))
            )
        });
        // Nobody else who could have had the turn had fewer running jobs all the time.
        for other in &write.after.queues {
            let able = !other.paused
                && other.ready > 0
                && other
                    .limit
                    .is_none_or(|limit| other.running < i64::from(limit));
            let turned = other.pipeline != job.pipeline && able;
            require(
                broken,
                !turned || was.running <= other.running,
                TURNS,
                || {
                    format!(
                        "{} starts where {} run, elsewhere {}",
                        short(job.id),
                        was.running,
                        other.running
                    )
                },
            );
        }
    }
}
