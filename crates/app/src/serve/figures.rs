//! The figures of a node, in the text format of Prometheus.

use std::sync::Arc;
use std::time::Duration;

use reelgate_service::{Clock, Slots};
use reelgate_worker::live::LiveWorker;
use reelgate_worker::{Overview, Worker};

use super::live;

/// What makes them anew each time it is called: none of what does not run here.
pub(super) fn of(
    worker: Option<&Worker>,
    streams: Option<&LiveWorker>,
    slots: Slots,
    clock: Arc<dyn Clock>,
) -> impl Fn() -> String + Clone + Send + Sync + 'static {
    let jobs = worker.map(|worker| (worker.overview(), worker.turned()));
    let streams = streams.map(|streams| (streams.overview(), streams.turned()));
    move || {
        let now = clock.now();
        let of_jobs = jobs
            .as_ref()
            .map(|(overview, turned)| of_jobs(overview, slots.total(), now.since(turned.at())));
        let of_streams = streams
            .as_ref()
            .map(|(overview, turned)| live::figures(&overview.figures(), now.since(turned.at())));
        of_jobs.unwrap_or_default() + &of_streams.unwrap_or_default()
    }
}

fn of_jobs(overview: &Overview, slots: u32, idle: Duration) -> String {
    let figures = [
        (
            "reelgate_worker_slots",
            "Jobs, or groups of jobs with one source, that may run at once.",
            f64::from(slots),
        ),
        (
            "reelgate_worker_slots_taken",
            "Slots in which something runs.",
            f64::from(overview.taken()),
        ),
        (
            "reelgate_worker_jobs",
            "Jobs that are held.",
            f64::from(u32::try_from(overview.jobs()).unwrap_or(u32::MAX)),
        ),
        (
            "reelgate_worker_draining",
            "Whether nothing more starts.",
            f64::from(u8::from(overview.is_draining())),
        ),
        (
            "reelgate_worker_claim_loop_age_seconds",
            "Time since the claim loop last went round.",
            idle.as_secs_f64(),
        ),
    ];
    let lines = figures.map(|(name, help, value)| {
        format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n")
    });
    lines.concat()
}
