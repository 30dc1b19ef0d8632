//! Outputs of the remux presets.

use serde_json::json;

use super::*;

#[test]
fn remux_presets_leave_nothing_to_say_but_how_to_pack() {
    const M3U8: &str = "S00000001-100000";
    let own =
        json!({"MuxConfig": {"Segment": {"Duration": "4"}}, "VideoStreamMap": "0:v:1", "Clip": {}});
    let spec = parse_with(M3U8, own).unwrap().spec;
    let Container::Hls {
        segment_seconds, ..
    } = spec.settings.container
    else {
        panic!("{:?}", spec.settings);
    };
    assert_eq!((segment_seconds, spec.streams.video), (4, Some(1)));
    assert_eq!(spec.settings.video.unwrap().codec, VideoCodec::Copy);
    assert_eq!(spec.settings.audio.unwrap().codec, AudioCodec::Copy);
    for upright in [json!(0), json!("0")] {
        let spec = parse_with(M3U8, json!({"Rotate": upright})).unwrap().spec;
        assert_eq!(spec.settings.video.unwrap().codec, VideoCodec::Copy);
    }
    for (name, value) in [
        ("Video", json!({"Width": 640})),
        ("Audio", json!({"Remove": "true"})),
        ("Container", json!({"Format": "mp4"})),
        ("TransConfig", json!({"TransMode": "CBR"})),
        ("Clip", json!({"TimeSpan": {"Seek": 1}})),
        ("WaterMarks", json!([{"InputFile": {}, "Width": 64}])),
        ("Rotate", json!(90)),
        ("Colour", json!("red")),
    ] {
        let found = parse_with(M3U8, json!({name: value})).err();
        assert_eq!(found, Some(Refusal::new(Code::NotSupported, name)));
    }
    let found = parse_with(M3U8, json!({"MuxConfig": {"Segment": {"Duration": "0"}}})).err();
    assert_eq!(found.unwrap().code, Code::OutOfRange);
}
