//! How this API shows an event, in streams, lists and webhooks alike.

use reelgate_domain::event::{EventCursor, JobEvent};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::{JobId, PipelineId};
use serde::Serialize;

use crate::http::format_time;

/// `{"type": "job.succeeded", "timestamp", "data": {"job_id", "pipeline_id", "attempt", "fault"}}`.
/// A stream and a list say `id` too, its place; webhooks say `user_data`, which the job has.
#[derive(Serialize)]
pub(super) struct EventView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "type")]
    name: &'static str,
    timestamp: String,
    data: DataView<'a>,
}

#[derive(Serialize)]
struct DataView<'a> {
    job_id: JobId,
    pipeline_id: PipelineId,
    attempt: u32,
    fault: Option<FaultView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Option<&'a str>>,
}

/// Why a job failed.
#[derive(Serialize)]
struct FaultView<'a> {
    code: FaultCode,
    message: &'a str,
}

impl<'a> EventView<'a> {
    pub(super) fn at(cursor: EventCursor, event: &'a JobEvent) -> Self {
        Self {
            id: Some(cursor.to_string()),
            ..Self::of(event, None)
        }
    }

    pub(super) fn with_user_data(event: &'a JobEvent, user_data: Option<&'a str>) -> Self {
        Self::of(event, Some(user_data))
    }

    fn of(event: &'a JobEvent, user_data: Option<Option<&'a str>>) -> Self {
        Self {
            id: None,
            name: event.name.as_str(),
            timestamp: format_time(event.at),
            data: DataView {
                job_id: event.job,
                pipeline_id: event.pipeline,
                attempt: event.attempt,
                fault: event.fault.as_ref().map(FaultView::of),
                user_data,
            },
        }
    }
}

impl<'a> FaultView<'a> {
    fn of(fault: &'a Fault) -> Self {
        Self {
            code: fault.code,
            message: &fault.message,
        }
    }
}
