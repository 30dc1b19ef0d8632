//! Every container and codec beside those of `codecs`, measured in what was made.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::{Clip, ClipLength, OutputSpec};
use serde_json::{Value, json};

use crate::support::{
    ENGINE, Made, clip, close, entries, generate, key_frames, likeness, make, planned, run, spec,
};

const FILM: &str = "bbb_720p25_aac51.mp4";

fn cut(mut spec: OutputSpec, milliseconds: u64) -> OutputSpec {
    spec.clip = Some(Clip {
        start_ms: 0,
        length: Some(ClipLength::DurationMs(milliseconds)),
    });
    spec
}

fn output(format: &str, video: Value, audio: Value) -> OutputSpec {
    let settings = json!({"container": {"format": format}, "video": video, "audio": audio});
    cut(spec(&format!("made.{format}"), settings), 2200)
}

fn h264() -> Value {
    json!({"height": 144, "preset": "veryfast", "gop": {"seconds": 1.0}})
}

fn coded(codec: &str) -> Value {
    json!({"codec": codec, "profile": "main", "height": 144, "preset": "veryfast",
        "gop": {"seconds": 1.0}, "rate": {"mode": "crf", "crf": 30.0}})
}

/// The name of the demuxer that takes a file for its own.
fn demuxer(file: &Path) -> String {
    let file = file.to_str().unwrap();
    let args = ["-v", "error", "-show_entries", "format=format_name"];
    let mut args = args.to_vec();
    args.extend(["-of", "csv=p=0", file]);
    let text = String::from_utf8(run(ENGINE.ffprobe(), &args)).unwrap();
    text.trim().trim_matches('"').to_owned()
}

fn check_film(made: &Made, source: &Path, video: &str, audio: &str) {
    assert_eq!(made.video().0.codec_name.as_deref(), Some(video));
    assert_eq!(made.audio().0.codec_name.as_deref(), Some(audio));
    assert_eq!(made.facts.streams.len(), 2);
    let pictures = entries(&made.main(), "v", "packet=pts_time").len();
    assert_eq!(pictures, 55, "{:?}", made.names);
    let like = likeness(&made.main(), source, &[], "scale=256:144");
    assert!(like > 0.9, "{:?}: {like}", made.names);
    let length = made.facts.format.duration_seconds.unwrap();
    assert!(close(length, 2.2, 0.15), "{:?}: {length}", made.names);
}

#[test]
fn pictures_and_sound_go_into_every_container_that_holds_both() {
    let source = clip(FILM);
    for (format, video, audio, demuxed, codecs) in [
        (
            "mov",
            h264(),
            json!({"codec": "pcm"}),
            "mov",
            ("h264", "pcm_s16le"),
        ),
        (
            "mkv",
            h264(),
            json!({"codec": "flac"}),
            "matroska",
            ("h264", "flac"),
        ),
        (
            "ts",
            h264(),
            json!({"codec": "mp3"}),
            "mpegts",
            ("h264", "mp3"),
        ),
        (
            "ts",
            h264(),
            json!({"codec": "ac3", "kbps": 192}),
            "mpegts",
            ("h264", "ac3"),
        ),
        ("flv", h264(), json!({}), "flv", ("h264", "aac")),
        (
            "flv",
            h264(),
            json!({"codec": "mp3"}),
            "flv",
            ("h264", "mp3"),
        ),
        (
            "mp4",
            h264(),
            json!({"codec": "mp3"}),
            "mov",
            ("h264", "mp3"),
        ),
        (
            "mp4",
            h264(),
            json!({"codec": "opus", "sample_rate": 48000}),
            "mov",
            ("h264", "opus"),
        ),
        (
            "mkv",
            coded("h265"),
            json!({"codec": "vorbis"}),
            "matroska",
            ("hevc", "vorbis"),
        ),
        (
            "webm",
            coded("vp9"),
            json!({"codec": "opus", "sample_rate": "source"}),
            "matroska",
            ("vp9", "opus"),
        ),
    ] {
        let made = make(&source, &output(format, video, audio));
        let found = demuxer(&made.main());
        assert!(
            found.split(',').any(|name| name == demuxed),
            "{format}: {found}"
        );
        check_film(&made, &source, codecs.0, codecs.1);
        let keys = key_frames(&made.main());
        assert_eq!(keys.len(), 3, "{format}: {keys:?}");
        for (index, time) in keys.iter().enumerate() {
            assert!(close(*time, index as f64, 0.002), "{format}: {keys:?}");
        }
    }
}

#[test]
fn av1_counts_its_key_frames() {
    let source = clip(FILM);
    let mut video = coded("av1");
    video["gop"] = json!({"frames": 20});
    for format in ["mp4", "webm"] {
        let audio = json!({"codec": "opus", "sample_rate": 48000});
        let made = make(&source, &output(format, video.clone(), audio));
        check_film(&made, &source, "av1", "opus");
        let keys = key_frames(&made.main());
        assert_eq!(keys.len(), 3, "{keys:?}");
        for (index, time) in keys.iter().enumerate() {
            assert!(close(*time, 0.8 * index as f64, 0.002), "{keys:?}");
        }
    }
}

/// Two encoders that are asked for a rate come to it.
#[test]
fn rates_of_vp9_and_av1_are_about_what_was_asked_for() {
    let source = clip(FILM);
    for (codec, mode) in [("vp9", "average"), ("vp9", "constant"), ("av1", "average")] {
        let mut video = coded(codec);
        video["rate"] = json!({"mode": mode, "kbps": 300});
        let mut spec = output("mkv", video, json!(null));
        spec = cut(spec, 4000);
        let made = make(&source, &spec);
        let sizes = entries(&made.main(), "v", "packet=size");
        let bytes: f64 = sizes.iter().map(|size| size.parse::<f64>().unwrap()).sum();
        let kbps = bytes * 8.0 / 1000.0 / 4.0;
        assert!((150.0..450.0).contains(&kbps), "{codec} {mode}: {kbps}");
    }
}

#[test]
fn an_engine_without_an_encoder_is_named() {
    let mut engine = ENGINE.capabilities().clone();
    for name in ["libsvtav1", "libaom-av1", "libopus"] {
        engine.encoders.remove(name);
    }
    let facts = crate::support::facts(&clip(FILM)).unwrap();
    let fault = |spec: &OutputSpec| {
        let fault = reelgate_media::plan(spec, &facts, &engine).unwrap_err();
        assert_eq!(fault.code, FaultCode::EngineLacks);
        fault.message
    };
    let av1 = fault(&output("mp4", coded("av1"), json!({})));
    assert!(av1.contains("libsvtav1 or libaom-av1"), "{av1}");
    let opus = fault(&output(
        "mkv",
        h264(),
        json!({"codec": "opus", "sample_rate": 48000}),
    ));
    assert!(opus.contains("encoder libopus"), "{opus}");
}

fn sound(format: &str, audio: Value) -> OutputSpec {
    let settings = json!({"container": {"format": format}, "audio": audio});
    spec(&format!("made.{format}"), settings)
}

#[test]
fn sound_alone_goes_into_every_container_of_sound() {
    let source = clip(FILM);
    let six = |codec: &str, kbps: u32| json!({"codec": codec, "kbps": kbps, "sample_rate": 48000, "channels": 6});
    for (format, audio, codec, rate, channels) in [
        ("m4a", json!({}), "aac", 44_100, 2),
        ("ogg", json!({"codec": "vorbis"}), "vorbis", 44_100, 2),
        ("ogg", six("opus", 256), "opus", 48_000, 6),
        (
            "ogg",
            json!({"codec": "flac", "channels": 1}),
            "flac",
            44_100,
            1,
        ),
        ("flac", six("flac", 128), "flac", 48_000, 6),
        (
            "wav",
            json!({"codec": "pcm", "sample_rate": 22050}),
            "pcm_s16le",
            22_050,
            2,
        ),
        ("mkv", six("ac3", 384), "ac3", 48_000, 6),
        (
            "webm",
            json!({"codec": "opus", "sample_rate": "source", "channels": 1}),
            "opus",
            48_000,
            1,
        ),
    ] {
        let made = make(&source, &cut(sound(format, audio), 3000));
        let (stream, facts) = made.audio();
        let found = (
            stream.codec_name.as_deref(),
            facts.sample_rate,
            facts.channels,
        );
        assert_eq!(found, (Some(codec), Some(rate), Some(channels)), "{format}");
        let length = made.facts.format.duration_seconds.unwrap();
        assert!(close(length, 3.0, 0.1), "{format}: {length}");
        assert_eq!(made.names, [format!("made.{format}")]);
    }
}

/// A digest of the samples, wide enough for all bits.
fn digest(file: &Path) -> Vec<u8> {
    let mut args = vec!["-v", "error", "-nostdin", "-i", file.to_str().unwrap()];
    args.extend(["-c:a", "pcm_s32le", "-f", "md5", "-"]);
    run(ENGINE.ffmpeg(), &args)
}

#[test]
fn nothing_is_lost_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let tone = "-f lavfi -i sine=frequency=997:sample_rate=48000:duration=2 -ac 2";
    for (raw, format, codec, bits) in [
        ("pcm_s16le", "flac", "flac", "16"),
        ("pcm_s24le", "flac", "flac", "24"),
        ("pcm_s24le", "ogg", "flac", "24"),
        ("pcm_s16le", "wav", "pcm", "16"),
    ] {
        let source = generate(
            folder.path(),
            &format!("{raw}.wav"),
            &format!("{tone} -af volume=0.7654 -c:a {raw}"),
        );
        let audio = json!({"codec": codec, "sample_rate": "source"});
        let made = make(&source, &sound(format, audio));
        assert_eq!(digest(&made.main()), digest(&source), "{raw} as {format}");
        let show = "stream=bits_per_raw_sample,bits_per_sample";
        let found = entries(&made.main(), "a", show).join(",");
        assert!(found.contains(bits), "{raw} as {format}: {found}");
    }
}

#[test]
fn what_a_container_cannot_hold_is_refused_before_anything_runs() {
    for (format, video, audio) in [
        ("webm", h264(), json!(null)),
        ("flv", coded("vp9"), json!(null)),
        ("mp4", h264(), json!({"codec": "flac"})),
        ("hls", coded("av1"), json!(null)),
    ] {
        let fault = planned(&clip(FILM), &output(format, video, audio)).unwrap_err();
        assert_eq!(fault.code, FaultCode::SpecUnfit, "{format}");
    }
}
