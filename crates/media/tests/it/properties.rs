//! Whatever settings are accepted have a plan that FFmpeg carries out, or a fault that says why not.

use std::cell::Cell;

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Map, Value, json};

use crate::support::{generate, planned, spec, try_make};

/// What is drawn, of which about half has settings that go together.
const CASES: u32 = 40;
/// As many of them have to come to an output, or the test says nothing.
const LEAST_MADE: u32 = 12;

/// A container with codecs that it holds.
fn forms() -> impl Strategy<Value = [&'static str; 3]> {
    prop::sample::select(vec![
        ["mp4", "h264", "aac"],
        ["mp4", "h265", "aac"],
        ["mp4", "av1", "opus"],
        ["mov", "h264", "pcm"],
        ["mkv", "h264", "flac"],
        ["mkv", "vp9", "opus"],
        ["mkv", "h265", "ac3"],
        ["webm", "vp9", "vorbis"],
        ["ts", "h264", "mp3"],
        ["flv", "h264", "aac"],
        ["hls", "h264", "aac"],
    ])
}

fn rate() -> impl Strategy<Value = Value> {
    let cap = (100_u32..2000, 100_u32..4000)
        .prop_map(|(max, buffer)| json!({"maxrate_kbps": max, "bufsize_kbit": buffer}));
    let kbps = 50_u32..1500;
    prop_oneof![
        (1_u32..51).prop_map(|crf| json!({"mode": "crf", "crf": crf})),
        (18_u32..40, cap).prop_map(|(crf, cap)| json!({"mode": "crf", "crf": crf, "cap": cap})),
        kbps.clone()
            .prop_map(|kbps| json!({"mode": "average", "kbps": kbps})),
        kbps.prop_map(|kbps| json!({"mode": "constant", "kbps": kbps})),
        (1_u32..51).prop_map(|qp| json!({"mode": "quantizer", "qp": qp})),
        Just(json!({"mode": "source"})),
    ]
}

fn area(sides: std::ops::Range<u32>) -> impl Strategy<Value = Value> {
    (sides.clone(), sides, 0_u32..40, 0_u32..40).prop_map(|(width, height, left, top)| {
        json!({"width": width, "height": height, "left": left, "top": top})
    })
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(words).prop_map(Value::from)
}

/// Members that are there now and then.
fn members(
    some: Vec<(&'static str, f64, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Map<String, Value>> {
    let each: Vec<_> = some
        .into_iter()
        .map(|(name, often, value)| {
            let name = Just(name.to_owned());
            weighted(often, (name, value)).boxed()
        })
        .collect();
    each.prop_map(|members| members.into_iter().flatten().collect())
}

fn video() -> impl Strategy<Value = Map<String, Value>> {
    let side = || (32_u32..400).prop_map(Value::from).boxed();
    members(vec![
        ("width", 0.5, side()),
        ("height", 0.5, side()),
        ("sides", 0.2, word(&["long_short"]).boxed()),
        ("fit", 0.3, word(&["crop", "pad"]).boxed()),
        ("fill", 0.2, word(&["white"]).boxed()),
        ("upscale", 0.2, word(&["keep_size", "fail"]).boxed()),
        ("crop", 0.2, area(16..110).boxed()),
        ("pad", 0.2, area(32..500).boxed()),
        ("rotate", 0.3, (0_u32..360).prop_map(Value::from).boxed()),
        ("fps", 0.4, (0.5_f64..60.0).prop_map(Value::from).boxed()),
        (
            "max_fps",
            0.2,
            (1.0_f64..60.0).prop_map(Value::from).boxed(),
        ),
        ("rate", 0.7, rate().boxed()),
        ("two_pass", 0.2, Just(json!(true)).boxed()),
        (
            "gop",
            0.4,
            (1_u32..300)
                .prop_map(|frames| json!({"frames": frames}))
                .boxed(),
        ),
        ("b_frames", 0.3, (0_u32..17).prop_map(Value::from).boxed()),
        (
            "pixel_format",
            0.3,
            word(&["yuvj420p", "yuv422p", "yuv444p", "yuv420p10"]).boxed(),
        ),
        ("profile", 0.4, word(&["main", "baseline"]).boxed()),
        ("level", 0.2, word(&["1.3", "3.1", "4.1"]).boxed()),
    ])
}

fn audio() -> impl Strategy<Value = Map<String, Value>> {
    let numbers = |of: &'static [u32]| prop::sample::select(of).prop_map(Value::from).boxed();
    members(vec![
        ("kbps", 0.5, numbers(&[32, 64, 96, 128, 192, 320])),
        (
            "sample_rate",
            0.7,
            numbers(&[22_050, 32_000, 44_100, 48_000, 48_000, 96_000]),
        ),
        ("channels", 0.5, numbers(&[1, 2, 6])),
        (
            "volume",
            0.3,
            (-30_i32..20)
                .prop_map(|db| json!({"method": "gain", "db": db}))
                .boxed(),
        ),
    ])
}

/// Settings as they could be asked for, whether they go together or not.
fn outputs() -> impl Strategy<Value = OutputSpec> {
    let readable = |([container, codec, sound], mut video, mut audio): (
        [&str; 3],
        Map<String, Value>,
        Map<String, Value>,
    )| {
        video.insert("codec".to_owned(), codec.into());
        video.insert("preset".to_owned(), "veryfast".into());
        if codec != "h264" {
            video.insert("profile".to_owned(), "main".into());
        }
        audio.insert("codec".to_owned(), sound.into());
        if sound == "opus" {
            audio.insert("sample_rate".to_owned(), 48_000.into());
        }
        let settings = json!({"container": {"format": container}, "video": video, "audio": audio});
        spec(if container == "hls" { "a.m3u8" } else { "a" }, settings)
    };
    (forms(), video(), audio()).prop_map(readable)
}

#[test]
fn what_is_accepted_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "source.mp4",
        "-f lavfi -i testsrc2=size=128x96:rate=25 -f lavfi -i sine=frequency=440 -t 0.4 -ac 2 -c:v libx264 -c:a aac",
    );
    let made = Cell::new(0_u32);
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 30,
        ..Config::with_cases(CASES)
    };
    // The same cases in each run: what fails here fails everywhere.
    let algorithm = proptest::test_runner::RngAlgorithm::default();
    let random = proptest::test_runner::TestRng::deterministic_rng(algorithm);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&outputs(), |spec| {
        let is_accepted = spec.validate().is_ok();
        match planned(&source, &spec) {
            Ok(_) if !is_accepted => Err(TestCaseError::fail("a plan for what is refused")),
            Ok(_) => {
                let result = try_make(&source, &spec);
                made.set(made.get() + 1);
                result
                    .map(drop)
                    .map_err(|fault| TestCaseError::fail(fault.message))
            }
            Err(fault) if fault.code == FaultCode::SpecUnfit => Ok(()),
            Err(fault) => Err(TestCaseError::fail(format!("{fault:?}"))),
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(made.get() >= LEAST_MADE, "{} outputs", made.get());
}
