//! Pictures that are made in pieces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use reelgate_domain::job::kind::transcode::{Clip, OutputSpec};
use reelgate_domain::job::{FaultCode, StopMode};
use reelgate_media::{Limits, Part, Plan, Transcode, TranscodeError, Transcoded, transcode};
use serde_json::{Value, json};

use crate::support::{
    ENGINE, RUNNER, RUNTIME, clip, close, entries, generate, key_frames, make, out_dir, planned,
    run, spec, try_make,
};

const FILM: &str = "bbb_720p25_aac51.mp4";

fn output(container: &str, codec: &str, chunks: &str, more: Value) -> OutputSpec {
    let mut video = json!({"codec": codec, "profile": "main", "height": 120, "preset": "veryfast",
        "gop": {"seconds": 1.0}, "chunks": chunks});
    for (name, value) in more.as_object().unwrap() {
        video[name] = value.clone();
    }
    let settings = json!({"container": {"format": container}, "video": video,
        "audio": {"codec": "opus", "sample_rate": 48000}});
    spec(&format!("film.{container}"), settings)
}

/// How alike two files look, frame by frame: the least, and how many frames there were.
fn least_likeness(a: &Path, b: &Path) -> (f64, usize) {
    let graph = "[0:v][1:v]ssim=stats_file=-";
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    let args = [
        "-v", "error", "-nostdin", "-i", a, "-i", b, "-lavfi", graph, "-f", "null", "-",
    ];
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let scores = text.lines().map(|line| {
        let (_, score) = line.split_once("All:").unwrap();
        score.split(' ').next().unwrap().parse::<f64>().unwrap()
    });
    let scores: Vec<f64> = scores.collect();
    (scores.iter().copied().fold(1.0, f64::min), scores.len())
}

/// What a player is told of the picture.
fn told(file: &Path) -> BTreeMap<String, String> {
    let show = "stream=codec_name,profile,width,height,pix_fmt,color_range,color_space,color_transfer,\
                color_primaries,sample_aspect_ratio,avg_frame_rate,r_frame_rate,time_base:\
                stream_disposition=default:stream_tags=language";
    let args = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        show,
        "-of",
        "default=nw=1",
    ];
    let mut args = args.to_vec();
    args.push(file.to_str().unwrap());
    let text = String::from_utf8(run(ENGINE.ffprobe(), &args)).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn check_same(source: &Path, container: &str, codec: &str, more: &Value, start_ms: u64) {
    let made = |chunks: &str| {
        let mut spec = output(container, codec, chunks, more.clone());
        spec.clip = (start_ms > 0).then_some(Clip {
            start_ms,
            length: None,
        });
        make(source, &spec)
    };
    let (pieces, whole) = (made("enabled"), made("disabled"));
    assert!(pieces.plan.chunks.is_some());
    assert!(whole.plan.chunks.is_none());
    let (pieces, whole) = (pieces.main(), whole.main());
    let what = format!("{} {codec} {container} {more}", source.display());
    assert_eq!(told(&pieces), told(&whole), "{what}");
    let times = |file| entries(file, "v", "packet=pts");
    assert_eq!(times(&pieces), times(&whole), "{what}");
    assert_eq!(key_frames(&pieces), key_frames(&whole), "{what}");
    assert_eq!(
        entries(&pieces, "a", "packet=pts,size"),
        entries(&whole, "a", "packet=pts,size")
    );
    let (least, frames) = least_likeness(&pieces, &whole);
    assert_eq!(frames, times(&whole).len());
    // A picture of another moment looks less alike than this.
    assert!(least > 0.9, "{what}: {least}");
}

#[test]
fn pieces_are_the_same_film_as_the_whole() {
    let film = clip(FILM);
    check_same(&film, "mp4", "vp9", &json!({"fps": 23.976}), 0);
    check_same(&film, "mp4", "av1", &json!({}), 0);
    let average = json!({"rate": {"mode": "average", "kbps": 200}});
    check_same(&film, "mkv", "vp9", &average, 1230);
    let pyramid = clip("bbb_sar64x45_bpyramid.mp4");
    check_same(&pyramid, "webm", "vp9", &json!({"gop": {"frames": 30}}), 0);
    // Turned, and with times of its own.
    let folder = tempfile::tempdir().unwrap();
    let phone = clip("phone_vfr_hevc_rot90_2video.mp4");
    let again = format!("-stream_loop 2 -i {} -map 0:v:0 -c copy", phone.display());
    let phone = generate(folder.path(), "phone.mp4", &again);
    check_same(&phone, "mp4", "vp9", &json!({"fps": 30}), 0);
}

/// Every frame says its number in its brightness: which frame of the source each frame of the output is.
#[test]
fn each_piece_has_the_moments_that_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let numbered = "-f lavfi -i color=black:s=64x64:r=50:d=9 -vf geq=lum='mod(N*7,220)+16':cb=128:cr=128 \
                    -c:v libx264 -g 37 -bf 3 -x264-params open-gop=1 -crf 4";
    let source = generate(folder.path(), "numbered.mp4", numbered);
    let holes = "-f lavfi -i color=black:s=64x64:r=25:d=12 \
                 -vf geq=lum='mod(N*7,220)+16':cb=128:cr=128,select='not(between(n,70,160))' -fps_mode vfr \
                 -c:v libx264 -g 30 -crf 4";
    let holed = generate(folder.path(), "holed.mkv", holes);
    for (source, fps, start_ms) in [
        (&source, 25.0, 0),
        (&source, 29.97, 0),
        (&source, 50.0, 333),
        (&holed, 25.0, 0),
    ] {
        let more = json!({"height": 64, "fps": fps, "gop": {"frames": 11},
            "rate": {"mode": "crf", "crf": 8}});
        let numbers = |chunks: &str| {
            let mut spec = output("mkv", "vp9", chunks, more.clone());
            spec.settings.audio = None;
            spec.clip = Some(Clip {
                start_ms,
                length: None,
            });
            let made = make(source, &spec);
            let args = [
                "-v",
                "error",
                "-i",
                made.main().to_str().unwrap(),
                "-vf",
                "scale=1:1:flags=area,format=gray",
                "-f",
                "rawvideo",
                "-",
            ]
            .map(str::to_owned);
            run(ENGINE.ffmpeg(), &args.each_ref().map(String::as_str))
        };
        let (pieces, whole) = (numbers("enabled"), numbers("disabled"));
        assert_eq!(pieces.len(), whole.len());
        let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 2;
        let off = pieces
            .iter()
            .zip(&whole)
            .filter(|(a, b)| far((a, b)))
            .count();
        assert_eq!(off, 0, "{fps}: {pieces:?} {whole:?}");
    }
}

#[test]
fn what_is_unfit_fails_or_is_made_in_one_go() {
    let folder = tempfile::tempdir().unwrap();
    let of_one_group = json!({"gop": {"seconds": 60.0}});
    let fault = try_make(&clip(FILM), &output("mkv", "vp9", "enabled", of_one_group))
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    let stream = generate(
        folder.path(),
        "a.ts",
        "-f lavfi -i testsrc2=d=6:s=64x64 -c:v libx264",
    );
    let fault = try_make(&stream, &output("mkv", "vp9", "enabled", json!({})))
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    assert!(fault.message.contains("no index"), "{}", fault.message);
    assert!(
        planned(&stream, &output("mkv", "vp9", "preferred", json!({})))
            .unwrap()
            .chunks
            .is_none()
    );
}

/// Makes the output of a plan in a folder, with pieces kept in another, until so many percent are done.
fn until(
    source: &Path,
    plan: &Plan,
    folder: &Path,
    kept: &Path,
    percent: u8,
) -> Result<Transcoded, TranscodeError> {
    let out_dir = out_dir(folder);
    let parts = [Part {
        plan,
        out_dir: &out_dir,
    }];
    let job = Transcode {
        parts: &parts,
        input: source,
        further: &[],
        dir: folder,
        kept: Some(kept),
        limits: &Limits::default(),
    };
    let (tell, told) = tokio::sync::watch::channel(0);
    let stop = async {
        let mut told = told.clone();
        let _ = told.wait_for(|done| *done >= percent).await;
        StopMode::Now
    };
    let made = RUNTIME.block_on(transcode(
        &RUNNER,
        &ENGINE,
        job,
        |_, done| {
            tell.send_replace(done);
        },
        stop,
    ))?;
    made.into_iter()
        .next()
        .unwrap()
        .map_err(TranscodeError::Fault)
}

fn finished(kept: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let entries = std::fs::read_dir(kept).unwrap().flatten();
    let pieces = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "ivf"));
    pieces
        .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
        .collect()
}

#[test]
fn finished_pieces_are_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=d=16:s=160x120:r=25 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "film.mp4", film);
    let kept = tempfile::tempdir().unwrap();
    let plan = planned(&source, &output("mkv", "vp9", "enabled", json!({}))).unwrap();
    let first = tempfile::tempdir().unwrap();
    let stopped = until(&source, &plan, first.path(), kept.path(), 50);
    assert!(
        matches!(stopped, Err(TranscodeError::Stopped(_))),
        "{stopped:?}"
    );
    let before = finished(kept.path());
    assert!(!before.is_empty());
    // One of them was cut off by a full disk.
    let (damaged, _) = before.first_key_value().unwrap();
    let bytes = std::fs::read(damaged).unwrap();
    std::fs::write(damaged, &bytes[..bytes.len() - 1]).unwrap();
    let second = tempfile::tempdir().unwrap();
    let made = until(&source, &plan, second.path(), kept.path(), 101).unwrap();
    assert_eq!(
        made.facts.video().unwrap().0.frames,
        Some(entries(&source, "v:0", "packet=size").len() as u64)
    );
    let after = finished(kept.path());
    assert!(after.len() > before.len());
    for (path, time) in &before {
        assert_eq!(after[path] == *time, path != damaged, "{}", path.display());
    }
    // Other settings have nothing in common with them.
    let other = output("mkv", "vp9", "enabled", json!({"height": 96}));
    let other = planned(&source, &other).unwrap();
    let third = tempfile::tempdir().unwrap();
    let made = until(&source, &other, third.path(), kept.path(), 101).unwrap();
    assert_eq!(made.facts.video().unwrap().1.height, 96);
    let seconds = made.facts.format.duration_seconds.unwrap();
    assert!(close(seconds, 16.0, 0.1), "{seconds}");
}
