//! Pictures that are not black, or key frames; sheets with a colour and of some of the pictures; names with moments.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::snapshots::{LONG_GROUPS, LUMA, Shot, decode, luma, noise, psnr, spec, take, try_take};
use crate::support::generate;

/// A film of 192x108 and 25 pictures a second: a second that is black but for a box, and then a moving pattern.
fn dark_first(folder: &Path, name: &str, black: &str) -> PathBuf {
    let args = format!(
        "-f lavfi -i color=black:s=192x108:r=25:d=1{black} -f lavfi -i testsrc2=s=192x108:r=25:d=3 \
         -filter_complex concat=n=2,format=yuv420p -c:v libx264 -preset ultrafast -g 20"
    );
    generate(folder, name, &args)
}

/// The frames of a source as they are on pictures, one after another.
fn frames(source: &Path, (width, height): (u32, u32)) -> Vec<Vec<u8>> {
    let scale = format!("scale={width}:{height}:flags=bicubic+accurate_rnd:{LUMA}");
    let all = decode(source, &scale);
    let frames = all.chunks((width * height) as usize);
    frames.map(<[u8]>::to_vec).collect()
}

/// Whether pictures are these frames of their source, and nearer to them than to the ones before and after.
fn check(shot: &Shot, frames: &[Vec<u8>], numbers: &[usize]) {
    assert_eq!(shot.taken.pictures.len(), numbers.len());
    for (picture, number) in shot.taken.pictures.iter().zip(numbers) {
        let gray = luma(&shot.path(picture));
        let like = |number: usize| psnr(&gray, &frames[number]);
        let likeness = like(*number);
        assert!(
            likeness > 32.0,
            "{} is not {number}: {likeness} dB",
            picture.name
        );
        for other in [number.saturating_sub(1), (number + 1).min(frames.len() - 1)] {
            assert!(like(other) <= likeness, "{} is {other}", picture.name);
        }
    }
}

fn row(step_ms: u32, more: Value) -> reelgate_domain::job::kind::snapshot::SnapshotSpec {
    spec(
        json!({"every": {"first_ms": 0, "step_ms": step_ms, "most": 3}}),
        more,
    )
}

#[test]
fn a_first_picture_that_would_be_black_is_of_the_first_frame_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let source = dark_first(folder.path(), "dark.mp4", "");
    let frames = frames(&source, (192, 108));
    check(&take(&source, &row(500, json!({}))), &frames, &[0, 12, 25]);
    let shot = take(&source, &row(500, json!({"not_black": {}})));
    // The second is black and stays so, and the first goes by its own moment.
    check(&shot, &frames, &[25, 12, 25]);
    assert_eq!(shot.taken.pictures[0].at_ms, 0);
    // The same by the index, from the middle of what is black.
    let later = spec(json!({"at": [900]}), json!({"not_black": {}}));
    check(&take(&source, &later), &frames, &[25]);
    let light = spec(json!({"at": [2000]}), json!({"not_black": {}}));
    check(&take(&source, &light), &frames, &[50]);
    let keys = json!({"not_black": {}, "key_frames": true});
    check(&take(&source, &row(1500, keys)), &frames, &[25, 20, 60]);
}

#[test]
fn how_black_is_black_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    // 576 of 20736 pixels are of luma 100.
    let boxed = ",drawbox=x=20:y=20:w=24:h=24:color=0x646464:t=fill";
    let source = dark_first(folder.path(), "boxed.mp4", boxed);
    let frames = frames(&source, (192, 108));
    let first = |not_black: Value| take(&source, &row(1500, json!({"not_black": not_black})));
    check(&first(json!({})), &frames, &[0, 37, 75]);
    check(&first(json!({"percent": 98})), &frames, &[0, 37, 75]);
    check(&first(json!({"percent": 96})), &frames, &[25, 37, 75]);
    check(&first(json!({"luma": 140})), &frames, &[25, 37, 75]);
}

#[test]
fn of_what_is_all_black_the_first_picture_is_black() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i color=black:s=64x36:r=25:d=6 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "black.mp4", film);
    let shot = take(&source, &row(1000, json!({"not_black": {}})));
    assert_eq!(shot.taken.pictures.len(), 3);
    assert!(
        luma(&shot.path(&shot.taken.pictures[0]))
            .iter()
            .all(|it| *it < 4)
    );
}

#[test]
fn key_frames_are_those_at_or_before_each_moment() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = "-c:v libx264 -preset ultrafast -bf 2";
    for name in ["film.mp4", "film.mkv", "film.ts", "film.flv"] {
        let source = generate(folder.path(), name, &format!("{LONG_GROUPS} {encoder}"));
        let frames = frames(&source, (320, 180));
        for (moments, numbers) in [
            (json!([0, 11_920, 11_960, 19_960]), &[0, 0, 299, 299][..]),
            (json!([11_900]), &[0]),
            (json!([15_000, 15_001]), &[299, 299]),
            (json!([2_000, 18_000]), &[0, 299]),
        ] {
            let shot = take(
                &source,
                &spec(json!({"at": moments}), json!({"key_frames": true})),
            );
            check(&shot, &frames, numbers);
        }
    }
}

#[test]
fn key_frames_of_a_film_whose_frames_are_broken_are_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    let wanted = spec(json!({"at": [0, 2000]}), json!({"key_frames": true}));
    let fault = try_take(&source, &wanted).err().unwrap();
    assert_eq!(
        fault.code,
        reelgate_domain::job::FaultCode::SourceUnreadable
    );
}

#[test]
fn sheets_have_a_colour_and_some_of_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let film =
        "-f lavfi -i testsrc2=s=96x54:r=25:d=5,format=yuv420p -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "film.mp4", film);
    let sprite = json!({"columns": 2, "rows": 1, "margin": 8, "padding": 6, "keep_pictures": true,
        "every": 2, "color": "#c86432"});
    let every = json!({"every": {"first_ms": 0, "step_ms": 1000, "most": 5}});
    let shot = take(
        &source,
        &spec(every, json!({"sprite": sprite, "format": "png"})),
    );
    let Shot { taken, folder } = &shot;
    assert_eq!((taken.pictures.len(), taken.sheets.len()), (5, 2));
    assert_eq!((taken.sheets[1].at_ms, taken.count), (4000, 5));
    let (width, height) = (2 * 96 + 6 + 16, 54 + 16);
    let sheet = &taken.sheets[0];
    assert_eq!((sheet.width, sheet.height), (width, height));
    let pixels = decode(&shot.path(sheet), "format=rgb24");
    let rows: Vec<&[u8]> = pixels.chunks(width as usize * 3).collect();
    for (x, y) in [(0, 0), (7, 40), (107, 30), (213, 69)] {
        assert_eq!(&rows[y][x * 3..x * 3 + 3], &[200, 100, 50], "{x}, {y}");
    }
    // The first and the third picture are on it.
    for (left, picture) in [(8, 0), (8 + 96 + 6, 2)] {
        let cell = rows[8..62].iter();
        let cell: Vec<u8> = cell
            .flat_map(|row| &row[left * 3..(left + 96) * 3])
            .copied()
            .collect();
        let alone = decode(&shot.path(&taken.pictures[picture]), "format=rgb24");
        assert_eq!(cell, alone, "{picture}");
    }
    let cues = std::fs::read_to_string(folder.path().join("shot.vtt")).unwrap();
    assert!(cues.contains("00:00:02.000 --> 00:00:04.000\nshot-00001.jpg#xywh=110,8,96,54"));
    assert!(cues.contains("00:00:04.000 --> 00:00:05.000\nshot-00002.jpg#xywh=8,8,96,54"));
}

#[test]
fn names_may_have_moments_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let film =
        "-f lavfi -i testsrc2=s=96x54:r=25:d=5,format=yuv420p -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "film.mp4", film);
    let naming = json!({"pattern": {"picture": "a{time}.jpg"}});
    let at = spec(
        json!({"at": [0, 1500, 4900, 9000]}),
        json!({"naming": naming}),
    );
    let shot = take(&source, &at);
    let names: Vec<&str> = shot
        .taken
        .pictures
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["a0.jpg", "a1500.jpg", "a4900.jpg"]);
}
