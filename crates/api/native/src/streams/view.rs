//! How this API shows a stream, what was seen of it and what has happened to it.

use reelgate_domain::stream::{
    Activity, EndReason, Happening, Health, Standing, Stream, StreamId, StreamNote, StreamPlan,
};
use serde::Serialize;

use super::settings::SettingsJson;
use super::spec::{InputJson, LatencyJson, OnSourceLostJson, OutputJson, TargetJson};
use crate::http::format_time;

/// A stream: what it is made of, what it is doing, who does it, and what its worker last saw.
#[derive(Serialize)]
pub(super) struct StreamView {
    id: StreamId,
    name: String,
    cluster: String,
    state: &'static str,
    run: u32,
    attempt: u32,
    worker: Option<String>,
    created_at: String,
    touched_at: String,
    last_start_at: Option<String>,
    last_stop_at: Option<String>,
    ready_at: Option<String>,
    ended: Option<EndView>,
    input: InputJson,
    outputs: Vec<OutputJson>,
    on_source_lost: OnSourceLostJson,
    latency: LatencyJson,
    plan: Option<PlanView>,
    health: Option<HealthView>,
}

/// `{"at", "reason", "message"}`.
#[derive(Serialize)]
struct EndView {
    at: String,
    reason: &'static str,
    message: String,
}

/// `{"revision", "outputs": [{"target", "settings"}, …]}`: what the newest start runs.
#[derive(Serialize)]
struct PlanView {
    revision: u32,
    outputs: Vec<PlannedView>,
}

#[derive(Serialize)]
struct PlannedView {
    target: TargetJson,
    settings: SettingsJson,
}

/// What a worker sees of a stream.
#[derive(Serialize)]
pub(super) struct HealthView {
    at: String,
    activity: &'static str,
    since: String,
    first_output_at: Option<String>,
    in_kbps: f64,
    out_kbps: f64,
    fps: f64,
    speed: f64,
    dropped_frames: u64,
    duplicated_frames: u64,
    lag_ms: u64,
    reconnects: u32,
    keyframe_interval_ms: Option<u64>,
    last_error: Option<String>,
    thumbnail_at: Option<String>,
}

/// `{"at", "what", "run", "attempt", "message"}`.
#[derive(Serialize)]
pub(super) struct NoteView {
    at: String,
    what: &'static str,
    run: u32,
    attempt: u32,
    message: String,
}

/// The health that is of the newest start; the one before may have left some.
pub(super) fn health(stream: &Stream) -> Option<&Health> {
    let started = stream.standing.last_start_at?;
    stream.health.as_ref().filter(|seen| seen.at >= started)
}

/// What a stream is doing, in one word.
pub(super) fn state(stream: &Stream) -> &'static str {
    let standing = &stream.standing;
    let Standing { run, wanted, .. } = *standing;
    match (wanted, &standing.held) {
        (true, Some(held)) if held.run == run => match health(stream) {
            None => activity(Activity::Connecting),
            Some(seen) => activity(seen.activity),
        },
        (true, _) => "waiting",
        (false, Some(_)) => "stopping",
        (false, None) if run == 0 => "idle",
        (false, None) if standing.ended.is_some() => "ended",
        (false, None) => "stopped",
    }
}

const fn activity(activity: Activity) -> &'static str {
    match activity {
        Activity::Connecting => "connecting",
        Activity::Live => "live",
        Activity::Interrupted => "interrupted",
    }
}

impl StreamView {
    pub(super) fn of(stream: &Stream) -> Self {
        let standing = &stream.standing;
        let spec = &stream.spec;
        Self {
            id: stream.id,
            name: stream.name.to_string(),
            cluster: stream.cluster.to_string(),
            state: state(stream),
            run: standing.run,
            attempt: standing.attempt,
            worker: standing.held.as_ref().map(|it| it.lease.worker.to_string()),
            created_at: format_time(stream.created_at),
            touched_at: format_time(stream.touched_at),
            last_start_at: standing.last_start_at.map(format_time),
            last_stop_at: standing.last_stop_at.map(format_time),
            ready_at: standing.ready_at.map(format_time),
            ended: standing.ended.as_ref().map(|end| EndView {
                at: format_time(end.at),
                reason: match end.reason {
                    EndReason::SourceLost => "source_lost",
                    EndReason::Unfit => "unfit",
                },
                message: end.message.clone(),
            }),
            input: InputJson::of(&spec.input),
            outputs: spec.outputs.iter().map(OutputJson::of).collect(),
            on_source_lost: spec.on_source_lost,
            latency: spec.latency,
            plan: stream.plan.as_ref().map(PlanView::of),
            health: health(stream).map(HealthView::of),
        }
    }
}

impl PlanView {
    fn of(plan: &StreamPlan) -> Self {
        let outputs = plan.outputs.iter().map(|output| PlannedView {
            target: TargetJson::of(&output.target),
            settings: SettingsJson::of(&output.settings),
        });
        Self {
            revision: plan.revision,
            outputs: outputs.collect(),
        }
    }
}

impl HealthView {
    pub(super) fn of(health: &Health) -> Self {
        Self {
            at: format_time(health.at),
            activity: activity(health.activity),
            since: format_time(health.since),
            first_output_at: health.first_output_at.map(format_time),
            in_kbps: tenths(health.in_kbps),
            out_kbps: tenths(health.out_kbps),
            fps: tenths(health.fps),
            speed: (health.speed * 1000.0).round() / 1000.0,
            dropped_frames: health.dropped_frames,
            duplicated_frames: health.duplicated_frames,
            lag_ms: health.lag_ms,
            reconnects: health.reconnects,
            keyframe_interval_ms: health.keyframe_interval_ms,
            last_error: health.last_error.clone(),
            thumbnail_at: health.thumbnail_at.map(format_time),
        }
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl NoteView {
    pub(super) fn of(note: &StreamNote) -> Self {
        Self {
            at: format_time(note.at),
            what: match note.what {
                Happening::Started => "started",
                Happening::Taken => "taken",
                Happening::Live => "live",
                Happening::Interrupted => "interrupted",
                Happening::WorkerLost => "worker_lost",
                Happening::Changed => "changed",
                Happening::Stopped => "stopped",
                Happening::Ended => "ended",
                Happening::Gone => "gone",
            },
            run: note.run,
            attempt: note.attempt,
            message: note.message.clone(),
        }
    }
}

/// Whether a stream is live, or is not to run and its processes are gone.
pub(super) fn is_settled(stream: &Stream) -> bool {
    match stream.standing.wanted {
        true => state(stream) == activity(Activity::Live),
        false => stream.standing.held.is_none(),
    }
}

/// Whether a stream is not to run any more and its processes may still be there.
pub(super) fn is_stopping(stream: &Stream) -> bool {
    !stream.standing.wanted && stream.standing.held.is_some()
}
