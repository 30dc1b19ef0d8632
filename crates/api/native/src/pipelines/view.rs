//! How this API shows a pipeline.

use reelgate_domain::{Pipeline, PipelineId};
use serde::Serialize;

use super::state_word;
use crate::http::format_time;

/// `{"id", "name", "state", "concurrency", "queued", "running", "created_at"}`.
///
/// `state` is `active` or `paused`; `concurrency` is how many of its jobs may run at once, null for
/// no limit; `queued` and `running` count jobs.
#[derive(Serialize)]
pub(super) struct PipelineView<'a> {
    id: PipelineId,
    name: &'a str,
    state: &'static str,
    concurrency: Option<u32>,
    queued: u64,
    running: u64,
    created_at: String,
}

impl<'a> PipelineView<'a> {
    pub(super) fn of(pipeline: &'a Pipeline) -> Self {
        Self {
            id: pipeline.id,
            name: &pipeline.name,
            state: state_word(pipeline.state),
            concurrency: pipeline.concurrency,
            queued: pipeline.queued,
            running: pipeline.running,
            created_at: format_time(pipeline.created_at),
        }
    }
}
