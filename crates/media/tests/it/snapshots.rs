//! Pictures of moments: the right frame, the right size, the right name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_media::{
    Engine, Limits, Picture, SnapshotPlan, Snapshots, Taken, TranscodeError, snapshot_plan,
    snapshots,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stand_in::{StandIn, nothing_runs_in};
use crate::support::{ENGINE, RUNNER, RUNTIME, clip, entries, facts, generate, run};

/// A film with a key frame every 12 seconds, of which no two frames are alike.
pub(crate) const LONG_GROUPS: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=20,format=yuv420p -g 300 \
                           -keyint_min 300 -sc_threshold 1000000000";

pub(crate) fn spec(moments: Value, more: Value) -> SnapshotSpec {
    let object = |key: &str| json!({"bucket": "media", "key": key});
    let mut spec = json!({"input": object("film.mp4"), "output": object("a/shot.jpg")});
    spec["moments"] = moments;
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

pub(crate) struct Shot {
    pub(crate) taken: Taken,
    pub(crate) folder: TempDir,
}

impl Shot {
    pub(crate) fn path(&self, picture: &Picture) -> PathBuf {
        self.folder.path().join(&picture.name)
    }
}

fn planned(source: &Path, spec: &SnapshotSpec) -> Result<SnapshotPlan, Fault> {
    snapshot_plan(spec, &facts(source).unwrap(), ENGINE.capabilities())
}

pub(crate) fn try_take(source: &Path, spec: &SnapshotSpec) -> Result<Shot, Fault> {
    let plan = planned(source, spec)?;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let job = Snapshots {
        plan: &plan,
        input: source,
        dir: folder.path(),
        limits: &limits,
    };
    let mut progress = Vec::new();
    let hear = |percent| progress.push(percent);
    let made = snapshots(&RUNNER, &ENGINE, job, hear, std::future::pending());
    match RUNTIME.block_on(made) {
        Ok(taken) => {
            assert!(progress.is_sorted_by(|a, b| a < b), "{progress:?}");
            assert_eq!(progress.last(), Some(&100));
            let mut names: Vec<String> = taken.pictures.iter().map(|it| it.name.clone()).collect();
            names.extend(taken.sheets.iter().map(|it| it.name.clone()));
            names.extend(taken.cues.iter().map(|it| it.name.clone()));
            names.sort();
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let names_of = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
            let mut found: Vec<String> = names_of.collect();
            found.sort();
            assert_eq!(found, names);
            Ok(Shot { taken, folder })
        }
        Err(TranscodeError::Fault(fault)) => Err(fault),
        Err(TranscodeError::Stopped(_)) => panic!("nobody stopped it"),
    }
}

/// A film whose index is in order and whose frames are not.
pub(crate) fn noise(folder: &Path) -> PathBuf {
    let film = "-f lavfi -i testsrc2=s=192x108:r=25:d=4 -c:v libx264 -preset ultrafast -movflags +faststart";
    let source = generate(folder, "noise.mp4", film);
    let mut bytes = std::fs::read(&source).unwrap();
    let content = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    bytes[content..].fill(0xA5);
    std::fs::write(&source, bytes).unwrap();
    source
}

pub(crate) fn take(source: &Path, spec: &SnapshotSpec) -> Shot {
    try_take(source, spec).unwrap_or_else(|fault| panic!("{}: {fault:#?}", source.display()))
}

/// Peak signal-to-noise ratio, in dB.
pub(crate) fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let sum: f64 = a.iter().zip(b).map(square).sum();
    10.0 * (255.0_f64.powi(2) / (sum / a.len() as f64).max(1e-9)).log10()
}

/// Luma as a picture has it, of a frame after a filter.
pub(crate) const LUMA: &str = "out_color_matrix=bt601:out_range=pc,format=yuvj420p,extractplanes=y";

pub(crate) fn luma(picture: &Path) -> Vec<u8> {
    decode(picture, &format!("scale={LUMA}"))
}

pub(crate) fn decode(source: &Path, filter: &str) -> Vec<u8> {
    let args = ["-v", "error", "-nostdin", "-i", source.to_str().unwrap()];
    let more = ["-map", "0:v:0", "-vf", filter, "-fps_mode", "passthrough"];
    run(
        ENGINE.ffmpeg(),
        &[&args[..], &more, &["-f", "rawvideo", "-"]].concat(),
    )
}

/// Every picture must be the last frame that starts by its moment, and like no neighbour of that.
/// Frames are counted, and decoded, from the beginning.
fn check(source: &Path, requests: &[&[u64]], matrix: &str) {
    let times: Vec<f64> = entries(source, "v:0", "frame=pts_time")
        .iter()
        .map(|time| time.split(',').next().unwrap().parse().unwrap())
        .collect();
    let mut frames = Vec::new();
    for moments in requests {
        let shot = take(source, &spec(json!({"at": moments}), json!({"width": 320})));
        let pictures = &shot.taken.pictures;
        assert_eq!(pictures.len(), moments.len(), "{}", source.display());
        let (width, height) = (pictures[0].width, pictures[0].height);
        if frames.is_empty() {
            let scale = format!("scale={width}:{height}:flags=bicubic+accurate_rnd{matrix}:{LUMA}");
            frames = decode(source, &scale);
        }
        let frames: Vec<&[u8]> = frames.chunks((width * height) as usize).collect();
        assert_eq!(frames.len(), times.len(), "{}", source.display());
        for (index, (picture, at_ms)) in pictures.iter().zip(*moments).enumerate() {
            assert_eq!(picture.at_ms, *at_ms);
            assert_eq!(picture.name, format!("shot-{:05}.jpg", index + 1));
            let at = times[0] + *at_ms as f64 / 1000.0 + 0.0005;
            let wanted = times.iter().rposition(|time| *time <= at).unwrap();
            let gray = luma(&shot.path(picture));
            let like = |number: usize| psnr(&gray, frames[number]);
            let what = || format!("{} at {at_ms} ms, frame {wanted}", source.display());
            let likeness = like(wanted);
            assert!(likeness > 32.0, "{}: {likeness} dB", what());
            let next = (wanted + 1).min(times.len() - 1);
            for other in [wanted.saturating_sub(1), next] {
                let stranger = like(other);
                assert!(stranger <= likeness, "{}: {other} {stranger} dB", what());
            }
        }
    }
}

#[test]
fn a_picture_is_the_frame_that_is_shown_at_its_moment() {
    let untagged = ":in_color_matrix=bt709";
    // From the beginning, and by the index.
    let moments: [&[u64]; 2] = [&[0, 39, 40, 1000, 2510, 5279], &[3999, 4000]];
    check(&clip("bbb_720p25_aac51.mp4"), &moments, untagged);
    check(&clip("bbb_sar64x45_bpyramid.mp4"), &[&[2533]], untagged);
}

#[test]
fn phones_and_odd_rates_have_the_right_frames() {
    let phone = clip("phone_vfr_hevc_rot90_2video.mp4");
    check(&phone, &[&[0, 700], &[1500]], "");
    let odd = clip("subs_ssa_overlap.mkv");
    check(&odd, &[&[0, 333, 800]], ":in_color_matrix=bt709");
}

#[test]
fn groups_and_gaps_of_any_length_are_no_matter() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = "-c:v libx264 -preset ultrafast";
    for name in ["film.mp4", "film.mkv", "film.ts", "film.flv"] {
        let args = format!("{LONG_GROUPS} {encoder} -bf 2");
        let source = generate(folder.path(), name, &args);
        // What is found by searching has no key frame before, or is one group further on.
        check(&source, &[&[0, 5_517, 19_980], &[11_500], &[18_333]], "");
    }
    // A slide is shown for four seconds.
    let slides = "-f lavfi -i testsrc2=s=320x180:r=1/4:d=20,format=yuv420p -fps_mode vfr";
    let source = generate(folder.path(), "slides.mp4", &format!("{slides} {encoder}"));
    check(&source, &[&[3_999, 4_000, 15_999, 18_000]], "");
}

#[test]
fn files_that_start_late_are_counted_from_their_first_picture() {
    let folder = tempfile::tempdir().unwrap();
    // Sound comes first, and all of it an hour after zero.
    let late = "-f lavfi -i sine=d=6 -itsoffset 0.7 -f lavfi -i \
                testsrc2=s=320x180:r=25:d=16,format=yuv420p -map 0 -map 1 -c:v libx264 -preset \
                ultrafast -g 50 -c:a aac -output_ts_offset 3600";
    for name in ["late.ts", "late.mkv"] {
        let source = generate(folder.path(), name, late);
        check(&source, &[&[0, 40, 3_960], &[3_400], &[12_840]], "");
    }
}

#[test]
fn both_fields_of_an_interlaced_source_become_one_picture() {
    let folder = tempfile::tempdir().unwrap();
    // A bar that moves: combed, every other line differs from both its neighbours.
    let fields = "-f lavfi -i testsrc2=s=320x180:r=50:d=2,format=yuv420p -vf \
                  tinterlace=interleave_top,setfield=tff -c:v libx264 -flags +ildct+ilme -preset \
                  ultrafast -crf 10";
    let source = generate(folder.path(), "fields.mp4", fields);
    let shot = take(&source, &spec(json!({"at": [1000]}), json!({})));
    let gray = luma(&shot.path(&shot.taken.pictures[0]));
    let combed = decode(&source, &format!("select=eq(n\\,25),scale={LUMA}"));
    let combing = |gray: &[u8]| {
        let rows: Vec<&[u8]> = gray.chunks(320).collect();
        let odd = |three: &[&[u8]], x: usize| {
            let [above, at, below] = [0, 1, 2].map(|row| i32::from(three[row][x]));
            (at - above) * (at - below) > 900
        };
        let count = |three: &[&[u8]]| (0..320).filter(|x| odd(three, *x)).count();
        rows.windows(3).map(count).sum::<usize>()
    };
    let (left, before) = (combing(&gray), combing(&combed));
    assert!(before > 500, "the source is not combed: {before}");
    assert!(left * 2 < before, "{left} of {before}");
}

#[test]
fn sizes_are_those_of_the_display_or_as_asked() {
    let sizes = |name: &str, more: Value| {
        let shot = take(&clip(name), &spec(json!({"at": [500]}), more));
        let picture = &shot.taken.pictures[0];
        let probed = facts(&shot.path(picture)).unwrap();
        let (_, video) = probed.video().unwrap();
        assert_eq!((video.width, video.height), (picture.width, picture.height));
        (picture.width, picture.height)
    };
    let phone = "phone_vfr_hevc_rot90_2video.mp4";
    assert_eq!(sizes(phone, json!({"width": 271})), (271, 361));
    assert_eq!(sizes(phone, json!({"height": 99})), (74, 99));
    let wide = "bbb_sar64x45_bpyramid.mp4";
    assert_eq!(sizes(wide, json!({})), (1138, 640));
    assert_eq!(sizes(wide, json!({"format": "png", "width": 8})), (8, 5));
    assert_eq!(sizes(wide, json!({"width": 333, "height": 77})), (333, 77));
}

#[test]
fn high_dynamic_range_becomes_a_picture_of_usual_light() {
    let source = clip("hdr10_av1_vertical_720x1280.mp4");
    for more in [
        json!({"width": 181}),
        json!({"width": 181, "format": "png"}),
    ] {
        let shot = take(&source, &spec(json!({"at": [2000]}), more));
        let gray = luma(&shot.path(&shot.taken.pictures[0]));
        let mean = gray.iter().map(|it| f64::from(*it)).sum::<f64>() / gray.len() as f64;
        let (low, high) = (gray.iter().min().unwrap(), gray.iter().max().unwrap());
        assert!((40.0..200.0).contains(&mean), "{mean}");
        // What is not mapped is gray in gray.
        assert!(high - low > 180, "{low} to {high}");
    }
}

#[test]
fn moments_after_the_end_are_left_out() {
    let source = clip("bbb_720p25_aac51.mp4");
    let count = |moments: Value| {
        let shot = take(&source, &spec(moments, json!({"width": 64})));
        let pictures = shot.taken.pictures.iter();
        pictures.map(|picture| picture.at_ms).collect::<Vec<_>>()
    };
    assert_eq!(count(json!({"at": [5000, 5300, 60_000]})), [5000]);
    let every = json!({"every": {"first_ms": 1200, "step_ms": 2000, "most": 300}});
    assert_eq!(count(every), [1200, 3200, 5200]);
    let spread = json!({"spread": {"first_ms": 280, "count": 5}});
    assert_eq!(count(spread), [280, 1280, 2280, 3280, 4280]);
    let none = try_take(&source, &spec(json!({"at": [5281]}), json!({})));
    assert_eq!(none.err().unwrap().code, FaultCode::SpecUnfit);
}

#[test]
fn a_file_of_one_picture_has_that() {
    let folder = tempfile::tempdir().unwrap();
    let one = "-f lavfi -i testsrc2=s=64x48 -frames:v 1";
    for name in ["one.png", "one.mp4", "one.jpg"] {
        let source = generate(folder.path(), name, one);
        let shot = take(&source, &spec(json!({"at": [0, 100_000]}), json!({})));
        assert_eq!(shot.taken.pictures.len(), 1, "{name}");
    }
}

#[test]
fn sources_without_pictures_and_broken_ones_have_faults() {
    let code = |source: &Path, at: u64| {
        let fault = try_take(source, &spec(json!({"at": [at]}), json!({})));
        let fault = fault.err().expect("there is no picture");
        let shown = format!("{fault:?}");
        assert!(
            !shown.contains(source.parent().unwrap().to_str().unwrap()),
            "{shown}"
        );
        fault.code
    };
    assert_eq!(
        code(&clip("speech_libri_5703.ogg"), 0),
        FaultCode::NoVideoStream
    );
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    assert_eq!(code(&source, 0), FaultCode::SourceUnreadable);
    assert_eq!(code(&source, 3000), FaultCode::SourceUnreadable);
}

#[test]
fn sheets_hold_the_pictures_and_cues_say_where() {
    let source = clip("bbb_720p25_aac51.mp4");
    let every = json!({"every": {"first_ms": 0, "step_ms": 1000, "most": 100}});
    let plain = take(
        &source,
        &spec(every.clone(), json!({"width": 101, "height": 57})),
    );
    let sprite = |keep: bool| {
        json!({"columns": 2, "rows": 2, "padding": 3, "margin": 5, "keep_pictures": keep,
            "cell_width": 101, "cell_height": 57})
    };
    for keep in [false, true] {
        let more = json!({"sprite": sprite(keep), "width": 320});
        let shot = take(&source, &spec(every.clone(), more));
        let Taken {
            pictures,
            sheets,
            cues,
            count,
        } = &shot.taken;
        assert_eq!(*count, 6);
        assert_eq!(pictures.len(), if keep { 6 } else { 0 });
        assert!(
            pictures
                .iter()
                .all(|it| (it.width, it.height) == (320, 180))
        );
        let of_sheets: Vec<_> = sheets
            .iter()
            .map(|it| (it.name.as_str(), it.width, it.height, it.at_ms))
            .collect();
        let expected = [
            ("shot-00001.jpg", 215, 127, 0),
            ("shot-00002.jpg", 215, 127, 4000),
        ];
        assert_eq!(of_sheets, expected);
        let text = std::fs::read_to_string(shot.folder.path().join("shot.vtt")).unwrap();
        assert_eq!(cues.as_ref().unwrap().bytes, text.len() as u64);
        let places: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("#xywh="))
            .collect();
        assert_eq!(places.len(), 6);
        for (place, picture) in places.into_iter().zip(&plain.taken.pictures) {
            let (name, place) = place.split_once("#xywh=").unwrap();
            let numbers: Vec<usize> = place.split(',').map(|it| it.parse().unwrap()).collect();
            let [x, y, width, height] = numbers[..] else {
                panic!("{place}");
            };
            let sheet = luma(&shot.folder.path().join(name));
            let rows = sheet.chunks(215).skip(y).take(height);
            let cell: Vec<u8> = rows.flat_map(|row| &row[x..x + width]).copied().collect();
            let likeness = psnr(&cell, &luma(&plain.path(picture)));
            assert!(likeness > 28.0, "{place}: {likeness}");
        }
        assert!(text.contains("00:00:05.000 --> 00:00:05.280\nshot-00002.jpg#xywh=109,5,101,57"));
    }
}

fn run_with(
    engine: &Engine,
    limits: Limits,
    stop: impl Future<Output = StopMode>,
) -> TranscodeError {
    let source = clip("bbb_720p25_aac51.mp4");
    let plan = planned(&source, &spec(json!({"at": [0, 5000]}), json!({}))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let job = Snapshots {
        plan: &plan,
        input: &source,
        dir: folder.path(),
        limits: &limits,
    };
    let result = RUNTIME.block_on(snapshots(&RUNNER, engine, job, |_| (), stop));
    nothing_runs_in(folder.path());
    result.expect_err("there is nothing to take")
}

#[test]
fn an_engine_that_hangs_or_fails_is_ended_and_blamed() {
    let code = |script: &str, limits: Limits| {
        let engine = StandIn::script(script);
        match run_with(&engine.engine, limits, std::future::pending()) {
            TranscodeError::Fault(fault) => fault.code,
            TranscodeError::Stopped(_) => panic!("nobody stopped it"),
        }
    };
    let soon = Duration::from_millis(300);
    let plain = || Limits {
        stop_grace: soon,
        ..Limits::default()
    };
    let stalled = Limits {
        stall: Some(soon),
        ..plain()
    };
    let hang = "sleep 1000";
    assert_eq!(code(hang, stalled), FaultCode::Stalled);
    let late = Limits {
        max_run_time: soon,
        ..plain()
    };
    assert_eq!(code(hang, late), FaultCode::TimedOut);
    assert_eq!(
        code("echo what >&2; exit 3", plain()),
        FaultCode::EngineFailed
    );
    // An engine that says it did and did not.
    assert_eq!(code("exit 0", plain()), FaultCode::SourceUnreadable);
    let garbage = "echo x > taken/00000000.jpg";
    assert_eq!(code(garbage, plain()), FaultCode::StorageFailed);
    let link = "ln -s /etc/hostname taken/00000000.jpg";
    assert_eq!(code(link, plain()), FaultCode::EngineFailed);
}

#[test]
fn a_stop_ends_it() {
    let engine = StandIn::script("sleep 1000");
    let stopped = run_with(
        &engine.engine,
        Limits::default(),
        std::future::ready(StopMode::Now),
    );
    assert!(matches!(stopped, TranscodeError::Stopped(_)), "{stopped:?}");
}

fn names(shot: &Shot) -> Vec<&str> {
    shot.taken.pictures.iter().map(|it| &*it.name).collect()
}

fn by_second() -> Value {
    json!({"naming": {"seconds": {"text": ""}}, "width": 64})
}

#[test]
fn a_whole_source_has_its_first_picture_those_at_distances_and_its_last() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=s=192x108:r=25:d=20 -c:v libx264 -preset ultrafast";
    for name in ["film.mp4", "film.ts"] {
        let source = generate(folder.path(), name, film);
        let wanted = json!({"through": {"first_ms": 0, "step_ms": 11000, "closing": true}});
        let shot = take(&source, &spec(wanted, by_second()));
        assert_eq!(names(&shot), ["0.jpg", "11.jpg", "20.jpg"], "{name}");
        let frame = |number: u32| {
            decode(
                &source,
                &format!("select=eq(n\\,{number}),scale=64:36,scale={LUMA}"),
            )
        };
        for (picture, number) in shot.taken.pictures.iter().zip([0, 275, 499]) {
            let likeness = psnr(&luma(&shot.path(picture)), &frame(number));
            assert!(likeness > 30.0, "{name} {}: {likeness}", picture.name);
        }
        // Only a part of it.
        let part = json!({"through": {"first_ms": 2000, "step_ms": 4000, "length_ms": 9000, "closing": true}});
        let shot = take(&source, &spec(part, by_second()));
        assert_eq!(
            names(&shot),
            ["2.jpg", "6.jpg", "10.jpg", "11.jpg"],
            "{name}"
        );
    }
}

#[test]
fn the_last_picture_is_found_where_a_file_promises_more() {
    let folder = tempfile::tempdir().unwrap();
    // The sound goes on, and the index of pictures ends where nobody expects it.
    let film = "-f lavfi -i testsrc2=s=192x108:r=25:d=4 -f lavfi -i sine=d=9 -c:v libx264 -c:a aac";
    let source = generate(folder.path(), "film.mkv", film);
    let mut facts = facts(&source).unwrap();
    for stream in &mut facts.streams {
        stream.duration_seconds = Some(9.0);
    }
    let wanted = json!({"through": {"first_ms": 0, "step_ms": 3000, "closing": true}});
    let wanted = spec(wanted, by_second());
    let plan = snapshot_plan(&wanted, &facts, ENGINE.capabilities()).unwrap();
    let limits = Limits::default();
    let job = Snapshots {
        plan: &plan,
        input: &source,
        dir: folder.path(),
        limits: &limits,
    };
    let made = snapshots(&RUNNER, &ENGINE, job, |_| {}, std::future::pending());
    let taken = RUNTIME.block_on(made).unwrap();
    let names: Vec<_> = taken.pictures.iter().map(|it| &*it.name).collect();
    assert_eq!(names.first(), Some(&"0.jpg"));
    assert_eq!(names.last(), Some(&"9.jpg"));
    let last = luma(&folder.path().join("9.jpg"));
    let frame = decode(
        &source,
        &format!("select=eq(n\\,99),scale=64:36,scale={LUMA}"),
    );
    assert!(psnr(&last, &frame) > 30.0);
}

#[test]
fn many_pictures_are_taken_by_one_formula() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=s=64x36:r=10:d=420 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "film.mp4", film);
    let wanted = json!({"through": {"first_ms": 0, "step_ms": 1000, "closing": true}});
    let shot = take(&source, &spec(wanted, by_second()));
    let expected: Vec<String> = (0..=420).map(|second| format!("{second}.jpg")).collect();
    assert_eq!(names(&shot), expected);
    let often = json!({"through": {"first_ms": 0, "step_ms": 100}});
    let fault = planned(
        &clip("bbb_720p25_aac51.mp4"),
        &spec(often.clone(), by_second()),
    );
    // Two of a second would have one name.
    assert_eq!(fault.unwrap_err().code, FaultCode::SpecUnfit);
    let mut long = facts(&source).unwrap();
    long.streams[0].duration_seconds = Some(2000.0);
    let fault = snapshot_plan(&spec(often, json!({})), &long, ENGINE.capabilities());
    assert!(fault.unwrap_err().message.contains("10000"));
}

#[test]
fn sheets_have_the_names_that_are_asked_for_and_parts_of_the_length() {
    let source = clip("bbb_720p25_aac51.mp4");
    let more = json!({
        "sprite": {"columns": 2, "rows": 2, "cell_width": 96},
        "naming": {"sheets": {"before": "in_imageSprite_0_", "after": ".jpg", "cues": "in_imageSprite_0.vtt"}},
    });
    let shot = take(
        &source,
        &spec(json!({"shares": {"step_ppm": 200_000}}), more),
    );
    let sheets: Vec<_> = shot.taken.sheets.iter().map(|it| &*it.name).collect();
    assert_eq!(sheets, ["in_imageSprite_0_0.jpg", "in_imageSprite_0_1.jpg"]);
    assert_eq!(
        shot.taken.cues.as_ref().unwrap().name,
        "in_imageSprite_0.vtt"
    );
}

#[test]
fn the_longer_side_is_that_of_the_source_as_it_is_shown() {
    for (name, (width, height)) in [
        ("bbb_720p25_aac51.mp4", (480, 270)),
        ("hdr10_av1_vertical_720x1280.mp4", (270, 480)),
    ] {
        let wanted = spec(json!({"at": [0]}), json!({"long_side": 480}));
        let shot = take(&clip(name), &wanted);
        let picture = &shot.taken.pictures[0];
        assert_eq!((picture.width, picture.height), (width, height), "{name}");
    }
}
