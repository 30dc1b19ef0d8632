//! How like its source an output looks: what is measured follows what was lost, and where.

use std::path::Path;
use std::pin::pin;

use reelgate_domain::job::kind::transcode::{Clip, ClipLength, OutputSpec};
use reelgate_domain::quality::Quality;
use reelgate_media::{Limits, Part, Transcode, plan, quality, transcode};
use serde_json::json;

use crate::support::{ENGINE, RUNNER, RUNTIME, clip, close, entries, facts, generate, mp4};

const FILM: &str = "bbb_720p25_aac51.mp4";

/// What was measured of an output, and the names and sizes of all its files.
fn measured(source: &Path, spec: &OutputSpec) -> (Quality, Vec<(String, u64)>) {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(spec, &facts(source).unwrap(), ENGINE.capabilities()).unwrap();
    let out_dir = folder.path().join("0");
    std::fs::create_dir(&out_dir).unwrap();
    let parts = [Part {
        plan: &plan,
        out_dir: &out_dir,
    }];
    let job = Transcode {
        parts: &parts,
        input: source,
        further: &[],
        dir: folder.path(),
        kept: None,
        limits: &Limits::default(),
    };
    let made = RUNTIME.block_on(async {
        let never = std::future::pending();
        let results = transcode(&RUNNER, &ENGINE, job, |_, _| {}, never).await;
        let mut made = results.unwrap().remove(0).unwrap();
        let never = pin!(std::future::pending());
        let ended = quality(&RUNNER, &ENGINE, job, 0, &mut made, never).await;
        ended.unwrap();
        made
    });
    let names = made
        .files
        .iter()
        .map(|file| (file.name.clone(), file.bytes));
    let files: Vec<(String, u64)> = names.collect();
    for (name, bytes) in &files {
        let found = std::fs::metadata(out_dir.join(name)).unwrap().len();
        assert_eq!(found, *bytes, "{name}");
    }
    let main = &made.files.last().unwrap().name;
    let text = std::fs::read(out_dir.join(format!("{main}.quality.json"))).unwrap();
    let quality: Quality = serde_json::from_slice(&text).unwrap();
    for moment in &quality.worst {
        let still = out_dir.join(&moment.still);
        let size = entries(&still, "v", "stream=width,height");
        let expected = format!("{},{}", quality.width, quality.height);
        assert_eq!(size.join(","), expected, "{}", moment.still);
    }
    (quality, files)
}

fn crf(crf: u32, height: u32) -> serde_json::Value {
    json!({"height": height, "preset": "veryfast", "rate": {"mode": "crf", "crf": f64::from(crf)}})
}

fn briefly(mut spec: OutputSpec, start_ms: u64) -> OutputSpec {
    spec.clip = Some(Clip {
        start_ms,
        length: Some(ClipLength::DurationMs(2500)),
    });
    spec
}

#[test]
fn what_is_coarser_looks_less_like_its_source() {
    let source = clip(FILM);
    let of = |quality| measured(&source, &briefly(mp4(crf(quality, 180)), 0));
    let (fine, files) = of(18);
    let (coarse, _) = of(40);
    assert_eq!((fine.frames, coarse.frames), (63, 63));
    assert_eq!((fine.width, fine.height, fine.fps), (320, 180, 25.0));
    assert!(
        fine.ssim > 0.97 && coarse.ssim < fine.ssim - 0.1,
        "{fine:?} {coarse:?}"
    );
    assert!(fine.psnr > coarse.psnr + 8.0, "{fine:?} {coarse:?}");
    assert!(fine.kbps > 5.0 * coarse.kbps, "{fine:?} {coarse:?}");
    assert_eq!((fine.step_seconds, fine.series.len()), (1, 3));
    for point in &fine.series {
        assert!(
            point.least_ssim <= point.ssim && point.kbps > 0.0,
            "{point:?}"
        );
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let main = *names.last().unwrap();
    assert_eq!(names.len(), fine.worst.len() + 2);
    assert_eq!(names[names.len() - 2], format!("{main}.quality.json"));
}

/// A frame out of step looks far less alike than one that was merely encoded.
#[test]
fn frames_are_compared_with_their_own_whatever_was_cut_turned_or_dropped() {
    let source = clip(FILM);
    let mut turned = crf(16, 180);
    turned["fps"] = json!(12.5);
    turned["rotate"] = json!(90);
    turned["crop"] = json!({"width": 640, "height": 360, "left": 320, "top": 180});
    for spec in [
        briefly(mp4(turned), 1230),
        briefly(mp4(crf(16, 180)), 1230),
        briefly(mp4(crf(16, 180)), 40),
    ] {
        let (found, _) = measured(&source, &spec);
        let worst = found
            .series
            .iter()
            .map(|it| it.least_ssim)
            .fold(1.0, f64::min);
        assert!(worst > 0.95, "{found:?}");
    }
    let phone = clip("phone_vfr_hevc_rot90_2video.mp4");
    let (found, _) = measured(&phone, &briefly(mp4(crf(16, 320)), 0));
    assert!(found.ssim > 0.95, "{found:?}");
}

/// A picture of a worst moment took its name, and then its place.
#[test]
fn an_output_may_be_called_as_it_likes() {
    let mut spec = briefly(mp4(crf(30, 144)), 0);
    spec.object = serde_json::from_value(json!({"bucket": "media", "key": "worst.jpg"})).unwrap();
    let (found, files) = measured(&clip(FILM), &spec);
    assert_eq!(found.frames, 63);
    let (name, bytes) = files.last().unwrap();
    assert_eq!(name, "worst.jpg");
    let seconds = found.frames as f64 / found.fps;
    assert!(
        *bytes as f64 * 8.0 / 1000.0 / seconds >= found.kbps,
        "{files:?}"
    );
}

#[test]
fn one_bad_second_is_the_worst() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i smptebars=s=320x180:r=25:d=6 -filter_complex \
                [0]noise=alls=90:allf=t:enable='between(t,3,3.99)',format=yuv420p[v] -map [v] \
                -c:v libx264 -preset ultrafast -qp 4";
    let source = generate(folder.path(), "storm.mp4", film);
    let capped = json!({"preset": "veryfast", "rate": {"mode": "crf", "crf": 18.0,
        "cap": {"maxrate_kbps": 200, "bufsize_kbit": 100}}});
    let (found, _) = measured(&source, &mp4(capped));
    let worst = &found.worst[0];
    assert!((3.0..4.0).contains(&worst.at_seconds), "{found:?}");
    assert!(worst.ssim < found.ssim - 0.1, "{found:?}");
    let least = found.series.iter().min_by(|a, b| a.ssim.total_cmp(&b.ssim));
    assert!(close(least.unwrap().at_seconds, 3.0, 0.001), "{found:?}");
}
