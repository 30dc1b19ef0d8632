//! Random operations, one after another, against a model in memory that knows only the rules.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Event, Fault, FaultCode, Happening, Job, JobState, Lease,
    Lifecycle, Selector, StateName, StopMode,
};
use reelgate_domain::media::OutputResult;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, PipelineId, PipelineState};
use reelgate_testkit::{staged, worker};

use self::rules::{ModelJob, ModelPipeline};
use super::dice::Dice;
use super::world::{GONE, LEASE, failed};
use super::{Home, World};
use crate::{Beat, BeatAnswer, Claim, Ending, Fenced, JobFilter, RetryOutcome, Work};

struct Model<'w> {
    world: &'w World,
    dice: Dice,
    jobs: BTreeMap<JobId, ModelJob>,
    pipelines: BTreeMap<PipelineId, ModelPipeline>,
    turns: u64,
    families: u64,
    /// Whose history may have grown since the last look.
    touched: BTreeSet<JobId>,
    met: Met,
}

/// How often the rarer things have happened.
#[derive(Debug, Default)]
struct Met {
    groups: u32,
    cut_short: u32,
    retried: u32,
    hurried: u32,
}

pub async fn random_operations_agree_with_the_rules(home: &dyn Home) {
    let world = World::new(home).await;
    let mut pipelines = BTreeMap::new();
    let limits = [None, None, Some(1), Some(3)];
    for limit in limits {
        let id = world.add_pipeline("model", limit).await;
        pipelines.insert(
            id,
            ModelPipeline {
                paused: false,
                limit,
                served: 0,
            },
        );
    }
    let jobs = BTreeMap::new();
    let mut model = Model {
        world: &world,
        dice: Dice::new(20_261_121),
        jobs,
        pipelines,
        turns: 0,
        families: 0,
        touched: BTreeSet::new(),
        met: Met::default(),
    };
    for step in 0..3000 {
        model.step().await;
        if step % 100 == 99 {
            model.compare_all().await;
        }
    }
    let mut ends = BTreeMap::new();
    for job in model.jobs.values() {
        *ends.entry(job.lifecycle.state.name().as_str()).or_insert(0) += 1;
    }
    assert!(
        ends.len() >= 6,
        "the steps reach nearly every state: {ends:?}"
    );
    let Met {
        groups,
        cut_short,
        retried,
        hurried,
    } = model.met;
    assert!(
        groups.min(cut_short).min(retried).min(hurried) >= 10,
        "{:?}",
        model.met
    );
}

impl Model<'_> {
    async fn step(&mut self) {
        match self.dice.below(100) {
            0..16 => self.submit().await,
            16..38 => self.claim().await,
            38..48 => self.renew().await,
            48..58 => self.publish().await,
            58..74 => self.finish().await,
            74..82 => self.cancel().await,
            82..86 => self.retry().await,
            86..91 => self.change().await,
            _ => self.sweep().await,
        }
    }

    fn any_job(&mut self) -> Option<JobId> {
        // Mostly one that is alive.
        let live = |job: &&ModelJob| !job.lifecycle.state.name().is_final();
        let alive = self.dice.below(8) != 0;
        let ids: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| !alive || live(job))
            .map(|(id, _)| *id)
            .collect();
        (!ids.is_empty()).then(|| self.dice.pick(&ids))
    }

    /// A held job and mostly its current attempt.
    fn any_attempt(&mut self) -> Option<(JobId, u32)> {
        let held: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.lifecycle.state.lease().is_some())
            .map(|(id, _)| *id)
            .collect();
        let id = if held.is_empty() || self.dice.below(10) == 0 {
            self.any_job()?
        } else {
            self.dice.pick(&held)
        };
        let attempt = self.jobs[&id].lifecycle.attempt;
        let stale = self.dice.below(10) == 0;
        Some((
            id,
            if stale {
                attempt.saturating_sub(1)
            } else {
                attempt
            },
        ))
    }

    async fn submit(&mut self) {
        let pipelines: Vec<PipelineId> = self.pipelines.keys().copied().collect();
        let now = self.world.now();
        // Alone in their submission, or with what may be siblings.
        let together = self.dice.below(3) != 0;
        let submission = self.world.ids.submission(now);
        let (main, urgent) = (self.dice.pick(&pipelines), 1 + self.dice.below(10) as u8);
        let mut families = BTreeMap::new();
        let mut new = Vec::new();
        for _ in 0..=self.dice.below(5) {
            let other = self.dice.below(4) == 0;
            let pipeline = match other {
                true => self.dice.pick(&pipelines),
                false => main,
            };
            let level = match self.dice.below(5) {
                0 => 1 + self.dice.below(10) as u8,
                _ => urgent,
            };
            let input = self.dice.pick(&["a.mp4", "a.mp4", "a.mp4", "b.mp4"]);
            let mut job = self.world.new_job_in(pipeline).priority(level).input(input);
            if together {
                job = job.submission(submission);
            }
            let job = job.build();
            let family = (pipeline, level, input);
            let family = *families.entry(family).or_insert_with(|| {
                self.families += 1;
                self.families
            });
            let mut model = ModelJob {
                pipeline,
                priority: job.priority,
                lifecycle: Lifecycle::queued(),
                progress: 0,
                started_at: None,
                staged_by: None,
                family: together.then_some(family),
                history: Vec::new(),
            };
            model.tell(now, Happening::Queued);
            self.touched.insert(job.id);
            self.jobs.insert(job.id, model);
            new.push(job);
        }
        self.world.submit(new).await;
    }

    async fn claim(&mut self) {
        let now = self.world.now();
        let due = |job: &&ModelJob| matches!(&job.lifecycle.state, JobState::Publishing { lease } if lease.until <= now);
        let lost = self.jobs.values().filter(due).count();
        // Which of several lost publishers go first is not promised, so all of them may.
        let slots = (self.dice.below(6) as usize).max(lost);
        let claims = self.world.claim(slots as u32).await;
        assert!(claims.len() <= slots);
        for (index, claim) in claims.iter().enumerate() {
            self.check_claim(claim, index < lost);
        }
        if claims.len() < slots {
            assert!(self.turn().is_empty(), "a claim left work behind");
        }
    }

    fn check_claim(&mut self, claim: &Claim, publishes: bool) {
        let turn = self.turn();
        let best = self.best_of(claim.job.pipeline);
        self.start(&claim.job);
        let job = self.jobs.get_mut(&claim.job.id).expect("a known job");
        if publishes {
            let by = job.staged_by.expect("it has staged");
            assert_eq!(claim.work, Work::Publish(staged(by)));
        } else {
            assert_eq!(claim.work, Work::Run);
            assert!(
                turn.contains(&claim.job.pipeline),
                "another pipeline's turn"
            );
            assert_eq!(
                best,
                Some(claim.job.id),
                "another job of the pipeline goes first"
            );
            job.progress = 0;
            let siblings = self.siblings_of(claim.job.id);
            let found: Vec<JobId> = claim.siblings.iter().map(|job| job.id).collect();
            assert_eq!(found, siblings);
            self.met.groups += u32::from(!found.is_empty());
            for sibling in &claim.siblings {
                self.start(sibling);
                self.jobs.get_mut(&sibling.id).expect("it started").progress = 0;
            }
            self.turns += 1;
            let pipeline = self
                .pipelines
                .get_mut(&claim.job.pipeline)
                .expect("a known one");
            pipeline.served = self.turns;
        }
        for job in claim.siblings.iter().chain([&claim.job]) {
            assert_eq!(job.lifecycle, self.jobs[&job.id].lifecycle);
        }
    }

    fn start(&mut self, claimed: &Job) {
        let now = self.world.now();
        let lease = Lease {
            worker: worker("w"),
            until: now.after(LEASE),
        };
        let job = self.jobs.get_mut(&claimed.id).expect("a known job");
        let next = job.lifecycle.after(&Event::Claim { lease }, now);
        job.lifecycle = next.expect("it may be claimed");
        job.started_at = Some(now);
        let worker = worker("w");
        job.tell(now, Happening::Started { worker });
        self.touched.insert(claimed.id);
    }

    async fn renew(&mut self) {
        let Some((id, attempt)) = self.any_attempt() else {
            return;
        };
        let now = self.world.now();
        let (until, progress) = (now.after(LEASE), self.dice.below(120) as u8);
        let beat = Beat {
            job: id,
            attempt,
            progress,
        };
        let answer = self
            .world
            .store
            .renew(vec![beat], until, now)
            .await
            .expect("renew")[0];
        let job = self.jobs.get_mut(&id).expect("a known job");
        let expected = match job.lifecycle.after(&Event::Renew { attempt, until }, now) {
            Ok(next) => {
                job.lifecycle = next;
                job.progress = job.progress.max(progress.min(100));
                match job.lifecycle.state {
                    JobState::Stopping { mode, .. } => BeatAnswer::Stop(mode),
                    _ => BeatAnswer::Held,
                }
            }
            Err(_) => BeatAnswer::Lost,
        };
        assert_eq!(answer, expected);
    }

    async fn publish(&mut self) {
        let Some((id, attempt)) = self.any_attempt() else {
            return;
        };
        let answer = self.world.publish(id, attempt).await;
        let job = &self.jobs[&id];
        let again = job.lifecycle.state.name() == StateName::Publishing
            && job.lifecycle.attempt == attempt
            && job.staged_by == Some(attempt);
        if again {
            assert_eq!(answer, Fenced::Done, "it has won before");
            return;
        }
        let event = Event::Publish { attempt };
        assert_eq!(answer, self.report(id, attempt, &event));
        if answer == Fenced::Done {
            self.jobs.get_mut(&id).expect("a known job").staged_by = Some(attempt);
        }
    }

    async fn finish(&mut self) {
        let Some((id, attempt)) = self.any_attempt() else {
            return;
        };
        let ending = match self.dice.below(6) {
            0 | 1 => Ending::Succeeded,
            2 => failed(FaultCode::EngineFailed),
            3 => failed(FaultCode::SourceMissing),
            4 => Ending::Stopped(GONE),
            _ => Ending::GivenBack,
        };
        let event = match &ending {
            Ending::Succeeded => Event::Succeed { attempt },
            Ending::Failed { fault, .. } => Event::Fail {
                attempt,
                fault: fault.clone(),
            },
            Ending::Stopped(_) => Event::Stopped { attempt },
            Ending::GivenBack => Event::GiveBack { attempt },
        };
        let answer = self.world.finish(id, attempt, ending).await;
        assert_eq!(answer, self.report(id, attempt, &event), "{event:?}");
    }

    /// Applies a worker's event and tells what it should have been answered.
    fn report(&mut self, id: JobId, attempt: u32, event: &Event) -> Fenced {
        let job = self.jobs.get_mut(&id).expect("a known job");
        let stopping = job.lifecycle.state.name() == StateName::Stopping;
        let now = self.world.now();
        match job.lifecycle.after(event, now) {
            Ok(next) => {
                job.lifecycle = next;
                if job.lifecycle.state.name() == StateName::Succeeded {
                    job.progress = 100;
                }
                match event {
                    Event::Fail { fault, .. } => job.tell_failure(now, fault),
                    Event::Stopped { .. } => {
                        let killed = GONE.killed;
                        job.tell(GONE.at, Happening::ProcessesGone { killed });
                        job.tell_end(now);
                    }
                    Event::GiveBack { .. } => {
                        job.tell(now, Happening::GivenBack);
                        job.tell_end(now);
                    }
                    _ => job.tell_end(now),
                }
                self.touched.insert(id);
                match event {
                    Event::Stopped { .. } => Fenced::Done,
                    _ if stopping => Fenced::Stopping,
                    _ => Fenced::Done,
                }
            }
            Err(_) if stopping && job.lifecycle.attempt == attempt => Fenced::Stopping,
            Err(_) => Fenced::Lost,
        }
    }

    async fn cancel(&mut self) {
        let policies = [
            CancelPolicy::QueuedOnly,
            CancelPolicy::RunningOnly,
            CancelPolicy::Any,
        ];
        let policy = self.dice.pick(&policies);
        let mut ids = Vec::new();
        for _ in 0..=self.dice.below(3) {
            ids.extend(match self.dice.below(2) {
                0 => self.any_job(),
                _ => self.any_attempt().map(|(id, _)| id),
            });
        }
        let now = self.world.now();
        let mode = self
            .dice
            .pick(&[StopMode::Graceful, StopMode::Graceful, StopMode::Now]);
        let selector = Selector::ids(ids.clone());
        let (account, store) = (self.world.account, &self.world.store);
        let outcomes = store
            .cancel(account, selector, policy, mode, now, None)
            .await;
        let outcomes = outcomes.expect("cancel");
        assert_eq!(outcomes.len(), ids.len());
        for (id, outcome) in ids.into_iter().zip(outcomes) {
            let job = self.jobs.get_mut(&id).expect("a known job");
            let from = job.lifecycle.state.name();
            let event = Event::Cancel { policy, mode };
            let expected = match job.lifecycle.after(&event, now) {
                Ok(next) => {
                    job.lifecycle = next;
                    let decision = job.lifecycle.state.name();
                    let stopping = decision == StateName::Stopping;
                    self.met.hurried += u32::from(stopping && mode == StopMode::Now);
                    // Where nothing runs there is nothing to hurry.
                    let mode = if stopping { mode } else { StopMode::Graceful };
                    job.tell(
                        now,
                        Happening::CancelAccepted {
                            from,
                            decision,
                            mode,
                        },
                    );
                    job.tell_end(now);
                    self.touched.insert(id);
                    match stopping {
                        true => CancelOutcome::Stopping { id, from },
                        false => CancelOutcome::Cancelled { id, from },
                    }
                }
                Err(_) => CancelOutcome::Refused {
                    id,
                    state: job.lifecycle.state.name(),
                    started: job.lifecycle.has_started(),
                },
            };
            assert_eq!(outcome, expected);
        }
    }

    async fn retry(&mut self) {
        let failed = |job: &ModelJob| job.lifecycle.state.name() == StateName::Failed;
        let ids = self.jobs.iter().filter(|(_, job)| failed(job));
        let ids: Vec<JobId> = ids.map(|(id, _)| *id).collect();
        let id = match self.dice.below(4) {
            0 => self.any_job(),
            _ if ids.is_empty() => None,
            _ => Some(self.dice.pick(&ids)),
        };
        let Some(id) = id else { return };
        let now = self.world.now();
        let outcome = self.world.retry(id).await;
        let job = self.jobs.get_mut(&id).expect("a known job");
        let expected = match job.lifecycle.after(&Event::Retry, now) {
            Ok(next) => {
                job.lifecycle = next;
                (job.progress, job.started_at, job.staged_by) = (0, None, None);
                job.tell(now, Happening::Retried);
                self.touched.insert(id);
                self.met.retried += 1;
                RetryOutcome::Queued
            }
            Err(_) => RetryOutcome::Refused(job.lifecycle.state.name()),
        };
        assert_eq!(outcome, expected);
    }

    async fn change(&mut self) {
        let ids: Vec<PipelineId> = self.pipelines.keys().copied().collect();
        let id = self.dice.pick(&ids);
        let mut change = PipelineChange::default();
        let pipeline = self.pipelines.get_mut(&id).expect("a known one");
        if self.dice.below(3) == 0 {
            pipeline.limit = self.dice.pick(&[None, Some(1), Some(2), Some(5)]);
            change.concurrency = Some(pipeline.limit);
        } else {
            pipeline.paused = !pipeline.paused;
            let states = [PipelineState::Active, PipelineState::Paused];
            change.state = Some(states[usize::from(pipeline.paused)]);
        }
        let changed = self
            .world
            .store
            .change_pipeline(self.world.account, id, change, None)
            .await;
        assert!(changed.expect("change").is_some());
    }

    async fn sweep(&mut self) {
        let every = self.dice.below(12) == 0;
        let now = self
            .world
            .clock
            .advance(Duration::from_millis(self.dice.below(20_000)));
        let moved = self.world.store.sweep(every, now).await.expect("sweep");
        let mut expected = 0;
        for (id, job) in &mut self.jobs {
            match &mut job.lifecycle.state {
                JobState::Running { lease }
                | JobState::Publishing { lease }
                | JobState::Stopping { lease, .. }
                    if every =>
                {
                    lease.until = lease.until.min(now);
                }
                JobState::Queued { ready_at } if ready_at.is_some_and(|at| at <= now) => {
                    *ready_at = None;
                    expected += 1;
                }
                _ => {}
            }
            if let Ok(next) = job.lifecycle.after(&Event::LeaseEnded, now) {
                job.lifecycle = next;
                job.tell_failure(now, &Fault::lost(&worker("w")));
                self.touched.insert(*id);
                expected += 1;
            }
        }
        assert_eq!(moved, expected);
    }

    async fn compare_all(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            assert_eq!(self.world.history(id).await, self.jobs[&id].history);
        }
        for id in self.pipelines.keys() {
            let (queued, _, running) = self.load(*id);
            assert_eq!(self.world.load(*id).await, (queued, running));
        }
        let all = JobFilter::default();
        let jobs = self
            .world
            .store
            .list_jobs(self.world.account, all, u32::MAX)
            .await;
        let jobs = jobs.expect("list");
        assert_eq!(jobs.len(), self.jobs.len());
        for job in jobs {
            let model = &self.jobs[&job.id];
            assert_eq!(job.lifecycle, model.lifecycle);
            assert_eq!(
                (job.progress, job.started_at),
                (model.progress, model.started_at)
            );
            let succeeded = job.lifecycle.state.name() == StateName::Succeeded;
            let expected: Vec<OutputResult> = match model.staged_by {
                Some(attempt) if succeeded => staged(attempt).results,
                _ => Vec::new(),
            };
            assert_eq!(job.results, expected);
        }
    }
}
