//! A template analysis job as answers show it.

use reelgate_domain::job::kind::media_info::ComplexitySpec;
use reelgate_domain::job::kind::transcode::Scan;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use serde_json::{Map, Value, json};

use super::config::{self, Streaming};
use super::recommend::recommended;
use crate::mps::beside::{self, Phase};

/// Nothing for jobs of other kinds, and for those that measure nothing.
pub(super) fn shown(job: &Job) -> Option<Value> {
    let JobSpec::MediaInfo(spec) = &job.spec else {
        return None;
    };
    let complexity = spec.complexity.as_ref()?;
    let phase = Phase::of(job);
    let mut members = beside::head(job, &spec.input);
    // Of all jobs these alone call it so.
    if let Some(input) = members.remove("Input") {
        members.insert("InputFile".to_owned(), input);
    }
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("Id", job.id.to_string().into());
    put("State", word(phase).into());
    put("Percent", percent(job, phase).into());
    put("Priority", job.priority.level().to_string().into());
    let noted = beside::noted(job, config::NAME).cloned();
    let config = noted.unwrap_or_else(|| foreign(complexity));
    let templates = match job.results.first() {
        Some(OutputResult::Done { facts, .. }) if phase == Phase::Succeeded => {
            let measured = facts.complexity.as_ref();
            let found = measured.map(|it| recommended(it, Streaming::of(&config)));
            found.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    put("AnalysisConfig", Value::Object(config));
    let templates: Vec<Value> = templates.iter().map(|preset| preset.template()).collect();
    put("TemplateList", json!({"Template": templates}));
    Some(Value::Object(members))
}

/// What says the same as the spec of a job of another dialect.
fn foreign(spec: &ComplexitySpec) -> Map<String, Value> {
    let quality = json!({"RateQuality": spec.crf.to_string()});
    let mut config = Map::from_iter([("QualityControl".to_owned(), quality)]);
    let mut properties = Map::new();
    if spec.scan == Scan::Auto {
        properties.insert("Deinterlace".to_owned(), "Auto".into());
    }
    let crop = match spec.crop {
        Some(area) => Some(json!({
            "Mode": "Force",
            "Width": area.width.to_string(),
            "Height": area.height.to_string(),
            "Left": area.left.to_string(),
            "Top": area.top.to_string(),
        })),
        None => spec.crop_borders.then(|| json!({"Mode": "Auto"})),
    };
    if let Some(crop) = crop {
        properties.insert("Crop".to_owned(), crop);
    }
    if !properties.is_empty() {
        config.insert("PropertiesControl".to_owned(), Value::Object(properties));
    }
    config
}

fn percent(job: &Job, phase: Phase) -> u8 {
    match phase {
        Phase::Waits => 0,
        Phase::Runs | Phase::Failed => job.progress,
        Phase::Succeeded => 100,
    }
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Waits => "Submitted",
        Phase::Runs => "Analyzing",
        Phase::Succeeded => "Success",
        Phase::Failed => "Fail",
    }
}
