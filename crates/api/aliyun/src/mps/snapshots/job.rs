//! A snapshot job as answers show it. Almost every number is a string, and what is not known is absent.

use reelgate_domain::job::kind::snapshot::{Moments, SnapshotSpec};
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use serde_json::{Map, Value, json};

use crate::mps::beside::{self, Phase};
use crate::mps::fields::{asks_for_nothing, scalar, texts};
use crate::mps::render::file;

const ALL: [Phase; 4] = [Phase::Waits, Phase::Runs, Phase::Succeeded, Phase::Failed];

/// The misspelling is the vendor's.
const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Waits => "Submitted",
        Phase::Runs => "Snapshoting",
        Phase::Succeeded => "Success",
        Phase::Failed => "Fail",
    }
}

pub(super) fn parse(text: &str) -> Option<Phase> {
    ALL.into_iter().find(|phase| word(*phase) == text)
}

/// Nothing for jobs of other kinds.
pub(super) fn shown(job: &Job) -> Option<Value> {
    let JobSpec::Snapshot(spec) = &job.spec else {
        return None;
    };
    let mut members = beside::head(job, &spec.input);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("Id", job.id.to_string().into());
    put("State", word(Phase::of(job)).into());
    if Phase::of(job) == Phase::Succeeded {
        let (pictures, sheets) = counts(job, spec);
        put("Count", pictures.to_string().into());
        if spec.sprite.is_some() {
            put("TileCount", sheets.to_string().into());
        }
    }
    let config = match beside::noted(job, "SnapshotConfig") {
        Some(config) => echoed(config),
        None => foreign(spec),
    };
    put("SnapshotConfig", Value::Object(config));
    Some(Value::Object(members))
}

/// How many pictures were taken, and how many sheets there are of them.
fn counts(job: &Job, spec: &SnapshotSpec) -> (u64, u64) {
    let Some(OutputResult::Done { files, facts, .. }) = job.results.first() else {
        return (0, 0);
    };
    let first = facts.streams.first();
    let pictures = first.and_then(|stream| stream.frames).unwrap_or(0);
    let Some(sprite) = spec.sprite else {
        return (pictures, 0);
    };
    let stored = if sprite.keep_pictures { pictures } else { 0 };
    // Beside the sheets lies what says when which part of them is shown.
    (pictures, (files.len() as u64).saturating_sub(stored + 1))
}

/// The configuration as received, without what answers have no place for.
fn echoed(config: &Map<String, Value>) -> Map<String, Value> {
    const UNSHOWN: [&str; 4] = ["Format", "SubOut", "BlackLevel", "PixelBlackThreshold"];
    let mut shown = texts(config);
    shown.retain(|name, _| !UNSHOWN.contains(&name.as_str()));
    let array = config
        .get("TimeArray")
        .filter(|value| !asks_for_nothing(value));
    if let Some(value) = array {
        shown.insert("TimeArray".to_owned(), times(value));
    }
    shown
}

/// These are numbers in answers, whatever they were in the request.
fn times(value: &Value) -> Value {
    let list = value.get("TimePointList").unwrap_or(value);
    let items = list.as_array().into_iter().flatten();
    let times = items.filter_map(|item| scalar(item)?.parse::<u64>().ok());
    json!({"TimePointList": times.collect::<Vec<u64>>()})
}

/// What a job of another dialect shows: its spec, in this product's terms.
fn foreign(spec: &SnapshotSpec) -> Map<String, Value> {
    let mut config = Map::new();
    let mut put = |name: &str, value: Value| config.insert(name.to_owned(), value);
    put("OutputFile", Value::Object(file(&spec.output)));
    for (name, side) in [("Width", spec.width), ("Height", spec.height)] {
        if let Some(side) = side {
            put(name, side.to_string().into());
        }
    }
    let (first, step_ms, count) = match &spec.moments {
        Moments::At(times) => {
            put("TimeArray", json!({"TimePointList": times}));
            return config;
        }
        Moments::Every {
            first_ms,
            step_ms,
            most,
        } => (*first_ms, Some(*step_ms), Some(*most)),
        Moments::Spread { first_ms, count } => (*first_ms, Some(0), Some(*count)),
        Moments::Through {
            first_ms, step_ms, ..
        } => (*first_ms, Some(*step_ms), None),
        Moments::Shares { .. } => (0, None, None),
    };
    put("Time", first.to_string().into());
    if let Some(step) = step_ms {
        put("Interval", (step as f64 / 1000.0).to_string().into());
    }
    if let Some(count) = count {
        put("Num", count.to_string().into());
    }
    config
}
