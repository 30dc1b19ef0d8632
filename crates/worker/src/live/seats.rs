//! Which streams a worker holds: what their drivers tell, and what they are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reelgate_domain::stream::{Activity, Health, StreamId, StreamNote};
use reelgate_media::live::BootTime;
use reelgate_store::StreamBeat;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::figures::{LiveFigures, StopLatency};
use crate::overview::Troubles;

/// What happened to a stream is told with its next beat; of more than so much the oldest is forgotten.
const MOST_NOTES: usize = 50;

/// Why a driver is to end. A later reason replaces an earlier one that is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// This worker shuts down or drains.
    HandBack,
    /// Somebody asked for it.
    Stop,
    /// Somebody else may hold the stream.
    Lost,
}

/// What a driver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Its processes are gone by then, unless this is moved.
    pub(crate) until: BootTime,
    /// The plan that is to run.
    pub(crate) revision: u32,
    pub(crate) end: Option<End>,
}

/// The streams of one worker. The loops share it, so that what runs goes on when one of them has to be started
/// anew.
#[derive(Debug)]
pub(crate) struct Seats {
    // In order, so that whatever is written for several is written in one order by all.
    held: Mutex<BTreeMap<StreamId, Held>>,
    taken: watch::Sender<u32>,
    killed: watch::Sender<bool>,
    draining: watch::Sender<bool>,
    counts: Mutex<Counts>,
    sample_every: Duration,
    pub(crate) troubles: Troubles,
    /// Asks for a renewal before its time.
    pub(crate) beat_now: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    restarts: u64,
    stops: StopLatency,
}

#[derive(Debug)]
struct Held {
    attempt: u32,
    /// Of the plan whose processes run.
    revision: u32,
    health: Option<Health>,
    sampled_at: Instant,
    notes: Vec<StreamNote>,
    orders: watch::Sender<Orders>,
}

impl Held {
    fn end(&self, end: End) {
        self.orders.send_if_modified(|orders| {
            let is_more = orders.end < Some(end);
            orders.end = orders.end.max(Some(end));
            is_more
        });
    }
}

impl Seats {
    pub(crate) fn new(draining: bool, sample_every: Duration) -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::default(),
            taken: watch::Sender::new(0),
            killed: watch::Sender::new(false),
            draining: watch::Sender::new(draining),
            counts: Mutex::default(),
            sample_every,
            troubles: Troubles::default(),
            beat_now: Notify::new(),
        })
    }

    /// Holds an attempt, from its claim to its report.
    pub(crate) fn enter(
        self: &Arc<Self>,
        stream: StreamId,
        attempt: u32,
        revision: u32,
        until: BootTime,
    ) -> Seat {
        let (orders, told) = watch::channel(Orders {
            until,
            revision,
            end: None,
        });
        let held = Held {
            attempt,
            revision,
            health: None,
            sampled_at: Instant::now(),
            notes: Vec::new(),
            orders,
        };
        if let Some(earlier) = self.held().insert(stream, held) {
            // Its lease ran out before a renewal could tell.
            earlier.end(End::Lost);
        }
        self.taken.send_modify(|taken| *taken += 1);
        Seat {
            seats: Arc::clone(self),
            stream,
            attempt,
            told,
        }
    }

    pub(crate) fn taken(&self) -> u32 {
        *self.taken.borrow()
    }

    /// How many are held, and a wake-up whenever that changes.
    pub(crate) fn watch_taken(&self) -> watch::Receiver<u32> {
        self.taken.subscribe()
    }

    /// A sign of life of everything held. What was told stays until [`Self::delivered`].
    pub(crate) fn beats(&self, now: Instant) -> Vec<StreamBeat> {
        let held = self.held();
        let beat = |(stream, held): (&StreamId, &Held)| StreamBeat {
            stream: *stream,
            attempt: held.attempt,
            revision: held.revision,
            health: held.health.clone(),
            sample: held.health.is_some() && now - held.sampled_at >= self.sample_every,
            notes: held.notes.clone(),
        };
        held.iter().map(beat).collect()
    }

    /// The store has what this beat told.
    pub(crate) fn delivered(&self, beat: &StreamBeat, now: Instant) {
        if let Some(held) = self.held().get_mut(&beat.stream)
            && held.attempt == beat.attempt
        {
            let told = beat.notes.len().min(held.notes.len());
            held.notes.drain(..told);
            if beat.sample {
                held.sampled_at = now;
            }
        }
    }

    /// An attempt is held until then, and is to run this plan.
    pub(crate) fn confirmed(&self, stream: StreamId, attempt: u32, until: BootTime, revision: u32) {
        if let Some(held) = self.held().get(&stream)
            && held.attempt == attempt
        {
            held.orders.send_modify(|orders| {
                orders.until = orders.until.max(until);
                orders.revision = orders.revision.max(revision);
            });
        }
    }

    /// Tells a driver to end, if it still holds its stream.
    pub(crate) fn end(&self, stream: StreamId, attempt: u32, end: End) {
        if let Some(held) = self.held().get(&stream)
            && held.attempt == attempt
        {
            held.end(end);
        }
    }

    pub(crate) fn end_all(&self, end: End) {
        self.held().values().for_each(|held| held.end(end));
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        let is_new = self.draining.send_if_modified(|before| {
            let is_new = *before != draining;
            *before = draining;
            is_new
        });
        if is_new && draining {
            self.end_all(End::HandBack);
        }
    }

    pub(crate) fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
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

    /// Completes when nothing is held.
    pub(crate) async fn idle(&self) {
        let _ = self.watch_taken().wait_for(|taken| *taken == 0).await;
    }

    pub(crate) fn restarted(&self) {
        self.counts().restarts += 1;
    }

    pub(crate) fn stopped_after(&self, took: Duration) {
        self.counts().stops.note(took);
    }

    pub(crate) fn figures(&self) -> LiveFigures {
        let mut figures = {
            let counts = self.counts();
            LiveFigures {
                restarts: counts.restarts,
                stops: counts.stops.clone(),
                ..LiveFigures::default()
            }
        };
        for held in self.held().values() {
            let activity = held.health.as_ref().map(|it| it.activity);
            *match activity.unwrap_or(Activity::Connecting) {
                Activity::Connecting => &mut figures.connecting,
                Activity::Live => &mut figures.live,
                Activity::Interrupted => &mut figures.interrupted,
            } += 1;
            let lag_ms = held.health.as_ref().map_or(0, |it| it.lag_ms);
            figures.lag_ms = figures.lag_ms.max(lag_ms);
        }
        figures
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<StreamId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A driver's place: as long as it lives, the lease is renewed.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) seats: Arc<Seats>,
    stream: StreamId,
    attempt: u32,
    pub(crate) told: watch::Receiver<Orders>,
}

impl Seat {
    pub(crate) fn orders(&self) -> Orders {
        *self.told.borrow()
    }

    /// How the stream is doing.
    pub(crate) fn set_health(&self, health: Health) {
        self.of_mine(|held| held.health = Some(health));
    }

    /// Processes of earlier plans are gone.
    pub(crate) fn runs(&self, revision: u32) {
        self.of_mine(|held| held.revision = revision);
    }

    pub(crate) fn note(&self, note: StreamNote) {
        self.of_mine(|held| {
            if held.notes.len() == MOST_NOTES {
                held.notes.remove(0);
            }
            held.notes.push(note);
        });
    }

    /// What was noted and is not told yet.
    pub(crate) fn take_notes(&self) -> Vec<StreamNote> {
        let mut notes = Vec::new();
        self.of_mine(|held| notes = std::mem::take(&mut held.notes));
        notes
    }

    /// Asks for what was set or noted to be told soon.
    pub(crate) fn tell_now(&self) {
        self.seats.beat_now.notify_one();
    }

    fn of_mine(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.seats.held();
        if let Some(held) = held.get_mut(&self.stream)
            && held.attempt == self.attempt
        {
            change(held);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        {
            let mut held = self.seats.held();
            let is_mine = |held: &Held| held.attempt == self.attempt;
            if held.get(&self.stream).is_some_and(is_mine) {
                held.remove(&self.stream);
            }
        }
        self.seats.taken.send_modify(|taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::Timestamp;
    use reelgate_domain::stream::Happening;

    use super::*;

    const STREAM: StreamId = StreamId::from_bytes([7; 16]);

    fn seats() -> Arc<Seats> {
        Seats::new(false, Duration::from_secs(10))
    }

    fn note(message: &str) -> StreamNote {
        StreamNote {
            at: Timestamp::from_millis(0),
            what: Happening::Interrupted,
            run: 1,
            attempt: 1,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_deadline_only_moves_ahead_and_an_end_only_becomes_more_pressing() {
        let seats = seats();
        let now = BootTime::now();
        let seat = seats.enter(STREAM, 1, 1, now);
        let later = now + Duration::from_secs(5);
        seats.confirmed(STREAM, 1, later, 2);
        seats.confirmed(STREAM, 1, now, 1);
        // Of an attempt that is over.
        seats.confirmed(STREAM, 0, later + Duration::from_secs(9), 9);
        seats.end(STREAM, 1, End::Stop);
        seats.end(STREAM, 1, End::HandBack);
        let told = seat.orders();
        assert_eq!((told.until, told.revision), (later, 2));
        assert_eq!(told.end, Some(End::Stop));
    }

    #[test]
    fn an_attempt_that_leaves_does_not_take_the_seat_of_a_later_one() {
        let seats = seats();
        let earlier = seats.enter(STREAM, 1, 1, BootTime::now());
        let later = seats.enter(STREAM, 2, 1, BootTime::now());
        assert_eq!(earlier.orders().end, Some(End::Lost));
        earlier.note(note("not heard"));
        drop(earlier);
        let beats = seats.beats(Instant::now());
        assert_eq!((beats.len(), seats.taken()), (1, 1));
        assert!(beats[0].notes.is_empty());
        drop(later);
        assert!(seats.beats(Instant::now()).is_empty());
    }

    #[test]
    fn what_happened_is_told_until_it_is_known() {
        let seats = seats();
        let seat = seats.enter(STREAM, 1, 1, BootTime::now());
        seat.note(note("a"));
        let first = seats.beats(Instant::now()).remove(0);
        seat.note(note("b"));
        // The answer to the first was lost.
        let second = seats.beats(Instant::now()).remove(0);
        assert_eq!(second.notes.len(), 2);
        seats.delivered(&first, Instant::now());
        let third = seats.beats(Instant::now()).remove(0);
        assert_eq!(third.notes, [note("b")]);
        for n in 0..2 * MOST_NOTES {
            seat.note(note(&n.to_string()));
        }
        assert_eq!(seat.take_notes().len(), MOST_NOTES);
    }

    #[test]
    fn whoever_is_to_drain_hands_everything_back() {
        let seats = seats();
        let seat = seats.enter(STREAM, 1, 1, BootTime::now());
        seats.set_draining(true);
        assert_eq!(seat.orders().end, Some(End::HandBack));
        assert_eq!(seats.figures().connecting, 1);
    }
}
