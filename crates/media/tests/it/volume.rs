//! How loud outputs are.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ENGINE, clip, close, generate, make, run, spec};

fn sound(settings: Value) -> reelgate_domain::job::kind::transcode::OutputSpec {
    spec(
        "sound.mp4",
        json!({"container": {"format": "mp4"}, "audio": settings}),
    )
}

/// A figure of the whole sound in dB of full scale, such as `RMS_level` or `Peak_level`.
fn level(file: &Path, figure: &str) -> f64 {
    let key = format!("lavfi.astats.Overall.{figure}");
    let filter =
        format!("aformat=sample_fmts=fltp,astats=metadata=1,ametadata=print:key={key}:file=-");
    let path = file.to_str().unwrap();
    let args = [
        "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-af", &filter,
    ];
    let args = [&args[..], &["-f", "null", "-"]].concat();
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let last = text.lines().rfind(|line| line.starts_with("lavfi"));
    last.unwrap().rsplit_once('=').unwrap().1.parse().unwrap()
}

#[test]
fn a_gain_makes_louder_and_quieter_by_so_much() {
    let source = clip("speech_libri_5703.ogg");
    let made = |volume: Value| make(&source, &sound(json!({"channels": 1, "volume": volume})));
    let before = level(&made(json!(null)).main(), "RMS_level");
    for db in [-20.0, -6.0, 3.0] {
        let after = level(
            &made(json!({"method": "gain", "db": db})).main(),
            "RMS_level",
        );
        assert!(close(after - before, db, 0.2), "{db}: {before} {after}");
    }
}

#[test]
fn one_channel_becomes_two_as_loud_as_it_is() {
    let source = clip("speech_libri_5703.ogg");
    let made = make(&source, &sound(json!({"channels": 2})));
    assert_eq!(made.audio().1.channels, Some(2));
    let (before, after) = (
        level(&source, "RMS_level"),
        level(&made.main(), "RMS_level"),
    );
    assert!(close(before, after, 0.3), "{before} {after}");
}

#[test]
fn six_channels_become_two_without_clipping() {
    let folder = tempfile::tempdir().unwrap();
    // The same in all of them, nearly as loud as can be: the sum is far above full scale.
    let six = generate(
        folder.path(),
        "six.wav",
        "-f lavfi -i aevalsrc=0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0|\
         0.9*sin(880*PI*t)|0.9*sin(880*PI*t):c=5.1:d=2",
    );
    for channels in [2, 1] {
        let made = make(&six, &sound(json!({"channels": channels, "kbps": 128})));
        assert_eq!(made.audio().1.channels, Some(channels));
        // That of each channel.
        let level = level(&made.main(), "RMS_level");
        assert!(close(level, -3.93, 0.3), "{channels}: {level}");
    }
}
