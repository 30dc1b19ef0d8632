//! Staying with one process: what it shows, what is asked meanwhile, and when it is to be ended.

use std::time::Duration;

use reelgate_domain::stream::Happening;
use reelgate_media::LiveProcess;
use reelgate_media::live::{LiveEnd, LiveEnded, LiveProgress, LiveSign};
use tokio::time::{Instant, MissedTickBehavior};

use super::{After, Driver, End, Loss, Lost, MOST_MISFITS, SWITCH_GRACE, Seen};
use crate::live::driver::sleep_until;
use crate::live::meter::Counts;
use crate::live::watchdog::{Reached, Watchdog};

/// How often it is looked whether the disk has room.
const LOOK_FOR_ROOM: Duration = Duration::from_secs(5);
/// A process that was alarmed about has this long to end by itself.
const ALARM_GRACE: Duration = Duration::from_millis(500);

/// Why a process was asked to end.
enum Asked {
    For(End),
    Switch,
    Alarm(Lost),
    GivenUp,
}

impl Driver {
    /// Returns when the process is gone, and says why.
    pub(super) async fn stay(
        &mut self,
        process: &mut Option<LiveProcess>,
        mut dog: Watchdog,
    ) -> After {
        let Some(running) = process.as_mut() else {
            return After::Lost(Lost::of(Loss::Process, String::new()));
        };
        let mut room = ticks(LOOK_FOR_ROOM);
        let mut asked: Option<Asked> = None;
        let ended: LiveEnded = loop {
            let told = *self.seat.told.borrow_and_update();
            running.renew(told.until);
            if let Some(end) = told.end {
                // Whatever else it was asked to end for.
                if !matches!(asked, Some(Asked::For(earlier)) if earlier >= end) {
                    running.ask_to_stop(match end {
                        End::HandBack | End::Stop => self.config.stop_grace,
                        End::Lost => Duration::ZERO,
                    });
                    asked = Some(Asked::For(end));
                }
            } else if asked.is_none() && told.revision != self.plan.revision {
                running.ask_to_stop(SWITCH_GRACE);
                asked = Some(Asked::Switch);
            }
            let gives_up_at = self.course.gives_up_at();
            tokio::select! {
                biased;
                Ok(()) = self.seat.told.changed() => {}
                sign = running.next() => match sign {
                    LiveSign::Ended(ended) => break ended,
                    sign => self.see(sign, &mut dog),
                },
                () = tokio::time::sleep_until(dog.due_at()), if asked.is_none() => {}
                () = sleep_until(gives_up_at), if asked.is_none() => {
                    running.ask_to_stop(ALARM_GRACE);
                    asked = Some(Asked::GivenUp);
                }
                Some(seen) = self.seen.recv() => match seen {
                    Seen::Thumbnail => self.meter.thumbnail(self.tools.clock.now()),
                    Seen::Trouble(error) => self.meter.failed(error),
                },
                _ = room.tick(), if asked.is_none() => {
                    if let Some(why) = self.is_below(self.config.free_space_floor / 2) {
                        running.ask_to_stop(self.config.stop_grace);
                        asked = Some(Asked::Alarm(Lost::of(Loss::Process, why)));
                    }
                }
            }
            if asked.is_none()
                && let Some(alarm) = dog.alarm(Instant::now())
            {
                running.ask_to_stop(ALARM_GRACE);
                let mut lost = Lost::by(alarm);
                // Its process takes its time to end, and watchers need not wait for that.
                self.interrupted(lost.why.clone());
                lost.is_told = true;
                asked = Some(Asked::Alarm(lost));
            }
        };
        *process = None;
        self.over(asked, &ended)
    }

    fn over(&mut self, asked: Option<Asked>, ended: &LiveEnded) -> After {
        let peak = ended.peak_bytes;
        let how = ended.how;
        let id = self.stream.id;
        tracing::debug!(stream.id = %id, ?how, peak, "a process of stream {id} is gone");
        match asked {
            Some(Asked::For(end)) => After::End(end),
            Some(Asked::Switch) => After::Switch,
            Some(Asked::GivenUp) => {
                After::GivenUp("the source did not come back in time".to_owned())
            }
            Some(Asked::Alarm(lost)) => After::Lost(lost),
            None if ended.how == LiveEnd::Deadline => {
                tracing::warn!(stream.id = %id, "the lease of stream {id} could not be renewed");
                let why = "the store did not confirm in time that the stream is still held here";
                After::Lost(Lost::of(Loss::Process, why.to_owned()))
            }
            None => {
                let mut lost = Lost::with(ended);
                self.misfits = if lost.is_misfit { self.misfits + 1 } else { 0 };
                if self.misfits >= MOST_MISFITS {
                    lost.unfit = Some(lost.why.clone());
                }
                After::Lost(lost)
            }
        }
    }

    fn see(&mut self, sign: LiveSign, dog: &mut Watchdog) {
        let id = self.stream.id;
        match sign {
            LiveSign::Progress(progress) => self.progressed(&progress, dog),
            LiveSign::Source(facts) => self.source = Some(facts),
            LiveSign::KeyFrame(at) => self.meter.keyframe(millis(at)),
            LiveSign::Output(output) => {
                let text = output.text;
                if output.lost {
                    tracing::info!(stream.id = %id, text, "an output of stream {id} was lost");
                    self.meter.failed(text.clone());
                    self.note(Happening::Interrupted, text);
                } else {
                    tracing::info!(stream.id = %id, text, "an output of stream {id} is back");
                    self.note(Happening::Live, text);
                }
            }
            LiveSign::Said { cause, text } => {
                tracing::debug!(stream.id = %id, ?cause, text, "stream {id}: {text}");
                self.meter.failed(format!("{cause}: {text}"));
            }
            LiveSign::Forbidden(address) => {
                tracing::warn!(stream.id = %id, %address, "stream {id} wanted to talk to {address}, which is no peer of it");
                let why =
                    "the source sends to another host than the stream's, which is not allowed";
                self.meter.failed(why.to_owned());
            }
            LiveSign::Ended(_) => {}
        }
    }

    fn progressed(&mut self, progress: &LiveProgress, dog: &mut Watchdog) {
        let now = Instant::now();
        let media_ms = millis(progress.position);
        let is_farther = dog.saw(
            now,
            Reached {
                media_ms,
                frames: progress.frames,
                bytes: progress.sent_bytes,
            },
        );
        let counts = Counts {
            in_bytes: progress.received_bytes,
            out_bytes: progress.sent_bytes,
            frames: progress.frames,
            media_ms,
            dropped: progress.dropped_frames,
            duplicated: progress.duplicated_frames,
        };
        self.meter.saw(now, counts, dog.lag_ms());
        let is_output = is_farther && (media_ms > 0 || progress.frames > 0);
        if is_output && self.course.output(now) {
            self.meter.first_output(self.tools.clock.now());
            self.misfits = 0;
            self.note(Happening::Live, String::new());
            let id = self.stream.id;
            tracing::info!(stream.id = %id, "stream {id} is live");
        }
        self.show();
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
