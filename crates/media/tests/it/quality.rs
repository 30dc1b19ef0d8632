//! How like its source an output looks: what is measured follows what was lost, and where.

use std::path::Path;
use std::pin::pin;

use reelgate_domain::job::kind::transcode::{Clip, ClipLength, OutputSpec};
use reelgate_domain::quality::Quality;
use reelgate_media::{Engine, Limits, Part, Transcode, plan, quality, transcode};
use serde_json::json;

use crate::support::{
    CURRENT, ENGINE, RUNNER, RUNTIME, clip, close, entries, facts, generate, hls, mp4,
};

const FILM: &str = "bbb_720p25_aac51.mp4";

/// What was measured of an output, the names and sizes of all its files, and the pictures of its worst moments.
struct Measured {
    quality: Quality,
    files: Vec<(String, u64)>,
    stills: Vec<Vec<u8>>,
}

impl Measured {
    /// Of the worst frame of all.
    fn least_ssim(&self) -> f64 {
        let each = self.quality.series.iter().map(|it| it.least_ssim);
        each.fold(1.0, f64::min)
    }
}

fn measured(source: &Path, spec: &OutputSpec) -> Measured {
    measured_by(&ENGINE, source, spec)
}

fn measured_by(engine: &Engine, source: &Path, spec: &OutputSpec) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(spec, &facts(source).unwrap(), engine.capabilities()).unwrap();
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
        let results = transcode(&RUNNER, engine, job, |_, _| {}, never).await;
        let mut made = results.unwrap().remove(0).unwrap();
        let never = pin!(std::future::pending());
        let ended = quality(&RUNNER, engine, job, 0, &mut made, never).await;
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
    let mut stills = Vec::new();
    for moment in &quality.worst {
        let still = out_dir.join(&moment.still);
        let size = entries(&still, "v", "stream=width,height");
        let expected = format!("{},{}", quality.width, quality.height);
        assert_eq!(size.join(","), expected, "{}", moment.still);
        stills.push(std::fs::read(&still).unwrap());
    }
    Measured {
        quality,
        files,
        stills,
    }
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
    let Measured {
        quality: fine,
        files,
        ..
    } = of(18);
    let coarse = of(40).quality;
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
    let mut broadcast = crf(16, 180);
    broadcast["fps"] = json!(29.97);
    for spec in [
        briefly(mp4(turned), 1230),
        briefly(mp4(crf(16, 180)), 1230),
        briefly(mp4(crf(16, 180)), 40),
        briefly(mp4(broadcast.clone()), 40),
        briefly(hls("ts", 1, broadcast), 40),
    ] {
        let found = measured(&source, &spec);
        assert!(found.least_ssim() > 0.95, "{:?}", found.quality);
    }
    let phone = clip("phone_vfr_hevc_rot90_2video.mp4");
    let found = measured(&phone, &briefly(mp4(crf(16, 320)), 0)).quality;
    assert!(found.ssim > 0.95, "{found:?}");
}

/// A picture of a worst moment took its name, and then its place.
#[test]
fn an_output_may_be_called_as_it_likes() {
    let mut spec = briefly(mp4(crf(30, 144)), 0);
    spec.object = serde_json::from_value(json!({"bucket": "media", "key": "worst.jpg"})).unwrap();
    let Measured {
        quality: found,
        files,
        ..
    } = measured(&clip(FILM), &spec);
    assert_eq!(found.frames, 63);
    let (name, bytes) = files.last().unwrap();
    assert_eq!(name, "worst.jpg");
    let seconds = found.frames as f64 / found.fps;
    assert!(
        *bytes as f64 * 8.0 / 1000.0 / seconds >= found.kbps,
        "{files:?}"
    );
}

/// Some frames of transport streams were held against the frame before: SSIM of 0.92 where it was 0.99.
#[test]
fn segments_are_as_alike_as_one_file_on_both_engines() {
    let source = clip(FILM);
    let mut fine = crf(12, 180);
    fine["gop"] = json!({"seconds": 1.0});
    for engine in [&*ENGINE, &*CURRENT] {
        let of = |spec: OutputSpec| measured_by(engine, &source, &briefly(spec, 0));
        let file = of(mp4(fine.clone()));
        for segments in ["ts", "fmp4"] {
            let found = of(hls(segments, 1, fine.clone()));
            let (quality, expected) = (&found.quality, &file.quality);
            assert_eq!(quality.frames, 63);
            for (a, b) in [
                (quality.ssim, expected.ssim),
                (found.least_ssim(), file.least_ssim()),
            ] {
                assert!(close(a, b, 0.001), "{segments}: {quality:?} {expected:?}");
            }
            let moments = |quality: &Quality| -> Vec<f64> {
                quality.worst.iter().map(|it| it.at_seconds).collect()
            };
            assert_eq!(moments(quality), moments(expected), "{segments}");
            // The same frame is shown of each.
            assert!(found.stills == file.stills, "{segments}");
            let names: Vec<&str> = found.files.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.contains(&"film.m3u8.quality.json"), "{names:?}");
            assert_eq!(names.last(), Some(&"film.m3u8"));
        }
    }
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
    let found = measured(&source, &mp4(capped)).quality;
    let worst = &found.worst[0];
    assert!((3.0..4.0).contains(&worst.at_seconds), "{found:?}");
    assert!(worst.ssim < found.ssim - 0.1, "{found:?}");
    let least = found.series.iter().min_by(|a, b| a.ssim.total_cmp(&b.ssim));
    assert!(close(least.unwrap().at_seconds, 3.0, 0.001), "{found:?}");
}

#[test]
fn vmaf_and_xpsnr_are_measured_where_the_engine_has_them() {
    let source = clip(FILM);
    let of = |engine: &Engine, quality| {
        let spec = briefly(mp4(crf(quality, 180)), 0);
        measured_by(engine, &source, &spec).quality
    };
    let (fine, coarse) = (of(&CURRENT, 18), of(&CURRENT, 40));
    let vmaf = [fine.vmaf.unwrap(), coarse.vmaf.unwrap()];
    let xpsnr = [fine.xpsnr.unwrap(), coarse.xpsnr.unwrap()];
    assert!(vmaf[0] > 85.0 && vmaf[1] < vmaf[0] - 20.0, "{vmaf:?}");
    assert!(xpsnr[0] > 35.0 && xpsnr[1] < xpsnr[0] - 6.0, "{xpsnr:?}");
    for point in &coarse.series {
        let (vmaf, xpsnr) = (point.vmaf.unwrap(), point.xpsnr.unwrap());
        assert!(
            (0.0..100.0).contains(&vmaf) && (10.0..45.0).contains(&xpsnr),
            "{point:?}"
        );
    }
    let has = |name| {
        ENGINE
            .capabilities()
            .has(reelgate_media::Component::Filter(name))
    };
    let plain = of(&ENGINE, 40);
    assert_eq!(plain.vmaf.is_some(), has("libvmaf"));
    assert_eq!(plain.xpsnr.is_some(), has("xpsnr"));
    assert_eq!(plain.series[0].vmaf.is_some(), has("libvmaf"));
    assert!(close(plain.ssim, coarse.ssim, 0.01), "{plain:?} {coarse:?}");
    // The model sees nothing in pictures that are smaller.
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=size=24x24:rate=25:duration=0.4 -pix_fmt yuv420p";
    let source = generate(folder.path(), "tiny.mp4", film);
    let tiny = mp4(json!({"rate": {"mode": "crf", "crf": 30.0}}));
    let tiny = measured_by(&CURRENT, &source, &tiny).quality;
    assert!(tiny.vmaf.is_none() && tiny.xpsnr.is_some(), "{tiny:?}");
}
