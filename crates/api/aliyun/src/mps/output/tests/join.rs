//! Files that are joined and sounds that are mixed, as callers send them.

use reelgate_domain::job::kind::transcode::Fit;
use serde_json::json;

use super::*;
use crate::mps::configs::Configs;

const URL: &str = "http://media.oss-cn-x.example.com/b%20c.mp4";

fn spec(own: Value) -> Value {
    let spec = parse_with(MP4_HD, own).unwrap().spec;
    serde_json::to_value(spec).unwrap()
}

fn object() -> Value {
    json!({"bucket": "media", "key": "b c.mp4"})
}

#[test]
fn merged_files_follow_the_input_and_tails_follow_them() {
    let own = json!({
        "MergeList": [{"MergeURL": URL}, {"MergeURL": URL, "Start": "00:00:01.5", "Duration": 2}],
        "TailSlateList": [{"TailUrl": URL, "BlendDuration": "1.5", "Width": "full", "Height": 240,
            "IsMergeAudio": false, "BgColor": "Black", "Start": 1}, {"TailUrl": URL}],
        "Clip": {"TimeSpan": {"Seek": "1"}, "ConfigToClipFirstPart": "true"},
    });
    let found = spec(own);
    let expected = json!([
        {"object": object()},
        {"object": object(), "clip": {"start_ms": 1500, "length": {"duration_ms": 2000}}},
        {"object": object(), "clip": {"start_ms": 1000}, "width": "full", "height": {"px": 240},
            "background": "#000000", "muted": true, "fade_ms": 1500},
        {"object": object(), "width": "own", "height": "own", "background": "#ffffff"},
    ]);
    assert_eq!(found["append"], expected);
    assert_eq!(found["clip_first"], json!(true));
    assert_eq!(found["clip"], json!({"start_ms": 1000}));
}

/// Old clients send lists as texts.
#[test]
fn lists_in_texts_are_lists() {
    let list = json!([{"MergeURL": URL}]).to_string();
    assert_eq!(
        spec(json!({"MergeList": list}))["append"],
        json!([{"object": object()}])
    );
}

#[test]
fn merged_pictures_are_not_stretched_unless_that_is_asked_for() {
    let fit = |method: Value, list: &str| {
        let part = match list {
            "MergeList" => json!({"MergeURL": URL}),
            _ => json!({"TailUrl": URL}),
        };
        let own = json!({list: [part], "Video": {"Height": 720}, "TransConfig": {"AdjDarMethod": method}});
        let video = parse_with(MP4_HD, own).unwrap().spec.settings.video;
        video.unwrap().fit
    };
    assert_eq!(fit(json!(null), "MergeList"), Fit::Pad);
    assert_eq!(fit(json!("crop"), "MergeList"), Fit::Crop);
    assert_eq!(fit(json!("rescale"), "MergeList"), Fit::Stretch);
    assert_eq!(fit(json!("Rescale"), "MergeList"), Fit::Stretch);
    assert_eq!(fit(json!("none"), "MergeList"), Fit::Pad);
    assert_eq!(fit(json!(null), "TailSlateList"), Fit::Stretch);
}

#[test]
fn a_template_may_ask_for_merged_pictures_that_are_stretched() {
    const ID: &str = "0123456789abcdef0123456789abcdef";
    let parts = json!({
        "Video": {"Codec": "H.264", "Width": "640", "Height": "720"}, "Audio": {"Codec": "AAC"},
        "TransConfig": {"AdjDarMethod": "rescale"},
    });
    let templates = Used::with_template(ID, parts.as_object().unwrap().clone());
    let fit = |config: Value| {
        let own = json!({"MergeList": [{"MergeURL": URL}], "TransConfig": config});
        let spec = parse_using(&templates, ID, own).unwrap().spec;
        spec.settings.video.unwrap().fit
    };
    assert_eq!(fit(json!({})), Fit::Stretch);
    assert_eq!(fit(json!({"IsCheckReso": "true"})), Fit::Stretch);
    assert_eq!(fit(json!({"AdjDarMethod": "none"})), Fit::Pad);
}

/// The method of merged pictures was put beside the padding, which the service then refused with all of the call.
#[test]
fn a_merged_picture_that_is_padded_has_its_own_place() {
    let video = json!({"Width": 320, "Height": 180, "Pad": "320:240:0:30"});
    let own = json!({"MergeList": [{"MergeURL": URL}], "Video": video});
    let spec = parse_with(MP4_HD, own).unwrap().spec;
    assert_eq!(spec.validate(), Ok(()));
    let video = spec.settings.video.unwrap();
    assert_eq!((video.fit, video.pad.unwrap().top), (Fit::Stretch, 30));
}

#[test]
fn all_watermarks_and_all_openings_go_together() {
    let mark = json!({"InputFile": {"Bucket": "media", "Location": "x", "Object": "a.png"}});
    let own =
        json!({"WaterMarks": vec![mark; 20], "OpeningList": [{"OpenUrl": URL}, {"OpenUrl": URL}]});
    assert_eq!(spec(own)["overlays"].as_array().unwrap().len(), 22);
}

#[test]
fn openings_are_seen_once_in_the_middle_below_watermarks() {
    let mark = json!({"InputFile": {"Bucket": "media", "Location": "x", "Object": "a.png"}});
    let own = json!({
        "OpeningList": [{"OpenUrl": URL, "Start": "2.5", "Width": 640}, {"OpenUrl": URL, "Height": "full"}],
        "WaterMarks": [mark],
    });
    let found = spec(own);
    let seen = |width: Value, height: Value| json!({"picture": {"object": object(), "width": width, "height": height, "once": true}});
    assert_eq!(
        found["overlays"][0],
        json!({"mark": seen(json!({"px": 640}), json!("own")), "corner": "center", "start_ms": 2500})
    );
    assert_eq!(
        found["overlays"][1],
        json!({"mark": seen(json!("own"), json!({"ratio": 1.0})), "corner": "center"})
    );
    assert_eq!(
        found["overlays"][2]["mark"]["picture"]["object"]["key"],
        "a.png"
    );
}

#[test]
fn sounds_are_those_of_files_or_of_the_source() {
    let own = json!({"Amix": [
        {"AmixURL": "input", "Map": "0:a:1", "MixDurMode": "first"},
        {"AmixURL": URL, "Map": "0:a:0", "MixDurMode": "long", "Start": 1, "Duration": "00:00:02"},
    ]});
    let expected = json!([
        {"audio": 1, "until": "first"},
        {"object": object(), "clip": {"start_ms": 1000, "length": {"duration_ms": 2000}}},
    ]);
    assert_eq!(spec(own)["mix"], expected);
}

#[test]
fn what_cannot_be_joined_or_mixed_is_refused_by_name() {
    let merge = |own: Value| json!({"MergeList": [own]});
    let tail = |own: Value| {
        let mut tail = json!({"TailUrl": URL});
        tail.as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        json!({"TailSlateList": [tail]})
    };
    let mix = |own: Value| json!({"Amix": [own]});
    let cases = [
        (
            merge(json!({"Start": 1})),
            Code::NullValue,
            "MergeList[0].MergeURL",
        ),
        (
            merge(json!({"MergeURL": "a"})),
            Code::Format,
            "MergeList[0].MergeURL",
        ),
        (
            merge(json!({"MergeURL": URL, "Start": "1m"})),
            Code::Format,
            "MergeList[0].Start",
        ),
        (
            merge(json!({"MergeURL": URL, "Duration": 0})),
            Code::OutOfRange,
            "MergeList[0].Duration",
        ),
        (
            merge(json!({"MergeURL": URL, "RoleArn": "a"})),
            Code::NotSupported,
            "MergeList[0].RoleArn",
        ),
        (
            json!({"MergeList": {"MergeURL": URL}}),
            Code::JsonArrayFormat,
            "MergeList",
        ),
        (
            json!({"MergeList": vec![json!({"MergeURL": URL}); 5]}),
            Code::ListSizeExceed,
            "MergeList",
        ),
        (
            json!({"MergeList": [{"MergeURL": URL}], "MergeConfigUrl": URL}),
            Code::ExclusiveParameters,
            "MergeList,MergeConfigUrl",
        ),
        (
            json!({"MergeConfigUrl": URL}),
            Code::ResourceNotFound,
            "b c.mp4",
        ),
        (
            json!({"MergeConfigUrl": "a"}),
            Code::Format,
            "MergeConfigUrl",
        ),
        (
            tail(json!({"Width": 0})),
            Code::OutOfRange,
            "TailSlateList[0].Width",
        ),
        (
            tail(json!({"Height": 4097})),
            Code::OutOfRange,
            "TailSlateList[0].Height",
        ),
        (
            tail(json!({"BgColor": "none"})),
            Code::OutOfRange,
            "TailSlateList[0].BgColor",
        ),
        (
            tail(json!({"BlendDuration": 61})),
            Code::OutOfRange,
            "TailSlateList[0].BlendDuration",
        ),
        (
            tail(json!({"IsMergeAudio": "x"})),
            Code::NotBoolean,
            "TailSlateList[0].IsMergeAudio",
        ),
        (
            json!({"TailSlateList": vec![json!({"TailUrl": URL}); 3]}),
            Code::ListSizeExceed,
            "TailSlateList",
        ),
        (
            json!({"OpeningList": vec![json!({"OpenUrl": URL}); 3]}),
            Code::ListSizeExceed,
            "OpeningList",
        ),
        (
            json!({"OpeningList": [{"OpenUrl": URL, "Width": "half"}]}),
            Code::NumberFormat,
            "OpeningList[0].Width",
        ),
        (
            mix(json!({"AmixURL": "input"})),
            Code::NullValue,
            "Amix[0].Map",
        ),
        (
            mix(json!({"Map": "0:a:0"})),
            Code::NullValue,
            "Amix[0].AmixURL",
        ),
        (
            mix(json!({"AmixURL": URL, "Map": "0:v:0"})),
            Code::Format,
            "Amix[0].Map",
        ),
        (
            mix(json!({"AmixURL": URL, "Map": "0:a:0", "MixDurMode": "both"})),
            Code::OutOfRange,
            "Amix[0].MixDurMode",
        ),
        (
            json!({"Amix": [{"AmixURL": URL, "Map": "0:a:0"}], "Audio": {"Remove": true}}),
            Code::NotSupported,
            "Amix",
        ),
        (
            json!({"OpeningList": [{"OpenUrl": URL}], "Video": {"Remove": true}}),
            Code::NotSupported,
            "OpeningList",
        ),
    ];
    for (own, code, about) in cases {
        refused(own, code, about);
    }
}

#[test]
fn a_file_names_what_is_merged() {
    let parsed = |text: &str| {
        let input = Input::parse(r#"{"Bucket": "media", "Location": "x", "Object": "a.mov"}"#);
        let config = reelgate_service::parse_address(URL).unwrap();
        let target = Target {
            input: &input.unwrap(),
            bucket: &BucketName::new("media").unwrap(),
            templates: &Used::default(),
            configs: &Configs::of(config, text.as_bytes()),
        };
        let output =
            json!({"OutputObject": "out/a.mp4", "TemplateId": MP4_HD, "MergeConfigUrl": URL});
        parse(output, &target).map(|accepted| accepted.spec.append.len())
    };
    let list =
        |count: usize| json!({"MergeList": vec![json!({"MergeURL": URL}); count]}).to_string();
    assert_eq!(parsed(&list(1)), Ok(1));
    assert_eq!(parsed(&format!("\u{feff}{}", list(50))), Ok(50));
    let cases = [
        (list(51), Code::ListSizeExceed, "MergeConfigUrl.MergeList"),
        (list(0), Code::EmptyValue, "MergeConfigUrl.MergeList"),
        ("[]".to_owned(), Code::ResourceContentBad, "b c.mp4"),
        ("{".to_owned(), Code::ResourceContentBad, "b c.mp4"),
        (
            json!({"MergeList": [{"MergeURL": URL}], "More": 1}).to_string(),
            Code::NotSupported,
            "MergeConfigUrl.More",
        ),
    ];
    for (text, code, about) in cases {
        assert_eq!(parsed(&text), Err(Refusal::new(code, about)), "{text}");
    }
}
