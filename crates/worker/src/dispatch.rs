//! The claim loop: fills free slots and sweeps what ran out. It keeps nothing that would be lost if
//! it had to be started anew.

use std::sync::Arc;
use std::time::Duration;

use reelgate_store::{Claim, Hints, StoreError};
use tokio::sync::watch;

use crate::contact::{Contact, Heard};
use crate::group::Group;
use crate::roster::{EndReason, Roster};
use crate::scratch::{Ledger, Room};
use crate::supervise::message;
use crate::{Tools, Turned, WorkerConfig};

/// When to look again after a sweep that moved something: there may be more that is due next.
const SOON: Duration = Duration::from_millis(5);

/// The claim loop.
pub(crate) struct Dispatcher {
    config: Arc<WorkerConfig>,
    tools: Tools,
    roster: Arc<Roster>,
    ledger: Arc<Ledger>,
    turned: Arc<Turned>,
    hints: Hints,
    slots: watch::Receiver<u32>,
    /// Whether nothing starts for want of scratch space.
    is_held_up: bool,
    contact: Contact,
}

impl Dispatcher {
    pub(crate) fn new(
        config: Arc<WorkerConfig>,
        tools: Tools,
        roster: Arc<Roster>,
        ledger: Arc<Ledger>,
        turned: Arc<Turned>,
    ) -> Self {
        let hints = tools.store.hints();
        let slots = roster.slots();
        let contact = Contact::new(tools.clock.now());
        Self {
            config,
            tools,
            roster,
            ledger,
            turned,
            hints,
            slots,
            is_held_up: false,
            contact,
        }
    }

    /// Goes round until `stopped` turns true, and starts nothing while `draining` is. What was started goes
    /// on.
    pub(crate) async fn run(
        mut self,
        mut stopped: watch::Receiver<bool>,
        mut draining: watch::Receiver<bool>,
    ) {
        while !*stopped.borrow() {
            // In every turn, because hints may come so thick that the loop is never idle.
            let idle = self.sweep_if_due().await;
            // Seen before the claim, so that work arriving during it wakes the loop again.
            self.hints.work.mark_unchanged();
            // A loop that cannot claim counts as one that stands still.
            let is_draining = *draining.borrow_and_update();
            if is_draining || self.fill_slots().await {
                self.turned.now(self.tools.clock.now());
            }
            let free = self.free_slots();
            self.tools.slots.set(free, self.config.slots);
            let may_claim = free > 0 && !self.is_held_up && !is_draining;
            tokio::select! {
                biased;
                told = stopped.changed() => if told.is_err() {
                    // A worker that was dropped without a word wants nothing more, either.
                    self.roster.end_all(EndReason::Shutdown);
                    break;
                },
                Ok(()) = self.slots.changed() => {}
                Ok(()) = draining.changed() => {}
                Ok(()) = self.hints.work.changed(), if may_claim => {}
                () = tokio::time::sleep(idle) => {}
            }
        }
    }

    /// A slot that is given up from here on wakes the loop.
    fn free_slots(&mut self) -> u32 {
        let taken = *self.slots.borrow_and_update();
        self.config.slots.saturating_sub(taken)
    }

    /// Whether it could: a claim that finds nothing is a good one.
    async fn fill_slots(&mut self) -> bool {
        let free = self.free_slots();
        if free == 0 {
            return true;
        }
        let room = self.room_for(free).await;
        self.hints.stops.mark_unchanged();
        let now = self.tools.clock.now();
        let until = now.after(self.config.lease);
        let store = &self.tools.store;
        let worker = &self.config.worker;
        let claimed = match &room {
            // Outputs that are complete and lack only their names need no room.
            None => store.claim_winners(worker, free, until, now).await,
            Some(room) => {
                let kinds = self.config.kinds;
                store
                    .claim_kinds(kinds, worker, room.starts, until, now)
                    .await
            }
        };
        match claimed {
            Ok(claims) => {
                let is_any = !claims.is_empty();
                claims.into_iter().for_each(|claim| self.start(claim));
                // Each has its own from here on.
                drop(room);
                // A stop of one of these may have rung before the heartbeat knew of them.
                if is_any && self.hints.stops.has_changed().unwrap_or(false) {
                    self.roster.beat_now.notify_one();
                }
                true
            }
            Err(error) => {
                drop(room);
                self.lost_contact("claiming", &error);
                tokio::time::sleep(self.config.poll_every).await;
                false
            }
        }
    }

    /// Scratch space for as many of the free slots as there is. Where none has any, it is said why.
    async fn room_for(&mut self, free_slots: u32) -> Option<Room> {
        match self.ledger.room(free_slots).await {
            Ok(room) => {
                if std::mem::take(&mut self.is_held_up) {
                    tracing::info!("there is scratch space again: jobs start");
                }
                self.tools.holdups.set_all(None);
                Some(room)
            }
            Err(shortage) => {
                if !std::mem::replace(&mut self.is_held_up, true) {
                    tracing::warn!("no job starts: {shortage}");
                    let message = format!("no job starts: {shortage}");
                    self.roster.troubles.note(self.tools.clock.now(), message);
                }
                self.tools.holdups.set_all(Some(shortage.to_string()));
                None
            }
        }
    }

    fn start(&mut self, claim: Claim) {
        let (tools, config) = (self.tools.clone(), Arc::clone(&self.config));
        let roster = Arc::clone(&self.roster);
        let slot = roster.take_slot();
        let group = Group::new(claim, tools, config, &roster, &self.ledger);
        tokio::spawn(async move {
            let task = tokio::spawn(async move {
                tokio::select! {
                    biased;
                    () = group.run() => {}
                    () = roster.killed() => {}
                }
            });
            if let Err(error) = task.await
                && let Ok(panic) = error.try_into_panic()
            {
                // Its leases are renewed no more, so they run out and the jobs start anew.
                let error = message(panic.as_ref());
                tracing::error!(error, "a group of attempts panicked");
            }
            drop(slot);
        });
    }

    /// Ends leases and makes retries ready whose time has come. Returns how long to wait at most
    /// before looking again.
    async fn sweep_if_due(&mut self) -> Duration {
        let poll_every = self.config.poll_every;
        let now = self.tools.clock.now();
        let deadline = match self.tools.store.next_deadline().await {
            Ok(deadline) => deadline,
            Err(error) => {
                self.lost_contact("looking for deadlines", &error);
                return poll_every;
            }
        };
        let lease = self.config.lease;
        // A loop that has nothing to do is silent for as long as it waits between looks.
        let unusual = (lease / 2).max(2 * poll_every);
        let patience = (self.config.renew_every + poll_every).min(lease);
        if let Heard::Again(silence) = self.contact.heard(now, unusual, patience) {
            let seconds = silence.as_secs();
            tracing::info!("the store answers again, after {seconds} s");
        }
        let Some(deadline) = deadline else {
            return poll_every;
        };
        if deadline > now {
            return deadline.since(now).min(poll_every);
        }
        if let Some(patience) = self.contact.patience(now) {
            return patience.min(poll_every);
        }
        match self.tools.store.sweep(false, now).await {
            // What is due waits for a free slot, and its end wakes the loop.
            Ok(0) => poll_every,
            Ok(moved) => {
                tracing::info!(moved, "{moved} jobs moved on because their time was up");
                SOON
            }
            Err(error) => {
                self.lost_contact("sweeping", &error);
                poll_every
            }
        }
    }

    /// The store does not answer. That it goes on is worth no line a second.
    fn lost_contact(&mut self, what: &str, error: &StoreError) {
        if self.contact.lost() {
            tracing::error!(%error, "{what} failed; trying again until it works");
        } else {
            tracing::debug!(%error, "{what} failed again");
        }
        let message = format!("{what} failed: {error}");
        self.roster.troubles.note(self.tools.clock.now(), message);
    }
}
