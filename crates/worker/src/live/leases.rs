//! Signs of life for the streams that are held, and what the store answers to them.
//!
//! A deadline is moved only by an answer, and counts from before the question: what the store may have written
//! without answering is no reason to go on.

use std::sync::Arc;
use std::time::Duration;

use reelgate_media::live::BootTime;
use reelgate_store::StreamAnswer;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::seats::{End, Seats};
use super::{LiveConfig, LiveTools};

/// Renewals that hints ask for are this far apart: jobs' stops ring the same bell, however many there are.
const LEAST_BETWEEN: Duration = Duration::from_millis(30);
/// How soon it is tried again what failed.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Gives signs of life until `done` turns true.
pub(crate) async fn run(
    config: Arc<LiveConfig>,
    tools: LiveTools,
    seats: Arc<Seats>,
    mut done: watch::Receiver<bool>,
) {
    let mut stops = tools.store.hints().stops;
    let mut beat = tokio::time::interval(config.renew_every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_lost = false;
    loop {
        tokio::select! {
            biased;
            _ = done.wait_for(|done| *done) => return,
            Ok(()) = stops.changed() => {}
            () = seats.beat_now.notified() => {}
            _ = beat.tick() => {}
        }
        let began = Instant::now();
        let renewed = renew(&config, &tools, &seats, is_lost).await;
        if is_lost && renewed {
            tracing::info!("leases of live streams are renewed again");
        }
        is_lost = !renewed;
        if is_lost {
            seats.beat_now.notify_one();
        }
        let pause = if is_lost { AGAIN_AFTER } else { LEAST_BETWEEN };
        tokio::time::sleep_until(began + pause).await;
    }
}

/// Whether it could. That it still cannot is worth no line a second.
async fn renew(config: &LiveConfig, tools: &LiveTools, seats: &Seats, is_known: bool) -> bool {
    let beats = seats.beats(Instant::now());
    if beats.is_empty() {
        return true;
    }
    let until = BootTime::now() + config.lease.saturating_sub(config.margin);
    let now = tools.clock.now();
    let lease_until = now.after(config.lease);
    let renewing = tools.store.renew_streams(beats.clone(), lease_until, now);
    // A call that hangs is given up while there is time for another one.
    let answers = match tokio::time::timeout(config.lease / 3, renewing).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) => {
            failed(tools, seats, is_known, &error.to_string());
            return false;
        }
        Err(_) => {
            failed(tools, seats, is_known, "no answer in time");
            return false;
        }
    };
    let told_at = Instant::now();
    for (beat, answer) in beats.iter().zip(answers) {
        match answer {
            StreamAnswer::Held { revision } => {
                seats.confirmed(beat.stream, beat.attempt, until, revision);
                seats.delivered(beat, told_at);
            }
            StreamAnswer::Stop => {
                seats.confirmed(beat.stream, beat.attempt, until, beat.revision);
                seats.delivered(beat, told_at);
                seats.end(beat.stream, beat.attempt, End::Stop);
            }
            StreamAnswer::Lost => seats.end(beat.stream, beat.attempt, End::Lost),
        }
    }
    true
}

fn failed(tools: &LiveTools, seats: &Seats, is_known: bool, error: &str) {
    if !is_known {
        tracing::error!(
            error,
            "renewing leases of live streams failed; trying again until it works"
        );
    }
    let message = format!("renewing leases of live streams failed: {error}");
    seats.troubles.note(tools.clock.now(), message);
}
