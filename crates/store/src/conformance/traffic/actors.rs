//! Those who make the traffic: each is a task with its own dice and its own log.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reelgate_domain::job::{CancelOutcome, CancelPolicy, FaultCode, Job, MAX_LOSSES, StopMode};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, PipelineId, PipelineState, WorkerId};
use reelgate_testkit::{staged, worker};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::log::{Answer, Deed, Log, Moments, Record, Report, Start};
use super::{Promise, Reach};
use crate::conformance::World;
use crate::conformance::dice::Dice;
use crate::conformance::world::{GONE, LEASE, failed};
use crate::{Beat, Claim, Ending, SubmitOutcome, Work};

/// How far the submitters are ahead of the workers: few enough that cancels and claims meet.
const BACKLOG: usize = 200;

/// How many attempts a worker holds at a time.
const HANDS: usize = 8;

/// Turns of the worker who sweeps, without any change, after which the rest is taken for stuck.
const PATIENCE: usize = 1_000;

/// What the actors share.
pub(super) struct Arena {
    pub(super) world: World,
    pub(super) reach: Arc<dyn Reach>,
    /// Those of the pipelines that the jobs go to, with their limits.
    pub(super) pipelines: Vec<(PipelineId, Option<u32>)>,
    pub(super) submitted: RwLock<Vec<JobId>>,
    moments: Moments,
    count: usize,
    /// How many jobs have left the queue for the first time.
    gone: AtomicUsize,
    /// Counts the answers of workers and submitters, by which the others keep pace.
    stirs: watch::Sender<u64>,
    cancels: AtomicUsize,
    over: AtomicBool,
}

impl Arena {
    pub(super) async fn new(world: World, reach: Arc<dyn Reach>, count: usize) -> Self {
        let mut pipelines = Vec::new();
        for (name, limit) in [
            ("wide", None),
            ("open", None),
            ("eight", Some(8)),
            ("three", Some(3)),
        ] {
            pipelines.push((world.add_pipeline(name, limit).await, limit));
        }
        Self {
            world,
            reach,
            pipelines,
            submitted: RwLock::default(),
            moments: Moments::default(),
            count,
            gone: AtomicUsize::new(0),
            stirs: watch::Sender::new(0),
            cancels: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Plays until every job has ended, or nothing moves any more.
    pub(super) async fn play(self) -> (Arc<Self>, Vec<Record>) {
        let arena = Arc::new(self);
        let mut actors = JoinSet::new();
        for number in 0..4 {
            actors.spawn(work(Arc::clone(&arena), number));
        }
        for number in 0..2 {
            actors.spawn(submit(Arc::clone(&arena), number));
            actors.spawn(cancel(Arc::clone(&arena), number));
        }
        actors.spawn(pause(Arc::clone(&arena)));
        actors.spawn(look(Arc::clone(&arena)));
        let mut records = Vec::new();
        while let Some(log) = actors.join_next().await {
            records.extend(log.expect("no actor panics").0);
        }
        (arena, records)
    }

    pub(super) fn ids(&self) -> Vec<JobId> {
        let submitted = self.submitted.read();
        submitted.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of the jobs that came last.
    fn recent(&self, dice: &mut Dice) -> Option<JobId> {
        let submitted = self.submitted.read();
        let submitted = submitted.unwrap_or_else(PoisonError::into_inner);
        let recent = submitted.len().min(2 * BACKLOG) as u64;
        let place = (recent > 0).then(|| submitted.len() - 1 - dice.below(recent) as usize)?;
        Some(submitted[place])
    }

    fn submitted(&self) -> usize {
        let submitted = self.submitted.read();
        submitted.unwrap_or_else(PoisonError::into_inner).len()
    }

    fn over(&self) -> bool {
        self.over.load(SeqCst)
    }

    fn stir(&self) {
        self.stirs.send_modify(|stirs| *stirs += 1);
    }

    /// Waits until so much has stirred, or all is over.
    async fn pass(&self, stirs: u64) {
        let mut watched = self.stirs.subscribe();
        let until = *watched.borrow() + stirs;
        let passed = watched.wait_for(|stirs| *stirs >= until || self.over());
        // The sender lives as long as the arena.
        let _ = passed.await;
    }

    fn end(&self) {
        self.over.store(true, SeqCst);
        self.stir();
    }
}

async fn submit(arena: Arc<Arena>, number: u64) -> Log {
    let (mut log, mut dice) = (Log::default(), Dice::new(number));
    let world = &arena.world;
    while arena.submitted() < arena.count && !arena.over() {
        if arena.submitted() > arena.gone.load(SeqCst) + BACKLOG {
            arena.pass(1).await;
            continue;
        }
        let submission = world.ids.submission(world.now());
        let (pipeline, _) = arena.pipelines[match dice.below(100) {
            0..45 => 0,
            45..85 => 1,
            85..97 => 2,
            _ => 3,
        }];
        let jobs = (0..=dice.below(4)).map(|_| {
            let job = world.new_job_in(pipeline).submission(submission);
            let job = job.input(dice.pick(&["a.mp4", "a.mp4", "a.mp4", "b.mp4"]));
            job.priority(dice.pick(&[6, 6, 6, 9])).build()
        });
        let jobs: Vec<_> = jobs.collect();
        let ids = jobs.iter().map(|job| job.id).collect::<Vec<_>>();
        let call = arena.reach.store().submit(jobs, None);
        let (span, answer) = arena.moments.span(call).await;
        if let Some(SubmitOutcome::Accepted(_)) = log.answer(span, "submit", answer) {
            let submitted = arena.submitted.write();
            submitted
                .unwrap_or_else(PoisonError::into_inner)
                .extend(ids);
        }
        arena.stir();
    }
    log
}

async fn cancel(arena: Arc<Arena>, number: u64) -> Log {
    let (mut log, mut dice) = (Log::default(), Dice::new(1000 + number));
    while !arena.over() {
        let due = arena.cancels.load(SeqCst) * 2 < arena.submitted();
        let Some(job) = arena.recent(&mut dice).filter(|_| due) else {
            if arena.submitted() >= arena.count {
                break;
            }
            arena.pass(1).await;
            continue;
        };
        arena.cancels.fetch_add(1, SeqCst);
        let policy = match dice.below(10) {
            0..5 => CancelPolicy::QueuedOnly,
            5..9 => CancelPolicy::Any,
            _ => CancelPolicy::RunningOnly,
        };
        let mode = dice.pick(&[StopMode::Graceful, StopMode::Now]);
        let (account, now) = (arena.world.account, arena.world.now());
        let call = arena.reach.cancel(account, job, (policy, mode), now);
        let (span, answer) = arena.moments.span(call).await;
        let Some(outcome) = log.answer(span, "cancel", answer) else {
            continue;
        };
        if matches!(outcome, CancelOutcome::Cancelled { .. }) {
            arena.gone.fetch_add(1, SeqCst);
        }
        let deed = Deed::Cancel {
            job,
            policy,
            outcome,
        };
        log.note(span, deed);
    }
    log
}

/// Pauses one pipeline after the other, each for some time.
async fn pause(arena: Arc<Arena>) -> Log {
    let (mut log, mut dice) = (Log::default(), Dice::new(2000));
    let world = &arena.world;
    while !arena.over() {
        let (pipeline, limit) = dice.pick(&arena.pipelines);
        for state in [PipelineState::Paused, PipelineState::Active] {
            let change = PipelineChange {
                state: Some(state),
                ..PipelineChange::default()
            };
            let store = arena.reach.store();
            let call = store.change_pipeline(world.account, pipeline, change, None);
            let (span, answer) = arena.moments.span(call).await;
            log.answer(span, "change_pipeline", answer);
            let deed = match state {
                PipelineState::Paused => Deed::Pause(pipeline),
                PipelineState::Active => Deed::Resume(pipeline),
            };
            log.note(span, deed);
            let mut before = None;
            for _ in 0..4 {
                let running = look_at_pipeline(&arena, &mut log, (pipeline, limit)).await;
                // What runs may end. Whoever takes over a publisher's work counts as it did.
                let rises = running > before && before.is_some();
                if state == PipelineState::Paused && rises {
                    let what = format!("{running:?} run after {before:?} in a paused pipeline");
                    log.note(span, Deed::Broken(Promise::PauseHolds, what));
                }
                before = running.or(before);
                arena.pass(dice.below(20)).await;
            }
        }
    }
    log
}

/// Looks at jobs and pipelines while they change.
async fn look(arena: Arc<Arena>) -> Log {
    let (mut log, mut dice) = (Log::default(), Dice::new(3000));
    while !arena.over() {
        arena.pass(8).await;
        let pipeline = dice.pick(&arena.pipelines);
        look_at_pipeline(&arena, &mut log, pipeline).await;
        let Some(job) = arena.recent(&mut dice) else {
            continue;
        };
        let ids = [job];
        let call = arena.reach.store().jobs(arena.world.account, &ids);
        let (span, answer) = arena.moments.span(call).await;
        for job in log.answer(span, "jobs", answer).iter().flatten() {
            let (job, state) = (job.id, job.lifecycle.state.name());
            log.note(span, Deed::Seen { job, state });
        }
    }
    log
}

/// How many of its jobs are running.
async fn look_at_pipeline(
    arena: &Arena,
    log: &mut Log,
    of: (PipelineId, Option<u32>),
) -> Option<u64> {
    let (pipeline, limit) = of;
    let ids = [pipeline];
    let call = arena.reach.store().pipelines(arena.world.account, &ids);
    let (span, answer) = arena.moments.span(call).await;
    let running = log.answer(span, "pipelines", answer)?.first()?.running;
    log.note(span, Deed::Load { running, limit });
    Some(running)
}

impl Arena {
    /// Whether every job has ended.
    async fn is_over(&self) -> bool {
        if self.submitted() < self.count {
            return false;
        }
        let ids: Vec<PipelineId> = self.pipelines.iter().map(|(id, _)| *id).collect();
        let store = self.reach.store();
        let pipelines = store.pipelines(self.world.account, &ids).await;
        let busy = |it: &reelgate_domain::Pipeline| it.queued + it.running > 0;
        pipelines.is_ok_and(|them| !them.iter().any(busy))
    }
}

/// An attempt that a worker knows of.
struct Hold {
    start: Start,
    /// It has been declared the winner.
    won: bool,
    told_to_stop: bool,
}

struct Worker {
    arena: Arc<Arena>,
    name: WorkerId,
    dice: Dice,
    log: Log,
    holds: Vec<Hold>,
    /// Attempts that it has lost, or was lost with: they come back and must have no say.
    past: Vec<Start>,
}

async fn work(arena: Arc<Arena>, number: u64) -> Log {
    let mut it = Worker {
        arena,
        name: worker(&format!("w{number}")),
        dice: Dice::new(5000 + number),
        log: Log::default(),
        holds: Vec::new(),
        past: Vec::new(),
    };
    let mut idle = 0;
    while !it.arena.over() {
        if number == 0 {
            idle = if it.sweep().await { 0 } else { idle + 1 };
            if idle > PATIENCE || it.arena.is_over().await {
                it.arena.end();
            }
        }
        if it.holds.len() < HANDS {
            it.claim().await;
        }
        it.come_back().await;
        for place in (0..it.holds.len()).rev() {
            let hold = it.holds.swap_remove(place);
            if let Some(hold) = it.go_on(hold).await {
                it.holds.push(hold);
            }
        }
    }
    it.log
}

impl Worker {
    /// Lets time pass and ends leases; tells whether anything still moves.
    async fn sweep(&mut self) -> bool {
        let now = self.arena.world.clock.advance(Duration::from_secs(1));
        let every = self.dice.below(300) == 0;
        let call = self.arena.reach.store().sweep(every, now);
        let (span, answer) = self.arena.moments.span(call).await;
        let moved = self.log.answer(span, "sweep", answer);
        moved.is_some_and(|moved| moved > 0) || !self.holds.is_empty()
    }

    async fn claim(&mut self) {
        let now = self.arena.world.now();
        let slots = 1 + self.dice.below(3) as u32;
        let reach = Arc::clone(&self.arena.reach);
        let call = reach.claim(&self.name, slots, now.after(LEASE), now);
        let (span, answer) = self.arena.moments.span(call).await;
        self.arena.stir();
        let Some(claims) = self.log.answer(span, "claim", answer) else {
            return;
        };
        if claims.len() > slots as usize {
            let what = format!("{} claims for {slots} slots", claims.len());
            self.log.note(span, Deed::Broken(Promise::Siblings, what));
        }
        let mut starts = Vec::new();
        for claim in &claims {
            if !are_siblings(claim) {
                let what = format!("{} with {:?}", claim.job.id, claim.siblings);
                self.log.note(span, Deed::Broken(Promise::Siblings, what));
            }
            starts.extend(
                [&claim.job]
                    .into_iter()
                    .chain(&claim.siblings)
                    .map(|job| Start {
                        job: job.id,
                        attempt: job.lifecycle.attempt,
                        pipeline: job.pipeline,
                        losses: job.lifecycle.losses,
                        publishes: claim.work != Work::Run,
                    }),
            );
        }
        for start in &starts {
            if start.attempt == 1 {
                self.arena.gone.fetch_add(1, SeqCst);
            }
            self.holds.push(Hold {
                start: *start,
                won: start.publishes,
                told_to_stop: false,
            });
        }
        let groups = claims.iter().filter(|it| !it.siblings.is_empty()).count();
        self.log.note(span, Deed::Claim { starts, groups });
    }

    /// What is left of it after one more step.
    async fn go_on(&mut self, mut hold: Hold) -> Option<Hold> {
        let start = hold.start;
        let report = match self.dice.below(100) {
            // The worker goes silent; what it was doing comes back too late, or not.
            0..5 => {
                self.past.push(start);
                return None;
            }
            _ if hold.told_to_stop => Report::Stopped,
            5..35 => Report::Beat,
            _ if hold.won => Report::Succeed,
            35..75 => Report::Publish,
            75..84 => Report::FailForGood,
            84..94 => Report::FailForNow,
            _ => Report::GiveBack,
        };
        match (report, self.report(start, report).await?) {
            (_, Answer::Lost) => {
                self.past.push(start);
                None
            }
            (Report::Beat | Report::Publish, Answer::Stopping) => {
                hold.told_to_stop = true;
                Some(hold)
            }
            (Report::Beat, Answer::Done) => Some(hold),
            (Report::Publish, Answer::Done) => {
                hold.won = true;
                Some(hold)
            }
            _ => None,
        }
    }

    /// Something of an attempt that is probably not the newest any more.
    async fn come_back(&mut self) {
        if self.past.is_empty() || self.dice.below(3) != 0 {
            return;
        }
        let place = self.dice.below(self.past.len() as u64) as usize;
        let start = self.past[place];
        let report = self.dice.pick(&[
            Report::Beat,
            Report::Publish,
            Report::Succeed,
            Report::FailForGood,
            Report::Stopped,
            Report::GiveBack,
        ]);
        self.report(start, report).await;
        if self.dice.below(3) == 0 {
            self.past.swap_remove(place);
        }
    }

    async fn report(&mut self, start: Start, report: Report) -> Option<Answer> {
        let (reach, now) = (Arc::clone(&self.arena.reach), self.arena.world.now());
        let Start { job, attempt, .. } = start;
        let ending = match report {
            Report::Beat | Report::Publish | Report::Succeed => Ending::Succeeded,
            Report::FailForGood => failed(FaultCode::SourceUnreadable),
            Report::FailForNow => failed(FaultCode::EngineFailed),
            Report::Stopped => Ending::Stopped(GONE),
            Report::GiveBack => Ending::GivenBack,
        };
        let progress = self.dice.below(101) as u8;
        let call = async {
            Ok(match report {
                Report::Beat => {
                    let beats = vec![Beat {
                        job,
                        attempt,
                        progress,
                    }];
                    let store = reach.store();
                    Answer::from(store.renew(beats, now.after(LEASE), now).await?[0])
                }
                Report::Publish => reach.publish(job, staged(attempt), now).await?.into(),
                _ => reach.finish(job, attempt, ending, now).await?.into(),
            })
        };
        let (span, answer) = self.arena.moments.span(call).await;
        let answer = self.log.answer(span, "report", answer)?;
        self.arena.stir();
        // The third loss is the last one whatever the fault.
        let report = match report {
            Report::FailForNow if start.losses + 1 >= MAX_LOSSES => Report::FailForGood,
            report => report,
        };
        let deed = Deed::Report {
            job,
            attempt,
            report,
            answer,
        };
        self.log.note(span, deed);
        Some(answer)
    }
}

fn are_siblings(claim: &Claim) -> bool {
    let family = |job: &Job| (job.submission, job.pipeline, job.priority);
    let first = &claim.job;
    claim.siblings.iter().all(|job| {
        family(job) == family(first) && job.spec.shared_input() == first.spec.shared_input()
    }) && (claim.work == Work::Run || claim.siblings.is_empty())
}
