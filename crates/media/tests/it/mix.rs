//! Sounds that are mixed in are heard beside the output's own, as loud as they are and for as long as is asked.

use std::path::{Path, PathBuf};

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use crate::support::{clip, close, generate, hls, make, make_with, mp4, samples, tone};

fn mixed(spec: OutputSpec, mix: Value) -> OutputSpec {
    OutputSpec {
        mix: serde_json::from_value(mix).unwrap(),
        ..spec
    }
}

fn file(key: &str) -> Value {
    json!({"object": {"bucket": "media", "key": key}})
}

/// A gray film of two seconds with two sounds, of 440 and 660 Hz.
fn film(folder: &Path) -> PathBuf {
    let args = "-f lavfi -i color=gray:s=320x180:r=25:d=2 -f lavfi -i aevalsrc=0.2*sin(880*PI*t):d=2:s=48000 \
                -f lavfi -i aevalsrc=0.2*sin(1320*PI*t):d=2:s=44100 -map 0 -map 1 -map 2 -c:v libx264 \
                -preset ultrafast -c:a pcm_s16le";
    generate(folder, "film.mkv", args)
}

/// Four seconds of 880 Hz, of which the first and the last are half as loud.
fn tune(folder: &Path, name: &str) -> PathBuf {
    let args = "-f lavfi -i aevalsrc=0.2*sin(1760*PI*t)*(0.5+0.5*between(t\\,1\\,3)):d=4:s=22050";
    generate(folder, name, args)
}

fn levels(file: &Path, from: f64, to: f64) -> [f64; 3] {
    let samples = samples(file);
    [440.0, 660.0, 880.0].map(|hertz| tone(&samples, hertz, from, to))
}

fn check(found: [f64; 3], expected: [f64; 3]) {
    let all = found.iter().zip(expected);
    for (found_one, expected) in all {
        assert!(close(*found_one, expected, 0.02), "{found:?}");
    }
}

#[test]
fn levels_stay_and_the_length_is_that_of_the_first_or_of_the_longest() {
    let folder = tempfile::tempdir().unwrap();
    let (film, tune) = (film(folder.path()), tune(folder.path(), "tune.wav"));
    let made = |own: Value| {
        let mut sound = file("tune.wav");
        let members = sound.as_object_mut().unwrap();
        members.extend(own.as_object().unwrap().clone());
        let spec = mixed(mp4(json!({"preset": "veryfast"})), json!([sound]));
        make_with(&film, &[("tune.wav", &tune)], &spec).unwrap()
    };
    let first = made(json!({"until": "first"}));
    assert!(close(first.audio().0.duration_seconds.unwrap(), 2.0, 0.05));
    check(levels(&first.main(), 0.1, 0.9), [0.2, 0.0, 0.1]);
    check(levels(&first.main(), 1.1, 1.9), [0.2, 0.0, 0.2]);
    let longest = made(json!({}));
    assert!(close(
        longest.audio().0.duration_seconds.unwrap(),
        4.0,
        0.05
    ));
    check(levels(&longest.main(), 2.2, 2.8), [0.0, 0.0, 0.2]);
    check(levels(&longest.main(), 3.2, 3.8), [0.0, 0.0, 0.1]);
    let part = made(json!({"clip": {"start_ms": 1000, "length": {"duration_ms": 1000}}}));
    assert!(close(part.audio().0.duration_seconds.unwrap(), 2.0, 0.05));
    check(levels(&part.main(), 0.1, 0.9), [0.2, 0.0, 0.2]);
    check(levels(&part.main(), 1.1, 1.9), [0.2, 0.0, 0.0]);
}

#[test]
fn another_sound_of_the_source_keeps_time_with_its_clip() {
    let folder = tempfile::tempdir().unwrap();
    let film = film(folder.path());
    let mut spec = mixed(mp4(json!({"preset": "veryfast"})), json!([{"audio": 1}]));
    spec.clip = serde_json::from_value(json!({"start_ms": 1000})).unwrap();
    let made = make_with(&film, &[], &spec).unwrap();
    assert!(close(made.audio().0.duration_seconds.unwrap(), 1.0, 0.05));
    check(levels(&made.main(), 0.1, 0.9), [0.2, 0.2, 0.0]);
    let spec = mixed(mp4(json!({})), json!([{"audio": 2}]));
    let fault = make_with(&film, &[], &spec).err().unwrap();
    assert_eq!(fault.code, FaultCode::NoAudioStream);
}

#[test]
fn another_sound_of_the_source_ends_with_its_part_of_a_joined_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (film, tune) = (film(folder.path()), folder.path().join("tune.mkv"));
    let args = "-f lavfi -i color=red:s=320x180:r=25:d=2 -f lavfi -i aevalsrc=0.2*sin(1760*PI*t):d=2:s=48000 \
                -c:v libx264 -preset ultrafast -c:a pcm_s16le";
    generate(folder.path(), "tune.mkv", args);
    let mut spec = mixed(mp4(json!({"preset": "veryfast"})), json!([{"audio": 1}]));
    spec.append =
        serde_json::from_value(json!([{"object": {"bucket": "media", "key": "tune.mkv"}}]))
            .unwrap();
    spec.clip_first = true;
    let mut made = |clip: Value| {
        spec.clip = serde_json::from_value(clip).unwrap();
        make_with(&film, &[("tune.mkv", &tune)], &spec).unwrap()
    };
    let late = made(json!({"start_ms": 1500}));
    check(levels(&late.main(), 0.05, 0.45), [0.2, 0.2, 0.0]);
    check(levels(&late.main(), 0.6, 2.4), [0.0, 0.0, 0.2]);
    let short = made(json!({"length": {"duration_ms": 1000}}));
    check(levels(&short.main(), 0.1, 0.9), [0.2, 0.2, 0.0]);
    check(levels(&short.main(), 1.1, 2.9), [0.0, 0.0, 0.2]);
}

#[test]
fn what_is_too_loud_together_is_held_below_full_scale() {
    let folder = tempfile::tempdir().unwrap();
    let loud = "-f lavfi -i aevalsrc=0.9*sin(880*PI*t):d=2:s=48000";
    let loud = generate(folder.path(), "loud.wav", loud);
    let mut spec = mixed(mp4(json!(null)), json!([file("loud.wav")]));
    spec.settings.video = None;
    let made = make_with(&loud, &[("loud.wav", &loud)], &spec).unwrap();
    let samples = samples(&made.main());
    let peak = samples.iter().fold(0.0_f32, |peak, it| peak.max(it.abs()));
    assert!((0.9..1.02).contains(&peak), "{peak}");
    // A limiter keeps the shape: clipping would leave a third of it in the third harmonic.
    let (own, third) = (
        tone(&samples, 440.0, 0.2, 1.8),
        tone(&samples, 1320.0, 0.2, 1.8),
    );
    assert!(third < own / 10.0, "{own} {third}");
}

#[test]
fn segments_do_not_go_on_after_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (film, tune) = (film(folder.path()), tune(folder.path(), "tune.mp3"));
    let mut spec = mixed(
        hls("ts", 2, json!({"preset": "veryfast"})),
        json!([file("tune.mp3")]),
    );
    let fault = make_with(&film, &[("tune.mp3", &tune)], &spec)
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    spec.mix[0].until = serde_json::from_value(json!("first")).unwrap();
    let made = make_with(&film, &[("tune.mp3", &tune)], &spec).unwrap();
    assert!(close(made.playlist().seconds(), 2.0, 0.1));
}

#[test]
fn speech_is_heard_over_a_film_as_it_is() {
    let (film, speech) = (clip("bbb_720p25_aac51.mp4"), clip("speech_libri_5703.ogg"));
    let mut spec = mp4(json!(null));
    spec.clip = serde_json::from_value(json!({"length": {"duration_ms": 3000}})).unwrap();
    let alone = samples(&make(&film, &spec).main());
    let mut speaker = file("speech.ogg");
    speaker["until"] = json!("first");
    let made = make_with(
        &film,
        &[("speech.ogg", &speech)],
        &mixed(spec, json!([speaker])),
    )
    .unwrap();
    let both = samples(&made.main());
    assert_eq!(alone.len(), both.len());
    let added = both
        .iter()
        .zip(&alone)
        .map(|(both, alone)| f64::from(both - alone));
    let (mut likeness, mut heard, mut spoken) = (0.0, 0.0, 0.0);
    for (added, said) in added.zip(&samples(&speech)) {
        let said = f64::from(*said);
        likeness += added * said;
        heard += added * added;
        spoken += said * said;
    }
    let (likeness, louder) = (likeness / f64::sqrt(heard * spoken), heard / spoken);
    assert!(likeness > 0.95, "{likeness}");
    assert!(close(louder, 1.0, 0.1), "{louder}");
}
