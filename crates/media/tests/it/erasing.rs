//! Places of a picture that are painted over.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use serde_json::{Value, json};

use crate::support::{ENGINE, clip, generate, make, make_with, mp4, run, try_make};

fn silent(erase: Value) -> reelgate_domain::job::kind::transcode::OutputSpec {
    let rate = json!({"mode": "crf", "crf": 12.0});
    let mut spec = mp4(json!({"preset": "veryfast", "rate": rate, "erase": erase}));
    spec.settings.audio = None;
    spec
}

/// The brightest pixel of a rectangle at a moment.
fn brightest(file: &Path, rectangle: &str, at: &str) -> u8 {
    let filter = format!("crop={rectangle},extractplanes=y");
    let args = [
        "-v",
        "error",
        "-ss",
        at,
        "-i",
        file.to_str().unwrap(),
        "-frames:v",
        "1",
        "-vf",
        &filter,
        "-f",
        "rawvideo",
        "-",
    ];
    run(ENGINE.ffmpeg(), &args).into_iter().max().unwrap()
}

#[test]
fn a_place_is_painted_over_for_as_long_as_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    // A white logo on grey, and another one near a corner.
    let source = generate(
        folder.path(),
        "logo.mkv",
        "-f lavfi -i color=0x404040:s=320x180:d=4,drawbox=x=200:y=20:w=60:h=30:color=white:t=fill,\
         drawbox=x=4:y=150:w=36:h=24:color=white:t=fill -c:v ffv1 -pix_fmt yuv420p",
    );
    let logo = json!({"left": 0.6, "top": 10, "width": 80, "height": 0.3});
    let corner = json!({"left": 2, "top": 140, "width": 60, "height": 38});
    let erase = json!([{"from_ms": 1000, "places": [logo, corner]}, {"from_ms": 2000, "places": []},
        {"from_ms": 3000, "places": [logo]}]);
    let made = make(&source, &silent(erase));
    for (at, logo_is_gone, corner_is_gone) in [
        ("0.5", false, false),
        ("1.0", true, true),
        ("1.9", true, true),
        ("2.0", false, false),
        ("3.5", true, false),
    ] {
        let logo = brightest(&made.main(), "76:46:202:16", at);
        assert_eq!(logo < 100, logo_is_gone, "{at}: {logo}");
        let corner = brightest(&made.main(), "54:34:4:142", at);
        assert_eq!(corner < 100, corner_is_gone, "{at}: {corner}");
    }
}

#[test]
fn moments_are_those_of_a_joined_output_that_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "logo.mkv",
        "-f lavfi -i color=0x404040:s=320x180:d=4,drawbox=x=200:y=20:w=60:h=30:color=white:t=fill -c:v ffv1 \
         -pix_fmt yuv420p",
    );
    let logo = json!({"left": 0.6, "top": 10, "width": 80, "height": 0.3});
    let mut spec = silent(json!([{"places": [logo]}, {"from_ms": 1000, "places": []}]));
    spec.append =
        serde_json::from_value(json!([{"object": {"bucket": "media", "key": "logo.mkv"}}]))
            .unwrap();
    spec.clip = serde_json::from_value(json!({"start_ms": 2000})).unwrap();
    let made = make_with(&source, &[("logo.mkv", &source)], &spec).unwrap();
    for (at, is_gone) in [("0.1", true), ("0.9", true), ("1.1", false), ("2.5", false)] {
        let logo = brightest(&made.main(), "76:46:202:16", at);
        assert_eq!(logo < 100, is_gone, "{at}: {logo}");
    }
}

#[test]
fn what_is_outside_or_too_deep_is_a_fault() {
    let place = json!([{"places": [{"left": 1300, "top": 10, "width": 80, "height": 40}]}]);
    let fault = try_make(&clip("bbb_720p25_aac51.mp4"), &silent(place)).err();
    assert_eq!(fault.unwrap().code, FaultCode::SpecUnfit);
    let place = json!([{"places": [{"left": 10, "top": 10, "width": 80, "height": 40}]}]);
    let fault = try_make(&clip("hdr10_av1_vertical_720x1280.mp4"), &silent(place)).err();
    assert!(fault.unwrap().message.contains("yuv420p10le"));
}
