//! Whether what clients were told agrees with what happened: for each call there has to be a moment
//! between its begin and its answer at which the answer was right, and each change that only a call can
//! make has to be one's that was under way. So each job and each pipeline behaves as if it did one thing at
//! a time.

use std::collections::BTreeSet;

use reelgate_domain::JobId;
use reelgate_domain::job::{CancelVerdict, JobState, Lifecycle, StateName};
use reelgate_store::twin::{JobRow, QueueRow};

use crate::record::{Asked, Broken, Call, Record, Told, short};

const ANSWERS: &str = "what a caller was told agrees with what happened";
const CAUSES: &str = "nothing changes that nobody asked for";
const PAUSES: &str = "nothing starts between the answer of a pause and a resume";
const ONCE: &str = "a submission is there wholly or not at all, and once";
const KEPT: &str = "what was answered stays";

pub(crate) fn of_calls(record: &Record) -> Vec<Broken> {
    let mut verdict = Verdict {
        record,
        broken: Vec::new(),
        explained: BTreeSet::new(),
    };
    for (number, call) in record.calls.iter().enumerate() {
        if let Some((ended, told)) = &call.ended {
            verdict.answer(number, call, *ended, told);
        }
    }
    verdict.submissions();
    verdict.causes();
    verdict.pauses();
    verdict.broken
}

struct Verdict<'r> {
    record: &'r Record,
    broken: Vec<Broken>,
    /// Steps that a call was told of, with their jobs: no two are told of the same one.
    explained: BTreeSet<(JobId, u64)>,
}

impl<'r> Verdict<'r> {
    fn require(&mut self, holds: bool, promise: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.broken.push(Broken { promise, what });
        }
    }

    /// Each state that a job was in between two steps, with the step that made it.
    fn states(&self, job: JobId, began: u64, ended: u64) -> Vec<&'r JobRow> {
        let Some(history) = self.record.jobs.get(&job) else {
            return Vec::new();
        };
        // The one that it began in, too.
        let first = history.partition_point(|(step, _)| *step <= began);
        let history = &history[first.saturating_sub(1)..];
        let states = history.iter().filter(|(step, _)| *step <= ended);
        states.map(|(_, row)| row).collect()
    }

    /// The steps by which a job changed its state, with the states before and after.
    fn moves(&self, job: JobId) -> Vec<(u64, &'r Lifecycle, &'r Lifecycle)> {
        let history = self.record.jobs.get(&job).map_or(&[][..], Vec::as_slice);
        let pairs = history.windows(2);
        let pairs = pairs.map(|pair| (pair[1].0, &pair[0].1.lifecycle, &pair[1].1.lifecycle));
        pairs
            .filter(|(_, was, is)| was.state.name() != is.state.name())
            .collect()
    }

    /// Finds a move from one state to another between two steps that no other call was told of.
    fn explain(
        &mut self,
        job: JobId,
        (began, ended): (u64, u64),
        fits: impl Fn(StateName, StateName) -> bool,
    ) -> bool {
        let found = self.moves(job).into_iter().find(|(step, was, is)| {
            (began + 1..=ended).contains(step)
                && fits(was.state.name(), is.state.name())
                && !self.explained.contains(&(job, *step))
        });
        found.is_some_and(|(step, ..)| self.explained.insert((job, step)))
    }

    fn answer(&mut self, number: usize, call: &Call, ended: u64, told: &Told) {
        use StateName::{Cancelled, Failed, Queued, Running, Stopping};
        let began = call.began;
        let fits = match (&call.asked, told) {
            (_, Told::Failed(_)) => true,
            (Asked::Submit { tag, jobs, .. }, Told::Replayed) => {
                self.tagged(tag).filter(|first| *first <= ended).count() == *jobs
            }
            (Asked::Submit { jobs, .. }, Told::Jobs(ids)) => {
                let record = self.record;
                let there = ids.iter().filter(|id| {
                    let first = record.jobs.get(id).and_then(|history| history.first());
                    first.is_some_and(|(step, _)| (began + 1..=ended).contains(step))
                });
                there.count() == *jobs
            }
            (Asked::Cancel { job, .. }, Told::Cancelled { from: Queued }) => {
                self.explain(*job, (began, ended), |was, is| {
                    (was, is) == (Queued, Cancelled)
                })
            }
            (Asked::Cancel { job, .. }, Told::Cancelled { from }) => {
                let states = self.states(*job, began, ended);
                let told = states.iter().any(|row| row.lifecycle.state.name() == *from);
                let is_gone = states.last().map(|row| row.lifecycle.state.name());
                let asked = *from == Stopping
                    || self.explain(*job, (began, ended), |was, is| {
                        (was, is) == (Running, Stopping)
                    });
                told && asked && is_gone == Some(Cancelled)
            }
            (Asked::Cancel { job, .. }, Told::Stopping { from: Running }) => {
                self.explain(*job, (began, ended), |was, is| {
                    (was, is) == (Running, Stopping)
                })
            }
            (Asked::Cancel { job, mode, .. }, Told::Stopping { from: Stopping }) => {
                let states = self.states(*job, began, ended);
                states.iter().any(|row| match row.lifecycle.state {
                    JobState::Stopping { mode: is, .. } => is == *mode,
                    _ => false,
                })
            }
            (Asked::Cancel { job, policy, mode }, Told::Refused { state, started }) => {
                let states = self.states(*job, began, ended);
                states.iter().any(|row| {
                    let lifecycle = &row.lifecycle;
                    lifecycle.state.name() == *state
                        && lifecycle.has_started() == *started
                        && policy.judge(lifecycle, *mode) == CancelVerdict::Refuse
                })
            }
            (Asked::Look { job }, Told::State { state, attempt }) => {
                let states = self.states(*job, began, ended);
                states.iter().any(|row| {
                    let lifecycle = &row.lifecycle;
                    (lifecycle.state.name(), lifecycle.attempt) == (*state, *attempt)
                })
            }
            (Asked::Retry { job }, Told::Queued) => {
                self.explain(*job, (began, ended), |was, is| {
                    (was, is) == (Failed, Queued)
                })
            }
            (Asked::Retry { job }, Told::Refused { state, .. }) => {
                let states = self.states(*job, began, ended);
                let told = states
                    .iter()
                    .any(|row| row.lifecycle.state.name() == *state);
                told && *state != Failed
            }
            (Asked::Pause { .. } | Asked::Resume { .. } | Asked::Limit { .. }, Told::Changed) => {
                self.changed(&call.asked, began, ended)
            }
            _ => false,
        };
        self.require(fits, ANSWERS, || {
            format!(
                "call {number} ({began} to {ended}): {:?} was told {told:?}",
                call.asked
            )
        });
        self.kept(number, call, ended, told);
    }

    /// The steps at which the jobs of a submission came.
    fn tagged(&self, tag: &str) -> impl Iterator<Item = u64> {
        let histories = self.record.jobs.values();
        let first = histories.filter_map(|history| history.first());
        let of_tag = first.filter(move |(_, row)| row.user_data.as_deref() == Some(tag));
        of_tag.map(|(step, _)| *step)
    }

    /// A submission is there wholly or not at all, and once however often it was sent.
    fn submissions(&mut self) {
        for call in &self.record.calls {
            let Asked::Submit { tag, jobs, .. } = &call.asked else {
                continue;
            };
            let steps: BTreeSet<u64> = self.tagged(tag).collect();
            let count = self.tagged(tag).count();
            let whole = count == 0 || (count == *jobs && steps.len() == 1);
            self.require(whole, ONCE, || {
                format!("{tag} of {jobs} has {count} at {steps:?}")
            });
        }
    }

    /// Whether the pipeline was at some moment as the call wanted it.
    fn changed(&self, asked: &Asked, began: u64, ended: u64) -> bool {
        let (pipeline, wanted): (_, &dyn Fn(&QueueRow) -> bool) = match asked {
            Asked::Pause { pipeline } => (pipeline, &|row| row.paused),
            Asked::Resume { pipeline } => (pipeline, &|row| !row.paused),
            Asked::Limit { pipeline, limit } => (pipeline, &|row| row.limit == *limit),
            _ => return false,
        };
        let history = self.record.queues.get(pipeline);
        let history = history.map_or(&[][..], Vec::as_slice);
        let first = history.partition_point(|(step, _)| *step <= began);
        let history = &history[first.saturating_sub(1)..];
        let mut during = history.iter().filter(|(step, _)| *step <= ended);
        during.any(|(_, row)| wanted(row))
    }

    /// What an answer says of all that comes after it.
    fn kept(&mut self, number: usize, call: &Call, ended: u64, told: &Told) {
        let Asked::Cancel { job, .. } = &call.asked else {
            return;
        };
        let (stops, cancelled) = match told {
            Told::Cancelled { .. } => (true, true),
            Told::Stopping { .. } => (true, false),
            _ => return,
        };
        let later = self
            .moves(*job)
            .into_iter()
            .filter(|(step, ..)| *step > ended);
        let wrong = later
            .filter(|(_, _, is)| {
                let is = is.state.name();
                cancelled || (stops && is != StateName::Cancelled)
            })
            .count();
        self.require(wrong == 0, KEPT, || {
            format!(
                "{} went on after call {number} was told {told:?}",
                short(*job)
            )
        });
    }

    /// Every change that only a call makes is the change of a call that was under way then.
    fn causes(&mut self) {
        let ids: Vec<JobId> = self.record.jobs.keys().copied().collect();
        for id in ids {
            for (step, was, is) in self.moves(id) {
                if self.explained.contains(&(id, step)) {
                    continue;
                }
                let wanted = match (was.state.name(), is.state.name()) {
                    (StateName::Queued, StateName::Cancelled)
                    | (StateName::Running, StateName::Stopping) => self.open_call(
                        step,
                        |asked| matches!(asked, Asked::Cancel { job, .. } if *job == id),
                    ),
                    (StateName::Failed, StateName::Queued) => self.open_call(
                        step,
                        |asked| matches!(asked, Asked::Retry { job } if *job == id),
                    ),
                    _ => true,
                };
                self.require(wanted, CAUSES, || {
                    format!(
                        "{} goes from {:?} to {:?} at #{step}",
                        short(id),
                        was.state.name(),
                        is.state.name()
                    )
                });
            }
        }
        for (pipeline, history) in &self.record.queues {
            for pair in history.windows(2) {
                let (step, was, is) = (pair[1].0, &pair[0].1, &pair[1].1);
                let wanted = |asked: &Asked| match asked {
                    Asked::Pause { pipeline: of } => of == pipeline && is.paused,
                    Asked::Resume { pipeline: of } => of == pipeline && !is.paused,
                    _ => false,
                };
                if was.paused != is.paused {
                    let is_wanted = self.any_call(step, wanted);
                    self.require(is_wanted, CAUSES, || format!("a pause changes at #{step}"));
                }
            }
        }
    }

    /// Whether a call that was told nothing definite may have made this step.
    fn open_call(&self, step: u64, is_it: impl Fn(&Asked) -> bool) -> bool {
        self.record.calls.iter().any(|call| {
            let open = match &call.ended {
                None => true,
                // It may have arrived after its caller was told that it failed.
                Some((_, Told::Failed(_))) => true,
                Some(_) => false,
            };
            open && call.began < step && is_it(&call.asked)
        })
    }

    fn any_call(&self, step: u64, is_it: impl Fn(&Asked) -> bool) -> bool {
        self.record.calls.iter().any(|call| {
            let ended = match &call.ended {
                None | Some((_, Told::Failed(_))) => u64::MAX,
                Some((ended, _)) => *ended,
            };
            call.began < step && step <= ended && is_it(&call.asked)
        })
    }

    /// A start after the answer of a pause has a resume between them that may have come after the pause.
    fn pauses(&mut self) {
        let mut broken = Vec::new();
        for history in self.record.jobs.values() {
            for pair in history.windows(2) {
                let (step, was, is) = (pair[1].0, &pair[0].1, &pair[1].1);
                let starts = was.lifecycle.state.name() == StateName::Queued
                    && is.lifecycle.state.name() == StateName::Running;
                if starts && let Some(pause) = self.pause_before(is, step) {
                    broken.push(format!(
                        "{} starts at #{step}, call {pause} was a pause",
                        short(is.id)
                    ));
                }
            }
        }
        for what in broken {
            self.require(false, PAUSES, || what);
        }
    }

    /// A pause that was answered before this step and that no resume can have undone.
    fn pause_before(&self, row: &JobRow, step: u64) -> Option<usize> {
        let calls = &self.record.calls;
        let last = calls.iter().enumerate().filter(|(_, call)| {
            let answered = matches!(&call.ended, Some((ended, Told::Changed)) if *ended < step);
            answered && matches!(call.asked, Asked::Pause { pipeline } if pipeline == row.pipeline)
        });
        let (number, pause) = last.max_by_key(|(_, call)| call.began)?;
        let resumed = calls.iter().any(|call| {
            let after = match &call.ended {
                Some((ended, Told::Changed)) => *ended > pause.began,
                _ => true,
            };
            after
                && call.began < step
                && matches!(call.asked, Asked::Resume { pipeline } if pipeline == row.pipeline)
        });
        (!resumed).then_some(number)
    }
}
