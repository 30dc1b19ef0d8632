//! Watermarks and choices of streams as callers send them.

use serde_json::json;

use super::*;

fn overlays(marks: Value) -> Value {
    let spec = parse_with(MP4_HD, json!({"WaterMarks": marks}))
        .unwrap()
        .spec;
    serde_json::to_value(spec.overlays).unwrap()
}

#[test]
fn watermarks_become_overlays() {
    let file = json!({"Bucket": "media", "Location": "x", "Object": "a%20logo.png"});
    let object = json!({"bucket": "media", "key": "a logo.png"});
    let plain = json!([{"mark": {"picture": {"object": object, "width": {"ratio": 0.12}}}}]);
    assert_eq!(overlays(json!([{"InputFile": file}])), plain);
    // Old clients send lists and objects as texts.
    let text = json!([{"InputFile": file.to_string()}]).to_string();
    assert_eq!(overlays(json!(text)), plain);
    let whole = json!({
        "Type": "Image", "InputFile": {"URL": "http://media.oss-x.example.com/a%20logo.png"},
        "Height": "0.12345", "Dx": "-8", "Dy": 0.5, "ReferPos": "BottomLeft",
        "Timeline": {"Start": "1.5", "Duration": 2},
    });
    let expected = json!([{
        "mark": {"picture": {"object": object, "height": {"ratio": 0.1234}}},
        "corner": "bottom_left", "dx": {"px": -8}, "dy": {"ratio": 0.5},
        "start_ms": 1500, "duration_ms": 2000,
    }]);
    assert_eq!(overlays(json!([whole])), expected);
    let text = json!({"Content": "aMOp", "FontName": "SimSun", "FontSize": "20", "FontColor": "Red",
        "FontAlpha": "0.5", "Left": 3, "Top": "4", "BorderWidth": 1, "adaptive": "false"});
    let expected = json!([{
        "mark": {"text": {"text": "h\u{e9}", "font": "SimSun", "size": 20, "color": "#ff0000", "alpha": 0.5,
            "border": 1}},
        "corner": "top_left", "dx": {"px": 3}, "dy": {"px": 4},
    }]);
    let marks = json!([{"Type": "Text", "TextWaterMark": text, "Timeline": {"Duration": "ToEND"}}]);
    assert_eq!(overlays(marks), expected);
}

#[test]
fn marks_have_what_their_template_says_unless_they_say_it_themselves() {
    const ID: &str = "0123456789abcdef0123456789abcdef";
    let object = json!({"bucket": "media", "key": "a.png"});
    let check = |config: Value, own: Value, expected: Value| {
        let templates = Used::with_watermark(ID, config.as_object().unwrap().clone());
        let file = json!({"Bucket": "media", "Location": "x", "Object": "a.png"});
        let mut mark = json!({"InputFile": file, "WaterMarkTemplateId": ID});
        let own = own.as_object().unwrap().clone();
        mark.as_object_mut().unwrap().extend(own);
        let spec = parse_using(&templates, MP4_HD, json!({"WaterMarks": [mark]}));
        let overlays = spec.unwrap().spec.overlays;
        assert_eq!(serde_json::to_value(overlays).unwrap(), json!([expected]));
    };
    let config = json!({
        "Name": "logo", "Width": "0.1", "Dx": 10, "Dy": "0.05", "ReferPos": "bottomleft", "Type": "Image",
        "Timeline": {"Start": "2", "Duration": "toend"}, "RatioRefer": {"Width": "Long", "Dx": "Short"},
    });
    let whole = json!({
        "mark": {"picture": {"object": object, "width": {"share": {"ratio": 0.1, "of": "long"}}}},
        "corner": "bottom_left", "dx": {"px": 10}, "dy": {"ratio": 0.05}, "start_ms": 2000,
    });
    check(config.clone(), json!({}), whole);
    let own =
        json!({"Dx": "0.25", "Width": "", "ReferPos": "TopRight", "Timeline": {"Duration": 1}});
    let changed = json!({
        "mark": {"picture": {"object": object, "width": {"share": {"ratio": 0.1, "of": "long"}}}},
        "dx": {"share": {"ratio": 0.25, "of": "short"}}, "dy": {"ratio": 0.05},
        "start_ms": 2000, "duration_ms": 1000,
    });
    check(config, own, changed);
    let plain = json!({"mark": {"picture": {"object": object, "width": {"ratio": 0.12}}}});
    check(json!({"Name": "all defaults"}), json!({}), plain);
    for unknown in ["a", "ffffffffffffffffffffffffffffffff"] {
        let found = parse_with(
            MP4_HD,
            json!({"WaterMarks": [{"WaterMarkTemplateId": unknown}]}),
        );
        let refusal = Refusal::new(Code::ResourceNotFound, unknown);
        assert_eq!(found.err(), Some(refusal));
    }
}

#[test]
fn watermarks_that_cannot_be_are_refused_by_name() {
    let image = |own: Value| {
        let mut mark =
            json!({"InputFile": {"Bucket": "media", "Location": "x", "Object": "a.png"}});
        mark.as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        mark
    };
    let text = |own: Value| json!({"Type": "Text", "TextWaterMark": own});
    let cases = [
        (json!({"Width": 8}), Code::NullValue, "InputFile"),
        (image(json!({"Type": "Sound"})), Code::OutOfRange, "Type"),
        (image(json!({"Width": "7"})), Code::OutOfRange, "Width"),
        (image(json!({"Width": "1.5"})), Code::OutOfRange, "Width"),
        (
            image(json!({"Height": "0.00001"})),
            Code::OutOfRange,
            "Height",
        ),
        (image(json!({"Dx": "4097"})), Code::OutOfRange, "Dx"),
        (image(json!({"Dy": "x"})), Code::NumberFormat, "Dy"),
        (
            image(json!({"ReferPos": "Middle"})),
            Code::OutOfRange,
            "ReferPos",
        ),
        (
            image(json!({"Timeline": {"Start": "-1"}})),
            Code::OutOfRange,
            "Timeline.Start",
        ),
        (
            image(json!({"Timeline": {"Duration": "0"}})),
            Code::OutOfRange,
            "Timeline.Duration",
        ),
        (
            image(json!({"Timeline": {"Duration": "end"}})),
            Code::NumberFormat,
            "Timeline.Duration",
        ),
        (
            image(json!({"RatioRefer": {"Width": "Long"}})),
            Code::NotSupported,
            "RatioRefer",
        ),
        (
            json!({"WaterMarkTemplateId": "a", "Type": "Text"}),
            Code::NotSupported,
            "WaterMarkTemplateId",
        ),
        (
            json!({"InputFile": {"URL": "no address"}}),
            Code::Format,
            "InputFile.URL",
        ),
        (json!({"Type": "Text"}), Code::NullValue, "TextWaterMark"),
        (
            text(json!({"FontSize": 20})),
            Code::NullValue,
            "TextWaterMark.Content",
        ),
        (
            text(json!({"Content": "no base64"})),
            Code::Format,
            "TextWaterMark.Content",
        ),
        (
            text(json!({"Content": "YQ==", "FontSize": 4})),
            Code::OutOfRange,
            "TextWaterMark.FontSize",
        ),
        (
            text(json!({"Content": "YQ==", "FontColor": "x"})),
            Code::OutOfRange,
            "TextWaterMark.FontColor",
        ),
        (
            text(json!({"Content": "YQ==", "FontAlpha": 0})),
            Code::OutOfRange,
            "TextWaterMark.FontAlpha",
        ),
        (
            text(json!({"Content": "YQ==", "adaptive": true})),
            Code::NotSupported,
            "TextWaterMark.adaptive",
        ),
    ];
    for (mark, code, field) in cases {
        let about = format!("WaterMarks[0].{field}");
        refused(json!({"WaterMarks": [mark]}), code, &about);
    }
    let many = vec![image(json!({})); 21];
    refused(
        json!({"WaterMarks": many}),
        Code::ListSizeExceed,
        "WaterMarks",
    );
    let control = json!({"WaterMarks": [text(json!({"Content": "AA=="}))]});
    refused(control, Code::OutOfRange, "WaterMarks");
    refused(
        json!({"WaterMarks": [5]}),
        Code::JsonObjectFormat,
        "WaterMarks[0]",
    );
    refused(
        json!({"WaterMarks": {"a": 1}}),
        Code::JsonArrayFormat,
        "WaterMarks",
    );
    let unseen = json!({"WaterMarks": [image(json!({}))], "Video": {"Remove": "true"}});
    refused(unseen, Code::NotSupported, "WaterMarks");
}

#[test]
fn streams_are_chosen_by_their_places() {
    let own = json!({"VideoStreamMap": "0:v:1", "AudioStreamMap": "0:a:2"});
    let streams = parse_with(MP4_HD, own).unwrap().spec.streams;
    assert_eq!((streams.video, streams.audio), (Some(1), Some(2)));
    for (field, text, code) in [
        ("VideoStreamMap", "0:a:1", Code::Format),
        ("AudioStreamMap", "0:a:", Code::Format),
        ("AudioStreamMap", "0:a:-1", Code::Format),
        ("AudioStreamMap", "0:a:1001", Code::OutOfRange),
    ] {
        refused(json!({field: text}), code, field);
    }
}
