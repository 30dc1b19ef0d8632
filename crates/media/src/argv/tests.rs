//! Arguments for real clips and all kinds of settings.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::media::MediaFacts;
use serde_json::{Value, json};

use super::argv;
use crate::engine::Capabilities;
use crate::fixtures::facts;
use crate::plan::{Plan, plan};

/// One argument a line, an option and its value together.
fn lines(clip: &str, spec: Value) -> String {
    lines_together(&facts(clip), vec![spec])
}

fn lines_together(source: &MediaFacts, specs: Vec<Value>) -> String {
    let plans: Vec<Plan> = specs
        .into_iter()
        .map(|spec| {
            let spec: OutputSpec = serde_json::from_value(spec).unwrap();
            plan(&spec, source, &Capabilities::complete()).unwrap()
        })
        .collect();
    let names: Vec<OsString> = (0..plans.len()).map(|n| n.to_string().into()).collect();
    let outputs: Vec<(&Plan, &OsStr)> = plans
        .iter()
        .zip(names.iter().map(OsString::as_os_str))
        .collect();
    let mut lines = String::new();
    for arg in argv(&outputs, Path::new("/scratch/source"), &[]) {
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

#[test]
fn a_level_and_frames_between_and_no_more_pictures_than_the_source_has() {
    let settings = json!({
        "container": {"format": "mp4"},
        "video": {"height": 360, "fps": 60, "fps_at_most_source": true, "level": "3.0",
            "b_frames": 4, "rate": {"mode": "average", "kbps": 800}, "gop": {"seconds": 5.0}},
        "audio": {"sample_rate": "source"}
    });
    insta::assert_snapshot!(lines("bbb_720p25_aac51", spec("film.mp4", settings)));
}

#[test]
fn h265_in_a_file() {
    let settings = json!({
        "container": {"format": "mp4"},
        "video": {"codec": "h265", "profile": "main", "height": 360, "b_frames": 7,
            "rate": {"mode": "crf", "crf": 28.0, "cap": {"maxrate_kbps": 40, "bufsize_kbit": 40}}}
    });
    insta::assert_snapshot!(lines("bbb_720p25_aac51", spec("film.mp4", settings)));
}

#[test]
fn sound_without_a_file_format_of_its_own() {
    let mp3 = json!({"container": {"format": "mp3"},
        "audio": {"codec": "mp3", "kbps": 160, "sample_rate": "source"}});
    let adts = json!({"container": {"format": "adts"}, "audio": {"channels": 1}});
    insta::assert_snapshot!(lines_together(
        &facts("bbb_720p25_aac51"),
        vec![spec("sound.mp3", mp3), spec("sound.aac", adts)]
    ));
}

#[test]
fn a_file_and_segments_and_sound_alone_from_one_decode() {
    let file = json!({"container": {"format": "mp4"}, "video": {"height": 720}, "audio": {}});
    let segments = json!({
        "container": {"format": "hls", "segments": "ts", "segment_seconds": 6},
        "video": {"height": 360, "gop": {"seconds": 2.0}}
    });
    let fragments = json!({
        "container": {"format": "hls", "segments": "fmp4", "segment_seconds": 6}, "audio": {}
    });
    let mut short = spec("b/%d-x:.m3u8", segments);
    short["clip"] = json!({"length": {"duration_ms": 2000}});
    insta::assert_snapshot!(lines_together(
        &facts("bbb_720p25_aac51"),
        vec![
            spec("a/film.mp4", file),
            short,
            spec("c/sound.m3u8", fragments)
        ]
    ));
}

#[test]
fn a_ladder_scales_from_rung_to_rung() {
    let rung = |height: u32| {
        let video = json!({"height": height, "cascade": true});
        spec(
            "film.mp4",
            json!({"container": {"format": "mp4"}, "video": video, "audio": {}}),
        )
    };
    let square = json!({"width": 240, "height": 240, "fit": "pad", "cascade": true});
    let square = json!({"container": {"format": "mp4"}, "video": square});
    insta::assert_snapshot!(lines_together(
        &facts("bbb_720p25_aac51"),
        vec![rung(144), rung(480), spec("square.mp4", square), rung(360)]
    ));
}

#[test]
fn silent_outputs_that_start_late_without_an_index() {
    let video = |height: u32| json!({"container": {"format": "mp4"}, "video": {"height": height}});
    let specs = [240, 480].map(|height| {
        let mut late = spec("film.mp4", video(height));
        late["clip"] = json!({"start_ms": 1000, "length": {"duration_ms": 500}});
        late
    });
    let mut broadcast = facts("bbb_720p25_aac51");
    broadcast.format.name = "mpegts".to_owned();
    insta::assert_snapshot!(lines_together(&broadcast, specs.into()));
}

#[test]
fn picture_and_sound_of_mpeg_dash_are_rows_of_their_own() {
    let dash = |key: &str, streams: Value| {
        let mut settings = streams;
        settings["container"] = json!({"format": "dash", "segment_seconds": 4});
        lines("bbb_720p25_aac51", spec(key, settings))
    };
    let both = dash("a.mpd", json!({"video": {}, "audio": {}}));
    let end = both.split_once("-f hls").unwrap().1;
    insta::assert_snapshot!(end.trim_start(), @r"
    -output_ts_offset 10
    -hls_time 4
    -hls_playlist_type vod
    -hls_list_size 0
    -hls_flags independent_segments
    -start_number 1
    -hls_segment_type fmp4
    -hls_segment_options avoid_negative_ts=disabled:use_editlist=0:movflags=+frag_discont
    -hls_fmp4_init_filename out-%v-init.mp4
    -hls_segment_filename 0/out-%v-%05d.m4s
    -var_stream_map v:0,name:video a:0,name:audio 0/out-%v.m3u8
    ");
    // FFmpeg 5.1 puts no name in the place of a pattern where there is one row alone.
    let sound = dash("a.mpd", json!({"audio": {}}));
    assert!(!sound.contains("-var_stream_map"), "{sound}");
    let names = "-hls_fmp4_init_filename out-audio-init.mp4\n-hls_segment_filename 0/out-audio-%05d.m4s 0/out-audio.m3u8";
    assert!(sound.ends_with(names), "{sound}");
}
