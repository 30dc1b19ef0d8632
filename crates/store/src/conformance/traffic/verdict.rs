//! What the answers and the rows say about the promises.

use std::collections::BTreeMap;

use reelgate_domain::job::{CancelOutcome, CancelPolicy, Happening, Job, MAX_LOSSES, StateName};
use reelgate_domain::{JobId, PipelineId};

use super::actors::Arena;
use super::log::{Answer, Deed, Record, Report, Span, Start};
use super::{Meetings, Outcome, Promise, Violation};
use crate::JobFilter;

/// What is known of one job.
#[derive(Default)]
struct Case {
    starts: Vec<(Span, Start)>,
    reports: Vec<(Span, u32, Report, Answer)>,
    cancels: Vec<(Span, CancelPolicy, CancelOutcome)>,
    seen: Vec<(Span, StateName)>,
}

#[derive(Default)]
struct Verdict(Vec<Violation>);

impl Verdict {
    fn require(&mut self, kept: bool, promise: Promise, what: impl FnOnce() -> String) {
        if !kept {
            let what = what();
            self.0.push(Violation { promise, what });
        }
    }
}

pub(super) async fn judge(arena: &Arena, records: &[Record]) -> Outcome {
    let mut verdict = Verdict::default();
    let mut meetings = Meetings::default();
    let mut cases: BTreeMap<JobId, Case> = BTreeMap::new();
    for record in records {
        file(record, &mut cases, &mut verdict, &mut meetings);
    }
    pauses(records, &mut verdict, &mut meetings);
    let rows = rows(arena, &mut verdict).await;
    limits(arena, &cases, &mut verdict);
    for id in arena.ids() {
        let (case, row) = (cases.remove(&id).unwrap_or_default(), rows.get(&id));
        let known = row.is_some();
        verdict.require(known, Promise::AnswersFit, || format!("{id} is not there"));
        if let Some(row) = row {
            of_job(&case, row, &mut verdict, &mut meetings);
        }
    }
    histories(arena, &rows, &mut verdict).await;
    Outcome {
        violations: verdict.0,
        meetings,
    }
}

/// Sorts what was noted by job.
fn file(
    record: &Record,
    cases: &mut BTreeMap<JobId, Case>,
    verdict: &mut Verdict,
    meetings: &mut Meetings,
) {
    let span = record.span;
    match &record.deed {
        Deed::Claim { starts, groups } => {
            meetings.groups += groups;
            for start in starts {
                let case = cases.entry(start.job).or_default();
                case.starts.push((span, *start));
            }
        }
        Deed::Report {
            job,
            attempt,
            report,
            answer,
        } => {
            let case = cases.entry(*job).or_default();
            case.reports.push((span, *attempt, *report, *answer));
        }
        Deed::Cancel {
            job,
            policy,
            outcome,
        } => {
            let case = cases.entry(*job).or_default();
            case.cancels.push((span, *policy, outcome.clone()));
        }
        Deed::Seen { job, state } => {
            cases.entry(*job).or_default().seen.push((span, *state));
        }
        Deed::Load { running, limit } => {
            let kept = limit.is_none_or(|limit| *running <= u64::from(limit));
            verdict.require(kept, Promise::LimitHolds, || {
                format!("{running} run where {limit:?} may")
            });
        }
        Deed::Broken(promise, what) => verdict.require(false, *promise, || what.clone()),
        Deed::Pause(_) | Deed::Resume(_) => {}
    }
}

/// No claim that began after a pause's answer and had its own before the resume was called may
/// have started a job of that pipeline.
fn pauses(records: &[Record], verdict: &mut Verdict, meetings: &mut Meetings) {
    let mut changes: Vec<(Span, bool, PipelineId)> = Vec::new();
    for record in records {
        match record.deed {
            Deed::Pause(pipeline) => changes.push((record.span, true, pipeline)),
            Deed::Resume(pipeline) => changes.push((record.span, false, pipeline)),
            _ => {}
        }
    }
    changes.sort_unstable_by_key(|(span, ..)| span.began);
    // One actor makes them, a pause and its resume by turns.
    let closed: Vec<(u64, u64, PipelineId)> = changes
        .chunks_exact(2)
        .map(|pair| (pair[0].0.ended, pair[1].0.began, pair[0].2))
        .collect();
    for record in records {
        let Deed::Claim { starts, .. } = &record.deed else {
            continue;
        };
        let Span { began, ended } = record.span;
        // The last pause before it is the only one that it can lie in.
        let place = closed.partition_point(|(from, ..)| *from < began);
        let Some((_, until, pipeline)) = place.checked_sub(1).map(|place| closed[place]) else {
            continue;
        };
        if ended > until {
            continue;
        }
        meetings.held_back += 1;
        for start in starts {
            let kept = start.pipeline != pipeline || start.publishes;
            verdict.require(kept, Promise::PauseHolds, || {
                format!("{start:?} from {began} to {ended} inside a pause that ends at {until}")
            });
        }
    }
}

/// All jobs as they are in the end.
async fn rows(arena: &Arena, verdict: &mut Verdict) -> BTreeMap<JobId, Job> {
    let (world, store) = (&arena.world, arena.reach.store());
    let all = JobFilter::default();
    let jobs = store.list_jobs(world.account, all, u32::MAX).await;
    let jobs = jobs.unwrap_or_default();
    let count = arena.ids().len();
    verdict.require(jobs.len() == count, Promise::AnswersFit, || {
        format!("{} jobs of {count}", jobs.len())
    });
    for (id, _) in &arena.pipelines {
        let load = world.load(*id).await;
        verdict.require(load == (0, 0), Promise::AnswersFit, || {
            format!("a pipeline still counts {load:?}")
        });
    }
    let ids = arena.ids();
    let unheld = store.unheld(world.account, &ids).await;
    verdict.require(
        unheld
            .as_ref()
            .is_ok_and(|unheld| unheld.len() == ids.len()),
        Promise::AnswersFit,
        || "leases are left".to_owned(),
    );
    let deadline = store.next_deadline().await;
    verdict.require(matches!(deadline, Ok(None)), Promise::AnswersFit, || {
        format!("something is still due: {deadline:?}")
    });
    jobs.into_iter().map(|job| (job.id, job)).collect()
}

/// A lease surely lives from the claim's answer until the last call that counted began.
fn limits(arena: &Arena, cases: &BTreeMap<JobId, Case>, verdict: &mut Verdict) {
    for (pipeline, limit) in &arena.pipelines {
        let Some(limit) = limit else { continue };
        let mut edges = Vec::new();
        for case in cases.values() {
            for (span, start) in &case.starts {
                let last = case.counted().filter(|it| it.1 == start.attempt);
                let last = last.map(|it| it.0.began).max().unwrap_or(0);
                if start.pipeline == *pipeline && last > span.ended {
                    edges.extend([(span.ended, 1), (last, -1)]);
                }
            }
        }
        edges.sort_unstable();
        let (mut now, mut most) = (0, 0);
        for (_, edge) in edges {
            now += edge;
            most = most.max(now);
        }
        verdict.require(most <= i64::from(*limit), Promise::LimitHolds, || {
            format!("{most} leases at a time, {limit} allowed")
        });
    }
}

impl Case {
    /// The reports that counted.
    fn counted(&self) -> impl Iterator<Item = &(Span, u32, Report, Answer)> {
        let lost = |answer: &Answer| matches!(answer, Answer::Lost);
        self.reports.iter().filter(move |it| !lost(&it.3))
    }

    /// The answers that said that the job has ended, with how it then has.
    fn ends(&self) -> Vec<(Span, StateName)> {
        let reported = self.counted().filter_map(|(span, _, report, answer)| {
            let end = match (report, answer) {
                // Refused because of a stop, which goes on.
                (Report::Succeed, Answer::Stopping) | (Report::Beat | Report::Publish, _) => None,
                (_, Answer::Stopping) | (Report::Stopped, _) => Some(StateName::Cancelled),
                (Report::Succeed, _) => Some(StateName::Succeeded),
                (Report::FailForGood, _) => Some(StateName::Failed),
                (Report::FailForNow | Report::GiveBack, _) => None,
            };
            Some((*span, end?))
        });
        let cancelled = self.cancels.iter().filter_map(|(span, _, outcome)| {
            let cancelled = matches!(outcome, CancelOutcome::Cancelled { .. });
            cancelled.then_some((*span, StateName::Cancelled))
        });
        reported.chain(cancelled).collect()
    }
}

fn of_job(case: &Case, row: &Job, verdict: &mut Verdict, meetings: &mut Meetings) {
    let state = row.lifecycle.state.name();
    let ends = case.ends();
    starts(case, row, verdict);
    cancels(case, row, verdict, meetings);
    verdict.require(state.is_final(), Promise::OneEnd, || {
        format!("{} is still {state:?}", row.id)
    });
    verdict.require(ends.len() <= 1, Promise::OneEnd, || {
        format!("{} has ended more than once: {ends:?}", row.id)
    });
    for (span, end) in &ends {
        verdict.require(*end == state, Promise::AnswersFit, || {
            format!("{} was answered {end:?} and is {state:?}", row.id)
        });
        let starts = case.starts.iter().map(|it| it.0);
        let later = starts.chain(case.counted().map(|it| it.0));
        let later = later.filter(|it| it.follows(*span)).count();
        verdict.require(later == 0, Promise::OneEnd, || {
            format!("{later} calls about {} counted after its end", row.id)
        });
    }
    let said = |end| ends.iter().any(|(_, it)| *it == end);
    let asked = case.cancels.iter().any(|(.., outcome)| accepted(outcome));
    let fits = match state {
        StateName::Succeeded => said(StateName::Succeeded),
        StateName::Cancelled => asked,
        // Else its last worker was lost.
        StateName::Failed => said(StateName::Failed) || row.lifecycle.losses == MAX_LOSSES,
        _ => false,
    };
    verdict.require(fits, Promise::AnswersFit, || {
        format!("{} is {state:?}, and nobody was told", row.id)
    });
    let mut ended: Option<(Span, StateName)> = None;
    let mut seen = case.seen.clone();
    seen.sort_unstable_by_key(|(span, _)| span.began);
    for (span, state) in seen {
        if let Some((before, end)) = ended {
            verdict.require(
                !span.follows(before) || state == end,
                Promise::OneEnd,
                || format!("{} was {end:?} and then {state:?}", row.id),
            );
        } else if state.is_final() {
            ended = Some((span, state));
        }
    }
    if let Some((_, end)) = ended {
        verdict.require(end == state, Promise::OneEnd, || {
            format!("{} was {end:?} and then {state:?}", row.id)
        });
    }
    let lost = case.reports.iter().filter(|it| it.3 == Answer::Lost);
    meetings.stale += lost.count();
    meetings.succeeded += usize::from(state == StateName::Succeeded);
    meetings.failed += usize::from(state == StateName::Failed);
}

/// Every attempt was started by one claim, one after the other, and a report counted only as long
/// as nobody had been told of a newer attempt.
fn starts(case: &Case, row: &Job, verdict: &mut Verdict) {
    let mut starts = case.starts.clone();
    starts.sort_unstable_by_key(|(span, start)| (start.attempt, span.began));
    let attempts: Vec<u32> = starts.iter().map(|(_, start)| start.attempt).collect();
    let expected: Vec<u32> = (1..=row.lifecycle.attempt).collect();
    verdict.require(attempts == expected, Promise::OneAttempt, || {
        format!("{} is in attempt {expected:?} after {attempts:?}", row.id)
    });
    for pair in starts.windows(2) {
        let ((before, _), (after, start)) = (pair[0], pair[1]);
        verdict.require(!before.follows(after), Promise::OneAttempt, || {
            format!("{start:?} came before the attempt before it")
        });
    }
    for (span, attempt, report, answer) in case.counted() {
        let newer = starts.iter().find(|(_, start)| start.attempt > *attempt);
        let stale = newer.is_some_and(|(newer, _)| span.follows(*newer));
        verdict.require(!stale, Promise::OneAttempt, || {
            format!(
                "{report:?} of {} in {attempt} was {answer:?} after {newer:?}",
                row.id
            )
        });
    }
}

const fn accepted(outcome: &CancelOutcome) -> bool {
    matches!(
        outcome,
        CancelOutcome::Cancelled { .. } | CancelOutcome::Stopping { .. }
    )
}

fn cancels(case: &Case, row: &Job, verdict: &mut Verdict, meetings: &mut Meetings) {
    let state = row.lifecycle.state.name();
    let id = row.id;
    for (span, policy, outcome) in &case.cancels {
        match outcome {
            CancelOutcome::Cancelled { .. } => meetings.cancelled += 1,
            CancelOutcome::Stopping { .. } => meetings.stopped += 1,
            CancelOutcome::Refused { .. } => meetings.refused += 1,
            CancelOutcome::Missing { .. } => {
                verdict.require(false, Promise::AnswersFit, || format!("{id} is missing"));
            }
        }
        if !accepted(outcome) {
            continue;
        }
        let started = case.starts.iter().filter(|it| it.0.follows(*span)).count();
        verdict.require(started == 0, Promise::CancelHolds, || {
            format!("{id} started after {outcome:?}")
        });
        let won = case.counted().filter(|(at, _, report, answer)| {
            matches!(report, Report::Publish | Report::Succeed)
                && *answer == Answer::Done
                && at.follows(*span)
        });
        let won = won.count();
        verdict.require(won == 0, Promise::CancelHolds, || {
            format!("{id} won after {outcome:?}")
        });
        verdict.require(state == StateName::Cancelled, Promise::CancelHolds, || {
            format!("{id} is {state:?} after {outcome:?}")
        });
        let ran = matches!(outcome, CancelOutcome::Cancelled { .. })
            && *policy == CancelPolicy::QueuedOnly
            && !case.starts.is_empty();
        verdict.require(!ran, Promise::CancelHolds, || {
            format!("{id} ran and was cancelled as one that never started")
        });
    }
    let reported = |attempt| {
        let mut counted = case.counted();
        counted.any(|it| it.1 == attempt && !matches!(it.2, Report::Beat | Report::Publish))
    };
    let silent = case.starts.iter().filter(|it| !reported(it.1.attempt));
    meetings.lost += silent.count();
}

/// A sample, because each takes a read.
async fn histories(arena: &Arena, rows: &BTreeMap<JobId, Job>, verdict: &mut Verdict) {
    for (id, row) in rows.iter().step_by(20) {
        let history = arena.world.history(*id).await;
        let end = |what: &Happening| match what {
            Happening::Succeeded => Some(StateName::Succeeded),
            Happening::Failed => Some(StateName::Failed),
            Happening::Cancelled => Some(StateName::Cancelled),
            _ => None,
        };
        let state = row.lifecycle.state.name();
        let told: Vec<StateName> = history.iter().filter_map(|it| end(&it.what)).collect();
        let last = history.last().and_then(|it| end(&it.what));
        let fits = !state.is_final() || (told == [state] && last == Some(state));
        verdict.require(fits, Promise::AnswersFit, || {
            format!("{id} is {state:?} after {history:?}")
        });
        let starts = history.iter().filter_map(|it| match it.what {
            Happening::Started { .. } => Some(it.attempt),
            _ => None,
        });
        let starts: Vec<u32> = starts.collect();
        let attempts: Vec<u32> = (1..=row.lifecycle.attempt).collect();
        verdict.require(starts == attempts, Promise::AnswersFit, || {
            format!("{id} is in attempt {attempts:?} after {history:?}")
        });
    }
}
