//! Manifests of MPEG-DASH.

use super::*;

#[test]
fn a_manifest_has_segments_of_a_length_and_of_nothing_else() {
    let mpd = |own: Value| {
        let mut whole = json!({"Container": {"Format": "mpd"}, "OutputObject": "out/a"});
        for (name, value) in own.as_object().unwrap() {
            whole[name] = value.clone();
        }
        parse_with(MP4_HD, whole)
    };
    let accepted = mpd(json!({"MuxConfig": {"Segment": {"Duration": "6"}}})).unwrap();
    assert_eq!(accepted.spec.object.key.as_str(), "out/a.mpd");
    let expected = Container::Dash {
        segment_seconds: 6,
        hls: false,
    };
    assert_eq!(accepted.spec.settings.container, expected);
    let key = "MDEyMzQ1Njc4OWFiY2RlZg==";
    for (own, code, about) in [
        (
            json!({"MuxConfig": {"Segment": {"ForceSegTime": "3"}}}),
            Code::NotSupported,
            "MuxConfig.Segment.ForceSegTime",
        ),
        (
            json!({"Encryption": {"Type": "hls-aes-128", "Key": key, "KeyUri": key}}),
            Code::EncryptionContainer,
            "Encryption",
        ),
        (
            json!({"M3U8NonStandardSupport": {"TS": {"Md5Support": "true"}}}),
            Code::NotSupported,
            "M3U8NonStandardSupport",
        ),
        (
            json!({"Video": {"ScanMode": "interlaced"}}),
            Code::NotSupported,
            "Video.ScanMode",
        ),
        (
            json!({"Audio": {"Codec": "MP3"}}),
            Code::NotSupported,
            "Audio.Codec",
        ),
    ] {
        let found = mpd(own.clone()).err();
        assert_eq!(found, Some(Refusal::new(code, about)), "{own}");
    }
}
