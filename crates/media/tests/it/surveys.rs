//! What is measured of a source before it is encoded.

use std::path::Path;

use reelgate_domain::job::StopMode;
use reelgate_domain::job::kind::transcode::{OutputSpec, SampleRate};
use reelgate_media::{Limits, Survey, TranscodeError, survey, survey_plans};
use serde_json::{Value, json};

use crate::support::{
    ENGINE, RUNNER, RUNTIME, clip, close, facts, generate, likeness, make, mp4, run, spec,
};

fn silent(settings: Value) -> OutputSpec {
    let mut video = json!({"preset": "veryfast", "rate": {"mode": "crf", "crf": 16.0}});
    for (name, value) in settings.as_object().unwrap() {
        video[name] = value.clone();
    }
    let mut spec = mp4(video);
    spec.settings.audio = None;
    spec
}

#[test]
fn black_borders_are_found_and_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let plain = generate(
        folder.path(),
        "plain.mkv",
        "-f lavfi -i testsrc2=s=320x180:d=1 -c:v ffv1 -pix_fmt yuv420p",
    );
    let boxed = generate(
        folder.path(),
        "boxed.mkv",
        "-f lavfi -i color=black:s=360x240:d=0.5 -f lavfi -i testsrc2=s=320x180:d=1 -filter_complex \
         [1:v]pad=360:240:20:30[b];[0:v][b]concat -c:v ffv1 -pix_fmt yuv420p",
    );
    let mut spec = silent(json!({"crop_borders": true}));
    // The part that is asked for begins in the dark.
    spec.clip = Some(serde_json::from_value(json!({"start_ms": 400})).unwrap());
    let made = make(&boxed, &spec);
    assert_eq!((made.video().1.width, made.video().1.height), (320, 180));
    spec.clip = Some(serde_json::from_value(json!({"start_ms": 520})).unwrap());
    let like = likeness(&make(&boxed, &spec).main(), &plain, &[], "null");
    assert!(like > 0.95, "{like}");
    let kept = make(&plain, &silent(json!({"crop_borders": true})));
    assert_eq!((kept.video().1.width, kept.video().1.height), (320, 180));
    let black = generate(
        folder.path(),
        "black.mkv",
        "-f lavfi -i color=black:s=320x180:d=0.4 -c:v ffv1 -pix_fmt yuv420p",
    );
    let black = make(&black, &silent(json!({"crop_borders": true})));
    assert_eq!((black.video().1.width, black.video().1.height), (320, 180));
}

/// The share of frames that are found to be of two fields.
fn interlaced(file: &Path) -> f64 {
    let path = file.to_str().unwrap();
    let filter = "idet,metadata=mode=print:file=-";
    let args = [
        "-v", "error", "-nostdin", "-i", path, "-map", "0:v", "-vf", filter,
    ];
    let args = [&args[..], &["-f", "null", "-"]].concat();
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let count = |of: &str| -> f64 {
        let key = format!("lavfi.idet.multiple.{of}=");
        let found = text.lines().rev().find_map(|line| line.strip_prefix(&key));
        found.unwrap().parse().unwrap()
    };
    let mixed = count("tff") + count("bff");
    mixed / (mixed + count("progressive")).max(1.0)
}

#[test]
fn frames_of_two_fields_are_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    let source = |name: &str, order: &str| {
        let args = format!(
            "-f lavfi -t 2 -i mandelbrot=s=320x240:r=50:end_scale=0.2:end_pts=100 -vf tinterlace=mode=interleave_{order},setfield=prog \
             -c:v ffv1 -pix_fmt yuv422p"
        );
        generate(folder.path(), name, &args)
    };
    let top = source("top.mkv", "top");
    let bottom = source("bottom.mkv", "bottom");
    for source in [&top, &bottom] {
        assert!(interlaced(source) > 0.9);
        let made = make(source, &silent(json!({"scan": "auto"})));
        let left = interlaced(&made.main());
        assert!(left < 0.01, "{left}");
        assert_eq!(made.video().0.frames, Some(50));
    }
    let whole = clip("bbb_720p25_aac51.mp4");
    let made = make(&whole, &silent(json!({"scan": "auto", "height": 144})));
    assert_eq!(made.plan.video.as_ref().unwrap().deinterlace, None);
    // What says what it is is believed.
    let tagged = generate(
        folder.path(),
        "tagged.mp4",
        "-f lavfi -t 2 -i mandelbrot=s=320x240:r=50:end_scale=0.2:end_pts=100 -vf tinterlace=mode=interleave_top,setfield=tff \
         -c:v libx264 -flags +ilme+ildct -x264-params tff=1 -crf 12",
    );
    let left = interlaced(&make(&tagged, &silent(json!({}))).main());
    assert!(left < 0.01, "{left}");
}

fn sound(volume: Value) -> OutputSpec {
    let audio = json!({"sample_rate": 48000, "volume": volume});
    spec(
        "sound.mp4",
        json!({"container": {"format": "mp4"}, "audio": audio}),
    )
}

/// LUFS and dBTP.
fn loudness(file: &Path) -> (f64, f64) {
    let path = file.to_str().unwrap();
    let filter = "ebur128=peak=true:metadata=1,ametadata=mode=print:file=-";
    let args = [
        "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-af", filter,
    ];
    let args = [&args[..], &["-f", "null", "-"]].concat();
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let last = |key: &str| -> f64 {
        let found = text.lines().rev().find_map(|line| line.strip_prefix(key));
        found.unwrap().parse().unwrap()
    };
    let peak = last("lavfi.r128.true_peak=");
    (last("lavfi.r128.I="), 20.0 * peak.max(1e-6).log10())
}

#[test]
fn sound_is_as_loud_as_it_is_asked_to_be() {
    for name in ["speech_libri_5703.ogg", "bbb_720p25_aac51.mp4"] {
        // The last ones only with peaks held.
        for target in [-30.0, -23.0, -16.0, -12.0] {
            let volume = json!({"method": "loudness", "integrated": target, "true_peak": -1.0});
            let (found, peak) = loudness(&make(&clip(name), &sound(volume)).main());
            assert!(close(found, target, 0.5), "{name} {target}: {found}");
            assert!(peak <= -0.5, "{name} {target}: {peak} dBTP");
        }
    }
}

#[test]
fn the_highest_peak_is_put_where_it_is_asked_to_be() {
    let volume = json!({"method": "peak", "level": 0.25});
    let (_, peak) = loudness(&make(&clip("speech_libri_5703.ogg"), &sound(volume)).main());
    assert!(close(peak, -12.04, 0.7), "{peak}");
}

#[test]
fn a_low_peak_is_brought_up_exactly() {
    let folder = tempfile::tempdir().unwrap();
    // A thousandth of full scale, which is told as that or nothing.
    let quiet = generate(
        folder.path(),
        "quiet.wav",
        "-f lavfi -i sine=frequency=440:duration=3,volume=-43dB",
    );
    let volume = json!({"method": "peak", "level": 0.5});
    let (_, peak) = loudness(&make(&quiet, &sound(volume)).main());
    assert!(close(peak, -6.02, 0.5), "{peak}");
}

#[test]
fn a_low_rate_is_as_loud_as_any() {
    let folder = tempfile::tempdir().unwrap();
    // Half of it lies above what the lower rate holds.
    let noise = generate(
        folder.path(),
        "noise.wav",
        "-f lavfi -i anoisesrc=d=5:a=0.2:seed=7:r=48000",
    );
    let mut wanted = sound(json!({"method": "loudness", "integrated": -20.0}));
    wanted.settings.audio.as_mut().unwrap().sample_rate = SampleRate::Hz(22_050);
    let (found, _) = loudness(&make(&noise, &wanted).main());
    assert!(close(found, -20.0, 0.5), "{found}");
}

#[test]
fn silence_stays_silent() {
    let folder = tempfile::tempdir().unwrap();
    let silence = generate(folder.path(), "silence.wav", "-f lavfi -i anullsrc=d=1");
    for volume in [
        json!({"method": "loudness", "integrated": -16.0}),
        json!({"method": "peak", "level": 1.0}),
    ] {
        let (found, peak) = loudness(&make(&silence, &sound(volume)).main());
        assert!(found <= -70.0 && peak < -90.0, "{found} {peak}");
    }
}

#[test]
fn a_look_is_shared_and_ends_when_it_is_told_to() {
    let source = clip("bbb_720p25_aac51.mp4");
    let both = |height: u32| {
        let mut spec = sound(json!({"method": "loudness", "integrated": -16.0}));
        let video = json!({"crop_borders": true, "scan": "auto", "height": height});
        spec.settings.video = Some(serde_json::from_value(video).unwrap());
        spec
    };
    let ladder = [both(144), both(240), silent(json!({}))];
    let mut quiet = sound(json!({"method": "loudness", "integrated": -30.0}));
    quiet.settings.audio.as_mut().unwrap().channels = 2;
    let specs: Vec<&OutputSpec> = ladder.iter().chain([&quiet]).collect();
    let plans = survey_plans(&specs, &facts(&source).unwrap());
    assert_eq!(plans.len(), 1);
    let outputs: Vec<_> = plans[0].outputs.iter().map(|asked| asked.output).collect();
    assert_eq!(outputs, [0, 1, 3]);
    assert_eq!((plans[0].pictures.len(), plans[0].sounds.len()), (1, 1));
    let folder = tempfile::tempdir().unwrap();
    let job = Survey {
        plan: &plans[0],
        input: &source,
        dir: folder.path(),
        limits: &Limits::default(),
    };
    let stopped = survey(&RUNNER, &ENGINE, job, std::future::ready(StopMode::Now));
    let stopped = RUNTIME.block_on(stopped);
    assert!(matches!(stopped, Err(TranscodeError::Stopped(_))));
    let found = survey(&RUNNER, &ENGINE, job, std::future::pending());
    let found = RUNTIME.block_on(found).unwrap();
    assert!(found[0] == found[1] && found[0].fields.is_some() && found[0].inside.is_some());
    assert_eq!((found[2].fields, found[2].inside), (None, None));
    let gain = |place: usize| found[place].level.unwrap().gain_db;
    assert!(close(gain(0) - gain(2), 14.0, 0.5), "{found:?}");
}
