//! One stream on the screen.

use anyhow::Result;
use reelgate_client::{
    Client, LiveGop, LiveSettings, LiveSide, OnSourceLost, Stream, StreamHealth, StreamNote,
};

use crate::cli::screen::{Format, json, line, or_dash, table};

/// All that is known of a stream. Addresses are shown without what may give access to what is there.
pub(super) async fn one(client: &Client, stream: &Stream, format: Format) -> Result<()> {
    if format == Format::Json {
        return json(stream);
    }
    let templates = client.stream_templates().await?.templates;
    let Stream {
        id, name, state, ..
    } = stream;
    let mut text = format!("stream {name} ({id}) is {state}\n");
    let mut add = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {value}\n"));
    add("cluster", &stream.cluster);
    add("input", &stream.input.address.to_string());
    add(
        "lost",
        &match stream.on_source_lost {
            OnSourceLost::KeepTrying => "keep trying".to_owned(),
            OnSourceLost::StopAfterMinutes(minutes) => {
                format!("given up after {minutes} min without its source")
            }
        },
    );
    add("latency", stream.latency.as_str());
    add("created", &stream.created_at);
    for (name, at) in [
        ("started", &stream.last_start_at),
        ("stopped", &stream.last_stop_at),
        ("waits to", &stream.ready_at),
        ("worker", &stream.worker),
    ] {
        if let Some(at) = at {
            add(name, at);
        }
    }
    if let Some(ended) = &stream.ended {
        add("given up", &format!("{}: {}", ended.reason, ended.message));
    }
    if let Some(seen) = &stream.health {
        add("seen", &health(seen));
        if let Some(error) = &seen.last_error {
            add("last error", error);
        }
    }
    line(&text)?;
    let outputs = stream.outputs.iter().enumerate().map(|(at, output)| {
        let planned = stream.plan.as_ref().and_then(|plan| plan.outputs.get(at));
        // What runs is shown where the stream has not been changed since.
        let planned = planned.filter(|planned| planned.target == output.target);
        [
            output.target.to_string(),
            templates
                .iter()
                .find(|it| it.id == output.template)
                .map_or(&output.template, |it| &it.name)
                .clone(),
            or_dash(planned.map(|planned| settings(&planned.settings))),
        ]
    });
    table(["OUTPUT", "TEMPLATE", "PLANNED"], outputs)
}

/// What was seen of a stream, in a line.
pub(super) fn health(seen: &StreamHealth) -> String {
    let keyframes = match seen.keyframe_interval_ms {
        None => String::new(),
        Some(ms) => format!(", keyframes {:.1} s", ms as f64 / 1000.0),
    };
    format!(
        "{} in, {} out, {:.1} fps, speed {:.2}, {} dropped, lag {} ms, {} reconnects{keyframes}",
        rate(seen.in_kbps),
        rate(seen.out_kbps),
        seen.fps,
        seen.speed,
        seen.dropped_frames,
        seen.lag_ms,
        seen.reconnects,
    )
}

/// `2.5 Mbit/s` for people.
pub(super) fn rate(kbps: f64) -> String {
    if kbps >= 1000.0 {
        format!("{:.1} Mbit/s", kbps / 1000.0)
    } else {
        format!("{kbps:.0} kbit/s")
    }
}

/// Settings in a few words, such as `h264 720 high 2500 kbit/s`.
pub(super) fn settings(settings: &LiveSettings) -> String {
    let mut words = vec![settings.codec.clone()];
    match (settings.width, settings.height) {
        (Some(LiveSide::Pixels(width)), Some(LiveSide::Pixels(height))) => {
            words.push(format!("{width}x{height}"));
        }
        (Some(LiveSide::Pixels(width)), _) => words.push(format!("{width} wide")),
        (_, Some(LiveSide::Pixels(height))) => words.push(format!("{height} high")),
        _ => {}
    }
    if let Some(kbps) = settings.video_kbps {
        words.push(format!("{kbps} kbit/s"));
    }
    if let Some(fps) = settings.fps {
        words.push(format!("{fps} fps"));
    }
    match settings.gop {
        None => {}
        Some(LiveGop::Frames(frames)) => words.push(format!("a keyframe in {frames} frames")),
        Some(LiveGop::Seconds(seconds)) => words.push(format!("a keyframe in {seconds} s")),
    }
    if let Some(kbps) = settings.audio_kbps {
        words.push(format!("audio {kbps} kbit/s"));
    }
    words.join(" ")
}

pub(super) fn notes(notes: &[StreamNote]) -> Result<()> {
    let rows = notes.iter().map(|note| {
        [
            note.at.clone(),
            note.run.to_string(),
            note.attempt.to_string(),
            note.what.clone(),
            note.message.clone(),
        ]
    });
    table(["AT", "RUN", "ATTEMPT", "WHAT", "WHY"], rows)
}

/// A note in a line.
pub(super) fn note(note: &StreamNote) -> String {
    let StreamNote {
        at, what, message, ..
    } = note;
    let what = what.replace('_', " ");
    match message.is_empty() {
        true => format!("{at}  {what}"),
        false => format!("{at}  {what}: {message}"),
    }
}
