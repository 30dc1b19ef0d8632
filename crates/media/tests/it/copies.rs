//! Streams that are taken as they are, and rates that follow from the source's.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::{Clip, ClipLength, OutputSpec};
use serde_json::{Value, json};

use crate::support::{
    ENGINE, clip, close, entries, generate, make, mp4, planned, run, small, spec, try_make,
};

const FILM: &str = "bbb_720p25_aac51.mp4";

fn output(format: &str, video: Value, audio: Value) -> OutputSpec {
    let name = match format {
        "hls" => "made.m3u8".to_owned(),
        other => format!("made.{other}"),
    };
    let container = match format {
        "hls" => json!({"format": "hls", "segment_seconds": 2}),
        other => json!({"format": other}),
    };
    spec(
        &name,
        json!({"container": container, "video": video, "audio": audio}),
    )
}

fn copy() -> Value {
    json!({"codec": "copy"})
}

/// A digest of the packets of a stream, whatever container they are in.
fn digest(file: &Path, stream: &str) -> String {
    let mut args = vec!["-v", "error", "-nostdin", "-i", file.to_str().unwrap()];
    args.extend(["-map", stream, "-f", "framemd5", "-"]);
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    let digests: Vec<&str> = frames
        .map(|line| line.rsplit(',').next().unwrap().trim())
        .collect();
    digests.join(" ")
}

#[test]
fn a_copy_has_every_picture_and_sample_of_its_source() {
    let source = clip(FILM);
    let (pictures, sound) = (digest(&source, "0:v:0"), digest(&source, "0:a:0"));
    for format in ["mp4", "mov", "mkv", "ts", "flv", "hls"] {
        let made = make(&source, &output(format, copy(), copy()));
        assert_eq!(digest(&made.main(), "0:v:0"), pictures, "{format}");
        // The first packet of sound in containers that do not say how much of it is priming is heard.
        if matches!(format, "mp4" | "mov") {
            assert_eq!(digest(&made.main(), "0:a:0"), sound, "{format}");
        }
        let packets = |file: &Path| entries(file, "a", "packet=size").len();
        assert!(
            packets(&made.main()).abs_diff(packets(&source)) <= 1,
            "{format}"
        );
    }
}

#[test]
fn one_stream_is_copied_while_the_other_is_made() {
    let source = clip(FILM);
    let made = make(&source, &output("mp4", copy(), json!({"kbps": 64})));
    assert_eq!(digest(&made.main(), "0:v:0"), digest(&source, "0:v:0"));
    assert_eq!(made.audio().1.channels, Some(2));
    let made = make(&source, &output("mp4", small(), copy()));
    assert_eq!(made.video().1.height, 144);
    assert_eq!(made.audio().1.channels, Some(6));
    let alone = spec(
        "made.aac",
        json!({"container": {"format": "adts"}, "audio": copy()}),
    );
    let made = make(&source, &alone);
    assert_eq!(made.facts.streams.len(), 1);
}

#[test]
fn a_copy_that_is_cut_ends_where_it_was_told() {
    let mut spec = output("mkv", copy(), copy());
    spec.clip = Some(Clip {
        start_ms: 0,
        length: Some(ClipLength::DurationMs(2000)),
    });
    let made = make(&clip(FILM), &spec);
    let length = made.facts.format.duration_seconds.unwrap();
    assert!(close(length, 2.0, 0.15), "{length}");
    spec.clip = Some(Clip {
        start_ms: 500,
        length: None,
    });
    let fault = planned(&clip(FILM), &spec).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn what_complies_is_not_encoded_again() {
    let folder = tempfile::tempdir().unwrap();
    let from = clip(FILM);
    let args = format!(
        "-i {} -vf scale=640:360,format=yuv420p -c:v libx264 -preset veryfast -b:v 400k -c:a aac -ac 2 -b:a 96k",
        from.display()
    );
    let source = generate(folder.path(), "compliant.mp4", &args);
    let wanted = |copy: bool| {
        let mut spec = mp4(json!({"copy_if_compliant": copy, "height": 360,
            "rate": {"mode": "average", "kbps": 2000}}));
        let audio = spec.settings.audio.as_mut().unwrap();
        audio.sample_rate = reelgate_domain::job::kind::transcode::SampleRate::Source;
        audio.copy_if_compliant = copy;
        spec
    };
    let copied = make(&source, &wanted(true));
    assert_eq!(digest(&copied.main(), "0:v:0"), digest(&source, "0:v:0"));
    assert_eq!(digest(&copied.main(), "0:a:0"), digest(&source, "0:a:0"));
    let encoded = make(&source, &wanted(false));
    assert_ne!(digest(&encoded.main(), "0:v:0"), digest(&source, "0:v:0"));
}

fn kbps(file: &Path) -> f64 {
    let sizes = entries(file, "v", "packet=size");
    let bytes: f64 = sizes.iter().map(|size| size.parse::<f64>().unwrap()).sum();
    bytes * 8.0 / 1000.0 / (sizes.len() as f64 / 25.0)
}

/// A single pass does not know what comes: of a still and then a lively half it spends too little.
#[test]
fn two_passes_come_closer_to_an_average() {
    let folder = tempfile::tempdir().unwrap();
    let lively = "-f lavfi -i color=gray:s=320x180:r=25:d=6 -f lavfi -i testsrc2=s=320x180:r=25:d=4 \
                  -filter_complex [1]noise=alls=40:allf=t[n];[0][n]concat=n=2 -c:v ffv1";
    let source = generate(folder.path(), "lively.mkv", lively);
    for (codec, profile) in [("h264", "high"), ("h265", "main"), ("vp9", "main")] {
        let made = |two_pass: bool| {
            let video = json!({"codec": codec, "profile": profile, "preset": "veryfast",
                "two_pass": two_pass, "rate": {"mode": "average", "kbps": 600}});
            let made = make(&source, &mp4(video));
            assert_eq!(made.names, ["film.mp4"]);
            kbps(&made.main())
        };
        let (once, twice) = (made(false), made(true));
        assert!(
            (twice - 600.0).abs() < 60.0,
            "{codec}: {twice}, once {once}"
        );
        assert!(
            (twice - 600.0).abs() <= (once - 600.0).abs() + 6.0,
            "{codec}: {twice}, once {once}"
        );
    }
}

#[test]
fn rates_follow_the_sources() {
    let source = clip(FILM);
    let own = kbps(&source);
    let rate = |rate: Value, above: &str| {
        let video =
            json!({"height": 360, "preset": "veryfast", "rate": rate, "above_source": above});
        planned(&source, &mp4(video)).map(|plan| plan.video.unwrap().rate)
    };
    let numbers = |rate| match rate {
        reelgate_domain::job::kind::transcode::RateControl::Average { kbps, .. } => f64::from(kbps),
        other => panic!("{other:?}"),
    };
    let kept = numbers(rate(json!({"mode": "source"}), "keep").unwrap());
    assert!((kept - own).abs() < own * 0.02, "{kept} of {own}");
    let high = json!({"mode": "average", "kbps": 40_000});
    assert_eq!(numbers(rate(high.clone(), "lower").unwrap()), kept);
    assert_eq!(numbers(rate(high.clone(), "keep").unwrap()), 40_000.0);
    assert_eq!(rate(high, "fail").unwrap_err().code, FaultCode::SpecUnfit);
    let video =
        json!({"height": 144, "preset": "veryfast", "rate": {"mode": "source", "most_kbps": 300}});
    let made = kbps(&make(&source, &mp4(video)).main());
    assert!((200.0..400.0).contains(&made), "{made}");
}

#[test]
fn a_quantizer_is_the_same_for_all_pictures() {
    let coarse = |qp: u32| {
        let video =
            json!({"height": 144, "preset": "veryfast", "rate": {"mode": "quantizer", "qp": qp}});
        kbps(&make(&clip(FILM), &mp4(video)).main())
    };
    // Six steps double the width of a step; rates fall by about half.
    let (fine, rough) = (coarse(24), coarse(36));
    assert!(fine > 2.5 * rough, "{fine} and {rough}");
}

#[test]
fn damage_does_not_pass_for_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    // What is said of a whole stands before it.
    let front = ["-i", clip(FILM).to_str().unwrap()].join(" ") + " -c copy -movflags +faststart";
    let whole = std::fs::read(generate(folder.path(), "front.mp4", &front)).unwrap();
    let path = folder.path().join("cut.mp4");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    crate::support::facts(&path).unwrap();
    let made = try_make(&path, &output("mkv", copy(), copy()));
    assert_eq!(
        made.err().map(|fault| fault.code),
        Some(FaultCode::SourceUnreadable)
    );
}
