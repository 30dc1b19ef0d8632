//! Settings and what they are stored as.

use super::*;

fn settings(video: VideoSettings) -> Settings {
    Settings {
        container: Container::Mp4,
        video: Some(video),
        audio: None,
        stall_seconds: None,
    }
}

#[test]
fn the_defaults_are_in_range() {
    assert_eq!(settings(VideoSettings::default()).validate(), Ok(()));
    let audio = Some(AudioSettings::default());
    assert_eq!(
        Settings {
            container: Container::Mp4,
            video: None,
            audio,
            stall_seconds: Some(5),
        }
        .validate(),
        Ok(())
    );
}

/// Long numbers came back from the store as their neighbours.
#[test]
fn settings_read_back_as_they_were_written() {
    for fps in [29.400008407370958, 0.1, 1.0 / 3.0, 5e-324, 60.0] {
        let written = settings(VideoSettings {
            fps: Some(fps),
            ..VideoSettings::default()
        });
        let text = serde_json::to_string(&written).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), written);
    }
}

#[test]
fn what_is_out_of_range_is_named() {
    let cases = [
        (
            VideoSettings {
                width: Some(31),
                ..VideoSettings::default()
            },
            "video.width",
        ),
        (
            VideoSettings {
                height: Some(4097),
                ..VideoSettings::default()
            },
            "video.height",
        ),
        (
            VideoSettings {
                fps: Some(0.0),
                ..VideoSettings::default()
            },
            "video.fps",
        ),
        (
            VideoSettings {
                fps: Some(f64::NAN),
                ..VideoSettings::default()
            },
            "video.fps",
        ),
        (
            VideoSettings {
                gop: Gop::Frames(0),
                ..VideoSettings::default()
            },
            "video.gop",
        ),
        (
            VideoSettings {
                rate: RateControl::Crf {
                    crf: 52.0,
                    cap: None,
                },
                ..VideoSettings::default()
            },
            "video.rate",
        ),
    ];
    for (video, field) in cases {
        assert_eq!(settings(video).validate().unwrap_err().field, field);
    }
}

#[test]
fn patience_has_bounds() {
    for seconds in [0, 4, 3601] {
        let mut impatient = settings(VideoSettings::default());
        impatient.stall_seconds = Some(seconds);
        assert_eq!(impatient.validate().unwrap_err().field, "stall_seconds");
    }
}

#[test]
fn settings_stored_before_there_was_a_stall_still_load() {
    let stored =
        r#"{"container":{"format":"mp4"},"audio":{"kbps":64,"sample_rate":48000,"channels":2}}"#;
    let loaded: Settings = serde_json::from_str(stored).unwrap();
    assert_eq!(loaded.stall_seconds, None);
    assert_eq!(serde_json::to_string(&loaded).unwrap(), stored);
}

#[test]
fn what_can_be_asked_for_since_reads_back_and_leaves_the_rest_as_it_was() {
    let before = r#"{"container":{"format":"mp4"},"video":{"width":null,"height":360,"fps":null,"rate":{"mode":"crf","crf":22.0},"gop":{"seconds":2.0},"preset":"fast","profile":"high"}}"#;
    let loaded: Settings = serde_json::from_str(before).unwrap();
    assert_eq!(serde_json::to_string(&loaded).unwrap(), before);
    let now = r#"{"container":{"format":"mp4"},"video":{"codec":"h264","fps_at_most_source":true,"b_frames":4,"level":"4.1","profile":"main"},"audio":{"codec":"aac","sample_rate":"source"}}"#;
    let loaded: Settings = serde_json::from_str(now).unwrap();
    assert_eq!(loaded.validate(), Ok(()));
    let video = loaded.video.as_ref().unwrap();
    assert_eq!(
        (video.b_frames, video.level),
        (Some(4), H264Level::tenfold(41))
    );
    assert!(video.fps_at_most_source);
    let text = serde_json::to_string(&loaded).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), loaded);
}

#[test]
fn what_does_not_go_together_is_named() {
    let refused = |settings: &str| {
        let settings: Settings = serde_json::from_str(settings).unwrap();
        settings.validate().unwrap_err().field
    };
    let cases = [
        (
            r#"{"container":{"format":"mp3"},"video":{},"audio":{"codec":"mp3"}}"#,
            "video",
        ),
        (
            r#"{"container":{"format":"mp3"},"audio":{}}"#,
            "audio.codec",
        ),
        (
            r#"{"container":{"format":"adts"},"audio":{"codec":"mp3"}}"#,
            "audio.codec",
        ),
        (
            r#"{"container":{"format":"hls","segments":"fmp4"},"audio":{"codec":"mp3"}}"#,
            "audio.codec",
        ),
        (
            r#"{"container":{"format":"adts"},"video":{},"audio":{}}"#,
            "video",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"profile":"baseline","b_frames":1}}"#,
            "video.b_frames",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"b_frames":17}}"#,
            "video.b_frames",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"h265"}}"#,
            "video.profile",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"h265","profile":"main","level":"4.0"}}"#,
            "video.level",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"level":"3.1","width":1920,"height":1080}}"#,
            "video.level",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"level":"1.2","rate":{"mode":"average","kbps":481}}}"#,
            "video.level",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"h265","profile":"main","rate":{"mode":"constant","kbps":900}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"copy","height":240}}"#,
            "video.codec",
        ),
        (
            r#"{"container":{"format":"mp4"},"audio":{"codec":"copy","kbps":64}}"#,
            "audio.codec",
        ),
        (
            r#"{"container":{"format":"mp3"},"video":{"codec":"copy"}}"#,
            "video",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"two_pass":true}}"#,
            "video.two_pass",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"av1","profile":"main","two_pass":true,"rate":{"mode":"average","kbps":900}}}"#,
            "video.two_pass",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"rate":{"mode":"source","least_kbps":900,"most_kbps":800}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"rate":{"mode":"quantizer","qp":0}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"h265","profile":"main","rate":{"mode":"quantizer","qp":20}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"webm"},"video":{"codec":"vp9"}}"#,
            "video.profile",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"chunks":"enabled"}}"#,
            "video.chunks",
        ),
        (
            r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","chunks":"enabled","rate":{"mode":"constant","kbps":900}}}"#,
            "video.chunks",
        ),
        (
            r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","b_frames":2}}"#,
            "video.b_frames",
        ),
        (
            r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","rate":{"mode":"crf","crf":30.5}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"av1","profile":"main","rate":{"mode":"average","kbps":900,"cap":{"maxrate_kbps":900,"bufsize_kbit":900}}}}"#,
            "video.rate.cap",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"codec":"av1","profile":"main","rate":{"mode":"constant","kbps":900}}}"#,
            "video.rate",
        ),
        (
            r#"{"container":{"format":"mp4"},"video":{"rate":{"mode":"crf","crf":60.0}}}"#,
            "video.rate",
        ),
    ];
    for (settings, field) in cases {
        assert_eq!(refused(settings), field, "{settings}");
    }
    for fine in [
        r#"{"container":{"format":"mp3"},"audio":{"codec":"mp3"}}"#,
        r#"{"container":{"format":"adts"},"audio":{}}"#,
        r#"{"container":{"format":"mp4"},"audio":{"codec":"mp3"}}"#,
        r#"{"container":{"format":"mp4"},"video":{"codec":"h265","profile":"main"}}"#,
        r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","rate":{"mode":"crf","crf":60.0}}}"#,
        r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","rate":{"mode":"constant","kbps":900}}}"#,
        r#"{"container":{"format":"mkv"},"video":{"codec":"av1","profile":"main"}}"#,
        r#"{"container":{"format":"mkv"},"video":{"codec":"av1","profile":"main","chunks":"enabled"}}"#,
        r#"{"container":{"format":"mp4"},"video":{"chunks":"preferred"}}"#,
        r#"{"container":{"format":"hls"},"video":{"codec":"copy"},"audio":{"codec":"copy"}}"#,
        r#"{"container":{"format":"mp4"},"video":{"two_pass":true,"rate":{"mode":"average","kbps":900}}}"#,
        r#"{"container":{"format":"webm"},"video":{"codec":"vp9","profile":"main","two_pass":true,"rate":{"mode":"average","kbps":900}}}"#,
        r#"{"container":{"format":"mp4"},"video":{"rate":{"mode":"quantizer","qp":20}}}"#,
    ] {
        let settings: Settings = serde_json::from_str(fine).unwrap();
        assert_eq!(settings.validate(), Ok(()), "{fine}");
    }
}

#[test]
fn an_output_without_any_stream_is_refused() {
    let empty = r#"{"container":{"format":"mp4"}}"#;
    let empty: Settings = serde_json::from_str(empty).unwrap();
    assert_eq!(empty.validate().unwrap_err().field, "video");
}

fn output(key: &str, settings: &str, more: &str) -> Result<(), OutOfRange> {
    let spec =
        format!(r#"{{"object":{{"bucket":"media","key":"{key}"}},"settings":{settings}{more}}}"#);
    serde_json::from_str::<OutputSpec>(&spec)
        .unwrap()
        .validate()
}

#[test]
fn mpeg_dash_has_a_manifest_and_what_it_cannot_have_is_refused_by_name() {
    let dash = |members: &str| {
        format!(r#"{{"container":{{"format":"dash"{members}}},"video":{{}},"audio":{{}}}}"#)
    };
    let with = |video: &str, audio: &str| {
        format!(r#"{{"container":{{"format":"dash"}},"video":{video},"audio":{audio}}}"#)
    };
    assert_eq!(output("a.mpd", &dash(""), ""), Ok(()));
    assert_eq!(
        output("a.mpd", &dash(r#","segment_seconds":4,"hls":true"#), ""),
        Ok(())
    );
    assert_eq!(
        output("a.mpd", &with("{}", r#"{"codec":"copy"}"#), ""),
        Ok(())
    );
    let key = r#","encryption":{"keys":[{"key":"sealed:AAAA","uri":"k"}]}"#;
    for (name, settings, more, field) in [
        ("a.m3u8", dash(""), "", "object.key"),
        (".mpd", dash(""), "", "object.key"),
        (
            "a.mpd",
            dash(r#","segment_seconds":61"#),
            "",
            "container.segment_seconds",
        ),
        (
            "a.mpd",
            with(r#"{"codec":"copy"}"#, "{}"),
            "",
            "video.codec",
        ),
        ("a.mpd", with(r#"{"codec":"vp9"}"#, "{}"), "", "video.codec"),
        ("a.mpd", with("{}", r#"{"codec":"mp3"}"#), "", "audio.codec"),
        (
            "a.mpd",
            with(r#"{"scan":"interlaced"}"#, "{}"),
            "",
            "video.scan",
        ),
        (
            "a.mpd",
            with(r#"{"measure_quality":true}"#, "{}"),
            "",
            "video.measure_quality",
        ),
        (
            "a.mpd",
            dash(""),
            r#","segment_at_ms":[1]"#,
            "segment_at_ms",
        ),
        (
            "a.mpd",
            dash(r#","hls":true"#),
            r#","segment_tags":{"md5":true}"#,
            "segment_tags",
        ),
        ("a.mpd", dash(r#","hls":true"#), key, "encryption"),
        (
            "a.mpd",
            dash(""),
            r#","subtitles":[{"as":"stream"}]"#,
            "subtitles.as",
        ),
    ] {
        let error = output(name, &settings, more).unwrap_err();
        assert_eq!(error.field, field, "{name} {settings} {more}");
    }
}
