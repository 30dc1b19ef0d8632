//! Plans of real clips, and what makes a plan impossible.

use std::fmt::Write;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, Clip, ClipLength, Container, Gop, OutputSpec, RateControl,
    SampleRate, SegmentFormat, Settings, VideoSettings,
};
use reelgate_domain::media::{StreamDetail, VideoFacts};
use reelgate_domain::names::{BucketName, ObjectKey, ObjectRef};

use super::{Matrix, Range, Seek, plan};
use crate::engine::Capabilities;
use crate::fixtures::{CLIPS, facts};

fn spec(key: &str, container: Container) -> OutputSpec {
    let object = ObjectRef {
        bucket: BucketName::new("media").unwrap(),
        key: ObjectKey::new(key).unwrap(),
    };
    let settings = Settings {
        container,
        video: Some(VideoSettings::default()),
        audio: Some(AudioSettings::default()),
        stall_seconds: None,
    };
    OutputSpec::new(object, settings)
}

fn mp4() -> OutputSpec {
    spec("out/film.mp4", Container::Mp4)
}

fn hls() -> OutputSpec {
    spec(
        "out/film.m3u8",
        Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds: 6,
        },
    )
}

fn refusal(spec: &OutputSpec, clip: &str) -> (FaultCode, String) {
    let fault = plan(spec, &facts(clip), &Capabilities::complete()).unwrap_err();
    (fault.code, fault.message)
}

#[test]
fn plans_of_real_clips() {
    let mut all = String::new();
    for clip in CLIPS {
        let mut spec = mp4();
        if facts(clip).video().is_none() {
            spec.settings.video = None;
        }
        let planned = plan(&spec, &facts(clip), &Capabilities::complete());
        writeln!(all, "{clip}: {planned:#?}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_source_without_picture_cannot_become_video() {
    // Cover art is no video.
    for clip in ["speech_libri_5703", "music_vibe_ace_coverart"] {
        assert_eq!(refusal(&mp4(), clip).0, FaultCode::NoVideoStream);
    }
}

#[test]
fn a_source_without_sound_becomes_a_silent_output() {
    let silent = facts("bbb_sar64x45_bpyramid");
    let planned = plan(&mp4(), &silent, &Capabilities::complete()).unwrap();
    assert_eq!(planned.audio, None);
    assert!(planned.video.is_some());
}

#[test]
fn a_source_without_sound_cannot_become_audio() {
    let mut spec = mp4();
    spec.settings.video = None;
    assert_eq!(
        refusal(&spec, "bbb_sar64x45_bpyramid").0,
        FaultCode::NoAudioStream
    );
}

#[test]
fn a_stream_without_codec_is_named_unless_it_is_not_wanted() {
    let (code, message) = refusal(&mp4(), "broken_missing_stsd");
    assert_eq!(code, FaultCode::SourceUnreadable);
    assert!(message.contains("audio stream 1"), "{message}");
    let mut spec = mp4();
    spec.settings.audio = None;
    let broken = facts("broken_missing_stsd");
    assert!(plan(&spec, &broken, &Capabilities::complete()).is_ok());
}

#[test]
fn clips_are_held_against_the_source() {
    let clip = |start_ms, length| {
        let mut spec = mp4();
        spec.clip = Some(Clip { start_ms, length });
        plan(&spec, &facts("bbb_720p25_aac51"), &Capabilities::complete())
    };
    let unfit = |start_ms, length| clip(start_ms, length).unwrap_err().code;
    assert_eq!(unfit(5312, None), FaultCode::SpecUnfit);
    assert_eq!(
        unfit(0, Some(ClipLength::DurationMs(0))),
        FaultCode::SpecUnfit
    );
    assert_eq!(
        unfit(1000, Some(ClipLength::CutTailMs(4312))),
        FaultCode::SpecUnfit
    );
    let cut = clip(1000, Some(ClipLength::CutTailMs(1312))).unwrap();
    assert_eq!(cut.window.length_ms, Some(3000));
    assert_eq!(cut.window.seek, Seek::Index);
    assert_eq!(cut.expected.seconds, Some(3.0));
    // A clip that reaches beyond the end stops there.
    let beyond = clip(5000, Some(ClipLength::DurationMs(60_000))).unwrap();
    assert!((beyond.expected.seconds.unwrap() - 0.312).abs() < 1e-6);
}

#[test]
fn cutting_a_tail_needs_a_known_length() {
    let mut unknown = facts("bbb_720p25_aac51");
    unknown.format.duration_seconds = None;
    let mut spec = mp4();
    spec.clip = Some(Clip {
        start_ms: 0,
        length: Some(ClipLength::CutTailMs(10)),
    });
    let fault = plan(&spec, &unknown, &Capabilities::complete()).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn formats_without_an_index_are_decoded_from_their_start() {
    let mut broadcast = facts("bbb_720p25_aac51");
    broadcast.format.name = "mpegts".to_owned();
    let planned = plan(&mp4(), &broadcast, &Capabilities::complete()).unwrap();
    assert_eq!(planned.window.seek, Seek::Decode);
}

#[test]
fn more_than_two_days_are_refused_however_they_are_claimed() {
    let mut claims = facts("bbb_720p25_aac51");
    for stream in &mut claims.streams {
        stream.duration_seconds = Some(4e9);
    }
    let capabilities = Capabilities::complete();
    let fault = plan(&mp4(), &claims, &capabilities).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    // A part of it may be had.
    let mut part = mp4();
    let length = |ms| Some(ClipLength::DurationMs(ms));
    part.clip = Some(Clip {
        start_ms: 0,
        length: length(2000),
    });
    assert!(plan(&part, &claims, &capabilities).is_ok());
    part.clip = Some(Clip {
        start_ms: 0,
        length: length(u64::MAX),
    });
    let fault = plan(&part, &claims, &capabilities).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    // Where the source is shorter, that decides.
    let honest = facts("bbb_720p25_aac51");
    assert!(plan(&part, &honest, &capabilities).is_ok());
}

#[test]
fn guessed_lengths_promise_nothing() {
    let mut stream = facts("bbb_720p25_aac51");
    stream.format.name = "h264".to_owned();
    let planned = plan(&mp4(), &stream, &Capabilities::complete()).unwrap();
    assert_eq!(planned.expected, super::Expected::default());
}

#[test]
fn a_missing_part_of_the_engine_is_named() {
    let mut poor = Capabilities::complete();
    poor.encoders.remove("libx264");
    let source = facts("bbb_720p25_aac51");
    let fault = plan(&mp4(), &source, &poor).unwrap_err();
    assert_eq!(fault.code, FaultCode::EngineLacks);
    assert!(fault.message.contains("encoder libx264"));
    // Sound alone does not need it.
    let mut sound = mp4();
    sound.settings.video = None;
    assert!(plan(&sound, &source, &poor).is_ok());
}

#[test]
fn more_bits_than_the_codec_holds_are_refused() {
    let mut spec = mp4();
    spec.settings.audio = Some(AudioSettings {
        codec: AudioCodec::Aac,
        kbps: 300,
        sample_rate: SampleRate::Hz(22_050),
        ..AudioSettings::default()
    });
    let (code, message) = refusal(&spec, "bbb_720p25_aac51");
    assert_eq!(code, FaultCode::SpecUnfit);
    assert!(message.contains("264 kbit/s"), "{message}");
}

#[test]
fn lossless_is_no_quality_of_the_profiles() {
    let mut spec = mp4();
    spec.settings.video.as_mut().unwrap().rate = RateControl::Crf {
        crf: 0.0,
        cap: None,
    };
    let planned = plan(&spec, &facts("bbb_720p25_aac51"), &Capabilities::complete()).unwrap();
    let best = RateControl::Crf {
        crf: 1.0,
        cap: None,
    };
    assert_eq!(planned.video.unwrap().rate, best);
}

#[test]
fn untagged_pictures_are_tagged_when_players_would_guess_otherwise() {
    let matrix = |clip: &str, height| {
        let mut spec = mp4();
        spec.settings.video.as_mut().unwrap().height = height;
        let planned = plan(&spec, &facts(clip), &Capabilities::complete()).unwrap();
        planned.video.unwrap().matrix
    };
    assert_eq!(matrix("bbb_720p25_aac51", None), Matrix::Keep);
    assert_eq!(matrix("bbb_720p25_aac51", Some(360)), Matrix::Tag("bt709"));
    assert_eq!(
        matrix("traffic_12.5fps_432p", Some(1080)),
        Matrix::Tag("smpte170m")
    );
}

#[test]
fn pictures_that_are_as_wanted_pass_the_scaler() {
    let range = |change: fn(&mut VideoFacts), height| {
        let mut source = facts("bbb_720p25_aac51");
        for stream in &mut source.streams {
            if let StreamDetail::Video(video) = &mut stream.detail {
                change(video);
            }
        }
        let mut spec = mp4();
        spec.settings.video.as_mut().unwrap().height = height;
        let planned = plan(&spec, &source, &Capabilities::complete()).unwrap();
        planned.video.unwrap().range
    };
    assert_eq!(range(|_| (), None), Range::Keep);
    assert_eq!(range(|_| (), Some(720)), Range::Keep);
    assert_eq!(range(|_| (), Some(480)), Range::Limit);
    let full = |video: &mut VideoFacts| video.color_range = Some("pc".to_owned());
    assert_eq!(range(full, None), Range::Limit);
    let deep = |video: &mut VideoFacts| video.pixel_format = Some("yuv420p10le".to_owned());
    assert_eq!(range(deep, None), Range::Limit);
    assert_eq!(range(|video| video.rotation = 180, None), Range::Limit);
}

#[test]
fn an_hls_output_is_named_by_its_playlist() {
    assert!(
        plan(
            &hls(),
            &facts("bbb_720p25_aac51"),
            &Capabilities::complete()
        )
        .is_ok()
    );
    for key in ["out/film.ts", "out/.m3u8"] {
        let wrong = spec(key, hls().settings.container);
        assert_eq!(refusal(&wrong, "bbb_720p25_aac51").0, FaultCode::SpecUnfit);
    }
}

#[test]
fn the_guard_before_segments_leaves_short_groups_alone() {
    let guard = |gop| {
        let mut spec = hls();
        spec.settings.video.as_mut().unwrap().gop = gop;
        let planned = plan(&spec, &facts("bbb_720p25_aac51"), &Capabilities::complete()).unwrap();
        planned.video.unwrap().key_frames.guard_seconds
    };
    assert_eq!(guard(Gop::Frames(1)), None);
    assert_eq!(guard(Gop::Seconds(2.0)), Some(0.1));
}
