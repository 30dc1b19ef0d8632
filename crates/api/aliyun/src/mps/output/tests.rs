//! Outputs as callers send them: what is understood, what is refused, and under which name.

mod animations;
mod dash;
mod dewatermark;
mod picture;
mod protection;
mod rates;
mod remux;

use proptest::prelude::*;
use proptest::sample::select;
use reelgate_domain::job::kind::transcode::{
    AboveSource, AudioCodec, AudioSettings, Clip, ClipLength, Container, EncoderPreset, Gop,
    RateCap, RateControl, SampleRate, SegmentFormat, Settings, VideoCodec, VideoProfile,
    VideoSettings,
};
use serde_json::json;

use super::*;

mod join;
mod subtitles;
mod watermarks;

const MP4_HD: &str = "S00000001-200030";
const M3U8_LD: &str = "S00000001-100010";

fn parse_with(template: &str, own: Value) -> Result<Accepted, Refusal> {
    parse_using(&Used::default(), template, own)
}

fn parse_using(templates: &Used, template: &str, own: Value) -> Result<Accepted, Refusal> {
    let input =
        Input::parse(r#"{"Bucket": "media", "Location": "x", "Object": "in/clip.mov"}"#).unwrap();
    let bucket = BucketName::new("media").unwrap();
    let mut output = json!({"OutputObject": "out/a.mp4", "TemplateId": template});
    for (name, value) in own.as_object().unwrap() {
        output[name] = value.clone();
    }
    let target = Target {
        input: &input,
        bucket: &bucket,
        templates,
        configs: &Configs::default(),
    };
    parse(output, &target)
}

fn settings(own: Value) -> Settings {
    parse_with(MP4_HD, own).unwrap().spec.settings
}

fn video(own: Value) -> VideoSettings {
    settings(json!({"Video": own})).video.unwrap()
}

fn refused(own: Value, code: Code, about: &str) {
    let found = parse_with(MP4_HD, own.clone()).err();
    assert_eq!(found, Some(Refusal::new(code, about)), "{own}");
}

#[test]
fn a_template_alone_is_enough() {
    let accepted = parse_with(MP4_HD, json!({})).unwrap();
    assert_eq!(accepted.spec.object.to_string(), "media/out/a.mp4");
    assert_eq!((accepted.priority.level(), accepted.user_data), (6, None));
    let expected = Settings {
        container: Container::Mp4,
        video: Some(VideoSettings {
            width: Some(1280),
            rate: RateControl::Average {
                kbps: 1800,
                cap: None,
            },
            ..VideoSettings::default()
        }),
        audio: Some(AudioSettings {
            kbps: 128,
            ..AudioSettings::default()
        }),
        stall_seconds: None,
    };
    assert_eq!(accepted.spec.settings, expected);
    assert_eq!(accepted.spec.clip, None);
}

#[test]
fn an_outputs_own_parameters_override_the_template_one_by_one() {
    let own = json!({
        "Video": {
            "Codec": "h.264", "Profile": "main", "Bitrate": 900, "Maxrate": "1000", "Width": "",
            "Height": "480", "Fps": "23.976", "Gop": "250", "Preset": "veryfast",
        },
        "Audio": "{\"Bitrate\": \"96\", \"Samplerate\": 48000, \"Channels\": \"1\"}",
    });
    let settings = settings(own);
    let expected = VideoSettings {
        width: Some(1280),
        height: Some(480),
        fps: Some(23.976),
        rate: RateControl::Average {
            kbps: 900,
            cap: Some(RateCap {
                maxrate_kbps: 1000,
                bufsize_kbit: 6000,
            }),
        },
        gop: Gop::Frames(250),
        preset: EncoderPreset::Veryfast,
        profile: VideoProfile::Main,
        ..VideoSettings::default()
    };
    assert_eq!(settings.video, Some(expected));
    let expected = AudioSettings {
        kbps: 96,
        sample_rate: SampleRate::Hz(48_000),
        channels: 1,
        ..AudioSettings::default()
    };
    assert_eq!(settings.audio, Some(expected));
}

#[test]
fn gops_are_frames_or_seconds() {
    let cases = [
        (json!("250"), Gop::Frames(250)),
        (json!(50), Gop::Frames(50)),
        (json!("10s"), Gop::Seconds(10.0)),
        (json!("2.5s"), Gop::Seconds(2.5)),
        (json!(""), Gop::Seconds(10.0)),
    ];
    for (gop, expected) in cases {
        assert_eq!(video(json!({"Gop": gop})).gop, expected);
    }
    let cases = [
        (json!("0"), Code::OutOfRange),
        (json!("100001"), Code::OutOfRange),
        (json!("0s"), Code::OutOfRange),
        (json!("-1s"), Code::OutOfRange),
        (json!("s"), Code::NumberFormat),
        (json!("nans"), Code::NumberFormat),
        (json!("ten"), Code::NumberFormat),
    ];
    for (gop, code) in cases {
        refused(json!({"Video": {"Gop": gop}}), code, "Video.Gop");
    }
}

/// An output in this format, of these codecs; `Remove` for a stream that is left out.
fn of_format(format: &str, video: &str, audio: &str) -> Value {
    let part = |codec: &str| match codec {
        "Remove" => json!({"Remove": "true"}),
        codec => json!({"Codec": codec}),
    };
    json!({"Container": {"Format": format}, "Video": part(video), "Audio": part(audio)})
}

#[test]
fn formats_hold_the_codecs_of_the_vendors_table() {
    for (format, video, audio, found) in [
        (
            "flv",
            "H.264",
            "AAC",
            (Some(VideoCodec::H264), Some(AudioCodec::Aac)),
        ),
        (
            "FLV",
            "H.264",
            "mp3",
            (Some(VideoCodec::H264), Some(AudioCodec::Mp3)),
        ),
        (
            "ts",
            "H.265",
            "MP3",
            (Some(VideoCodec::H265), Some(AudioCodec::Mp3)),
        ),
        (
            "m3u8",
            "H.265",
            "MP3",
            (Some(VideoCodec::H265), Some(AudioCodec::Mp3)),
        ),
        (
            "mp4",
            "H.265",
            "AAC",
            (Some(VideoCodec::H265), Some(AudioCodec::Aac)),
        ),
        ("mp4", "AV1", "Remove", (Some(VideoCodec::Av1), None)),
        ("mp3", "Remove", "MP3", (None, Some(AudioCodec::Mp3))),
        ("m4a", "Remove", "AAC", (None, Some(AudioCodec::Aac))),
        ("ogg", "Remove", "VORBIS", (None, Some(AudioCodec::Vorbis))),
        ("ogg", "Remove", "FLAC", (None, Some(AudioCodec::Flac))),
        ("flac", "Remove", "flac", (None, Some(AudioCodec::Flac))),
    ] {
        let settings = settings(of_format(format, video, audio));
        let codecs = (
            settings.video.map(|video| video.codec),
            settings.audio.map(|audio| audio.codec),
        );
        assert_eq!(codecs, found, "{format}");
        assert_eq!(settings.container.extension(), format.to_ascii_lowercase());
    }
    for (format, video, audio, about) in [
        ("flv", "H.265", "AAC", "Video.Codec"),
        ("flv", "H.264", "VORBIS", "Audio.Codec"),
        ("mp4", "H.264", "FLAC", "Audio.Codec"),
        ("ts", "AV1", "AAC", "Video.Codec"),
        ("mp3", "H.264", "MP3", "Video.Codec"),
        ("mp3", "Remove", "AAC", "Audio.Codec"),
        ("flac", "Remove", "VORBIS", "Audio.Codec"),
    ] {
        refused(of_format(format, video, audio), Code::NotSupported, about);
    }
}

#[test]
fn h265_has_neither_profile_nor_preset_and_a_quality_of_its_own() {
    let made = video(json!({"Codec": "H.265"}));
    assert_eq!(made.profile, VideoProfile::Main);
    let own = json!({"Video": {"Codec": "H.265", "Bitrate": "", "Crf": "28"}});
    let rate = settings(own).video.unwrap().rate;
    assert_eq!(
        rate,
        RateControl::Crf {
            crf: 28.0,
            cap: None
        }
    );
    for (field, value) in [("Profile", "main"), ("Preset", "slow")] {
        let about = format!("Video.{field}");
        let own = json!({"Video": {"Codec": "H.265", field: value}});
        refused(own, Code::NotSupported, &about);
    }
    let constant = json!({"Video": {"Codec": "H.265"}, "TransConfig": {"TransMode": "CBR"}});
    refused(constant, Code::NotSupported, "TransConfig.TransMode");
    let capped = json!({"Video": {"Codec": "AV1", "Maxrate": 900}});
    refused(capped, Code::NotSupported, "Video.Maxrate");
}

#[test]
fn sound_has_the_rates_of_its_codec_and_format() {
    for (format, audio, field) in [
        (
            "ts",
            json!({"Codec": "MP3", "Samplerate": "96000"}),
            "Samplerate",
        ),
        (
            "flv",
            json!({"Codec": "MP3", "Samplerate": "48000"}),
            "Samplerate",
        ),
        ("ts", json!({"Codec": "MP3", "Channels": "6"}), "Channels"),
        ("ts", json!({"Codec": "MP3", "Bitrate": "100"}), "Bitrate"),
    ] {
        let own = json!({"Container": {"Format": format}, "Audio": audio});
        refused(own, Code::OutOfRange, &format!("Audio.{field}"));
    }
    let own = json!({"Container": {"Format": "flv"}, "Audio": {"Codec": "MP3", "Samplerate": 22050, "Bitrate": 96}});
    assert_eq!(settings(own).audio.unwrap().kbps, 96);
    let profile = json!({"Audio": {"Codec": "MP3", "Profile": "aac_low"}});
    refused(profile, Code::NotSupported, "Audio.Profile");
}

#[test]
fn streams_can_be_left_out_but_not_both() {
    assert_eq!(settings(json!({"Video": {"Remove": "true"}})).video, None);
    assert_eq!(settings(json!({"Audio": {"Remove": true}})).audio, None);
    let none = json!({"Video": {"Remove": "true"}, "Audio": {"Remove": "true"}});
    refused(none, Code::Invalid, "Audio.Remove");
}

#[test]
fn a_playlist_has_segments_of_ten_seconds_unless_told() {
    let hls = |segment_seconds| Container::Hls {
        segments: SegmentFormat::Ts,
        segment_seconds,
    };
    let accepted = parse_with(M3U8_LD, json!({"OutputObject": "out/a"})).unwrap();
    assert_eq!(accepted.spec.object.key.as_str(), "out/a.m3u8");
    assert_eq!(accepted.spec.settings.container, hls(10));

    let own = json!({"MuxConfig": {"Segment": {"Duration": "6"}}});
    let accepted = parse_with(M3U8_LD, own).unwrap();
    assert_eq!(accepted.spec.settings.container, hls(6));

    let own =
        json!({"Container": {"Format": "m3u8"}, "MuxConfig": "{\"Segment\":{\"Duration\":2}}"});
    assert_eq!(settings(own).container, hls(2));
    let own = json!({"Container": {"Format": "mp4"}});
    let accepted = parse_with(M3U8_LD, own).unwrap();
    assert_eq!(accepted.spec.settings.container, Container::Mp4);
}

#[test]
fn a_clip_ends_after_a_time_or_before_the_end() {
    let clip = |span: Value| {
        let own = json!({"Clip": {"TimeSpan": span, "ConfigToClipFirstPart": "false"}});
        parse_with(MP4_HD, own).unwrap().spec.clip
    };
    let cases = [
        (json!({}), None),
        (json!({"Seek": "0"}), None),
        (
            json!({"Seek": "00:00:01.500", "Duration": 2}),
            Some(Clip {
                start_ms: 1500,
                length: Some(ClipLength::DurationMs(2000)),
            }),
        ),
        (
            json!({"Seek": 1.5}),
            Some(Clip {
                start_ms: 1500,
                length: None,
            }),
        ),
        (
            json!({"End": "3", "Duration": "5"}),
            Some(Clip {
                start_ms: 0,
                length: Some(ClipLength::CutTailMs(3000)),
            }),
        ),
        (json!({"End": "0.000", "Duration": "5"}), None),
    ];
    for (span, expected) in cases {
        assert_eq!(clip(span.clone()), expected, "{span}");
    }
    let span = |span: Value| json!({"Clip": {"TimeSpan": span}});
    refused(
        span(json!({"Seek": "86400"})),
        Code::OutOfRange,
        "Clip.TimeSpan.Seek",
    );
    refused(
        span(json!({"Seek": "1m"})),
        Code::Format,
        "Clip.TimeSpan.Seek",
    );
    refused(
        span(json!({"Duration": 0})),
        Code::OutOfRange,
        "Clip.TimeSpan.Duration",
    );
    let flag = json!({"Clip": {"ConfigToClipFirstPart": "maybe"}});
    refused(flag, Code::NotBoolean, "Clip.ConfigToClipFirstPart");
}

#[test]
fn priority_and_user_data_are_taken_over() {
    let own = json!({"Priority": "10", "UserData": "{\"a\": 1}"});
    let accepted = parse_with(MP4_HD, own).unwrap();
    assert_eq!(accepted.priority.level(), 10);
    assert_eq!(accepted.user_data.as_deref(), Some("{\"a\": 1}"));
    refused(json!({"Priority": 0}), Code::OutOfRange, "Priority");
    refused(json!({"Priority": "11"}), Code::OutOfRange, "Priority");
    assert!(parse_with(MP4_HD, json!({"UserData": "é".repeat(512)})).is_ok());
    refused(
        json!({"UserData": "x".repeat(1025)}),
        Code::OutOfRange,
        "UserData",
    );
    refused(json!({"UserData": {"a": 1}}), Code::Format, "UserData");
    refused(json!({"UserData": "a\u{0}b"}), Code::Format, "UserData");
}

#[test]
fn what_is_mandatory_is_asked_for() {
    refused(
        json!({"OutputObject": null}),
        Code::NullValue,
        "OutputObject",
    );
    refused(
        json!({"OutputObject": ""}),
        Code::EmptyValue,
        "OutputObject",
    );
    refused(json!({"TemplateId": null}), Code::NullValue, "TemplateId");
    let unknown = json!({"TemplateId": "0123456789abcdef0123456789abcdef"});
    refused(
        unknown,
        Code::TemplateNotFound,
        "0123456789abcdef0123456789abcdef",
    );
    let doubling = json!({"TemplateId": "S00000001-400070"});
    refused(doubling, Code::TemplateNotSupported, "S00000001-400070");
}

#[test]
fn ranges_are_checked_under_the_callers_names() {
    let cases = [
        ("Video", "Width", json!("127"), Code::OutOfRange),
        ("Video", "Height", json!(4097), Code::OutOfRange),
        ("Video", "Width", json!("wide"), Code::NumberFormat),
        ("Video", "Width", json!("640.5"), Code::NumberFormat),
        ("Video", "Fps", json!("0"), Code::OutOfRange),
        ("Video", "Fps", json!("60.1"), Code::OutOfRange),
        ("Video", "Bitrate", json!("9"), Code::OutOfRange),
        ("Video", "Bitrate", json!("50001"), Code::OutOfRange),
        ("Video", "Crf", json!("51.5"), Code::OutOfRange),
        ("Video", "Maxrate", json!("9"), Code::OutOfRange),
        ("Video", "Bufsize", json!("999"), Code::OutOfRange),
        ("Video", "Preset", json!("ultrafast"), Code::OutOfRange),
        ("Video", "Profile", json!("high10"), Code::OutOfRange),
        ("Video", "Remove", json!("yes"), Code::NotBoolean),
        ("Video", "ScanMode", json!("bob"), Code::OutOfRange),
        ("Audio", "Bitrate", json!("7"), Code::OutOfRange),
        ("Audio", "Samplerate", json!("8000"), Code::OutOfRange),
        ("Audio", "Channels", json!("3"), Code::OutOfRange),
    ];
    for (part, field, value, code) in cases {
        let own = json!({part: {field: value}});
        refused(own, code, &format!("{part}.{field}"));
    }
    let segment = json!({"MuxConfig": {"Segment": {"Duration": 61}}});
    refused(segment, Code::OutOfRange, "MuxConfig.Segment.Duration");
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    let cases = [
        ("WaterMarkConfigUrl", json!("http://a/b")),
        ("DigiWaterMark", json!({"Type": "x"})),
        ("SuperReso", json!({"IsHalfSample": "true"})),
        ("Surprise", json!(1)),
    ];
    for (field, value) in cases {
        refused(json!({field: value}), Code::NotSupported, field);
    }
    let cases = [
        ("Container", "Format", json!("mkv")),
        ("Video", "Codec", json!("WEBP")),
        ("Video", "Codec", json!("VP9")),
        ("Video", "Codec", json!("GIF")),
        ("Video", "PixFmt", json!("bgr8")),
        ("Video", "ResoPriority", json!("x")),
        ("Video", "Degrain", json!("5")),
        ("Video", "NarrowBand", json!({"Version": "1.0"})),
        ("Audio", "Codec", json!("OPUS")),
        ("Audio", "Profile", json!("aac_he")),
        ("Audio", "Qscale", json!("5")),
        ("Clip", "Surprise", json!("1")),
    ];
    for (part, field, value) in cases {
        let about = format!("{part}.{field}");
        refused(json!({part: {field: value}}), Code::NotSupported, &about);
    }
    let method = json!({"Audio": {"Volume": {"Method": "loud"}}});
    refused(method, Code::NotSupported, "Audio.Volume.Method");
}

#[test]
fn what_is_done_anyway_is_accepted() {
    let own = json!({
        "Rotate": "0", "AudioStreamMap": "0:a:0", "WaterMarks": [], "MergeList": "[]", "Amix": null,
        "Encryption": {}, "SubtitleConfig": {"ExtSubtitleList": []}, "VideoStreamMap": "",
        "Video": {"PixFmt": "yuv420p", "LongShortMode": "false", "Hdr2sdr": false, "Crop": ""},
        "Audio": {"Profile": "aac_low", "Codec": "aac", "Volume": {}},
        "TransConfig": {"TransMode": "onepass", "AdjDarMethod": "none", "IsCheckReso": "false"},
        "MuxConfig": {"Gif": {}, "Segment": {"Duration": "10"}},
        "Clip": {"ConfigToClipFirstPart": true},
    });
    let plain = parse_with(MP4_HD, json!({})).unwrap();
    assert_eq!(parse_with(MP4_HD, own).unwrap().spec, plain.spec);
}

#[test]
fn parts_of_the_wrong_type_are_refused() {
    refused(json!({"Video": "H.264"}), Code::JsonFormat, "Video");
    refused(json!({"Video": ["H.264"]}), Code::JsonObjectFormat, "Video");
    refused(json!({"Video": "5"}), Code::JsonObjectFormat, "Video");
    refused(
        json!({"Clip": {"TimeSpan": 5}}),
        Code::JsonObjectFormat,
        "Clip.TimeSpan",
    );
    refused(
        json!({"Video": {"Width": [1]}}),
        Code::Format,
        "Video.Width",
    );
}

/// Outputs put together from known names and likely values, in the right places and in wrong ones.
fn outputs() -> impl Strategy<Value = Value> {
    let scalars = select(vec![
        json!(null),
        json!(""),
        json!("0"),
        json!(-1),
        json!("250"),
        json!("10s"),
        json!("1000"),
        json!(0.5),
        json!("true"),
        json!(false),
        json!("H.264"),
        json!("m3u8"),
        json!("CBR"),
        json!("00:00:01.5"),
        json!("{"),
        json!("{\"Seek\": \"1\"}"),
        json!("high"),
        json!("320:240:0:30"),
        json!("http://media.oss-cn-x.example.com/b.mp4"),
        json!("é{FileName}"),
    ]);
    let names = select(vec![
        "OutputObject",
        "Container",
        "Format",
        "Video",
        "Bitrate",
        "Maxrate",
        "Bufsize",
        "Crf",
        "Gop",
        "Fps",
        "Width",
        "Remove",
        "Audio",
        "Channels",
        "TransConfig",
        "TransMode",
        "MuxConfig",
        "Segment",
        "Duration",
        "Clip",
        "TimeSpan",
        "Seek",
        "End",
        "Priority",
        "UserData",
        "Rotate",
        "Crop",
        "Pad",
        "MergeList",
        "MergeURL",
        "AdjDarMethod",
        "WaterMarks",
        "Amix",
        "Volume",
    ]);
    scalars.prop_recursive(3, 24, 4, move |inner| {
        let members = prop::collection::vec((names.clone(), inner.clone()), 0..4);
        let object = members.prop_map(|members| {
            Value::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            )
        });
        prop_oneof![4 => object, 1 => prop::collection::vec(inner, 0..2).prop_map(Value::Array)]
    })
}

proptest! {
    /// What only the last check finds bears a name that callers of this product do not know.
    #[test]
    fn whatever_is_refused_is_refused_by_a_name_of_this_product(own in outputs(), hls in any::<bool>()) {
        let template = if hls { M3U8_LD } else { MP4_HD };
        if own.is_object() && let Err(refusal) = parse_with(template, own) {
            let message = refusal.message();
            for native in ["video.", "audio.", "container.", "object.", "append", "mix", "streams."] {
                let begins = format!("\"{native}");
                prop_assert!(!message.contains(&begins), "{}", message);
            }
        }
    }
}
