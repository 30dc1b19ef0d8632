//! Who works: the attempts that this worker holds and the slots that they take.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelgate_domain::job::StopMode;
use reelgate_domain::{JobId, Timestamp};
use reelgate_service::LiveProgress;
use reelgate_store::Beat;
use tokio::sync::{Notify, watch};

use crate::overview::Troubles;

/// Why an attempt is ended from outside. A later reason replaces an earlier one that is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndReason {
    /// This process shuts down.
    Shutdown,
    /// A cancel was accepted.
    Stop(StopMode),
    /// The lease went to somebody else.
    Lost,
}

impl EndReason {
    /// How processes that work for nobody else are ended.
    pub(crate) fn mode(self) -> StopMode {
        match self {
            Self::Shutdown => StopMode::Graceful,
            Self::Stop(mode) => mode,
            // Somebody else may be about to make the same.
            Self::Lost => StopMode::Now,
        }
    }
}

/// Where an attempt hears that it is to end.
pub(crate) type Ended = watch::Receiver<Option<EndReason>>;

/// The attempts and slots of one worker. The loops share it, so that what runs goes on when one of
/// them has to be started anew.
#[derive(Debug)]
pub(crate) struct Roster {
    // In order, so that a simulation that is run again gives the same signs of life.
    held: Mutex<BTreeMap<JobId, Held>>,
    slots: watch::Sender<u32>,
    killed: watch::Sender<bool>,
    progress: LiveProgress,
    pub(crate) troubles: Troubles,
    /// Whether the last heartbeat found no store.
    is_cut_off: AtomicBool,
    /// Asks for a heartbeat before its time.
    pub(crate) beat_now: Notify,
}

#[derive(Debug)]
struct Held {
    attempt: u32,
    end: watch::Sender<Option<EndReason>>,
}

impl Held {
    fn end(&self, reason: EndReason) {
        self.end.send_if_modified(|end| {
            let is_more = *end < Some(reason);
            *end = (*end).max(Some(reason));
            is_more
        });
    }
}

impl Roster {
    pub(crate) fn new(progress: LiveProgress) -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::default(),
            slots: watch::Sender::new(0),
            killed: watch::Sender::new(false),
            progress,
            troubles: Troubles::default(),
            is_cut_off: AtomicBool::new(false),
            beat_now: Notify::new(),
        })
    }

    /// Holds an attempt, from its claim to its report.
    pub(crate) fn enter(self: &Arc<Self>, job: JobId, attempt: u32) -> Seat {
        let (end, ended) = watch::channel(None);
        let held = Held { attempt, end };
        if let Some(earlier) = self.held().insert(job, held) {
            // Its lease ran out before a heartbeat could tell.
            earlier.end(EndReason::Lost);
        }
        Seat {
            roster: Arc::clone(self),
            job,
            attempt,
            ended,
        }
    }

    /// Takes a slot for as long as the answer lives.
    pub(crate) fn take_slot(self: &Arc<Self>) -> Slot {
        self.slots.send_modify(|taken| *taken += 1);
        Slot(Arc::clone(self))
    }

    /// How many slots are taken, and a wake-up whenever that changes.
    pub(crate) fn slots(&self) -> watch::Receiver<u32> {
        self.slots.subscribe()
    }

    /// How many jobs are held: a slot may have several.
    pub(crate) fn jobs(&self) -> usize {
        self.held().len()
    }

    /// A sign of life of everything held.
    pub(crate) fn beats(&self) -> Vec<Beat> {
        let held = self.held();
        let beat = |(job, held): (&JobId, &Held)| Beat {
            job: *job,
            attempt: held.attempt,
            progress: self.progress.of(*job, held.attempt),
        };
        held.iter().map(beat).collect()
    }

    /// Tells an attempt to end, if it is still held.
    pub(crate) fn end(&self, job: JobId, attempt: u32, reason: EndReason) {
        match self.held().get(&job) {
            Some(held) if held.attempt == attempt => {
                held.end(reason);
                tracing::debug!(job.id = %job, attempt, ?reason, "job {job} is told to end");
            }
            _ => {}
        }
    }

    /// Tells everything held to end.
    pub(crate) fn end_all(&self, reason: EndReason) {
        self.held().values().for_each(|held| held.end(reason));
    }

    /// Notes whether heartbeats reach the store.
    pub(crate) fn set_cut_off(&self, cut_off: bool) {
        self.is_cut_off.store(cut_off, Ordering::Relaxed);
    }

    /// Drops whatever runs, and with it kills its processes.
    pub(crate) fn kill(&self) {
        self.killed.send_replace(true);
    }

    /// Completes when everything is to be dropped.
    pub(crate) async fn killed(&self) {
        let mut killed = self.killed.subscribe();
        // The sender is in `self`, so there is one as long as somebody waits.
        let _ = killed.wait_for(|killed| *killed).await;
    }

    /// Completes when no slot is taken.
    pub(crate) async fn idle(&self) {
        let _ = self.slots().wait_for(|taken| *taken == 0).await;
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<JobId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt's place in the roster: as long as it lives, the lease is renewed.
#[derive(Debug)]
pub(crate) struct Seat {
    roster: Arc<Roster>,
    job: JobId,
    attempt: u32,
    pub(crate) ended: Ended,
}

impl Seat {
    /// Whether heartbeats do not reach the store.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.roster.is_cut_off.load(Ordering::Relaxed)
    }

    /// Notes what went wrong while it was held.
    pub(crate) fn note_trouble(&self, at: Timestamp, message: String) {
        self.roster.troubles.note(at, message);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.roster.held();
        let is_mine = |held: &Held| held.attempt == self.attempt;
        if held.get(&self.job).is_some_and(is_mine) {
            held.remove(&self.job);
            self.roster.progress.clear(self.job);
        }
    }
}

/// A slot that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Roster>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.slots.send_modify(|taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId::from_bytes([7; 16]);

    #[test]
    fn a_more_pressing_reason_replaces_a_lesser_one_and_never_the_other_way_round() {
        let roster = Roster::new(LiveProgress::default());
        let seat = roster.enter(JOB, 1);
        let graceful = EndReason::Stop(StopMode::Graceful);
        let now = EndReason::Stop(StopMode::Now);
        for (told, heard) in [
            (EndReason::Shutdown, EndReason::Shutdown),
            (graceful, graceful),
            (now, now),
            (graceful, now),
            (EndReason::Lost, EndReason::Lost),
            (now, EndReason::Lost),
        ] {
            roster.end(JOB, 1, told);
            assert_eq!(*seat.ended.borrow(), Some(heard));
        }
    }

    #[test]
    fn an_attempt_that_leaves_does_not_take_the_seat_of_a_later_one() {
        let roster = Roster::new(LiveProgress::default());
        let earlier = roster.enter(JOB, 1);
        let later = roster.enter(JOB, 2);
        assert_eq!(*earlier.ended.borrow(), Some(EndReason::Lost));
        drop(earlier);
        assert_eq!(roster.beats().len(), 1);
        drop(later);
        assert!(roster.beats().is_empty());
    }
}
