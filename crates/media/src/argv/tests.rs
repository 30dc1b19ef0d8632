//! Arguments for real clips and all kinds of settings.

use std::path::Path;

use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use super::argv;
use crate::engine::Capabilities;
use crate::fixtures::facts;
use crate::plan::plan;

/// One argument a line, an option and its value together.
fn lines(clip: &str, spec: Value) -> String {
    let spec: OutputSpec = serde_json::from_value(spec).unwrap();
    let plan = plan(&spec, &facts(clip), &Capabilities::complete()).unwrap();
    let mut lines = String::new();
    for arg in argv(&plan, Path::new("/scratch/source")) {
        let arg = arg.into_string().unwrap();
        let is_option = arg.starts_with('-');
        lines.push_str(if lines.is_empty() {
            ""
        } else if is_option {
            "\n"
        } else {
            " "
        });
        // The list of formats is long and the same everywhere.
        lines.push_str(if arg.starts_with("mov,matroska,") {
            "FORMATS"
        } else {
            &arg
        });
    }
    lines
}

fn spec(key: &str, settings: Value) -> Value {
    json!({"object": {"bucket": "media", "key": key}, "settings": settings})
}

#[test]
fn mp4_with_defaults() {
    let settings = json!({"container": {"format": "mp4"}, "video": {}, "audio": {}});
    insta::assert_snapshot!(lines("bbb_720p25_aac51", spec("a/film.mp4", settings)));
}

#[test]
fn hls_in_transport_streams() {
    let settings = json!({
        "container": {"format": "hls", "segments": "ts", "segment_seconds": 6},
        "video": {"height": 480, "fps": 29.97, "gop": {"seconds": 2.0}, "preset": "veryfast",
            "profile": "main", "rate": {"mode": "crf", "crf": 23.5,
                "cap": {"maxrate_kbps": 1500, "bufsize_kbit": 3000}}},
        "audio": {"kbps": 96, "sample_rate": 48000, "channels": 1}
    });
    // Nothing of the key may reach the arguments.
    insta::assert_snapshot!(lines(
        "phone_vfr_hevc_rot90_2video",
        spec("-x:%d.m3u8", settings)
    ));
}

#[test]
fn hls_in_fragmented_mp4_at_a_constant_rate() {
    let settings = json!({
        "container": {"format": "hls", "segments": "fmp4", "segment_seconds": 4},
        "video": {"rate": {"mode": "constant", "kbps": 900}, "gop": {"frames": 48},
            "profile": "baseline", "width": 640},
        "audio": {}
    });
    insta::assert_snapshot!(lines("tos_battle_800x332_vp8", spec("film.m3u8", settings)));
}

#[test]
fn an_average_rate_and_a_clip_by_index() {
    let settings = json!({
        "container": {"format": "mp4"},
        "video": {"rate": {"mode": "average", "kbps": 2000}, "gop": {"frames": 250}},
        "audio": {}
    });
    let mut spec = spec("film.mp4", settings);
    spec["clip"] = json!({"start_ms": 1500, "length": {"cut_tail_ms": 500}});
    insta::assert_snapshot!(lines("bbb_720p25_aac51", spec));
}

#[test]
fn sound_alone_from_a_format_without_an_index() {
    let settings = json!({"container": {"format": "mp4"}, "audio": {}});
    let mut spec = spec("film.mp4", settings);
    spec["clip"] = json!({"start_ms": 10_000, "length": {"duration_ms": 2000}});
    insta::assert_snapshot!(lines("music_vibe_ace_coverart", spec));
}
