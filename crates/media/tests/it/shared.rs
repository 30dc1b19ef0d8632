//! Outputs that one process makes are what each would be alone, and stay apart from one another.

use std::path::{Path, PathBuf};

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_media::{Limits, groups, shareable};
use serde_json::{Value, json};

use crate::support::{Made, generate, hls, make, make_together, mp4, planned, small, spec};

fn together(source: &Path, specs: &[OutputSpec]) -> Vec<Made> {
    let plans = specs.iter().map(|spec| planned(source, spec).unwrap());
    let results = make_together(source, plans.collect(), &Limits::default()).unwrap();
    results.into_iter().map(Result::unwrap).collect()
}

fn cut(mut spec: OutputSpec, clip: Value) -> OutputSpec {
    spec.clip = Some(serde_json::from_value(clip).unwrap());
    spec
}

fn assert_same_as_alone(source: &Path, specs: &[OutputSpec]) {
    for (spec, shared) in specs.iter().zip(together(source, specs)) {
        let alone = make(source, spec);
        assert_eq!(shared.names, alone.names);
        assert_eq!(shared.facts.streams, alone.facts.streams);
        for name in &shared.names {
            let bytes = |made: &Made| std::fs::read(made.out_dir.join(name)).unwrap();
            assert!(bytes(&shared) == bytes(&alone), "{name} differs");
        }
    }
}

fn film(folder: &Path, name: &str, seconds: u32) -> PathBuf {
    let args = format!(
        "-f lavfi -i testsrc2=s=320x180:r=25:d={seconds} -f lavfi -i sine=d={seconds} -c:v libx264 \
         -preset ultrafast -g 25 -c:a aac"
    );
    generate(folder, name, &args)
}

fn sound_alone() -> OutputSpec {
    spec(
        "sound.mp4",
        json!({"container": {"format": "mp4"}, "audio": {"kbps": 64}}),
    )
}

#[test]
fn each_output_is_what_it_would_be_alone() {
    let mut silent = spec(
        "silent.mp4",
        json!({"container": {"format": "mp4"}, "video": small()}),
    );
    silent.settings.video.as_mut().unwrap().fps = Some(10.0);
    let specs = [
        // The shortest comes first: its end must not be that of the others.
        cut(
            hls("ts", 2, small()),
            json!({"length": {"duration_ms": 1000}}),
        ),
        mp4(json!({"height": 240, "preset": "veryfast", "gop": {"seconds": 2.0}})),
        hls(
            "fmp4",
            2,
            json!({"height": 180, "preset": "fast", "profile": "main"}),
        ),
        sound_alone(),
        silent,
        cut(mp4(small()), json!({"length": {"cut_tail_ms": 500}})),
    ];
    let folder = tempfile::tempdir().unwrap();
    assert_same_as_alone(&film(folder.path(), "film.mp4", 5), &specs);
}

#[test]
fn starts_that_are_reached_by_index_or_by_decoding_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["film.mp4", "film.ts"] {
        let source = film(folder.path(), name, 4);
        let specs = [
            cut(mp4(small()), json!({"start_ms": 1500})),
            cut(
                hls("ts", 1, small()),
                json!({"start_ms": 1500, "length": {"duration_ms": 700}}),
            ),
            cut(sound_alone(), json!({"start_ms": 1500})),
        ];
        let plans = specs.each_ref().map(|spec| planned(&source, spec).unwrap());
        assert_eq!(groups(&plans.each_ref()), [[0, 1, 2]]);
        let whole = planned(&source, &mp4(small())).unwrap();
        assert!(!shareable(&plans[0], &whole));
        assert_same_as_alone(&source, &specs);
    }
}

#[test]
fn an_output_that_fails_its_check_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "film.mp4", 5);
    let specs = [mp4(small()), sound_alone(), hls("ts", 2, small())];
    let mut plans = specs.each_ref().map(|spec| planned(&source, spec).unwrap());
    // As it would be if the source had promised more.
    plans[1].expected.seconds = Some(60.0);
    let results = make_together(&source, plans.into(), &Limits::default()).unwrap();
    let [whole, short, segments] = results.try_into().ok().unwrap();
    assert_eq!(short.err().unwrap().code, FaultCode::SourceUnreadable);
    assert_eq!(whole.unwrap().names, ["film.mp4"]);
    assert_eq!(segments.unwrap().names.len(), 4);
}

#[test]
fn a_process_that_fails_says_so_for_all_and_names_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let silent = "-f lavfi -i testsrc2=s=192x108:r=25:d=4 -c:v libx264 -preset ultrafast -g 25";
    let source = generate(
        folder.path(),
        "film.mp4",
        &format!("{silent} -movflags +faststart"),
    );
    let mut bytes = std::fs::read(&source).unwrap();
    let start = bytes.len() / 4;
    bytes[start..].fill(0xA5);
    std::fs::write(&source, bytes).unwrap();
    let specs = [mp4(small()), hls("ts", 2, small())];
    let plans = specs.each_ref().map(|spec| planned(&source, spec).unwrap());
    let result = make_together(&source, plans.into(), &Limits::default());
    let fault = result.err().expect("most of it cannot be decoded");
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
    let shown = format!("{fault:?}");
    assert!(!shown.contains(folder.path().to_str().unwrap()), "{shown}");
    assert!(
        !shown.contains(std::env::temp_dir().to_str().unwrap()),
        "{shown}"
    );
}
