//! What a message says of a task: what answers show of it, in the messages' own words for states.

use reelgate_domain::Timestamp;
use reelgate_domain::event::{EventName, JobEvent};
use reelgate_domain::job::{Job, JobSpec};
use serde_json::Value;

use super::event::Event;
use crate::mpc::animated_graphics::list_animated_graphics_task;
use crate::mpc::extract_metadata::list_extract_task;
use crate::mpc::facts::Members;
use crate::mpc::remux::list_remux_task;
use crate::mpc::thumbnails::list_thumbnails_task;
use crate::mpc::transcodings::render;
use crate::mpc::{failure, times};

/// What is the same all the time.
const ALWAYS: [&str; 5] = ["task_id", "create_time", "input", "output", "user_data"];
/// What is known in the end.
const IN_THE_END: [&str; 3] = ["start_time", "description", "media_detail"];
const OF_FAMILIES: [&str; 6] = [
    "output_param",
    "complete_ratio",
    "output_file_name",
    "thumbnail_info",
    "output_metadata",
    "metadata",
];
/// What there is of a task that has come to something.
const MADE: [&str; 5] = [
    "media_detail",
    "output_file_name",
    "thumbnail_info",
    "output_metadata",
    "metadata",
];

/// When work has begun. What has happened since is not told yet.
pub(super) fn started(job: &Job, at: Timestamp) -> Value {
    let mut info = of(job, Event::TranscodeStart, &ALWAYS);
    info.put("status", Some("TRANSCODING"));
    info.put("start_time", Some(times::format(at)));
    Value::Object(info.0)
}

/// When it has ended.
pub(super) fn ended(job: &Job, event: &JobEvent, told: Event) -> Value {
    let is_good = event.name == EventName::Succeeded;
    let mut info = of(job, told, &ALWAYS);
    info.0.extend(of(job, told, &IN_THE_END).0);
    info.put("status", Some(if is_good { "SUCCEED" } else { "FAILED" }));
    info.put("end_time", Some(times::format(event.at)));
    if let Some(fault) = &event.fault {
        info.put("error_code", Some(failure::code(fault)));
        info.put("description", Some(failure::text(fault)));
        // A retry may have come to an end meanwhile.
        for name in MADE {
            info.0.remove(name);
        }
    }
    Value::Object(info.0)
}

/// Some of what is shown of a task: a transcode in its details, another as its family's listing has it.
fn of(job: &Job, told: Event, names: &[&str]) -> Members {
    let is_animation = told == Event::AnimatedGraphicsComplete;
    let shown = match &job.spec {
        JobSpec::Transcode(_) if is_animation => list_animated_graphics_task::listed(job),
        JobSpec::Transcode(_) => render::detailed(job),
        JobSpec::Snapshot(_) => list_thumbnails_task::listed(job),
        JobSpec::Remux(_) => list_remux_task::listed(job),
        JobSpec::MediaInfo(_) => list_extract_task::listed(job),
        // They have no event.
        JobSpec::Ingest(_) | JobSpec::Fingerprint(_) => Value::Null,
    };
    let mut members = Members::default();
    for name in names {
        members.put(name, shown.get(*name).cloned());
    }
    // What a family has in the place of the details.
    let has_details = job.spec.transcode().is_some() && !is_animation;
    if names.contains(&"media_detail") && !has_details {
        for name in OF_FAMILIES {
            members.put(name, shown.get(name).cloned());
        }
    }
    members
}
