//! One job on the screen.

use anyhow::Result;
use reelgate_client::{Facts, Job, Output};

use crate::cli::screen::{Format, json, line, or_dash, size, table};

/// All that is known of a job.
pub(in crate::cli) fn one(job: &Job, format: Format) -> Result<()> {
    if format == Format::Json {
        return json(job);
    }
    let mut text = format!("job {} is {}, {} % done\n", job.id, job.state, job.progress);
    let mut add = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {value}\n"));
    add("input", &job.input.to_string());
    add(
        "pipeline",
        &format!("{}, priority {}", job.pipeline_id, job.priority),
    );
    add("attempts", &job.attempt.to_string());
    add("created", &job.created_at);
    for (name, at) in [("started", &job.started_at), ("finished", &job.finished_at)] {
        if let Some(at) = at {
            add(name, at);
        }
    }
    if let Some(waiting) = &job.waiting {
        add(
            "waits for",
            &format!("{}: {}", waiting.reason, waiting.detail),
        );
    }
    if let Some(data) = &job.user_data {
        add("user data", data);
    }
    if let Some(fault) = &job.fault {
        add("fault", &format!("{}: {}", fault.code, fault.message));
    }
    line(&text)?;
    outputs(job)
}

/// The outputs of a job, a line each.
pub(in crate::cli) fn outputs(job: &Job) -> Result<()> {
    let header = [
        "OUTPUT",
        "STATE",
        "CONTAINER",
        "VIDEO",
        "AUDIO",
        "DURATION",
        "SIZE",
        "BITRATE",
        "FAULT",
    ];
    table(header, job.outputs.iter().map(row))
}

fn row(output: &Output) -> [String; 9] {
    let facts = output.facts.as_ref();
    let fault = output.fault.as_ref();
    [
        output.object.to_string(),
        output.state.to_string(),
        or_dash(facts.map(|facts| &facts.container)),
        or_dash(facts.and_then(video)),
        or_dash(facts.and_then(audio)),
        or_dash(facts.and_then(|facts| Some(format!("{:.1} s", facts.duration_s?)))),
        or_dash(facts.map(|facts| size(facts.size_bytes))),
        or_dash(facts.and_then(|facts| Some(format!("{} kbit/s", facts.bit_rate? / 1000)))),
        or_dash(fault.map(|fault| format!("{}: {}", fault.code, fault.message))),
    ]
}

fn video(facts: &Facts) -> Option<String> {
    let video = facts.video.as_ref()?;
    let codec = video.codec.as_deref().unwrap_or("?");
    Some(format!("{codec} {}x{}", video.width, video.height))
}

fn audio(facts: &Facts) -> Option<String> {
    let audio = facts.audio.as_ref()?;
    Some(audio.codec.as_deref().unwrap_or("?").to_owned())
}
