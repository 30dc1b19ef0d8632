//! The claim loop: fills free slots, keeps leases alive, passes stops on, sweeps what ran out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_store::{Beat, BeatAnswer, Claim, Hints, Work};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::attempt::{Attempt, Control, EndReason};
use crate::{Tools, Turned, WorkerConfig};

/// When to look again after a sweep that moved something: there may be more that is due next.
const SOON: Duration = Duration::from_millis(5);

/// The state of the claim loop.
pub(crate) struct Dispatcher {
    config: Arc<WorkerConfig>,
    tools: Tools,
    turned: Arc<Turned>,
    hints: Hints,
    held: HashMap<JobId, Control>,
    tasks: JoinSet<()>,
    jobs_of_tasks: HashMap<Id, (JobId, u32)>,
}

impl Dispatcher {
    pub(crate) fn new(config: WorkerConfig, tools: Tools, turned: Arc<Turned>) -> Self {
        let hints = tools.store.hints();
        Self {
            config: Arc::new(config),
            tools,
            turned,
            hints,
            held: HashMap::new(),
            tasks: JoinSet::new(),
            jobs_of_tasks: HashMap::new(),
        }
    }

    /// Goes round until `stopped` turns true, then hands back what runs and waits for it to end.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut beat = tokio::time::interval(self.config.renew_every);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stopped.borrow() {
            // In every turn, because hints may come so thick that the loop is never idle.
            let idle = self.sweep_if_due().await;
            // Seen before the claim, so that work arriving during it wakes the loop again.
            self.hints.work.mark_unchanged();
            // A loop that cannot claim counts as one that stands still.
            if self.fill_slots().await {
                self.turned.now(self.tools.clock.now());
            }
            let has_free_slots = self.free_slots() > 0;
            tokio::select! {
                // A worker that was dropped without a word wants nothing more, either.
                told = stopped.changed() => if told.is_err() { break },
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
                _ = self.hints.work.changed(), if has_free_slots => {}
                _ = self.hints.stops.changed() => self.renew().await,
                _ = beat.tick() => self.renew().await,
                () = tokio::time::sleep(idle) => {}
            }
        }
        self.hand_back().await;
    }

    fn free_slots(&self) -> u32 {
        let held = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        self.config.slots.saturating_sub(held)
    }

    /// Whether it could: a claim that finds nothing is a good one.
    async fn fill_slots(&mut self) -> bool {
        let free = self.free_slots();
        if free == 0 {
            return true;
        }
        let now = self.tools.clock.now();
        let until = now.after(self.config.lease);
        match self
            .tools
            .store
            .claim(&self.config.worker, free, until, now)
            .await
        {
            Ok(claims) => {
                claims.into_iter().for_each(|claim| self.start_all(claim));
                true
            }
            Err(error) => {
                tracing::error!(%error, "claiming failed; trying again");
                tokio::time::sleep(self.config.poll_every).await;
                false
            }
        }
    }

    fn start_all(&mut self, mut claim: Claim) {
        for job in std::mem::take(&mut claim.siblings) {
            self.start(Claim {
                job,
                siblings: Vec::new(),
                work: Work::Run,
            });
        }
        self.start(claim);
    }

    fn start(&mut self, claim: Claim) {
        let job = claim.job.id;
        let attempt = claim.job.lifecycle.attempt;
        tracing::info!(job.id = %job, attempt, "job {job} starts");
        let (attempt_task, control) =
            Attempt::new(claim, self.tools.clone(), Arc::clone(&self.config));
        let task = self.tasks.spawn(attempt_task.run());
        self.jobs_of_tasks.insert(task.id(), (job, attempt));
        if let Some(earlier) = self.held.insert(job, control) {
            // Its lease ran out before a heartbeat could tell.
            earlier.end(EndReason::Lost);
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some((job, attempt)) = self.jobs_of_tasks.remove(&id) else {
            return;
        };
        if let Err(error) = ended {
            // Its lease is renewed no more, so it runs out and the job starts anew.
            tracing::error!(job.id = %job, %error, "attempt {attempt} of job {job} panicked");
        }
        if self
            .held
            .get(&job)
            .is_some_and(|control| control.attempt == attempt)
        {
            self.held.remove(&job);
            self.tools.progress.clear(job);
        }
    }

    /// Gives a sign of life for everything held and passes on what the store answers.
    async fn renew(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let beats: Vec<_> = self
            .held
            .iter()
            .map(|(job, control)| Beat {
                job: *job,
                attempt: control.attempt,
                progress: self.tools.progress.of(*job, control.attempt),
            })
            .collect();
        let now = self.tools.clock.now();
        let until = now.after(self.config.lease);
        let answers = match self.tools.store.renew(beats.clone(), until, now).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!(%error, "renewing leases failed; trying again");
                return;
            }
        };
        for (beat, answer) in beats.iter().zip(answers) {
            let reason = match answer {
                BeatAnswer::Held => continue,
                BeatAnswer::Stop(_) => EndReason::Stop,
                BeatAnswer::Lost => EndReason::Lost,
            };
            if let Some(control) = self.held.get(&beat.job) {
                control.end(reason);
            }
        }
    }

    /// Ends leases and makes retries ready whose time has come. Returns how long to wait at most
    /// before looking again.
    async fn sweep_if_due(&self) -> Duration {
        let poll_every = self.config.poll_every;
        let now = self.tools.clock.now();
        let deadline = match self.tools.store.next_deadline().await {
            Ok(Some(deadline)) => deadline,
            Ok(None) => return poll_every,
            Err(error) => {
                tracing::error!(%error, "looking for deadlines failed; trying again");
                return poll_every;
            }
        };
        if deadline > now {
            return deadline.since(now).min(poll_every);
        }
        match self.tools.store.sweep(false, now).await {
            // What is due waits for a free slot, and its end wakes the loop.
            Ok(0) => poll_every,
            Ok(moved) => {
                tracing::info!(moved, "{moved} jobs moved on because their time was up");
                SOON
            }
            Err(error) => {
                tracing::error!(%error, "sweeping failed; trying again");
                poll_every
            }
        }
    }

    async fn hand_back(&mut self) {
        for control in self.held.values() {
            control.end(EndReason::Shutdown);
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(ended);
        }
    }
}
