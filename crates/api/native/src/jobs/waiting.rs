//! How this API shows what a job waits for.

use reelgate_service::Waiting;
use serde::Serialize;

use crate::http::format_time;

/// `{"reason", "detail"}`: `reason` is stable, `detail` is for people.
#[derive(Serialize)]
pub(crate) struct WaitingView {
    reason: &'static str,
    detail: String,
}

impl WaitingView {
    pub(crate) fn of(waiting: Waiting) -> Self {
        let (reason, detail) = match waiting {
            Waiting::PipelinePaused => ("pipeline_paused", "its pipeline is paused".to_owned()),
            Waiting::RetryDelay(until) => (
                "retry_delay",
                format!("its next attempt starts at {} or later", format_time(until)),
            ),
            Waiting::PipelineLimit { concurrency } => (
                "pipeline_limit",
                match concurrency {
                    1 => "its pipeline runs one job at a time, and one runs".to_owned(),
                    most => format!("its pipeline runs {most} jobs at a time, and as many run"),
                },
            ),
            Waiting::ScratchSpace(why) => ("scratch_space", why),
            Waiting::SlotsTaken { slots } => (
                "slots",
                match slots {
                    1 => "the only slot is taken".to_owned(),
                    slots => format!("all {slots} slots are taken"),
                },
            ),
            Waiting::NoWorker => ("slots", "no worker takes jobs".to_owned()),
        };
        Self { reason, detail }
    }
}
