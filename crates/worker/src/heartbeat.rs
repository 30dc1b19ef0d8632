//! Signs of life: keeps the leases of whatever is held, and passes on what the store answers. Apart
//! from the claim loop, so that a claim that hangs costs no lease.

use std::sync::Arc;

use reelgate_store::BeatAnswer;
use tokio::sync::watch;

use crate::roster::{EndReason, Roster};
use crate::{Tools, WorkerConfig};

/// Gives signs of life until `done` turns true.
pub(crate) async fn run(
    config: Arc<WorkerConfig>,
    tools: Tools,
    roster: Arc<Roster>,
    mut done: watch::Receiver<bool>,
) {
    let mut stops = tools.store.hints().stops;
    let mut beat = tokio::time::interval(config.renew_every);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_lost = false;
    loop {
        tokio::select! {
            biased;
            _ = done.wait_for(|done| *done) => return,
            Ok(()) = stops.changed() => {}
            () = roster.beat_now.notified() => {}
            _ = beat.tick() => {}
        }
        let renewed = renew(&config, &tools, &roster, is_lost).await;
        if is_lost && renewed {
            tracing::info!("leases are renewed again");
        }
        is_lost = !renewed;
        roster.set_cut_off(is_lost);
        if is_lost {
            tokio::time::sleep(config.poll_every).await;
            roster.beat_now.notify_one();
        }
    }
}

/// Whether it could. That it still cannot is worth no line a second.
async fn renew(config: &WorkerConfig, tools: &Tools, roster: &Roster, is_known: bool) -> bool {
    let beats = roster.beats();
    if beats.is_empty() {
        return true;
    }
    let now = tools.clock.now();
    let until = now.after(config.lease);
    let answers = match tools.store.renew(beats.clone(), until, now).await {
        Ok(answers) => answers,
        Err(error) => {
            if !is_known {
                tracing::error!(%error, "renewing leases failed; trying again until it works");
            }
            let message = format!("renewing leases failed: {error}");
            roster.troubles.note(tools.clock.now(), message);
            return false;
        }
    };
    for (beat, answer) in beats.iter().zip(answers) {
        let reason = match answer {
            BeatAnswer::Held => continue,
            BeatAnswer::Stop(mode) => EndReason::Stop(mode),
            BeatAnswer::Lost => EndReason::Lost,
        };
        roster.end(beat.job, beat.attempt, reason);
    }
    true
}
