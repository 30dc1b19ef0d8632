//! What can happen next.

use reelgate_domain::WorkerId;
use reelgate_domain::job::{CancelPolicy, Event, Lease, Lifecycle, StateName, StopMode};

use super::Flaw;
use super::state::{Cancel, Hold, Job, LEASE, NOW, Stage, State, fault, in_moments};

const PAUSED: &str = "a paused pipeline starts nothing";
const ONE: &str = "no two workers hold one attempt";
const OUTPUTS: &str = "outputs come of the attempt that won";
const CANCELLED: &str = "a job that was cancelled stays so";
const HOLDER: &str = "only the attempt that holds a job moves it";
const HELD: &str = "a job that is held is nobody else's";

type Outcome = Result<State, &'static str>;

/// Each thing that can happen, with what comes of it.
pub(super) fn of(state: &State, flaw: Option<Flaw>) -> Vec<(&'static str, Outcome)> {
    let mut next = Next {
        state,
        flaw,
        found: Vec::new(),
    };
    next.time();
    next.callers();
    for worker in 0..state.workers.len() {
        next.worker(worker);
    }
    next.found
}

struct Next<'s> {
    state: &'s State,
    flaw: Option<Flaw>,
    found: Vec<(&'static str, Outcome)>,
}

impl Next<'_> {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn add(&mut self, name: &'static str, state: State) {
        let outcome = check(self.state, state);
        self.found.push((name, outcome));
    }

    /// The job after an event, if that applies.
    fn after(&self, event: &Event) -> Option<Job> {
        let next: Lifecycle = self.state.job.lifecycle().after(event, NOW).ok()?;
        Some(Job::of(&next))
    }

    fn time(&mut self) {
        let state = *self.state;
        // Time goes on as long as it makes a difference.
        if let Some(left @ 1..) = state.job.left {
            let lives = state
                .workers
                .iter()
                .flatten()
                .any(|hold| hold.attempt == state.job.attempt);
            let lapses = left == 1 && lives && state.job.name != StateName::Queued;
            if !lapses || state.lapses_left > 0 {
                let lapses_left = state.lapses_left - u8::from(lapses);
                let left = Some(left - 1);
                let job = Job { left, ..state.job };
                self.add(
                    "a moment passes",
                    State {
                        job,
                        lapses_left,
                        ..state
                    },
                );
            }
        }
        let spared = self.has(Flaw::SweepIgnoresStopping) && state.job.name == StateName::Stopping;
        if !spared && let Some(job) = self.after(&Event::LeaseEnded) {
            self.add("the lease is ended", State { job, ..state });
        }
        if state.job.name == StateName::Queued && state.job.left == Some(0) {
            let job = Job {
                left: None,
                ..state.job
            };
            self.add("the delay is over", State { job, ..state });
        }
    }

    fn callers(&mut self) {
        let state = *self.state;
        if state.pauses_left > 0 && !state.paused {
            let pauses_left = state.pauses_left - 1;
            self.add(
                "pause",
                State {
                    paused: true,
                    pauses_left,
                    ..state
                },
            );
        }
        if state.paused {
            self.add(
                "resume",
                State {
                    paused: false,
                    ..state
                },
            );
        }
        if state.retries_left > 0
            && let Some(job) = self.after(&Event::Retry)
        {
            let retries_left = state.retries_left - 1;
            self.add(
                "retry",
                State {
                    job,
                    retries_left,
                    ..state
                },
            );
        }
        if let Cancel::Looked(seen) = state.cancel {
            // Whatever it has become meanwhile.
            let job = Job {
                name: StateName::Cancelled,
                left: None,
                ..state.job
            };
            if seen.name == StateName::Queued {
                let cancel = Cancel::Cancelled;
                self.add(
                    "the cancel acts",
                    State {
                        job,
                        cancel,
                        ..state
                    },
                );
            }
        }
        if state.cancels_left == 0 {
            return;
        }
        let cancels_left = state.cancels_left - 1;
        if self.has(Flaw::CancelWithoutCompareAndSet) {
            if state.job.name == StateName::Queued {
                let cancel = Cancel::Looked(state.job);
                self.add(
                    "a cancel looks",
                    State {
                        cancel,
                        cancels_left,
                        ..state
                    },
                );
            }
            return;
        }
        for policy in [CancelPolicy::QueuedOnly, CancelPolicy::Any] {
            let mode = StopMode::Graceful;
            let Some(job) = self.after(&Event::Cancel { policy, mode }) else {
                continue;
            };
            let cancel = match job.name {
                StateName::Cancelled => Cancel::Cancelled,
                _ => Cancel::Stopping,
            };
            self.add(
                "cancel",
                State {
                    job,
                    cancel,
                    cancels_left,
                    ..state
                },
            );
        }
    }

    fn worker(&mut self, worker: usize) {
        match self.state.workers[worker] {
            None => self.claim(worker),
            Some(hold) => self.work(worker, hold),
        }
    }

    fn claim(&mut self, worker: usize) {
        let state = *self.state;
        if self.has(Flaw::PauseCached) && !state.paused && !state.saw_active {
            let saw_active = true;
            self.add(
                "a worker looks",
                State {
                    saw_active,
                    ..state
                },
            );
        }
        let may_start = if self.has(Flaw::PauseCached) {
            state.saw_active
        } else {
            !state.paused
        };
        if state.job.name == StateName::Queued && !may_start {
            return;
        }
        let lease = Lease {
            worker: WorkerId(worker.to_string()),
            until: in_moments(LEASE),
        };
        let claimed = self.after(&Event::Claim {
            lease: lease.clone(),
        });
        let claimed = match claimed {
            None if self.has(Flaw::LeaseNotChecked) && state.job.name == StateName::Running => {
                let attempt = state.job.attempt + 1;
                let (holder, left) = (worker as u8, Some(LEASE));
                Some(Job {
                    attempt,
                    holder,
                    left,
                    ..state.job
                })
            }
            other => other,
        };
        let Some(job) = claimed else { return };
        let stage = match (job.name, state.winner) {
            (StateName::Publishing, Some(winner)) => Stage::Won(winner),
            _ => Stage::Works,
        };
        let attempt = job.attempt;
        let mut next = State {
            job,
            saw_active: false,
            ..state
        };
        // The answer may not arrive: then nobody knows of the lease.
        if state.crashes_left > 0 {
            let crashes_left = state.crashes_left - 1;
            self.add(
                "claim without an answer",
                State {
                    crashes_left,
                    ..next
                },
            );
        }
        next.workers[worker] = Some(Hold { attempt, stage });
        self.add("claim", next);
    }

    fn work(&mut self, worker: usize, hold: Hold) {
        let state = *self.state;
        let with = |hold: Option<Hold>| {
            let mut next = state;
            next.workers[worker] = hold;
            next
        };
        let stage = |stage| Some(Hold { stage, ..hold });
        let attempt = if self.has(Flaw::NoFencing) {
            state.job.attempt
        } else {
            hold.attempt
        };
        let is_mine = state.job.attempt == hold.attempt;
        if state.crashes_left > 0 {
            let crashes_left = state.crashes_left - 1;
            self.add(
                "crash",
                State {
                    crashes_left,
                    ..with(None)
                },
            );
        }
        // A sign of life tells how things stand.
        let until = in_moments(LEASE);
        match self.after(&Event::Renew { attempt, until }) {
            None => self.add("told that it is lost", with(None)),
            Some(job) => {
                let told = job.name == StateName::Stopping && matches!(hold.stage, Stage::Works);
                let told = if told { stage(Stage::Told) } else { Some(hold) };
                self.add("renew", State { job, ..with(told) });
            }
        }
        match hold.stage {
            Stage::Works => {
                self.add("outputs are made", with(stage(Stage::Staged)));
                self.end(
                    "fail",
                    worker,
                    &Event::Fail {
                        attempt,
                        fault: fault(),
                    },
                );
                if state.gives_left > 0 {
                    let name = "give back";
                    self.end(name, worker, &Event::GiveBack { attempt });
                }
            }
            Stage::Staged => {
                if self.has(Flaw::NamesBeforeWin) && state.winner != Some(hold.attempt) {
                    self.found.push(("outputs get their names", Err(OUTPUTS)));
                }
                self.publish(worker, hold, attempt, is_mine);
            }
            Stage::Won(made_by) => {
                let outcome = match state.winner {
                    Some(winner) if winner == made_by => Ok(with(stage(Stage::Placed))),
                    // Its job has been queued anew since, and what it staged is gone.
                    _ if !is_mine => Ok(with(None)),
                    _ => Err(OUTPUTS),
                };
                self.found.push(("outputs get their names", outcome));
                self.end(
                    "placing fails",
                    worker,
                    &Event::Fail {
                        attempt,
                        fault: fault(),
                    },
                );
            }
            Stage::Placed => self.end("succeed", worker, &Event::Succeed { attempt }),
            Stage::Told => self.end("stopped", worker, &Event::Stopped { attempt }),
        }
    }

    fn publish(&mut self, worker: usize, hold: Hold, attempt: u32, is_mine: bool) {
        let mut state = *self.state;
        if self.has(Flaw::StopIgnoredAtPublish) && is_mine && state.job.name == StateName::Stopping
        {
            state.job.name = StateName::Running;
        }
        let event = Event::Publish { attempt };
        let won = state.job.lifecycle().after(&event, NOW);
        let with = |stage: Option<Stage>| {
            let mut next = state;
            next.workers[worker] = stage.map(|stage| Hold { stage, ..hold });
            next
        };
        match won {
            Ok(job) => {
                let mut next = with(Some(Stage::Won(hold.attempt)));
                next.job = Job::of(&job);
                next.winner = Some(hold.attempt);
                if !is_mine {
                    self.found.push(("publish", Err(HOLDER)));
                    return;
                }
                if state.crashes_left > 0 {
                    let mut unknown = next;
                    unknown.crashes_left -= 1;
                    // Without the answer it asks again.
                    unknown.workers[worker] = Some(hold);
                    self.add("publish without an answer", unknown);
                }
                self.add("publish", next);
            }
            // It has won before, and not heard of it.
            Err(_)
                if state.job.name == StateName::Publishing
                    && state.winner == Some(attempt)
                    && is_mine =>
            {
                self.add("publish again", with(Some(Stage::Won(attempt))));
            }
            Err(_) if state.job.name == StateName::Stopping && is_mine => {
                self.add("publish too late", with(Some(Stage::Told)));
            }
            Err(_) => self.add("publish in vain", with(None)),
        }
    }

    /// A report that ends the attempt, one way or the other.
    fn end(&mut self, name: &'static str, worker: usize, event: &Event) {
        let mut next = *self.state;
        let hold = next.workers[worker].take();
        let Some(job) = self.after(event) else {
            self.add(name, next);
            return;
        };
        if hold.is_some_and(|hold| hold.attempt != self.state.job.attempt) {
            self.found.push((name, Err(HOLDER)));
            return;
        }
        next.job = job;
        if matches!(event, Event::GiveBack { .. }) {
            next.gives_left -= 1;
        }
        self.add(name, next);
    }
}

/// What has to hold of every step.
fn check(before: &State, after: State) -> Outcome {
    let (was, is) = (before.job.name, after.job.name);
    let starts = after.job.attempt > before.job.attempt;
    if starts && is == StateName::Running && before.paused {
        return Err(PAUSED);
    }
    let was_held = matches!(
        was,
        StateName::Running | StateName::Publishing | StateName::Stopping
    );
    if starts && was_held && before.job.left != Some(0) {
        return Err(HELD);
    }
    if let [Some(one), Some(other)] = after.workers
        && one.attempt == other.attempt
    {
        return Err(ONE);
    }
    let kept = match after.cancel {
        Cancel::Cancelled => is == StateName::Cancelled,
        Cancel::Stopping => matches!(is, StateName::Stopping | StateName::Cancelled),
        Cancel::None | Cancel::Looked(_) => true,
    };
    // A cancel that acts on what it saw must not end what has started since.
    let overran = is == StateName::Cancelled
        && matches!(was, StateName::Running | StateName::Publishing)
        && !matches!(before.cancel, Cancel::None | Cancel::Stopping);
    let again =
        was.is_final() && is != was && !(was == StateName::Failed && is == StateName::Queued);
    if !kept || overran || again {
        return Err(CANCELLED);
    }
    Ok(after)
}
