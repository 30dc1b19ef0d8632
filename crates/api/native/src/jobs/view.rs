//! How this API shows a job.

use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode, Job, JobKind, JobSpec, StateName};
use reelgate_domain::media::{OutputFile, OutputResult};
use reelgate_domain::{JobId, JobNumber, ObjectRef, PipelineId, SubmissionId};
use reelgate_service::{Fetched, Waiting};
use serde::Serialize;

use super::facts::FactsView;
use super::waiting::WaitingView;
use crate::http::format_time;

/// A job:
///
/// ```json
/// {"id", "number", "kind", "state", "pipeline_id", "priority", "progress", "attempt",
///  "created_at", "started_at", "finished_at", "submission_id", "input": {"bucket", "key"},
///  "outputs": [...], "fault": {"code", "message"}, "user_data", "origin",
///  "waiting": {"reason", "detail"}}
/// ```
///
/// `input` is null for a job that fetches its source from elsewhere: then `source_host` says from which
/// server, and no more, because the rest of an address may give access to it. `state` is `queued`, `running`, `publishing`, `stopping`, `succeeded`, `failed` or `cancelled`.
/// `progress` is 0 to 100, `attempt` 0 before the first start, `started_at` the start of the newest
/// attempt. `origin` names the API that made the job. What is not known yet is null; `waiting` is
/// there only where one job was asked for.
#[derive(Serialize)]
pub(crate) struct JobView<'a> {
    id: JobId,
    number: JobNumber,
    kind: JobKind,
    state: &'static str,
    pipeline_id: PipelineId,
    priority: u8,
    progress: u8,
    attempt: u32,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    submission_id: SubmissionId,
    input: Option<&'a ObjectRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<FetchedView>,
    outputs: Vec<OutputView<'a>>,
    fault: Option<FaultView<'a>>,
    user_data: Option<&'a str>,
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Option<WaitingView>>,
}

/// How much of a source has come: `{"bytes", "total_bytes"}`, the latter null while it is not known.
#[derive(Serialize)]
struct FetchedView {
    bytes: u64,
    total_bytes: Option<u64>,
}

/// One output: `{"object", "state", "files": [{"key", "bytes"}], "facts", "fault"}`.
///
/// `state` is `succeeded` or `failed` once the job has ended and the output has a result of its own,
/// else the job's state. The main file comes last in `files`.
#[derive(Serialize)]
struct OutputView<'a> {
    object: &'a ObjectRef,
    state: &'static str,
    files: &'a [OutputFile],
    facts: Option<FactsView<'a>>,
    fault: Option<FaultView<'a>>,
}

/// Why something failed. The engine's last lines are at `/api/v1/jobs/{id}/log`.
#[derive(Serialize)]
struct FaultView<'a> {
    code: FaultCode,
    message: &'a str,
}

impl<'a> JobView<'a> {
    pub(crate) fn of(job: &'a Job) -> Self {
        let state = job.lifecycle.state.name();
        let targets = job.spec.targets().into_iter().enumerate();
        Self {
            id: job.id,
            number: job.number,
            kind: job.spec.kind(),
            state: state.as_str(),
            pipeline_id: job.pipeline,
            priority: job.priority.level(),
            progress: job.progress,
            attempt: job.lifecycle.attempt,
            created_at: format_time(job.created_at),
            started_at: job.started_at.map(format_time),
            finished_at: job.finished_at().map(format_time),
            submission_id: job.submission,
            input: job.spec.input(),
            source_host: job.spec.source_url().map(SourceUrl::host),
            fetched: None,
            outputs: targets
                .map(|(index, target)| OutputView::of(target, job.results.get(index), job))
                .collect(),
            fault: job.fault().map(FaultView::of),
            user_data: job.user_data.as_deref(),
            origin: job.origin.as_ref().map(|origin| &*origin.dialect),
            waiting: None,
        }
    }

    /// The same with how much of its source has come.
    pub(crate) fn with_fetched(self, fetched: Option<Fetched>) -> Self {
        let view = |it: Fetched| FetchedView {
            bytes: it.bytes,
            total_bytes: it.total,
        };
        Self {
            fetched: fetched.map(view),
            ..self
        }
    }

    /// The same with what the job waits for.
    pub(crate) fn waiting_for(self, waiting: Option<Waiting>) -> Self {
        Self {
            waiting: Some(waiting.map(WaitingView::of)),
            ..self
        }
    }
}

/// The file format that an output was to have.
fn container<'a>(job: &'a Job, object: &ObjectRef) -> Option<&'a Container> {
    if let JobSpec::Remux(spec) = &job.spec {
        return Some(&spec.container);
    }
    let outputs = &job.spec.transcode()?.outputs;
    let output = outputs.iter().find(|output| output.object == *object);
    output.map(|output| &output.settings.container)
}

impl<'a> OutputView<'a> {
    fn of(object: &'a ObjectRef, result: Option<&'a OutputResult>, job: &'a Job) -> Self {
        let state = job.lifecycle.state.name();
        let bare = Self {
            object,
            state: state.as_str(),
            files: &[],
            facts: None,
            fault: None,
        };
        match (result, state) {
            (
                Some(OutputResult::Done {
                    object,
                    files,
                    facts,
                    ..
                }),
                StateName::Succeeded,
            ) => Self {
                object,
                files,
                facts: Some(FactsView::of(facts, container(job, object))),
                ..bare
            },
            (Some(OutputResult::Failed { object, fault }), _) if state.is_final() => Self {
                object,
                state: StateName::Failed.as_str(),
                fault: Some(FaultView::of(fault)),
                ..bare
            },
            // It was made, but the job failed before all outputs had their final names.
            (Some(OutputResult::Done { .. }), StateName::Failed) => Self {
                fault: job.fault().map(FaultView::of),
                ..bare
            },
            _ => bare,
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
