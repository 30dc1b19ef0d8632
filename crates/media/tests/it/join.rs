//! Outputs of several files: each is whole, in its place, in the size and the sound of the whole.

use std::path::{Path, PathBuf};

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use crate::support::{
    Made, clip, close, entries, generate, hls, likeness, make, make_with, mean, mp4, samples, tone,
};

fn joined(spec: OutputSpec, append: Value) -> OutputSpec {
    OutputSpec {
        append: serde_json::from_value(append).unwrap(),
        ..spec
    }
}

fn part(key: &str) -> Value {
    json!({"object": {"bucket": "media", "key": key}})
}

fn with(mut part: Value, own: Value) -> Value {
    let members = part.as_object_mut().unwrap();
    members.extend(own.as_object().unwrap().clone());
    part
}

/// Two seconds of red at 440 Hz.
fn red(folder: &Path) -> PathBuf {
    let args = "-f lavfi -i color=red:s=320x180:r=25:d=2 -f lavfi -i sine=440:d=2:r=48000 -c:v libx264 \
                -preset ultrafast -c:a aac -ac 2";
    generate(folder, "red.mp4", args)
}

/// Three seconds of blue at 880 Hz, in another shape, rate and sound.
fn blue(folder: &Path, name: &str) -> PathBuf {
    let args = "-f lavfi -i color=blue:s=480x360:r=30:d=3 -f lavfi -i sine=880:d=3:r=22050 -c:v libx264 \
                -preset ultrafast -g 30 -c:a aac -ac 1";
    generate(folder, name, args)
}

fn is_red([red, green, blue]: [f64; 3]) -> bool {
    red > 200.0 && green < 60.0 && blue < 60.0
}

fn is_blue([red, green, blue]: [f64; 3]) -> bool {
    red < 60.0 && green < 60.0 && blue > 200.0
}

fn is_black(color: [f64; 3]) -> bool {
    color.iter().all(|value| *value < 20.0)
}

fn frames(made: &Made) -> usize {
    entries(&made.main(), "v", "packet=pts_time").len()
}

/// Sound that is coded in frames may be a little longer than the picture; a part is as long as its longer stream.
fn check_frames(made: &Made, expected: usize) {
    let found = frames(made);
    assert!((expected..=expected + 3).contains(&found), "{found}");
}

const MIDDLE: (u32, u32, u32, u32) = (100, 40, 100, 100);

fn fast() -> OutputSpec {
    mp4(json!({"preset": "veryfast"}))
}

#[test]
fn parts_follow_one_another_in_the_size_and_sound_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (red, blue) = (red(folder.path()), blue(folder.path(), "blue.mp4"));
    let spec = joined(fast(), json!([part("blue.mp4"), part("blue.mp4")]));
    let made = make_with(&red, &[("blue.mp4", &blue)], &spec).unwrap();
    let (stream, video) = made.video();
    assert_eq!((video.width, video.height), (320, 180));
    check_frames(&made, 200);
    assert!(close(stream.duration_seconds.unwrap(), 8.0, 0.13));
    let sound = made.audio();
    assert!(close(sound.0.duration_seconds.unwrap(), 8.0, 0.2));
    let file = made.main();
    assert!(is_red(mean(&file, 1.96, MIDDLE)));
    // Pictures of another shape stand in the middle: 240 pixels wide.
    for at in [2.04, 4.96, 5.04, 7.9] {
        assert!(is_blue(mean(&file, at, (42, 2, 236, 176))), "{at}");
        assert!(is_black(mean(&file, at, (0, 0, 38, 180))), "{at}");
        assert!(is_black(mean(&file, at, (282, 0, 38, 180))), "{at}");
    }
    let samples = samples(&file);
    let tones = |from, to| [440.0, 880.0].map(|hertz| tone(&samples, hertz, from, to));
    let [first, second] = tones(0.2, 1.8);
    assert!(first > 0.05 && second < 0.01, "{first} {second}");
    let [first, second] = tones(2.2, 7.8);
    assert!(first < 0.01 && second > 0.05, "{first} {second}");
}

/// The same parts by an index, and by decoding up to them.
#[test]
fn parts_are_cut_where_they_are_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let red = red(folder.path());
    for name in ["blue.mp4", "blue.ts"] {
        let blue = blue(folder.path(), name);
        let clip = json!({"clip": {"start_ms": 1500, "length": {"duration_ms": 1000}}});
        let spec = joined(fast(), json!([with(part(name), clip)]));
        let made = make_with(&red, &[(name, &blue)], &spec).unwrap();
        check_frames(&made, 75);
        assert!(is_blue(mean(&made.main(), 2.8, MIDDLE)));
    }
}

#[test]
fn a_clip_is_one_of_the_whole_or_of_the_first_part() {
    let folder = tempfile::tempdir().unwrap();
    let (red, blue) = (red(folder.path()), blue(folder.path(), "blue.mp4"));
    let clipped = |clip_first: bool, clip: Value| {
        let mut spec = joined(fast(), json!([part("blue.mp4")]));
        spec.clip = serde_json::from_value(clip).unwrap();
        spec.clip_first = clip_first;
        make_with(&red, &[("blue.mp4", &blue)], &spec).unwrap()
    };
    let clip = json!({"start_ms": 1000, "length": {"duration_ms": 1500}});
    let whole = clipped(false, clip);
    assert!(frames(&whole).abs_diff(38) <= 1, "{}", frames(&whole));
    assert!(is_red(mean(&whole.main(), 0.9, MIDDLE)));
    assert!(is_blue(mean(&whole.main(), 1.1, MIDDLE)));
    let clip = json!({"start_ms": 500, "length": {"duration_ms": 1000}});
    let first = clipped(true, clip);
    assert!(frames(&first).abs_diff(100) <= 1, "{}", frames(&first));
    assert!(is_red(mean(&first.main(), 0.9, MIDDLE)));
    assert!(is_blue(mean(&first.main(), 1.1, MIDDLE)));
    let tail = clipped(false, json!({"length": {"cut_tail_ms": 2000}}));
    assert!(frames(&tail).abs_diff(75) <= 1, "{}", frames(&tail));
}

#[test]
fn a_tail_fades_in_over_the_last_picture_on_its_own_ground() {
    let folder = tempfile::tempdir().unwrap();
    let (red, blue) = (red(folder.path()), blue(folder.path(), "blue.mp4"));
    let own = json!({"width": {"px": 160}, "height": {"px": 90}, "background": "white", "muted": true,
        "fade_ms": 1000});
    let spec = joined(
        fast(),
        json!([
            with(part("blue.mp4"), own.clone()),
            with(part("blue.mp4"), own)
        ]),
    );
    let made = make_with(&red, &[("blue.mp4", &blue)], &spec).unwrap();
    check_frames(&made, 200);
    let file = made.main();
    let inside = (90, 55, 140, 70);
    assert!(is_red(mean(&file, 1.9, inside)));
    let [red, _, blue] = mean(&file, 2.48, inside);
    assert!(
        close(red, 132.0, 20.0) && close(blue, 122.0, 20.0),
        "{red} {blue}"
    );
    assert!(is_blue(mean(&file, 3.1, inside)));
    let around = mean(&file, 4.0, (0, 0, 320, 40));
    assert!(around.iter().all(|value| *value > 245.0), "{around:?}");
    let samples = samples(&file);
    assert!(close(samples.len() as f64 / 8000.0, 8.0, 0.2));
    assert!(tone(&samples, 440.0, 0.2, 1.8) > 0.05);
    assert!(tone(&samples, 880.0, 2.2, 7.8) < 0.001);
}

#[test]
fn a_part_that_lacks_what_the_output_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let red = red(folder.path());
    let silent = "-f lavfi -i color=blue:s=320x180:d=1 -c:v libx264 -preset ultrafast";
    let silent = generate(folder.path(), "silent.mp4", silent);
    let sound = generate(folder.path(), "sound.wav", "-f lavfi -i sine=440:d=1");
    let fault = |input: &Path, key: &str, file: &Path| {
        let spec = joined(fast(), json!([part(key)]));
        make_with(input, &[(key, file)], &spec).err().unwrap()
    };
    for (fault, said) in [
        (
            fault(&red, "silent.mp4", &silent),
            "input media/silent.mp4: it has no audio",
        ),
        (
            fault(&red, "sound.wav", &sound),
            "input media/sound.wav: it has no video",
        ),
        (fault(&silent, "red.mp4", &red), "the input has no audio"),
    ] {
        assert_eq!(fault.code, FaultCode::PartIncomplete);
        assert!(fault.message.starts_with(said), "{}", fault.message);
    }
    // Without sound in the output nothing is lacking, nor where silence is asked for.
    let mut spec = joined(fast(), json!([part("silent.mp4")]));
    spec.settings.audio = None;
    let made = make_with(&red, &[("silent.mp4", &silent)], &spec).unwrap();
    assert_eq!(frames(&made), 75);
    let spec = joined(
        fast(),
        json!([
            with(part("silent.mp4"), json!({"muted": true})),
            part("red.mp4")
        ]),
    );
    let made = make_with(&red, &[("silent.mp4", &silent), ("red.mp4", &red)], &spec).unwrap();
    check_frames(&made, 125);
    let samples = samples(&made.main());
    assert!(tone(&samples, 440.0, 2.1, 2.9) < 0.001);
    assert!(tone(&samples, 440.0, 3.2, 4.8) > 0.05);
}

#[test]
fn two_passes_and_segments_hold_all_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (red, blue) = (red(folder.path()), blue(folder.path(), "blue.mp4"));
    let twice =
        json!({"preset": "veryfast", "two_pass": true, "rate": {"mode": "average", "kbps": 200}});
    let spec = joined(mp4(twice), json!([part("blue.mp4")]));
    let made = make_with(&red, &[("blue.mp4", &blue)], &spec).unwrap();
    check_frames(&made, 125);
    let spec = joined(
        hls("ts", 2, json!({"preset": "veryfast"})),
        json!([part("blue.mp4")]),
    );
    let made = make_with(&red, &[("blue.mp4", &blue)], &spec).unwrap();
    let lengths = made.playlist().segments;
    let lengths: Vec<f64> = lengths.iter().map(|segment| segment.seconds).collect();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
    assert!(close(lengths.iter().sum(), 5.0, 0.1), "{lengths:?}");
}

/// A film of a phone held upright, of a rate that varies, after a wide one.
#[test]
fn real_films_look_in_a_joined_one_as_they_do_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (
        clip("bbb_720p25_aac51.mp4"),
        clip("phone_vfr_hevc_rot90_2video.mp4"),
    );
    let short = |start: u64| json!({"start_ms": start, "length": {"duration_ms": 1000}});
    let video =
        json!({"width": 640, "height": 360, "fit": "pad", "preset": "veryfast", "fps": 25.0});
    let mut spec = joined(
        mp4(video.clone()),
        json!([with(
            part("b.mp4"),
            json!({"clip": short(500), "muted": true})
        )]),
    );
    spec.clip = serde_json::from_value(short(1000)).unwrap();
    spec.clip_first = true;
    let whole = make_with(&first, &[("b.mp4", &second)], &spec).unwrap();
    assert!(frames(&whole).abs_diff(50) <= 1, "{}", frames(&whole));
    let alone = |source: &Path, start: u64| {
        let mut spec = mp4(video.clone());
        spec.clip = serde_json::from_value(short(start)).unwrap();
        make(source, &spec)
    };
    let (main, second) = (alone(&first, 1000), alone(&second, 500));
    let same = likeness(&main.main(), &whole.main(), &[], "null");
    assert!(same > 0.98, "{same}");
    let same = likeness(&second.main(), &whole.main(), &["-ss", "1.0"], "null");
    assert!(same > 0.98, "{same}");
    drop(folder);
}
