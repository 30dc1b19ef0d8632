//! Subtitles as callers send them.

use serde_json::json;

use super::*;

fn input(key: &str) -> Value {
    json!({"Bucket": "media", "Location": "x", "Object": key})
}

#[test]
fn files_of_subtitles_are_drawn_in_their_encoding_and_font() {
    let own = json!({"SubtitleConfig": {"ExtSubtitleList": [
        {"Input": input("a%20b.srt")},
        {"Input": input("{ObjectPrefix}{FileName}.ass"), "CharEnc": "GBK", "FontName": "SimSun"},
    ]}});
    let found = parse_with(MP4_HD, own).unwrap().spec.subtitles;
    let expected = json!([
        {"object": {"bucket": "media", "key": "a b.srt"}},
        {"object": {"bucket": "media", "key": "in/clip.ass"}, "encoding": "gbk", "font": "SimSun"},
    ]);
    assert_eq!(serde_json::to_value(found).unwrap(), expected);
    let own = json!({"SubtitleConfig": {"SubtitleList": [{"Map": "0:s:2"}]}});
    let found = parse_with(MP4_HD, own).unwrap().spec.subtitles;
    assert_eq!(serde_json::to_value(found).unwrap(), json!([{"track": 2}]));
    // Old clients send objects and lists as texts.
    let list = json!([{"Input": input("a.srt").to_string()}]).to_string();
    let own = json!({"SubtitleConfig": json!({"ExtSubtitleList": list}).to_string()});
    assert_eq!(parse_with(MP4_HD, own).unwrap().spec.subtitles.len(), 1);
}

#[test]
fn subtitles_that_cannot_be_are_refused_by_name() {
    let listed = |own: Value| json!({"SubtitleConfig": {"ExtSubtitleList": [own]}});
    let path = |name: &str| format!("SubtitleConfig.ExtSubtitleList[0].{name}");
    let cases = [
        (json!({"CharEnc": "auto"}), Code::NullValue, "Input"),
        (
            json!({"Input": {"Bucket": "media"}}),
            Code::NullValue,
            "Input.Location",
        ),
        (
            json!({"Input": input("{RunId}.srt")}),
            Code::NotSupported,
            "Input.Object",
        ),
        (
            json!({"Input": input("a.srt"), "CharEnc": "latin1"}),
            Code::OutOfRange,
            "CharEnc",
        ),
        (
            json!({"Input": input("a.srt"), "Surprise": 1}),
            Code::NotSupported,
            "Surprise",
        ),
    ];
    for (own, code, name) in cases {
        refused(listed(own), code, &path(name));
    }
    let five =
        json!({"SubtitleConfig": {"ExtSubtitleList": vec![json!({"Input": input("a.srt")}); 5]}});
    refused(five, Code::ListSizeExceed, "SubtitleConfig.ExtSubtitleList");
    let sound = json!({"SubtitleConfig": {"SubtitleList": [{"Map": "0:a:0"}]}});
    refused(sound, Code::Format, "SubtitleConfig.SubtitleList[0].Map");
    let mut silent = listed(json!({"Input": input("a.srt")}));
    silent["Video"] = json!({"Remove": true});
    refused(silent, Code::NotSupported, "SubtitleConfig");
    let comma = listed(json!({"Input": input("a.srt"), "FontName": "a,b"}));
    refused(comma, Code::OutOfRange, "SubtitleConfig");
}
