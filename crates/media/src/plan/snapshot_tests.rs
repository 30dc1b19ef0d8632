//! Plans of pictures of real clips.

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::media::MediaFacts;
use serde_json::{Value, json};

use super::{Names, SnapshotPlan, Tone, cover_plan, snapshot_plan};
use crate::argv::snapshot::{judged_argv, pass_argv, scan_argv, sheet_argv};
use crate::engine::Capabilities;
use crate::fixtures::{CLIPS, facts};
use crate::plan::Pass;

fn spec(moments: Value, more: Value) -> SnapshotSpec {
    let object = |key: &str| json!({"bucket": "media", "key": key});
    let mut spec = json!({"input": object("in.mp4"), "output": object("a/-x:%d.jpg")});
    spec["moments"] = moments;
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn planned(facts: &MediaFacts, moments: Value, more: Value) -> SnapshotPlan {
    snapshot_plan(&spec(moments, more), facts, &Capabilities::complete()).unwrap()
}

/// A film of an hour.
fn long(format: &str) -> MediaFacts {
    let mut facts = facts("bbb_720p25_aac51");
    facts.format.name = format.to_owned();
    facts.format.duration_seconds = Some(3600.0);
    facts.streams[0].duration_seconds = Some(3600.0);
    facts
}

fn passes(plan: &SnapshotPlan) -> Vec<(Option<u64>, &[u64])> {
    let pass = |pass: &'_ Pass| pass.seek_ms;
    plan.passes
        .iter()
        .map(|it| (pass(it), it.moments.as_slice()))
        .collect()
}

fn lines(args: Vec<std::ffi::OsString>) -> String {
    let mut lines = String::new();
    for arg in args {
        let arg = arg.into_string().unwrap();
        let is_option = arg.starts_with('-') && arg != "-";
        lines.push(if is_option { '\n' } else { ' ' });
        lines.push_str(if arg.starts_with("mov,matroska,") {
            "FORMATS"
        } else {
            &arg
        });
    }
    lines.trim_start().to_owned()
}

#[test]
fn near_moments_share_a_process_and_far_ones_do_not() {
    let at = json!({"at": [0, 4999, 9998, 20_000, 100_000, 100_001]});
    let plan = planned(&long("mov,mp4"), at.clone(), json!({}));
    let expected: [(Option<u64>, &[u64]); 3] = [
        (None, &[0, 4999, 9998]),
        (Some(19_000), &[20_000]),
        (Some(99_000), &[100_000, 100_001]),
    ];
    assert_eq!(passes(&plan), expected);
    // Where nothing leads to a key frame, reading starts earlier.
    let plan = planned(&long("mpegts"), at, json!({}));
    let expected: [(Option<u64>, &[u64]); 2] = [
        (None, &[0, 4999, 9998, 20_000]),
        (Some(90_000), &[100_000, 100_001]),
    ];
    assert_eq!(passes(&plan), expected);
    assert!(plan.stall.as_secs() > 200);
}

#[test]
fn a_source_of_unknown_length_is_asked_for_any_moment_but_not_divided() {
    let mut facts = long("mov,mp4");
    facts.format.duration_seconds = None;
    facts.streams[0].duration_seconds = None;
    facts.streams[1].duration_seconds = None;
    let plan = planned(&facts, json!({"at": [1, 90_000_000]}), json!({}));
    let names = ["-x:%d-00001.jpg", "-x:%d-00002.jpg"].map(str::to_owned);
    assert_eq!(plan.names, Names::InOrder(names.into()));
    let spread = spec(json!({"spread": {"first_ms": 0, "count": 3}}), json!({}));
    let fault = snapshot_plan(&spread, &facts, &Capabilities::complete()).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn what_no_picture_or_sheet_can_be_is_refused() {
    let code = |more: Value| {
        let spec = spec(json!({"at": [0]}), more);
        let facts = facts("bbb_720p25_aac51");
        let plan = snapshot_plan(&spec, &facts, &Capabilities::complete());
        plan.map(|_| ()).map_err(|fault| fault.code)
    };
    let sheet = |columns: u32, cell: u32| {
        json!({"sprite": {"columns": columns, "rows": 10, "padding": 0, "margin": 0,
            "cell_width": cell, "keep_pictures": false}})
    };
    assert_eq!(code(json!({"width": 7})), Err(FaultCode::SpecUnfit));
    assert_eq!(code(sheet(10, 1280)), Ok(()));
    assert_eq!(code(sheet(10, 1400)), Err(FaultCode::SpecUnfit));
    assert_eq!(code(sheet(101, 16)), Err(FaultCode::SpecUnfit));
    let sound = facts("speech_libri_5703");
    let none = snapshot_plan(
        &spec(json!({"at": [0]}), json!({})),
        &sound,
        &Capabilities::complete(),
    );
    assert_eq!(none.unwrap_err().code, FaultCode::NoVideoStream);
    assert_eq!(cover_plan(&sound, &Capabilities::complete()), Ok(None));
    let mut bare = Capabilities::complete();
    bare.filters.remove("tile");
    let wanted = spec(json!({"at": [0]}), sheet(2, 160));
    let fault = snapshot_plan(&wanted, &facts("bbb_720p25_aac51"), &bare).unwrap_err();
    assert_eq!(fault.code, FaultCode::EngineLacks);
}

#[test]
fn light_beyond_that_of_pictures_is_mapped_where_the_engine_can() {
    let able = Capabilities::complete();
    let mut unable = Capabilities::complete();
    unable.filters.remove("zscale");
    let tones = |capabilities: &Capabilities| {
        let tone = |clip: &str| {
            let cover = cover_plan(&facts(clip), capabilities).unwrap()?;
            Some(format!("{clip}: {:?}\n", cover.view.tone))
        };
        CLIPS
            .iter()
            .filter_map(|clip| tone(clip))
            .collect::<String>()
    };
    insta::assert_snapshot!(tones(&able));
    assert!(!tones(&unable).contains("Mapped"));
    let plan = cover_plan(&facts("hdr10_av1_vertical_720x1280"), &able)
        .unwrap()
        .unwrap();
    assert!(matches!(plan.view.tone, Tone::Mapped { .. }));
    let pass = Pass::of(vec![9000], plan.view.seek);
    insta::assert_snapshot!(lines(judged_argv(
        &plan.view,
        &pass,
        "/scratch/source".as_ref()
    )));
}

#[test]
fn the_arguments_of_a_pass_and_of_sheets() {
    let sprite = json!({"columns": 5, "rows": 4, "padding": 1, "margin": 2, "cell_width": 161,
        "keep_pictures": false});
    let every = json!({"every": {"first_ms": 2500, "step_ms": 1250, "most": 5}});
    let plan = planned(&long("matroska,webm"), every, json!({"sprite": sprite}));
    let sheets = plan.sheets.as_ref().unwrap();
    let source = "/scratch/source".as_ref();
    let Names::InOrder(names) = &plan.names else {
        panic!("{:?}", plan.names)
    };
    let all = [
        lines(pass_argv(&plan.view, &plan.passes[0], source)),
        lines(sheet_argv(sheets, plan.view.format, 1)),
        lines(scan_argv(&plan.view, source)),
        format!("{names:?} {:?} {}", sheets.names, sheets.cues),
    ];
    insta::assert_snapshot!(all.join("\n\n"));
}
