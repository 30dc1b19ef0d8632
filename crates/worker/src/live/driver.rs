//! One stream on this worker: a process after the other, until somebody asks for its end.
//!
//! The driver remembers who asked: a process that was asked to end and one whose source ended look alike. What it
//! writes into the store is one thing, how the attempt ended, and only when the processes are gone.
//!
//! | if this process dies | then |
//! |---|---|
//! | while the stream runs | the guard ends FFmpeg at once, the lease runs out and another worker goes on |
//! | after the processes are gone, before their end is in the store | the same; a stop that was asked for is over when the lease is |
//! | after that | the stream is free, stopped or ended as it was written |
//!
//! A change of a running stream ends the old process and starts the new one right after it: targets take one
//! publisher at a time, and the beat that names the new plan frees the places that only the old one had. The gap is
//! what connecting takes and the source's next keyframe.

mod losses;
mod running;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use reelgate_domain::stream::{EndReason, Happening, RunEnd, Stream, StreamNote, StreamPlan};
use reelgate_media::LiveProcess;
use reelgate_media::live::{
    BootTime, LiveCommand, LiveError, LiveLimits, PeerError, Peers, SourceFacts,
};
use reelgate_store::{Fenced, StreamEnding};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::losses::Lost;
use super::course::{Course, Loss, Next};
use super::keeper::Inbox;
use super::meter::Meter;
use super::publisher::{Place, Publisher};
use super::scratch::{Folder, stamp, writes_files};
use super::seats::{End, Seat, Seats};
use super::thumbnails::Thumbnails;
use super::watchdog::Watchdog;
use super::{LiveConfig, LiveTools};
use crate::supervise::message;

/// A process is not started unless the lease holds for so long yet.
const LEAST_LEFT: Duration = Duration::from_secs(2);
/// How long it may take to look up hosts.
const LOOKS_UP_WITHIN: Duration = Duration::from_secs(5);
/// How long a switch waits for the old process to end by itself.
const SWITCH_GRACE: Duration = Duration::from_millis(700);
/// How long the last of an HLS output may take before the attempt is reported.
const PUBLISHES_WITHIN: Duration = Duration::from_secs(11);
/// After a panic it is tried again not before.
const AFTER_PANIC: Duration = Duration::from_secs(5);
/// So many times in a row the source may not go together with an output before that is taken for good.
const MOST_MISFITS: u32 = 3;

/// What ends an attempt.
#[derive(Debug)]
enum Ending {
    /// As it is to be written.
    Known(StreamEnding),
    /// Somebody else may hold the stream: nothing is written any more.
    Lost,
}

/// What one process left behind when it ended.
enum After {
    /// Another one, for this reason.
    Lost(Lost),
    /// Another one, with another plan.
    Switch,
    End(End),
    /// The source was away for longer than it may be.
    GivenUp(String),
}

/// What is told to a driver by those who bring its files to buckets.
#[derive(Debug)]
pub(crate) enum Seen {
    Thumbnail,
    /// What an output has trouble with.
    Trouble(String),
}

/// One attempt at a stream.
pub(crate) struct Driver {
    stream: Stream,
    plan: StreamPlan,
    config: Arc<LiveConfig>,
    tools: LiveTools,
    seat: Seat,
    keeper: Inbox,
    course: Course,
    meter: Meter,
    publishers: Vec<Publisher>,
    /// What others tell who work for this stream.
    seen: mpsc::UnboundedReceiver<Seen>,
    tell: mpsc::UnboundedSender<Seen>,
    source: Option<SourceFacts>,
    misfits: u32,
    notes: Allowance,
}

/// How much may be noted: a peer that comes and goes each second is not worth a note each time.
struct Allowance {
    left: u32,
    since: Instant,
}

impl Allowance {
    const MOST: u32 = 20;
    const ONE_MORE_EVERY: Duration = Duration::from_secs(10);

    fn take(&mut self, now: Instant) -> bool {
        while self.left < Self::MOST && now - self.since >= Self::ONE_MORE_EVERY {
            self.left += 1;
            self.since += Self::ONE_MORE_EVERY;
        }
        if self.left == Self::MOST {
            self.since = now;
        }
        let is_allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_allowed
    }
}

impl Driver {
    /// Runs a stream that was claimed; its processes are to be gone at `until` unless that is moved.
    pub(crate) fn start(
        stream: Stream,
        until: BootTime,
        config: Arc<LiveConfig>,
        tools: LiveTools,
        seats: &Arc<Seats>,
        keeper: &Inbox,
    ) {
        let Some(plan) = stream.plan.clone() else {
            // The store gives none without one. The lease runs out.
            tracing::error!(stream.id = %stream.id, "stream {} has nothing to run", stream.id);
            return;
        };
        let (id, attempt) = (stream.id, stream.standing.attempt);
        let seat = seats.enter(id, attempt, plan.revision, until);
        let now = Instant::now();
        // One that never brought anything has been waited for since its start.
        let never = stream
            .health
            .as_ref()
            .is_none_or(|it| it.first_output_at.is_none());
        let started = stream.standing.last_start_at.filter(|_| never);
        let away = started.map_or(Duration::ZERO, |at| tools.clock.now().since(at));
        let (tell, seen) = mpsc::unbounded_channel();
        let driver = Self {
            course: Course::new(plan.on_source_lost, now, away),
            meter: Meter::of(&stream, tools.clock.now()),
            plan,
            stream,
            config,
            tools,
            seat,
            keeper: keeper.clone(),
            publishers: Vec::new(),
            seen,
            tell,
            source: None,
            misfits: 0,
            notes: Allowance {
                left: Allowance::MOST,
                since: now,
            },
        };
        let seats = Arc::clone(seats);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = driver.see_through() => {}
                () = seats.killed() => {}
            }
        });
    }

    /// Runs it, and reports how that ended.
    async fn see_through(mut self) {
        let mut process = None;
        let driven = AssertUnwindSafe(self.drive(&mut process))
            .catch_unwind()
            .await;
        let ending = driven.unwrap_or_else(|panic| {
            let error = message(panic.as_ref());
            let id = self.stream.id;
            tracing::error!(stream.id = %id, error, "the driver of stream {id} panicked");
            let ready_at = Some(self.tools.clock.now().after(AFTER_PANIC));
            Ending::Known(StreamEnding::Gone { ready_at })
        });
        if let Some(process) = process.take() {
            // Only what panicked has left one.
            let _ = process.stop(self.config.stop_grace).await;
        }
        let closes = match &ending {
            Ending::Known(StreamEnding::Given(_)) => true,
            Ending::Known(StreamEnding::Gone { .. }) => self.seat.orders().end == Some(End::Stop),
            Ending::Lost => false,
        };
        let ends: Vec<_> = self
            .publishers
            .drain(..)
            .map(|publisher| publisher.end(closes))
            .collect();
        // What an object store that is away keeps from being closed stays open.
        let _ = tokio::time::timeout(PUBLISHES_WITHIN, futures_util::future::join_all(ends)).await;
        if let Ending::Known(ending) = ending {
            self.report(ending).await;
        }
    }

    /// One process after the other. None is left in `process` when this returns.
    async fn drive(&mut self, process: &mut Option<LiveProcess>) -> Ending {
        let mut pause = Duration::ZERO;
        loop {
            if let Some(ending) = self.wait(pause).await {
                return ending;
            }
            pause = Duration::ZERO;
            if self.seat.orders().revision != self.plan.revision {
                match self.take_plan().await {
                    Ok(true) => {}
                    Ok(false) => return Ending::Lost,
                    Err(again) => {
                        pause = again;
                        continue;
                    }
                }
            }
            let after = self.one(process).await;
            debug_assert!(process.is_none(), "the process is gone");
            self.meter.process_gone();
            let lost = match after {
                After::Lost(lost) => lost,
                After::Switch => continue,
                After::End(end) => return self.ended(end),
                After::GivenUp(why) => return self.given(EndReason::SourceLost, why),
            };
            if let Some(why) = lost.unfit {
                return self.given(EndReason::Unfit, why);
            }
            match self.course.lost(lost.loss, Instant::now()) {
                Next::Again(after) => pause = after,
                Next::Over(reason) => return self.given(reason, lost.why),
            }
            if lost.is_told {
                self.show();
            } else {
                self.interrupted(lost.why);
            }
            self.meter.reconnects();
            self.seat.seats.restarted();
        }
    }

    /// Waits until another process may start, and says how the attempt ends if it does so before.
    async fn wait(&mut self, pause: Duration) -> Option<Ending> {
        let until = Instant::now() + pause;
        loop {
            self.show();
            let told = *self.seat.told.borrow_and_update();
            if let Some(end) = told.end {
                return Some(self.ended(end));
            }
            let holds = told.until.since(BootTime::now()) >= LEAST_LEFT;
            let is_time = Instant::now() >= until || told.revision != self.plan.revision;
            if holds && is_time {
                return None;
            }
            let gives_up_at = self.course.gives_up_at();
            tokio::select! {
                Ok(()) = self.seat.told.changed() => {}
                () = tokio::time::sleep_until(until), if !is_time => {}
                () = sleep_until(gives_up_at) => {
                    let why = "the source did not come back in time".to_owned();
                    return Some(self.given(EndReason::SourceLost, why));
                }
            }
        }
    }

    /// Takes over the plan that is to run; false if the stream is held no more, and how soon to ask again if the
    /// store does not answer.
    async fn take_plan(&mut self) -> Result<bool, Duration> {
        let (id, attempt) = (self.stream.id, self.stream.standing.attempt);
        let held = self.tools.store.held_stream(id, attempt).await;
        let stream = match held {
            Ok(Some(stream)) => stream,
            Ok(None) => return Ok(false),
            Err(error) => {
                tracing::warn!(%error, stream.id = %id, "the new plan of stream {id} cannot be read yet");
                return Err(Duration::from_millis(500));
            }
        };
        let Some(plan) = stream.plan.clone() else {
            return Ok(false);
        };
        self.course.changed(plan.on_source_lost);
        self.misfits = 0;
        if plan.input != self.plan.input {
            self.source = None;
        }
        self.seat.runs(plan.revision);
        self.plan = plan;
        self.seat.tell_now();
        Ok(true)
    }

    /// Starts one process and stays with it until it is gone.
    async fn one(&mut self, process: &mut Option<LiveProcess>) -> After {
        let mut told = self.seat.told.clone();
        let peers = tokio::select! {
            biased;
            Ok(told) = told.wait_for(|told| told.end.is_some()) => {
                return After::End(told.end.unwrap_or(End::Lost));
            }
            peers = self.peers() => peers,
        };
        let peers = match peers {
            Ok(peers) => peers,
            Err(lost) => return After::Lost(lost),
        };
        if let Some(why) = self.lacks_room() {
            return After::Lost(Lost::of(Loss::Process, why));
        }
        let now = self.tools.clock.now();
        let ids = (
            self.stream.account,
            self.stream.id,
            self.stream.standing.attempt,
        );
        let folder = Folder::make(&self.config.folder, ids, &self.plan, now, &self.keeper).await;
        let folder = match folder {
            Ok(folder) => Arc::new(folder),
            Err(error) => {
                tracing::error!(%error, "no directory for a live stream");
                let why = "the scratch directory cannot be written to".to_owned();
                return After::Lost(Lost::of(Loss::Process, why));
            }
        };
        let told = self.seat.orders();
        if let Some(end) = told.end {
            return After::End(end);
        }
        let command = LiveCommand {
            plan: &self.plan,
            scratch: folder.path(),
            peers: &peers,
            source: self.source.as_ref(),
            first_segment: 0,
            thumbnail_every: Some(self.config.thumbnail_every),
            may_listen: self.config.may_listen,
            limits: LiveLimits {
                resident_bytes: Some(self.config.max_resident_bytes),
                file_bytes: Some(self.config.max_file_bytes),
            },
            until: told.until,
        };
        match reelgate_media::live(&self.tools.runner, &self.tools.engine, command).await {
            Ok(started) => *process = Some(started),
            Err(LiveError::Unfit(unfit)) => return After::Lost(Lost::unfit(unfit.to_string())),
            Err(error @ LiveError::Start(_)) => {
                return After::Lost(Lost::of(Loss::Process, error.to_string()));
            }
        }
        self.publish(&folder, &stamp(now));
        let dog = Watchdog::new(&self.plan, Instant::now());
        let _thumbnails = Thumbnails::start(
            self.tools.clone(),
            (self.stream.account, self.stream.id),
            folder,
            self.config.thumbnail_every,
            self.tell.clone(),
        );
        let after = self.stay(process, dog).await;
        self.publishers.iter().for_each(Publisher::gone);
        after
    }

    /// Hosts are looked up anew for each process: an address may have moved.
    async fn peers(&self) -> Result<Peers, Lost> {
        let guard = self.tools.guard.clone();
        let looking = Peers::of(&self.plan, move |address| guard.allow(address).is_ok());
        let found = match tokio::time::timeout(LOOKS_UP_WITHIN, looking).await {
            Ok(found) => found,
            Err(_) => {
                let why = "looking up the stream's hosts takes too long".to_owned();
                return Err(Lost::of(Loss::Source, why));
            }
        };
        found.map_err(|error| match &error {
            PeerError::Forbidden { .. } => Lost::unfit(error.to_string()),
            PeerError::Unknown { host } => {
                let source = self.plan.input.address.host();
                let is_source = source.trim_matches(['[', ']']) == host;
                let loss = if is_source {
                    Loss::Source
                } else {
                    Loss::Output
                };
                Lost::of(loss, error.to_string())
            }
        })
    }

    /// Why nothing that writes files may start, or go on: below half of the floor.
    fn lacks_room(&self) -> Option<String> {
        self.is_below(self.config.free_space_floor)
    }

    fn is_below(&self, floor: u64) -> Option<String> {
        if !self.plan.outputs.iter().any(writes_files) {
            return None;
        }
        let free = (self.config.free_bytes)(&self.config.folder).ok()?;
        (free < floor).then(|| {
            format!("no space for recordings and segments: {free} bytes free, {floor} stay free")
        })
    }

    /// Has what the new process writes published, each HLS output by whoever did so before if it is the same.
    fn publish(&mut self, folder: &Arc<Folder>, stamp: &str) {
        let ids = (self.stream.account, self.stream.id);
        let places = self.plan.outputs.iter().enumerate();
        let places: Vec<Place> = places
            .filter_map(|(index, output)| Place::of(ids, index, &output.target))
            .collect();
        let mut before: Vec<Publisher> = self.publishers.drain(..).collect();
        for place in places {
            let same = before
                .iter()
                .position(|it| it.place.identity() == place.identity());
            let earlier: Option<JoinHandle<()>> = match same.map(|index| before.remove(index)) {
                Some(publisher) if publisher.place == place => {
                    self.publishers.push(publisher);
                    continue;
                }
                Some(changed) => Some(changed.end(false)),
                None => None,
            };
            self.publishers.push(Publisher::start(
                place,
                self.tools.clone(),
                self.seat.told.clone(),
                self.tell.clone(),
                earlier,
            ));
        }
        for gone in before {
            gone.end(true);
        }
        for publisher in &self.publishers {
            publisher.began(Arc::clone(folder), stamp.to_owned());
        }
    }

    fn ended(&self, end: End) -> Ending {
        match end {
            End::HandBack | End::Stop => Ending::Known(StreamEnding::Gone { ready_at: None }),
            End::Lost => Ending::Lost,
        }
    }

    fn given(&mut self, reason: EndReason, why: String) -> Ending {
        let id = self.stream.id;
        tracing::info!(stream.id = %id, ?reason, why, "stream {id} is given up");
        self.meter.failed(why.clone());
        Ending::Known(StreamEnding::Given(RunEnd {
            at: self.tools.clock.now(),
            reason,
            message: why,
        }))
    }

    fn interrupted(&mut self, why: String) {
        let id = self.stream.id;
        tracing::info!(stream.id = %id, why, "stream {id} is interrupted");
        self.meter.failed(why.clone());
        self.note(Happening::Interrupted, why);
        self.show();
    }

    fn note(&mut self, what: Happening, message: String) {
        if !self.notes.take(Instant::now()) {
            return;
        }
        self.seat.note(StreamNote {
            at: self.tools.clock.now(),
            what,
            run: self.stream.standing.run,
            attempt: self.stream.standing.attempt,
            message,
        });
        self.seat.tell_now();
    }

    /// Tells how the stream is doing, with the next beat.
    fn show(&self) {
        let now = self.tools.clock.now();
        self.seat
            .set_health(self.meter.health(self.course.activity(), now));
    }

    /// Writes how the attempt ended. It is repeated until the store has answered, or until it would change nothing
    /// any more because the lease has run out.
    async fn report(&mut self, ending: StreamEnding) {
        let (id, attempt) = (self.stream.id, self.stream.standing.attempt);
        let notes = self.seat.take_notes();
        let mut pause = Duration::from_millis(100);
        loop {
            let now = self.tools.clock.now();
            let finishing =
                self.tools
                    .store
                    .finish_stream(id, attempt, ending.clone(), notes.clone(), now);
            match finishing.await {
                Ok(Fenced::Done | Fenced::Stopping) => break,
                Ok(Fenced::Lost) => {
                    tracing::debug!(stream.id = %id, "stream {id} was let go before its end was told");
                    return;
                }
                Err(error) => {
                    let told = self.seat.orders();
                    let is_over = told.end == Some(End::Lost)
                        || told.until + 2 * self.config.lease < BootTime::now();
                    if is_over {
                        tracing::warn!(%error, stream.id = %id, "the end of stream {id} could not be told");
                        return;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        if self.seat.orders().end == Some(End::Stop) {
            self.note_stop_latency().await;
        }
    }

    async fn note_stop_latency(&self) {
        let found = self
            .tools
            .store
            .stream(self.stream.account, self.stream.id)
            .await;
        let gone_at = self.tools.clock.now();
        if let Ok(Some(stream)) = found
            && let Some(stopped_at) = stream.standing.last_stop_at
            && stream.standing.run == self.stream.standing.run
        {
            self.seat.seats.stopped_after(gone_at.since(stopped_at));
        }
    }
}

/// Never, if there is no such time.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_comes_and_goes_each_second_is_noted_now_and_then() {
        let start = Instant::now();
        let mut notes = Allowance {
            left: Allowance::MOST,
            since: start,
        };
        let at = |second: u64| start + Duration::from_secs(second);
        let allowed = (0..600).filter(|second| notes.take(at(*second))).count();
        assert!((60..=85).contains(&allowed), "{allowed}");
        // One that has been quiet for long may be noted as often as at the start.
        let later: usize = (0..30).filter(|_| notes.take(at(10_000))).count();
        assert_eq!(later, 20);
    }
}
