//! Codes and ranges: what they mean, and what is refused under which name.

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, EncoderPreset, Gop, H264Level, RateCap, RateControl, SampleRate,
    SegmentFormat, VideoCodec, VideoProfile, VideoSettings,
};
use serde_json::{Value, json};

use super::*;

fn read(value: Value, place: Place) -> Result<AvParameters, String> {
    let Value::Object(members) = value else {
        panic!("{value} is no object");
    };
    let mut fields = Fields::new("", members);
    let parameters = AvParameters::take(&mut fields, place).map_err(|error| {
        assert_eq!((error.code(), error.status().as_u16()), ("MPC.10202", 400));
        let message = error.message().to_owned();
        let detail = message.strip_prefix("Invalid request parameter, ");
        detail.unwrap().trim_end_matches('.').to_owned()
    })?;
    fields.finish().unwrap();
    Ok(parameters)
}

fn settings(value: Value) -> Settings {
    read(value, Place::Task).unwrap().settings
}

fn video(value: Value) -> VideoSettings {
    settings(json!({"video": value, "common": {"pack_type": 4}}))
        .video
        .unwrap()
}

fn audio(value: Value) -> AudioSettings {
    settings(json!({"audio": value, "common": {"pack_type": 4}}))
        .audio
        .unwrap()
}

#[track_caller]
fn refuses(place: Place, value: Value, why: &str) {
    assert_eq!(read(value.clone(), place).unwrap_err(), why, "{value}");
}

#[test]
fn a_request_of_the_sdk_is_understood() {
    let parameters = json!({
        "video": {"output_policy": "transcode", "codec": 1, "crf": 23.5, "bitrate": 0,
            "frame_rate_float": 29.97, "width": 1280, "height": 720},
        "audio": {"output_policy": "transcode", "codec": 1, "sample_rate": 4, "bitrate": 128,
            "channels": 2},
        "common": {"PVC": false, "hls_interval": 5, "pack_type": 1}
    });
    let expected = Settings {
        container: Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds: 5,
        },
        video: Some(VideoSettings {
            codec: VideoCodec::H264,
            width: Some(1280),
            height: Some(720),
            fps: Some(29.97),
            fps_at_most_source: true,
            rate: RateControl::Crf {
                crf: 23.5,
                cap: None,
            },
            gop: Gop::Seconds(5.0),
            b_frames: Some(4),
            preset: EncoderPreset::Veryfast,
            profile: VideoProfile::High,
            level: None,
            ..VideoSettings::default()
        }),
        audio: Some(AudioSettings {
            codec: AudioCodec::Aac,
            kbps: 128,
            sample_rate: SampleRate::Hz(44_100),
            channels: 2,
            ..AudioSettings::default()
        }),
        stall_seconds: None,
    };
    assert_eq!(settings(parameters), expected);
}

#[test]
fn what_is_absent_is_as_the_vendor_has_it() {
    let made = settings(json!({"common": {"pack_type": 4}}));
    let video = made.video.unwrap();
    assert_eq!(video.rate, RateControl::default());
    assert_eq!((video.width, video.height, video.fps), (None, None, None));
    assert_eq!(video.gop, Gop::Seconds(5.0));
    let audio = made.audio.unwrap();
    assert_eq!((audio.channels, audio.kbps), (2, 128));
    assert_eq!(audio.sample_rate, SampleRate::Source);
}

#[test]
fn every_code_of_video_has_its_meaning() {
    for (number, expected) in [
        (1, EncoderPreset::Veryfast),
        (3, EncoderPreset::Slow),
        (4, EncoderPreset::Medium),
        (5, EncoderPreset::Fast),
    ] {
        assert_eq!(video(json!({"preset": number})).preset, expected);
    }
    for (number, expected, b_frames) in [
        (1, VideoProfile::Baseline, 0),
        (2, VideoProfile::Main, 4),
        (3, VideoProfile::High, 4),
    ] {
        let made = video(json!({"profile": number}));
        assert_eq!((made.profile, made.b_frames), (expected, Some(b_frames)));
    }
    let levels = (1..=15).map(|number| video(json!({"level": number})).level.unwrap());
    let names: Vec<String> = levels.map(|level| level.to_string()).collect();
    assert_eq!(
        names.join(" "),
        "1.0 1.1 1.2 1.3 2.0 2.1 2.2 3.0 3.1 3.2 4.0 4.1 4.2 5.0 5.1"
    );
    for number in [0, 16] {
        assert_eq!(video(json!({"level": number})).level, None);
    }
    let h265 = video(json!({"codec": 2, "profile": 4, "width": 320, "height": 240}));
    assert_eq!((h265.codec, h265.b_frames), (VideoCodec::H265, Some(7)));
    assert_eq!(h265.profile, VideoProfile::Main);
    assert_eq!(video(json!({"bframes_count": 7})).b_frames, Some(7));
    assert_eq!(H264Level::tenfold(14), None);
}

#[test]
fn frame_rates_outside_their_range_choose_the_sources() {
    for (given, expected) in [
        (json!({"frame_rate": 0}), None),
        (json!({"frame_rate": 4}), None),
        (json!({"frame_rate": 5}), Some(5.0)),
        (json!({"frame_rate": 60}), Some(60.0)),
        (json!({"frame_rate": 61}), None),
        (json!({"frame_rate": -1}), None),
        (json!({"frame_rate": 25.9}), Some(25.0)),
        (json!({"frame_rate_float": 23.976}), Some(23.976)),
        (json!({"frame_rate_float": 60.5}), None),
        (
            json!({"frame_rate": 29, "frame_rate_float": 29.97}),
            Some(29.97),
        ),
        (json!({"frame_rate": 30, "frame_rate_float": 0}), Some(30.0)),
    ] {
        let made = video(given.clone());
        assert_eq!(made.fps, expected, "{given}");
        assert_eq!(made.fps_at_most_source, expected.is_some(), "{given}");
    }
}

#[test]
fn rates_are_averages_or_qualities_with_a_cap() {
    assert_eq!(
        video(json!({"bitrate": 50_000})).rate,
        RateControl::Average {
            kbps: 50_000,
            cap: None
        }
    );
    let cap = |maxrate_kbps, bufsize_kbit| {
        Some(RateCap {
            maxrate_kbps,
            bufsize_kbit,
        })
    };
    for (given, crf, cap) in [
        (json!({"bitrate": 0}), 23.0, None),
        (json!({"crf": 0}), 0.0, None),
        (json!({"crf": 51, "max_bitrate": 0}), 51.0, None),
        (json!({"crf": 28, "max_bitrate": 40}), 28.0, cap(40, 40)),
        (
            json!({"crf": 28, "max_bitrate": 800_000, "buf_size": 6000}),
            28.0,
            cap(800_000, 6000),
        ),
    ] {
        assert_eq!(video(given).rate, RateControl::Crf { crf, cap });
    }
}

#[test]
fn every_code_of_audio_has_its_meaning() {
    for (number, expected) in [
        (1, SampleRate::Source),
        (2, SampleRate::Hz(22_050)),
        (3, SampleRate::Hz(32_000)),
        (4, SampleRate::Hz(44_100)),
        (5, SampleRate::Hz(48_000)),
        (6, SampleRate::Hz(96_000)),
    ] {
        let made = audio(json!({"channels": 1, "sample_rate": number}));
        assert_eq!((made.sample_rate, made.kbps), (expected, 64));
    }
    for channels in [1, 2, 6] {
        let made = audio(json!({"channels": channels, "bitrate": 0, "codec": 1}));
        assert_eq!((made.channels, made.kbps), (channels, 64 * channels));
    }
}

#[test]
fn sound_alone_has_formats_of_its_own() {
    for (pack, codec, container) in [
        (5, AudioCodec::Mp3, Container::Mp3),
        (6, AudioCodec::Aac, Container::Adts),
    ] {
        for given in [
            json!({"common": {"pack_type": pack}}),
            json!({"video": {"output_policy": "discard"}, "common": {"pack_type": pack}}),
        ] {
            let made = settings(given);
            assert_eq!((made.container, made.video), (container, None));
            assert_eq!(made.audio.unwrap().codec, codec);
        }
    }
    let mp4 = settings(json!({"video": {"output_policy": "discard"}, "common": {"pack_type": 4}}));
    assert_eq!((mp4.video, mp4.container), (None, Container::Mp4));
    let silent =
        settings(json!({"audio": {"output_policy": "discard"}, "common": {"pack_type": 4}}));
    assert_eq!(silent.audio, None);
}

#[test]
fn templates_and_tasks_have_ranges_of_their_own() {
    let h265 = |width: u32, height: u32| json!({"video": {"codec": 2, "width": width, "height": height}, "common": {"pack_type": 4}});
    assert!(read(h265(160, 96), Place::Template).is_ok());
    for place in [Place::Task, Place::Group] {
        refuses(
            place,
            h265(160, 240),
            "video.width must be 0 or 320 to 4096",
        );
        refuses(
            place,
            h265(320, 96),
            "video.height must be 0 or 240 to 2880",
        );
        assert!(read(h265(0, 0), place).is_ok());
    }
    refuses(
        Place::Template,
        h265(158, 96),
        "video.width must be 0 or 160 to 4096",
    );
    let of = |video: Value| json!({"video": video, "common": {"pack_type": 4}});
    let rate = of(json!({"bitrate": 30_001}));
    assert!(read(rate.clone(), Place::Task).is_ok());
    for place in [Place::Template, Place::Group] {
        refuses(
            place,
            rate.clone(),
            "video.bitrate must be 0 or 40 to 30000",
        );
        for name in ["crf", "max_bitrate", "buf_size", "frame_rate_float"] {
            let why = format!("video.{name} is no parameter of this operation");
            refuses(place, of(json!({name: 0})), &why);
        }
    }
}

#[test]
fn streams_are_copied_one_by_one() {
    let of = |video: &str, audio: &str| {
        let made = settings(json!({
            "video": {"output_policy": video, "codec": 1, "crf": 20},
            "audio": {"output_policy": audio, "channels": 2},
            "common": {"pack_type": 4}
        }));
        (
            made.video.map(|video| video.codec),
            made.audio.map(|audio| audio.codec),
        )
    };
    let (copy, aac) = (Some(VideoCodec::Copy), Some(AudioCodec::Aac));
    assert_eq!(of("copy", "transcode"), (copy, aac));
    assert_eq!(of("copy", "discard"), (copy, None));
    let copied = (Some(VideoCodec::H264), Some(AudioCodec::Copy));
    assert_eq!(of("transcode", "copy"), copied);
    let sound = settings(json!({"audio": {"output_policy": "copy"}, "common": {"pack_type": 6}}));
    assert_eq!(sound.audio.unwrap().codec, AudioCodec::Copy);
}

#[test]
fn what_is_out_of_range_or_not_done_is_refused_by_name() {
    for (name, value, why) in [
        (
            "output_policy",
            json!("Discard"),
            "must be transcode, discard or copy",
        ),
        ("output_policy", json!(1), "must be a string"),
        ("codec", json!(3), "must be 1 or 2"),
        ("codec", json!("1"), "must be an integer"),
        ("profile", json!(4), "must be 1 to 3 for codec 1"),
        ("profile", json!(0), "must be 1 to 4"),
        ("level", json!(17), "must be 0 to 16"),
        ("preset", json!(2), "must be 1, 3, 4 or 5"),
        ("max_iframes_interval", json!(11), "must be 2 to 10"),
        ("bframes_count", json!(8), "must be 0 to 7"),
        ("black_cut", json!(3), "must be 0 to 2"),
        ("width", json!(31), "must be 0 or 32 to 4096"),
        ("width", json!(4098), "must be 0 or 32 to 4096"),
        ("width", json!(-2), "must be 0 or 32 to 4096"),
        ("width", json!(641), "must be a multiple of 2"),
        ("height", json!(2882), "must be 0 or 32 to 2880"),
        ("bitrate", json!(39), "must be 0 or 40 to 50000"),
        ("bitrate", json!(50_001), "must be 0 or 40 to 50000"),
        ("crf", json!(51.5), "must be 0 to 51"),
        ("crf", json!("23"), "must be a number"),
        ("max_bitrate", json!(4000), "needs crf"),
        ("buf_size", json!(4000), "needs max_bitrate"),
        ("stream_name", json!(1), "must be a string"),
        ("gop", json!(1), "is no parameter of this operation"),
    ] {
        let given = json!({"video": {name: value}, "common": {"pack_type": 4}});
        refuses(Place::Task, given, &format!("video.{name} {why}"));
    }
    for (name, value, why) in [
        (
            "codec",
            json!(2),
            "must be 1 or 4: there is no encoder for HE-AAC",
        ),
        ("codec", json!(5), "must be 1 to 4"),
        (
            "codec",
            json!(4),
            "must be 4 for pack_type 5, and 1 for any other",
        ),
        ("sample_rate", json!(0), "must be 1 to 6"),
        ("sample_rate", json!(44_100), "must be 1 to 6"),
        ("bitrate", json!(7), "must be 0 or 8 to 1000"),
        ("bitrate", json!(1001), "must be 0 or 8 to 1000"),
        ("channels", json!(5), "must be 1, 2 or 6"),
        ("channels", json!(null), "is missing"),
        ("volume", json!(1), "is no parameter of this operation"),
    ] {
        let mut audio = json!({"channels": 2});
        audio[name] = value;
        let given = json!({"audio": audio, "common": {"pack_type": 4}});
        refuses(Place::Task, given, &format!("audio.{name} {why}"));
    }
    for (name, value, why) in [
        (
            "PVC",
            json!(true),
            "must be false: there is no encoder for it",
        ),
        ("PVC", json!(0), "must be true or false"),
        ("hls_interval", json!(1), "must be 2 to 10"),
        ("dash_interval", json!(11), "must be 2 to 10"),
        ("pack_type", json!(7), "must be 1 to 6"),
        ("pack_type", json!(null), "is missing"),
        ("pvc", json!(false), "is no parameter of this operation"),
    ] {
        let mut common = json!({"pack_type": 1});
        common[name] = value;
        refuses(
            Place::Task,
            json!({"common": common}),
            &format!("common.{name} {why}"),
        );
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let mp4 = |video: Value| json!({"video": video, "common": {"pack_type": 4}});
    let sound = |audio: Value, pack: u32| json!({"audio": audio, "common": {"pack_type": pack}});
    for (given, why) in [
        (json!({}), "common is missing"),
        (
            mp4(json!({"crf": 20, "bitrate": 900})),
            "video.bitrate must be 0 beside crf",
        ),
        (
            mp4(json!({"codec": 2, "profile": 3})),
            "video.profile must be 4 for codec 2",
        ),
        (
            mp4(json!({"codec": 2, "level": 11})),
            "video.level must be 0 or 16 for codec 2: the level of H.265 follows from the picture",
        ),
        (
            mp4(json!({"profile": 1, "bframes_count": 2})),
            "video.bframes_count must be 0 for profile 1",
        ),
        (
            mp4(json!({"level": 1, "width": 1280, "height": 720})),
            "video.level must be one with room for the picture and the rate",
        ),
        (
            mp4(json!({"frame_rate": 25, "frame_rate_float": 29.97})),
            "video.frame_rate_float must be what frame_rate is",
        ),
        (
            json!({"video": {}, "common": {"pack_type": 5}}),
            "video.output_policy must be discard, or no video be given, for pack_type 5 and 6",
        ),
        (
            json!({"video": {"output_policy": "discard"}, "audio": {"output_policy": "discard"},
                "common": {"pack_type": 4}}),
            "video and audio cannot both be discarded",
        ),
        (
            sound(json!({"output_policy": "discard"}), 6),
            "video and audio cannot both be discarded",
        ),
        (
            sound(json!({"channels": 2, "sample_rate": 2, "bitrate": 300}), 4),
            "audio.bitrate must be at most 264 with 2 channels at 22050 Hz",
        ),
        (
            sound(json!({"channels": 6}), 5),
            "audio.channels must be 1 or 2 for MP3",
        ),
        (
            sound(json!({"channels": 2, "sample_rate": 6}), 5),
            "audio.sample_rate must be 1 to 5 for MP3",
        ),
        (
            sound(json!({"channels": 2, "bitrate": 100}), 5),
            "audio.bitrate must be one that frames of MP3 have at this rate, such as 32, 64, 96 or 128",
        ),
        (
            sound(json!({"channels": 2, "codec": 1}), 5),
            "audio.codec must be 4 for pack_type 5, and 1 for any other",
        ),
    ] {
        refuses(Place::Task, given, why);
    }
}

#[test]
fn dash_has_segments_of_its_own_length_and_hls_beside_it_the_same() {
    let container = |common: Value| settings(json!({"common": common})).container;
    let dash = |segment_seconds, hls| Container::Dash {
        segment_seconds,
        hls,
    };
    for (common, expected) in [
        (json!({"pack_type": 2}), dash(5, false)),
        (
            json!({"pack_type": 2, "dash_interval": 4, "hls_interval": 7}),
            dash(4, false),
        ),
        (json!({"pack_type": 3, "dash_interval": 4}), dash(4, true)),
        (json!({"pack_type": 3, "hls_interval": 6}), dash(6, true)),
        (
            json!({"pack_type": 3, "hls_interval": 6, "dash_interval": 6}),
            dash(6, true),
        ),
    ] {
        assert_eq!(container(common.clone()), expected, "{common}");
    }
    let differ = json!({"common": {"pack_type": 3, "hls_interval": 6, "dash_interval": 5}});
    let why = "common.dash_interval must be hls_interval for pack_type 3: one set of segments has both playlists";
    refuses(Place::Task, differ, why);
    let copied = json!({"video": {"output_policy": "copy"}, "common": {"pack_type": 2}});
    let why = "video.output_policy must be transcode or discard for pack_type 2 and 3: segments begin with key frames";
    refuses(Place::Task, copied, why);
}
