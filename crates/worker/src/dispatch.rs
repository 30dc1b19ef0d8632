//! The claim loop: fills free slots and sweeps what ran out. It keeps nothing that would be lost if
//! it had to be started anew.

use std::sync::Arc;

use reelgate_store::{Claim, Hints};
use tokio::sync::watch;

use crate::dna::LibraryCopies;
use crate::group::Group;
use crate::roster::{EndReason, Roster};
use crate::scratch::{Ledger, Room};
use crate::supervise::message;
use crate::sweeper::{Pace, Sweeper, Swept};
use crate::{Tools, Turned, WorkerConfig};

/// The claim loop.
pub(crate) struct Dispatcher {
    config: Arc<WorkerConfig>,
    tools: Tools,
    roster: Arc<Roster>,
    ledger: Arc<Ledger>,
    turned: Arc<Turned>,
    copies: Arc<LibraryCopies>,
    hints: Hints,
    slots: watch::Receiver<u32>,
    /// Whether nothing starts for want of scratch space.
    is_held_up: bool,
    sweeper: Sweeper,
}

impl Dispatcher {
    pub(crate) fn new(
        config: Arc<WorkerConfig>,
        tools: Tools,
        roster: Arc<Roster>,
        ledger: Arc<Ledger>,
        turned: Arc<Turned>,
        copies: Arc<LibraryCopies>,
    ) -> Self {
        let hints = tools.store.hints();
        let slots = roster.slots();
        let pace = Pace {
            lease: config.lease,
            renew_every: config.renew_every,
            poll_every: config.poll_every,
        };
        let (store, clock) = (Arc::clone(&tools.store), Arc::clone(&tools.clock));
        let sweeper = Sweeper::new(Swept::Jobs, store, clock, pace);
        Self {
            config,
            tools,
            roster,
            ledger,
            turned,
            copies,
            hints,
            slots,
            is_held_up: false,
            sweeper,
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
            let idle = self.sweeper.if_due(&self.roster.troubles).await;
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
                let troubles = &self.roster.troubles;
                self.sweeper.lost_contact("claiming", &error, troubles);
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
        let group = Group::new(claim, tools, config, &roster, &self.ledger, &self.copies);
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
}
