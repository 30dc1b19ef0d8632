//! Arguments of whole streams, printed.

use std::time::Duration;

use reelgate_domain::stream::StreamPlan;
use serde_json::{Value, json};

use super::{Live, argv};
use crate::engine::{Capabilities, Part};
use crate::live::{SourceAudio, SourceFacts, SourceVideo, Unfit};

fn capabilities() -> Capabilities {
    let mut all = Capabilities::complete();
    for muxer in ["flv", "tee", "fifo", "matroska"] {
        all.muxers.insert(muxer.to_owned());
    }
    for protocol in ["rtmp", "rtmps", "srt", "tcp", "tls", "http", "https"] {
        all.protocols.insert(protocol.to_owned());
    }
    all
}

fn plan(input: &str, latency: &str, outputs: &[(Value, Value)]) -> StreamPlan {
    let outputs: Vec<Value> = outputs
        .iter()
        .map(|(target, settings)| json!({"target": target, "settings": settings}))
        .collect();
    serde_json::from_value(json!({
        "revision": 1,
        "input": {"address": input, "frozen_after_ms": 5000},
        "outputs": outputs,
        "on_source_lost": "keep_trying",
        "latency": latency,
    }))
    .unwrap()
}

fn push(address: &str) -> Value {
    json!({"to": "push", "address": address})
}

fn hls(window: u32) -> Value {
    json!({"to": "hls", "bucket": "media", "playlist": "live/a.m3u8", "segment_seconds": 4, "window": window})
}

fn recording() -> Value {
    json!({"to": "recording", "bucket": "media", "folder": "recordings"})
}

fn facts(video: &str, audio: &str) -> SourceFacts {
    SourceFacts {
        format: "flv".to_owned(),
        video: Some(SourceVideo {
            codec: video.to_owned(),
            width: 1280,
            height: 720,
            milli_fps: Some(25_000),
            kbps: Some(3000),
        }),
        audio: Some(SourceAudio {
            codec: audio.to_owned(),
            sample_rate: 48_000,
        }),
    }
}

/// One option a line.
fn printed(plan: &StreamPlan, source: Option<&SourceFacts>) -> Result<String, Unfit> {
    printed_with(plan, source, &capabilities())
}

fn printed_with(
    plan: &StreamPlan,
    source: Option<&SourceFacts>,
    capabilities: &Capabilities,
) -> Result<String, Unfit> {
    let args = argv(Live {
        plan,
        source,
        first_segment: 1,
        thumbnail_every: Some(Duration::from_secs(5)),
        may_listen: false,
        capabilities,
    })?;
    let mut text = String::new();
    for arg in &args {
        let arg = arg.to_str().unwrap();
        let is_option = arg.starts_with('-') && !arg.starts_with("-2");
        text.push(if is_option { '\n' } else { ' ' });
        text.push_str(arg);
    }
    Ok(text.trim_start().to_owned())
}

#[test]
fn one_push_with_everything_given() {
    let settings = json!({
        "codec": "h264", "width": {"pixels": 1280}, "height": "ratio", "video_kbps": {"fixed": 2000},
        "milli_fps": {"fixed": 25000}, "gop": {"fixed": {"millis": 2000}}, "audio_kbps": 96,
    });
    let outputs = [(push("rtmp://push.example/live/key?token=1"), settings)];
    let plan = plan("rtmp://pull.example/live/a", "low", &outputs);
    insta::assert_snapshot!(printed(&plan, None).unwrap());
}

#[test]
fn a_copy_decodes_keyframes_for_thumbnails_only() {
    let outputs = [(
        push("rtmps://push.example/live/key"),
        json!({"codec": "copy"}),
    )];
    let plan = plan("https://pull.example/live/a.flv?auth=1", "low", &outputs);
    insta::assert_snapshot!(printed(&plan, None).unwrap());
}

#[test]
fn equal_settings_share_an_encoder_and_pushes_stand_alone() {
    let follow = json!({"codec": "h264"});
    let smaller = json!({
        "codec": "h264", "height": {"pixels": 480}, "width": "ratio",
        "video_kbps": {"fixed": 900}, "gop": {"fixed": {"frames": 50}},
    });
    let outputs = [
        (push("rtmp://push.example/live/it's"), follow.clone()),
        (push("srt://push.example:9000?streamid=a"), smaller.clone()),
        (hls(6), follow),
        (recording(), smaller),
        (
            push("rtmp://other.example/live/copy"),
            json!({"codec": "copy"}),
        ),
    ];
    let plan = plan("srt://pull.example:9000?latency=200000", "normal", &outputs);
    insta::assert_snapshot!(printed(&plan, None).unwrap());
}

#[test]
fn what_is_known_of_the_source_is_followed() {
    let h265 = json!({"codec": "h265", "gop": "source"});
    let outputs = [(hls(0), h265), (recording(), json!({"codec": "copy"}))];
    let plan = plan("rtsp://camera.example/stream", "low", &outputs);
    let source = facts("h264", "pcm_mulaw");
    insta::assert_snapshot!(printed(&plan, Some(&source)).unwrap());
}

#[test]
fn one_playlist_and_one_file() {
    let outputs = [(hls(6), json!({"codec": "copy"}))];
    let playlist = plan("https://pull.example/live/a.m3u8", "low", &outputs);
    let outputs = [(recording(), json!({"codec": "copy"}))];
    let file = plan("rtmps://pull.example/live/a", "normal", &outputs);
    let (playlist, file) = (
        printed(&playlist, None).unwrap(),
        printed(&file, None).unwrap(),
    );
    insta::assert_snapshot!(format!("{playlist}\n\n{file}"));
}

#[test]
fn what_cannot_work_is_said_by_name() {
    let copy = json!({"codec": "copy"});
    let h265 = json!({"codec": "h265"});
    let rtmp = || push("rtmp://push.example/live/a");
    let pull = "rtmp://pull.example/live/a";
    let refused = |plan: &StreamPlan, source: Option<&SourceFacts>| {
        printed(plan, source).unwrap_err().to_string()
    };
    let h265_out = plan(pull, "low", &[(rtmp(), h265.clone())]);
    let h265_in = plan(pull, "low", &[(rtmp(), copy.clone())]);
    let source = facts("hevc", "aac");
    for text in [refused(&h265_out, None), refused(&h265_in, Some(&source))] {
        assert_eq!(
            text,
            "this FFmpeg sends no H.265 over RTMP; FFmpeg 6.1 or newer does"
        );
    }
    let newer = Capabilities {
        libavcodec: (60, 31),
        ..capabilities()
    };
    printed_with(&h265_out, None, &newer).unwrap();
    let mpeg = facts("mpeg2video", "mp2");
    assert_eq!(
        refused(&h265_in, Some(&mpeg)),
        "the source's mpeg2video cannot go to RTMP as it is"
    );
    let listener = plan(
        "srt://0.0.0.0:9000?mode=listener",
        "low",
        &[(rtmp(), copy.clone())],
    );
    assert!(matches!(printed(&listener, None), Err(Unfit::Listening)));
    let nothing = SourceFacts::default();
    assert_eq!(
        refused(
            &plan(pull, "low", &[(recording(), copy.clone())]),
            Some(&nothing)
        ),
        "the source has neither video nor audio"
    );
    let hls_out = plan(pull, "low", &[(hls(0), h265)]);
    let mut without = capabilities();
    without.encoders.remove("libx265");
    assert_eq!(
        printed_with(&hls_out, None, &without),
        Err(Unfit::Lacks(Part::Encoder("libx265")))
    );
    let mut without = capabilities();
    without.protocols.remove("srt");
    let srt = plan(pull, "low", &[(push("srt://push.example:9000"), copy)]);
    assert_eq!(
        printed_with(&srt, None, &without).unwrap_err().to_string(),
        "this FFmpeg was built without protocol srt"
    );
}
