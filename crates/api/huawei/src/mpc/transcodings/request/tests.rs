//! What tasks may ask for.

use reelgate_domain::job::kind::transcode::Container;
use serde_json::{Value, json};

use super::*;

fn body(members: Value) -> Value {
    let mut body = json!({
        "input": {"bucket": "media", "location": "local-1", "object": "in/clip.mov"},
        "output": {"bucket": "media", "location": "local-1", "object": "out"},
    });
    let Value::Object(members) = members else {
        panic!("{members}");
    };
    for (name, value) in members {
        body[name] = value;
    }
    body
}

fn own(pack_type: u32) -> Value {
    json!({"common": {"pack_type": pack_type}, "audio": {"channels": 2}})
}

fn read(members: Value) -> Result<Request, ApiError> {
    Request::read(Fields::body(body(members).to_string().as_bytes())?)
}

/// Where all outputs of a task go, whose templates make MP4.
fn objects(request: &Request) -> Vec<String> {
    let specs = request.wanted.iter().enumerate().map(|(place, wanted)| {
        let settings = match &wanted.made {
            Made::By(settings) => (**settings).clone(),
            Made::ByTemplate(_) => Settings {
                container: Container::Mp4,
                video: None,
                audio: None,
                stall_seconds: None,
            },
        };
        request.spec(place, settings).unwrap().object.to_string()
    });
    specs.collect()
}

#[test]
fn outputs_come_of_templates_in_their_order() {
    let request = read(json!({
        "trans_template_id": [7, 8],
        "trans_template_list": [
            {"template_id": 9, "output": {"bucket": "other", "location": "x", "object": "far/"}},
            {"template_id": 9, "output_filename": "last"},
        ],
        "output_filenames": ["first.mp4"],
    }));
    let request = request.unwrap();
    assert_eq!(
        objects(&request),
        [
            "media/out/first.mp4",
            "media/out/clip_1.mp4",
            "other/far/clip_2.mp4",
            "media/out/last.mp4"
        ]
    );
    let templates = [Some(7), Some(8), Some(9), Some(9)];
    assert_eq!(request.remembered.templates, templates);
}

#[test]
fn parameters_win_over_templates() {
    let request = read(json!({
        "trans_template_id": [7],
        "av_parameters": [own(4), own(1)],
        "user_data": "café 你",
        "priority": 9,
        "crop": {"duration": 3},
    }));
    let request = request.unwrap();
    let expected = ["media/out/clip_0.mp4", "media/out/clip_1.m3u8"];
    assert_eq!(objects(&request), expected);
    assert_eq!(request.remembered.templates, [None, None]);
    assert_eq!(request.remembered.trans_template_id, Some(json!([7])));
    assert_eq!(request.user_data.as_deref(), Some("café 你"));
    assert_eq!(request.priority.level(), 9);
    let clip = request.clip.unwrap();
    assert_eq!(clip.length, Some(ClipLength::DurationMs(3000)));
}

#[test]
fn the_only_output_may_be_named_by_its_place() {
    let place = json!({"bucket": "media", "location": "x", "object": "out", "file_name": "a.mp4"});
    let one = read(json!({"av_parameters": [own(4)], "output": place})).unwrap();
    assert_eq!(objects(&one), ["media/out/a.mp4"]);
    let two = read(json!({"av_parameters": [own(4), own(4)], "output": place}));
    assert!(two.unwrap_err().message().contains("output.file_name"));
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    for (members, about) in [
        (json!({}), "trans_template_id or av_parameters is missing"),
        (json!({"trans_template_id": []}), "is missing"),
        (
            json!({"trans_template_id": vec![1; 10]}),
            "at most 9 outputs",
        ),
        (
            json!({"av_parameters": vec![own(4); 10]}),
            "at most 9 outputs",
        ),
        (json!({"trans_template_id": ["7"]}), "trans_template_id"),
        (json!({"trans_template_id": 7}), "trans_template_id"),
        (json!({"av_parameters": [7]}), "av_parameters"),
        (json!({"av_parameters": [{}]}), "av_parameters[0].common"),
        (
            json!({"av_parameters": [{"common": {"pack_type": "4"}}]}),
            "av_parameters[0].common.pack_type",
        ),
        (
            json!({"trans_template_list": [{}]}),
            "trans_template_list[0].template_id",
        ),
        (
            json!({"trans_template_id": [7], "output_filenames": ["a", "b"]}),
            "output_filenames",
        ),
        (json!({"trans_template_id": [7], "priority": 5}), "priority"),
        (
            json!({"trans_template_id": [7], "priority": "6"}),
            "priority",
        ),
        (
            json!({"trans_template_id": [7], "user_data": 5}),
            "user_data",
        ),
        (
            json!({"trans_template_id": [7], "user_data": "x".repeat(1025)}),
            "user_data",
        ),
        (
            json!({"trans_template_id": [7], "crop": {"duration": 0}}),
            "crop.duration",
        ),
        (
            json!({"trans_template_id": [7], "crop": {"start": 1}}),
            "crop.start",
        ),
        (json!({"trans_template_id": [7], "input": null}), "input"),
        (json!({"trans_template_id": [7], "output": null}), "output"),
        (
            json!({"trans_template_id": [7], "watermark": []}),
            "watermark ",
        ),
        (
            json!({"trans_template_id": [7], "input":
                {"bucket": "media", "location": "x", "object": "a", "file_name": "b"}}),
            "input.file_name",
        ),
    ] {
        let refused = read(members.clone()).unwrap_err();
        assert_eq!(refused.code(), "MPC.10202", "{members}");
        assert!(refused.message().contains(about), "{members}: {refused}");
    }
}

#[test]
fn places_of_the_source_are_elsewhere_where_borders_are_cut_off() {
    let keeps = |outputs: &[Value]| {
        let request = read(json!({"av_parameters": outputs})).unwrap();
        let settings = request.wanted.iter().map(|wanted| match &wanted.made {
            Made::By(settings) => (**settings).clone(),
            Made::ByTemplate(id) => panic!("template {id}"),
        });
        request.keeps_frame(&settings.collect::<Vec<_>>())
    };
    let cut = json!({"common": {"pack_type": 4}, "video": {"black_cut": 1}});
    let whole = json!({"common": {"pack_type": 4}, "video": {"black_cut": 0}});
    assert!(keeps(&[whole.clone(), own(4)]));
    assert!(!keeps(&[whole, cut]));
}
