//! What addresses, names, specs and templates may be, and which addresses are one place.

use std::collections::HashSet;

use super::{
    Follow, InvalidStreamAddress, LiveCodec, LiveGop, LiveSettings, OnSourceLost, Side,
    StreamAddress, StreamInput, StreamName, StreamOutput, StreamSpec, StreamTarget, TemplateId,
};
use crate::names::{BucketName, ObjectKey};

fn address(text: &str) -> StreamAddress {
    StreamAddress::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn an_address_is_refused_for_what_is_wrong_with_it() {
    use InvalidStreamAddress::{Mode, NoPath, NoPort, NoUrl, Scheme};
    let long = format!("rtmp://h/{}", "a".repeat(StreamAddress::MAX_BYTES));
    for (text, why) in [
        ("", NoUrl),
        ("host/app", NoUrl),
        ("rtmp://h/a b", NoUrl),
        ("rtmp://h/a\nb", NoUrl),
        ("rtmp://h/a|b", NoUrl),
        ("rtmp://h\\a/b", NoUrl),
        (long.as_str(), NoUrl),
        ("file:///etc/passwd", Scheme),
        ("concat:a", Scheme),
        ("rtmp2://h/a/b", Scheme),
        ("rtmp://h", NoPath),
        ("rtmps://h//", NoPath),
        ("https://h/", NoPath),
        ("srt://h", NoPort),
        ("srt://h:9?mode=rendezvous", Mode),
    ] {
        assert_eq!(StreamAddress::new(text), Err(why), "{text}");
    }
    for text in ["srt://h:9", "srt://h:9?mode=listener", "rtsp://u:p@h/x"] {
        assert_eq!(address(text).expose(), text);
    }
    assert!(address("srt://h:9?mode=listener").listens());
    assert!(!address("srt://h:9?mode=caller").listens());
}

#[test]
fn an_address_is_printed_without_what_gives_access() {
    let secret = address("rtmp://user:password@h/app/key?token=t");
    for text in [format!("{secret}"), format!("{secret:?}")] {
        assert!(text.contains("rtmp://h:1935/"), "{text}");
        for hidden in ["user", "password", "app", "key", "token"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[test]
fn addresses_of_one_place_have_one_identity() {
    for same in [
        &[
            "rtmp://h/app/s",
            "rtmp://H:1935/app/s/",
            "rtmp://h./app/s?key=1",
            "rtmp://u:p@h/app/s",
            "rtmps://h:1935/app/s",
        ][..],
        &["srt://h:9?streamid=a", "srt://h:9?latency=9&streamid=a#x"],
        &["srt://h:9", "srt://h:9?mode=caller", "srt://h:9/x"],
        &["rtmp://192.0.2.1/a/s", "rtmp://[::ffff:192.0.2.1]/a/s"],
    ] {
        let identities: HashSet<String> = same.iter().map(|it| address(it).identity()).collect();
        assert_eq!(identities.len(), 1, "{identities:?}");
    }
    let different = [
        "rtmp://h/app/s",
        "rtmp://h/app/S",
        "rtmp://h/app/s2",
        "rtmp://h:1936/app/s",
        "rtmp://h2/app/s",
        "rtmps://h/app/s",
        "srt://h:9",
        "srt://h:9?streamid=a",
        "srt://h:9?streamid=b",
        "srt://h:10",
    ];
    let identities: HashSet<String> = different.iter().map(|it| address(it).identity()).collect();
    assert_eq!(identities.len(), different.len(), "{identities:?}");
}

#[test]
fn a_name_has_letters_of_any_script_digits_and_two_marks() {
    let longest = "直".repeat(255);
    for name in ["a", "Küche-1_x", longest.as_str()] {
        assert_eq!(
            StreamName::new(name).map(|it| it.to_string()),
            Ok(name.to_owned())
        );
    }
    for name in ["", "a b", "a.b", "a/b", "\0", &format!("{longest}x")] {
        assert!(StreamName::new(name).is_err(), "{name:?}");
    }
}

fn push(text: &str) -> StreamTarget {
    StreamTarget::Push {
        address: address(text),
    }
}

fn hls(playlist: &str, segment_seconds: u32, window: u32) -> StreamTarget {
    StreamTarget::Hls {
        bucket: BucketName::new("media").expect("a name"),
        playlist: ObjectKey::new(playlist).expect("a key"),
        segment_seconds,
        window,
    }
}

fn spec(targets: Vec<StreamTarget>) -> StreamSpec {
    let outputs = targets.into_iter().map(|target| StreamOutput {
        target,
        template: TemplateId::from_bytes([1; 16]),
    });
    StreamSpec {
        input: StreamInput {
            address: address("rtmp://in/app/s"),
            frozen_after_ms: StreamInput::DEFAULT_FROZEN_MS,
        },
        outputs: outputs.collect(),
        on_source_lost: OnSourceLost::KeepTrying,
        latency: super::Latency::Low,
    }
}

#[test]
fn a_spec_names_the_field_that_does_not_fit() {
    let many = |count: usize| {
        (0..count)
            .map(|it| push(&format!("rtmp://h/a/{it}")))
            .collect()
    };
    let good = spec(many(16));
    assert_eq!(good.validate(), Ok(()));
    let mut frozen = good.clone();
    frozen.input.frozen_after_ms = 999;
    let mut lost = good.clone();
    lost.on_source_lost = OnSourceLost::StopAfterMinutes(0);
    for (spec, field) in [
        (frozen, "input.frozen_after_ms"),
        (lost, "on_source_lost.stop_after_minutes"),
        (spec(Vec::new()), "outputs"),
        (spec(many(17)), "outputs"),
        (
            spec(vec![push("rtmp://h/a/b"), push("rtmp://H/a/b?k=1")]),
            "outputs",
        ),
        (spec(vec![push("rtmp://in:1935/app/s/")]), "outputs"),
        (spec(vec![push("http://h/a")]), "outputs.target.address"),
        (spec(vec![hls("a.mpd", 6, 0)]), "outputs.target.playlist"),
        (
            spec(vec![hls("a.m3u8", 0, 0)]),
            "outputs.target.segment_seconds",
        ),
        (
            spec(vec![hls("a.m3u8", 61, 0)]),
            "outputs.target.segment_seconds",
        ),
        (spec(vec![hls("a.m3u8", 6, 2)]), "outputs.target.window"),
    ] {
        let refused = spec.validate().expect_err(field);
        assert_eq!(refused.field, field);
    }
}

#[test]
fn a_spec_reads_back_as_it_is_written_and_nothing_is_passed_over() {
    let spec = spec(vec![push("rtmp://h/a/b?key=1"), hls("a.m3u8", 6, 5)]);
    let text = serde_json::to_string(&spec).expect("it is JSON");
    assert_eq!(
        serde_json::from_str::<StreamSpec>(&text).expect("a spec"),
        spec
    );
    let odd = text.replacen('{', r#"{"unknown":1,"#, 1);
    assert!(serde_json::from_str::<StreamSpec>(&odd).is_err());
    let odd = text.replace("rtmp://h/a/b", "file:///a");
    assert!(serde_json::from_str::<StreamSpec>(&odd).is_err());
}

#[test]
fn settings_name_the_field_that_does_not_fit() {
    let plain = LiveSettings {
        codec: LiveCodec::H264,
        ..LiveSettings::copy()
    };
    assert_eq!(plain.validate(), Ok(()));
    assert_eq!(LiveSettings::copy().validate(), Ok(()));
    let audio = LiveSettings {
        audio_kbps: Some(96),
        ..LiveSettings::copy()
    };
    assert_eq!(audio.validate(), Ok(()));
    let change = |change: fn(&mut LiveSettings)| {
        let mut settings = plain;
        change(&mut settings);
        settings
    };
    for (settings, field) in [
        (change(|it| it.width = Side::Pixels(1281)), "width"),
        (change(|it| it.height = Side::Pixels(8194)), "height"),
        (
            change(|it| (it.width, it.height) = (Side::Ratio, Side::Ratio)),
            "width",
        ),
        (change(|it| it.video_kbps = Follow::Fixed(0)), "video_kbps"),
        (change(|it| it.milli_fps = Follow::Fixed(999)), "milli_fps"),
        (
            change(|it| it.gop = Follow::Fixed(LiveGop::Frames(0))),
            "gop",
        ),
        (
            change(|it| it.gop = Follow::Fixed(LiveGop::Millis(99))),
            "gop",
        ),
        (change(|it| it.audio_kbps = Some(7)), "audio_kbps"),
        (
            LiveSettings {
                width: Side::Pixels(1280),
                ..LiveSettings::copy()
            },
            "codec",
        ),
    ] {
        let refused = settings.validate().expect_err(field);
        assert_eq!(refused.field, field);
    }
}
