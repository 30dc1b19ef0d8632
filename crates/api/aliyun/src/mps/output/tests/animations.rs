//! GIF, WebP, segments at chosen moments, and frames of two fields.

use reelgate_domain::job::kind::transcode::{GifColours, Scan};

use super::*;

/// An animation over a template that makes a film.
fn animated(format: &str, video: Value, mux: Value) -> Value {
    let mut picture = json!({"Codec": format.to_ascii_uppercase()});
    for (name, value) in video.as_object().unwrap() {
        picture[name] = value.clone();
    }
    json!({"Container": {"Format": format}, "Video": picture, "Audio": {"Remove": "true"}, "MuxConfig": mux})
}

#[test]
fn a_film_becomes_an_animation() {
    let mux = json!({"Gif": {"Loop": "2", "FinalDelay": "50", "DitherMode": "bayer"}});
    let gif = settings(animated("gif", json!({"Fps": "12", "Width": "320"}), mux));
    let expected = Settings {
        container: Container::Gif {
            plays: 3,
            final_delay_cs: Some(50),
            colours: GifColours::Bayer,
        },
        // Rates and key frames of the template mean nothing here.
        video: Some(VideoSettings {
            codec: VideoCodec::Gif,
            width: Some(320),
            fps: Some(12.0),
            ..VideoSettings::default()
        }),
        audio: None,
        stall_seconds: None,
    };
    assert_eq!(gif, expected);
    let webp = settings(animated("webp", json!({}), json!({"Webp": {"Loop": 4}})));
    assert_eq!(webp.container, Container::Webp { plays: 4 });
    assert_eq!(webp.video.unwrap().width, Some(1280));
    let plays = |again: Value| {
        let mux = json!({"Gif": {"Loop": again}});
        match settings(animated("gif", json!({}), mux)).container {
            Container::Gif { plays, .. } => plays,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        [json!("-1"), json!(0), json!("65535")].map(plays),
        [1, 0, 65_536]
    );
    let general = json!({"Gif": {"IsCustomPalette": "false"}});
    let general = settings(animated("gif", json!({"PixFmt": "bgr8"}), general));
    let Container::Gif { colours, .. } = general.container else {
        panic!("{general:?}");
    };
    assert_eq!(colours, GifColours::General);
}

#[test]
fn what_an_animation_does_not_have_is_refused() {
    let gif = |video: Value, mux: Value| animated("gif", video, mux);
    for (own, code, about) in [
        (
            gif(json!({"Crf": "20"}), json!({})),
            Code::NotSupported,
            "Video.Crf",
        ),
        (
            gif(json!({"Fps": "51"}), json!({})),
            Code::OutOfRange,
            "Video.Fps",
        ),
        (
            gif(json!({"PixFmt": "bgr8"}), json!({})),
            Code::NotSupported,
            "Video.PixFmt",
        ),
        (
            gif(json!({"ScanMode": "interlaced"}), json!({})),
            Code::NotSupported,
            "Video.ScanMode",
        ),
        (
            gif(json!({}), json!({"Gif": {"Loop": "-2"}})),
            Code::OutOfRange,
            "MuxConfig.Gif.Loop",
        ),
        (
            gif(json!({}), json!({"Gif": {"FinalDelay": "65536"}})),
            Code::OutOfRange,
            "MuxConfig.Gif.FinalDelay",
        ),
        (
            gif(json!({}), json!({"Gif": {"DitherMode": "floyd"}})),
            Code::OutOfRange,
            "MuxConfig.Gif.DitherMode",
        ),
        (
            gif(
                json!({}),
                json!({"Gif": {"DitherMode": "bayer", "IsCustomPalette": "false"}}),
            ),
            Code::NotSupported,
            "MuxConfig.Gif.DitherMode",
        ),
        (
            json!({"Container": {"Format": "gif"}, "Video": {"Codec": "GIF"}}),
            Code::NotSupported,
            "Audio.Codec",
        ),
        (
            json!({"Container": {"Format": "webp"}, "Audio": {"Remove": "true"}}),
            Code::NotSupported,
            "Video.Codec",
        ),
        (
            json!({"Container": {"Format": "gif"}, "Video": {"Codec": "WEBP"}, "Audio": {"Remove": "true"}}),
            Code::NotSupported,
            "Video.Codec",
        ),
    ] {
        refused(own, code, about);
    }
}

#[test]
fn segments_begin_at_points_of_time() {
    let points = |text: &str| {
        let own = json!({"MuxConfig": {"Segment": {"ForceSegTime": text}}});
        parse_with(M3U8_LD, own).map(|accepted| accepted.spec.segment_at_ms)
    };
    assert_eq!(
        points("55.5, 23,60.125,23"),
        Ok(vec![23_000, 55_500, 60_125])
    );
    let about = "MuxConfig.Segment.ForceSegTime";
    for (text, code) in [
        ("1,x", Code::Format),
        ("1,", Code::Format),
        ("-1", Code::Format),
        ("1.2345", Code::Format),
        ("0", Code::OutOfRange),
        ("172800", Code::OutOfRange),
        ("1,2,3,4,5,6,7,8,9,10,11", Code::OutOfRange),
    ] {
        assert_eq!(points(text), Err(Refusal::new(code, about)), "{text}");
    }
    // Files have no segments, whatever their length is said to be.
    let file = json!({"MuxConfig": {"Segment": {"ForceSegTime": "1,2"}}});
    let file = parse_with(MP4_HD, file).unwrap();
    assert_eq!(file.spec.segment_at_ms, [0; 0]);
    let remux = json!({"MuxConfig": {"Segment": {"ForceSegTime": "1"}}});
    let found = parse_with("S00000001-100000", remux).err();
    assert_eq!(found, Some(Refusal::new(Code::NotSupported, about)));
}

#[test]
fn frames_of_two_fields_are_of_h264_in_files() {
    let seen = video(json!({"ScanMode": "Interlaced"}));
    assert_eq!(seen.scan, Scan::Interlaced);
    for own in [
        json!({"Video": {"ScanMode": "interlaced", "Profile": "baseline"}}),
        json!({"Video": {"ScanMode": "interlaced"}, "Container": {"Format": "m3u8"}}),
    ] {
        refused(own, Code::NotSupported, "Video.ScanMode");
    }
}
