//! Subtitles are seen in the picture, when they are said, whatever their file is written in.

use std::path::{Path, PathBuf};

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::{OutputSpec, Settings};
use reelgate_domain::media::StreamDetail;
use serde_json::{Value, json};

use crate::support::{
    ENGINE, Made, clip, close, entries, facts, generate, hls, likeness, make, make_with, mean, mp4,
    run,
};

fn black(folder: &Path) -> PathBuf {
    let args = "-f lavfi -i color=black:s=320x180:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 -preset ultrafast \
                -c:a aac";
    generate(folder, "black.mp4", args)
}

fn with_subtitles(subtitles: Value) -> OutputSpec {
    let mut spec = mp4(json!({"preset": "veryfast"}));
    spec.subtitles = serde_json::from_value(subtitles).unwrap();
    spec
}

fn of(key: &str) -> Value {
    json!({"object": {"bucket": "media", "key": key}})
}

/// One subtitle from the first second to the second.
fn srt(folder: &Path, name: &str, words: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let whole = [b"1\n00:00:01,000 --> 00:00:02,000\n", words, b"\n\n"].concat();
    std::fs::write(&path, whole).unwrap();
    path
}

/// How bright it is at a moment where words begin and end.
fn brightness(file: &Path, at: f64) -> f64 {
    mean(file, at, (150, 160, 20, 16)).iter().sum::<f64>() / 3.0
}

fn is_said(file: &Path, at: f64) -> bool {
    match brightness(file, at) {
        light if light > 12.0 => true,
        dark if dark < 3.0 => false,
        other => panic!("neither words nor none at {at}: {other}"),
    }
}

#[test]
fn words_are_seen_while_they_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let words = srt(folder.path(), "a.srt", b"Said, and seen");
    let made = make_with(
        &film,
        &[("a.srt", &words)],
        &with_subtitles(json!([of("a.srt")])),
    )
    .unwrap();
    let seen = [0.9, 1.04, 1.9, 2.1].map(|at| is_said(&made.main(), at));
    assert_eq!(seen, [false, true, true, false]);
    // A clip's subtitles are those of what it shows.
    let mut late = with_subtitles(json!([of("a.srt")]));
    late.clip = serde_json::from_value(json!({"start_ms": 1500})).unwrap();
    let made = make_with(&film, &[("a.srt", &words)], &late).unwrap();
    let seen = [0.1, 0.4, 0.6].map(|at| is_said(&made.main(), at));
    assert_eq!(seen, [true, true, false]);
}

/// Greek letters: all three encodings have them, and so has the font that tests need.
#[test]
fn words_look_the_same_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let wide: Vec<u8> = "\u{feff}1\n00:00:01,000 --> 00:00:02,000\n\u{391}\u{392}\u{393}\n\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let utf16 = folder.path().join("utf16.srt");
    std::fs::write(&utf16, wide).unwrap();
    let files = [
        (
            "utf8.srt",
            "auto",
            srt(
                folder.path(),
                "utf8.srt",
                "\u{391}\u{392}\u{393}".as_bytes(),
            ),
        ),
        (
            "gbk.srt",
            "gbk",
            srt(
                folder.path(),
                "gbk.srt",
                &[0xa6, 0xa1, 0xa6, 0xa2, 0xa6, 0xa3],
            ),
        ),
        (
            "big5.srt",
            "big5",
            srt(
                folder.path(),
                "big5.srt",
                &[0xa3, 0x44, 0xa3, 0x45, 0xa3, 0x46],
            ),
        ),
        ("utf16.srt", "auto", utf16),
    ];
    let mut first: Option<Made> = None;
    for (name, encoding, file) in &files {
        let mut subtitles = of(name);
        subtitles["encoding"] = json!(encoding);
        let mut spec = with_subtitles(json!([subtitles]));
        spec.clip =
            serde_json::from_value(json!({"start_ms": 1200, "length": {"duration_ms": 400}}))
                .unwrap();
        let made = make_with(&film, &[(name, file)], &spec).unwrap();
        assert!(is_said(&made.main(), 0.1), "{name}");
        match &first {
            None => first = Some(made),
            Some(first) => {
                let same = likeness(&first.main(), &made.main(), &[], "null");
                assert!(close(same, 1.0, 0.0001), "{name}: {same}");
            }
        }
    }
}

#[test]
fn subtitles_outside_of_a_clip_draw_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let words = srt(folder.path(), "a.srt", b"Said, and not seen");
    let mut late = with_subtitles(json!([of("a.srt")]));
    late.clip = serde_json::from_value(json!({"start_ms": 2000})).unwrap();
    let made = make_with(&film, &[("a.srt", &words)], &late).unwrap();
    let seen = [0.1, 1.0, 1.9].map(|at| is_said(&made.main(), at));
    assert_eq!(seen, [false; 3]);
    // One that would go on is over when the picture is.
    let path = folder.path().join("long.srt");
    std::fs::write(&path, "1\n00:00:03,000 --> 00:01:00,000\nGoing on\n\n").unwrap();
    let made = make_with(
        &film,
        &[("long.srt", &path)],
        &with_subtitles(json!([of("long.srt")])),
    )
    .unwrap();
    assert_eq!(
        [2.9, 3.1, 3.9].map(|at| is_said(&made.main(), at)),
        [false, true, true]
    );
    let seconds = made.video().0.duration_seconds.unwrap();
    assert!(close(seconds, 4.0, 0.05), "{seconds}");
}

/// Two at a time are above each other, and neither hides the other. Fonts that nobody has are exchanged.
#[test]
fn overlapping_subtitles_are_both_seen() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let path = folder.path().join("two.ass");
    let text = "[Script Info]\nScriptType: v4.00+\nPlayResX: 320\nPlayResY: 180\n\n[V4+ Styles]\n\
        Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
        Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, \
        MarginR, MarginV, Encoding\n\
        Style: Default,No Such Font,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,4,0\n\n\
        [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
        Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,MMMMMMMM\n\
        Dialogue: 0,0:00:02.00,0:00:04.00,Default,,0,0,0,,{\\fnNor This}WWWWWWWW\n";
    std::fs::write(&path, text).unwrap();
    let made = make_with(
        &film,
        &[("two.ass", &path)],
        &with_subtitles(json!([of("two.ass")])),
    )
    .unwrap();
    let light = |at: f64, top: u32| mean(&made.main(), at, (120, top, 80, 16))[0];
    let (alone, both) = (
        (light(1.5, 160), light(1.5, 142)),
        (light(2.5, 160), light(2.5, 142)),
    );
    assert!(alone.0 > 12.0 && alone.1 < 3.0, "{alone:?}");
    assert!(both.0 > 12.0 && both.1 > 12.0, "{both:?}");
}

#[test]
fn the_subtitles_of_a_source_are_drawn() {
    let source = clip("subs_ssa_overlap.mkv");
    let plain = make(&source, &with_subtitles(json!([])));
    let drawn = make(&source, &with_subtitles(json!([{}])));
    let seconds = drawn.video().0.duration_seconds.unwrap();
    let differs = (0..(seconds * 10.0) as u32).any(|tenth| {
        let at = f64::from(tenth) / 10.0;
        let (_, video) = plain.video();
        let whole = (0, video.height / 2, video.width, video.height / 2);
        let (a, b) = (
            mean(&plain.main(), at, whole),
            mean(&drawn.main(), at, whole),
        );
        a.iter().zip(b).any(|(a, b)| !close(*a, b, 1.0))
    });
    assert!(differs, "no words in {seconds} s");
}

#[test]
fn subtitles_that_cannot_be_shown_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let fault = |name: &str, words: &[u8], own: Value| {
        let file = srt(folder.path(), name, words);
        let mut subtitles = of(name);
        let members = subtitles.as_object_mut().unwrap();
        members.extend(own.as_object().unwrap().clone());
        let fault = make_with(&film, &[(name, &file)], &with_subtitles(json!([subtitles])));
        let fault = fault.err().unwrap();
        (fault.code, fault.message)
    };
    // Latin letters with accents in one byte each.
    let latin = [b'c', b'a', b'f', 0xe9, b' ', b'!'];
    let cases = [
        (
            fault("latin.srt", &latin, json!({})),
            FaultCode::SourceUnreadable,
            "media/latin.srt is in none of",
        ),
        (
            fault("latin.srt", &latin, json!({"encoding": "euc-kr"})),
            FaultCode::SourceUnreadable,
            "media/latin.srt has subtitles that are not in CP949",
        ),
        (
            fault("latin.srt", &latin, json!({"encoding": "utf-8"})),
            FaultCode::SourceUnreadable,
            "media/latin.srt is not in UTF-8",
        ),
        (
            fault(
                "han.srt",
                "\u{5b57}".as_bytes(),
                json!({"font": "DejaVu Sans"}),
            ),
            FaultCode::EngineLacks,
            "font DejaVu Sans has no",
        ),
        (
            fault("font.srt", b"a", json!({"font": "No Such Font"})),
            FaultCode::EngineLacks,
            "No Such Font is not installed",
        ),
        (
            fault("track.srt", b"a", json!({"track": 1})),
            FaultCode::SpecUnfit,
            "has no subtitles 1",
        ),
    ];
    for ((code, message), expected, said) in cases {
        assert_eq!(code, expected, "{message}");
        assert!(message.contains(said), "{message}");
    }
    for (name, content) in [
        ("empty.vtt", "WEBVTT\n\n"),
        ("blank.srt", "1\n00:00:01,000 --> 00:00:02,000\n\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let spec = with_subtitles(json!([of(name)]));
        let fault = make_with(&film, &[(name, &path)], &spec).err().unwrap();
        assert_eq!(
            fault.code,
            FaultCode::SourceUnreadable,
            "{name}: {}",
            fault.message
        );
        assert!(
            fault.message.contains("has no subtitles in it"),
            "{}",
            fault.message
        );
    }
    for (name, content) in [
        ("none.srt", vec![]),
        (
            "noise.srt",
            (0..4000_u32).map(|n| ((n * n) >> 3) as u8).collect(),
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert!(facts(&path).is_err(), "{name}");
    }
    let none = make_with(&film, &[], &with_subtitles(json!([{}])))
        .err()
        .unwrap();
    assert_eq!(none.code, FaultCode::SpecUnfit);
}

/// Two subtitles, the second of which begins before the first ends.
const TWO: &str =
    "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:01,500 --> 00:00:03,000\nTwo\n\n";

fn two(folder: &Path) -> PathBuf {
    let path = folder.join("two.srt");
    std::fs::write(&path, TWO).unwrap();
    path
}

fn settings(format: &str, video: Value, audio: Value) -> Settings {
    let settings = json!({"container": {"format": format}, "video": video, "audio": audio});
    serde_json::from_value(settings).unwrap()
}

/// A stream of subtitles as SubRip.
fn words_of(file: &Path, track: u32) -> String {
    let map = format!("0:s:{track}");
    let args = [
        "-v",
        "error",
        "-nostdin",
        "-i",
        file.to_str().unwrap(),
        "-map",
        &map,
    ];
    let text = run(ENGINE.ffmpeg(), &[&args[..], &["-f", "srt", "-"]].concat());
    String::from_utf8(text).unwrap().replace("\r\n", "\n")
}

fn streams(made: &Made) -> Vec<(&str, &str)> {
    let all = made.facts.streams.iter();
    let subtitles = all.filter(|stream| matches!(stream.detail, StreamDetail::Subtitle));
    subtitles
        .map(|stream| {
            let codec = stream.codec_name.as_deref().unwrap_or("");
            (codec, stream.language.as_deref().unwrap_or(""))
        })
        .collect()
}

#[test]
fn streams_hold_what_is_said_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let (film, words) = (black(folder.path()), two(folder.path()));
    let mut stream = of("two.srt");
    stream["as"] = json!("stream");
    stream["language"] = json!("fra");
    let further = [("two.srt", words.as_path())];
    let copied = json!({"codec": "copy"});
    let one_at_a_time = "1\n00:00:01,000 --> 00:00:01,500\nOne\n\n2\n00:00:01,500 --> 00:00:02,000\nOne\nTwo\n\n\
        3\n00:00:02,000 --> 00:00:03,000\nTwo\n\n";
    for (format, codec, expected) in [
        ("mp4", "mov_text", one_at_a_time),
        ("mov", "mov_text", one_at_a_time),
        ("mkv", "subrip", TWO),
    ] {
        let mut spec = with_subtitles(json!([stream]));
        // Sound that begins before zero moves all streams of MKV.
        spec.settings = settings(format, copied.clone(), Value::Null);
        let made = make_with(&film, &further, &spec).unwrap();
        assert_eq!(streams(&made), [(codec, "fra")]);
        assert_eq!(words_of(&made.main(), 0), expected, "{format}");
        let seconds = made.facts.format.duration_seconds.unwrap();
        assert!(close(seconds, 4.0, 0.1), "{format}: {seconds}");
    }
    // A clip's, in its times, and beside a second stream that has none left.
    let video = json!({"codec": "vp9", "profile": "main", "preset": "veryfast", "rate": {"mode": "crf", "crf": 40}});
    let early = srt(folder.path(), "early.srt", b"Gone");
    let mut spec = with_subtitles(
        json!([stream, {"object": {"bucket": "media", "key": "early.srt"}, "as": "stream"}]),
    );
    spec.settings = settings("webm", video, Value::Null);
    spec.clip = serde_json::from_value(json!({"start_ms": 2000})).unwrap();
    let made = make_with(&film, &[further[0], ("early.srt", &early)], &spec).unwrap();
    assert_eq!(streams(&made), [("webvtt", "fra"), ("webvtt", "")]);
    assert_eq!(
        words_of(&made.main(), 0),
        "1\n00:00:00,000 --> 00:00:01,000\nTwo\n\n"
    );
    assert_eq!(words_of(&made.main(), 1), "");
}

#[test]
fn the_subtitles_of_a_source_stay_what_they_are() {
    let source = clip("subs_ssa_overlap.mkv");
    let mut spec = with_subtitles(json!([{"as": "stream"}]));
    spec.settings = settings("mkv", json!({"codec": "copy"}), json!({"codec": "copy"}));
    let made = make(&source, &spec);
    assert_eq!(streams(&made)[0].0, "ass");
    let times = |file: &Path| entries(file, "s:0", "packet=pts_time");
    let (before, after) = (times(&source), times(&made.main()));
    assert!(!before.is_empty());
    assert_eq!(before.len(), after.len());
}

#[test]
fn webvtt_lies_beside_an_output_whatever_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let film = black(folder.path());
    let path = folder.path().join("marks.srt");
    let text = "1\n00:00:01,000 --> 00:00:02,000\n<i>1 & 2</i> <font color=\"#ff0000\">3</font>\n\n\
        2\n00:00:03,500 --> 00:01:00,000\nGoing on\n\n";
    std::fs::write(&path, text).unwrap();
    let mut beside = of("marks.srt");
    beside["as"] = json!("webvtt");
    let expected = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>1 &amp; 2</i> 3\n\n\
        00:00:03.500 --> 00:00:04.000\nGoing on\n";
    let mut segmented = hls("ts", 2, json!({"preset": "veryfast"}));
    segmented.subtitles = serde_json::from_value(json!([beside, beside])).unwrap();
    for (spec, names) in [
        (with_subtitles(json!([beside])), vec!["film.mp4.1.vtt"]),
        (segmented, vec!["film.m3u8.1.vtt", "film.m3u8.2.vtt"]),
    ] {
        let made = make_with(&film, &[("marks.srt", &path)], &spec).unwrap();
        let found: Vec<&str> = (made.names.iter().map(String::as_str))
            .filter(|name| name.ends_with(".vtt"))
            .rev()
            .collect();
        assert_eq!(found, names);
        for name in names {
            let vtt = std::fs::read_to_string(made.out_dir.join(name)).unwrap();
            assert_eq!(vtt, expected, "{name}");
        }
        assert!(streams(&made).is_empty());
    }
    let mut none = with_subtitles(json!([beside]));
    none.clip =
        serde_json::from_value(json!({"start_ms": 2500, "length": {"duration_ms": 500}})).unwrap();
    let made = make_with(&film, &[("marks.srt", &path)], &none).unwrap();
    let vtt = std::fs::read_to_string(made.out_dir.join("film.mp4.1.vtt")).unwrap();
    assert_eq!(vtt, "WEBVTT\n");
}

#[test]
fn forms_that_nothing_holds_are_refused() {
    let check = |format: &str, subtitles: Value, field: &str| {
        let mut spec = with_subtitles(subtitles);
        spec.settings = settings(format, json!({"codec": "copy"}), json!({"codec": "copy"}));
        assert_eq!(spec.validate().unwrap_err().field, field, "{format}");
    };
    check("ts", json!([{"as": "stream"}]), "subtitles.as");
    check("mp4", json!([{}]), "subtitles");
    check(
        "mp4",
        json!([{"as": "stream", "language": "en"}]),
        "subtitles.language",
    );
    check(
        "mp4",
        json!([{"as": "webvtt", "language": "eng"}]),
        "subtitles.language",
    );
    check(
        "mp4",
        json!([{"as": "stream", "font": "DejaVu Sans"}]),
        "subtitles.font",
    );
    check(
        "mp4",
        Value::from(vec![json!({"as": "webvtt"}); 33]),
        "subtitles",
    );
}
