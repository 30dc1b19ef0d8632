//! Sources that are right and unlike what anybody expects: one pixel, a strip as wide as sixteen thousand, a thousand
//! frames a second, times below zero, dozens of streams.

use std::path::{Path, PathBuf};

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use crate::support::{
    ENGINE, Made, close, entries, generate, make, mean, mp4, run, samples, spec, tone, try_make,
};

fn silent(video: Value) -> OutputSpec {
    spec(
        "film.mp4",
        json!({"container": {"format": "mp4"}, "video": video}),
    )
}

fn frames(made: &Made) -> usize {
    entries(&made.main(), "v", "packet=pts").len()
}

#[test]
fn one_pixel_fills_the_size_that_is_asked_for_and_has_none_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i color=red:s=1x1:r=25:d=0.4,format=rgb24 -c:v png";
    let source = generate(folder.path(), "pixel.mkv", args);
    let made = make(
        &source,
        &silent(json!({"height": 144, "preset": "veryfast"})),
    );
    let video = made.video().1;
    assert_eq!((video.width, video.height, frames(&made)), (144, 144, 10));
    let [red, green, blue] = mean(&made.main(), 0.1, (0, 0, 144, 144));
    assert!(
        red > 240.0 && green < 15.0 && blue < 15.0,
        "{red} {green} {blue}"
    );
    let fault = try_make(&source, &silent(json!({"preset": "veryfast"})))
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit, "{fault:?}");
    assert!(fault.message.contains("0x0 pixels"), "{}", fault.message);
}

#[test]
fn a_strip_as_wide_as_any_decoder_takes_keeps_its_shape() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i color=blue:s=16384x512:r=25:d=0.08 -vf drawbox=c=red:t=fill:w=8192,format=yuv420p -c:v ffv1";
    let source = generate(folder.path(), "strip.mkv", args);
    let made = make(
        &source,
        &silent(json!({"width": 2048, "preset": "veryfast"})),
    );
    let video = made.video().1;
    assert_eq!((video.width, video.height, frames(&made)), (2048, 64, 2));
    let [red, _, blue] = mean(&made.main(), 0.0, (0, 0, 1000, 64));
    assert!(red > 200.0 && blue < 60.0, "{red} {blue}");
    let [red, _, blue] = mean(&made.main(), 0.0, (1048, 0, 1000, 64));
    assert!(blue > 200.0 && red < 60.0, "{red} {blue}");
}

#[test]
fn a_thousand_frames_a_second_become_sixty_of_the_same_length() {
    let folder = tempfile::tempdir().unwrap();
    // Black, and white from the middle on.
    let args = "-f lavfi -i color=black:s=64x64:r=1000:d=1 -vf drawbox=c=white:t=fill:enable='gte(t,0.5)' \
                -fps_mode passthrough -c:v ffv1";
    let source = generate(folder.path(), "fast.mkv", args);
    assert_eq!(entries(&source, "v", "packet=pts").len(), 1000);
    let made = make(&source, &silent(json!({"preset": "veryfast"})));
    assert_eq!(frames(&made), 60);
    let luma = lumas(&made.main());
    let bright = luma.iter().position(|value| *value > 128).unwrap();
    assert!((29..=31).contains(&bright), "{bright}");
    assert!(luma[..bright].iter().all(|value| *value < 40));
}

/// The first pixel of each frame.
fn lumas(file: &Path) -> Vec<u8> {
    let file = file.to_str().unwrap();
    let args = [
        "-v",
        "error",
        "-i",
        file,
        "-vf",
        "crop=2:2:8:8,extractplanes=y",
    ];
    let tail = ["-fps_mode", "passthrough", "-f", "rawvideo", "-"];
    let bytes = run(ENGINE.ffmpeg(), &[&args[..], &tail].concat());
    bytes.chunks_exact(4).map(|frame| frame[0]).collect()
}

/// Three seconds; at two of them it becomes bright and loud at once.
fn flashing(folder: &Path, name: &str, offset: &str) -> PathBuf {
    let args = format!(
        "-f lavfi -i color=black:s=64x64:r=25:d=3,drawbox=c=white:t=fill:enable='gte(t,2)' \
         -f lavfi -i sine=f=440:d=3,volume=0:enable='lt(t,2)' -c:v libx264 -preset ultrafast -bf 0 \
         -g 25 -c:a aac -output_ts_offset {offset} -avoid_negative_ts disabled"
    );
    generate(folder, name, &args)
}

#[test]
fn times_below_zero_leave_picture_and_sound_together_or_are_the_sources_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut refused = Vec::new();
    for offset in ["-0.5", "-5"] {
        for name in ["below.mp4", "below.mov", "below.ts", "below.mkv"] {
            let source = flashing(folder.path(), name, offset);
            let made = match try_make(&source, &mp4(json!({"preset": "veryfast"}))) {
                Ok(made) => made,
                Err(fault) => {
                    refused.push((name, offset, fault.code));
                    continue;
                }
            };
            let luma = lumas(&made.main());
            let flash = luma.iter().position(|value| *value > 128);
            let loud = samples(&made.main());
            let beep = loud.iter().position(|value| value.abs() > 0.05);
            let (Some(flash), Some(beep)) = (flash, beep) else {
                panic!(
                    "{name} {offset}: {} frames, {flash:?}, {beep:?}",
                    luma.len()
                );
            };
            let (flash, beep) = (flash as f64 / 25.0, beep as f64 / 8000.0);
            assert!(
                close(flash, beep, 0.06),
                "{name} {offset}: {flash} and {beep}"
            );
        }
    }
    // A list of edits puts all of these before the start.
    let may_be = |it: &(&str, &str, FaultCode)| {
        matches!(
            it,
            ("below.mp4" | "below.mov", "-5", FaultCode::SourceUnreadable)
        )
    };
    assert!(refused.iter().all(may_be), "{refused:?}");
}

#[test]
fn of_dozens_of_streams_the_first_or_the_chosen_ones_are_taken() {
    const SOUNDS: u32 = 24;
    let folder = tempfile::tempdir().unwrap();
    let hertz = |sound: u32| f64::from(300 + 100 * sound);
    let mut args =
        "-f lavfi -i color=red:s=64x64:r=25:d=1 -f lavfi -i color=blue:s=64x64:r=25:d=1".to_owned();
    for sound in 0..SOUNDS {
        args += &format!(" -f lavfi -i sine=f={}:d=1", hertz(sound));
    }
    for input in 0..SOUNDS + 2 {
        args += &format!(" -map {input}");
    }
    args += " -c:v libx264 -preset ultrafast -c:a aac -b:a 32k";
    let source = generate(folder.path(), "many.mkv", &args);
    let mut chosen = mp4(json!({"preset": "veryfast"}));
    chosen.streams = serde_json::from_value(json!({"video": 1, "audio": 20})).unwrap();
    for (spec, is_red, sound) in [
        (mp4(json!({"preset": "veryfast"})), true, 0),
        (chosen, false, 20),
    ] {
        let made = make(&source, &spec);
        assert_eq!(made.facts.streams.len(), 2);
        let [red, _, blue] = mean(&made.main(), 0.4, (0, 0, 64, 64));
        assert_eq!(red > blue, is_red, "{red} {blue}");
        let heard = samples(&made.main());
        for other in 0..SOUNDS {
            let found = tone(&heard, hertz(other), 0.2, 0.8);
            assert_eq!(found > 0.05, other == sound, "{other}: {found}");
        }
    }
}
