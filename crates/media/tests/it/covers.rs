//! Covers: never black unless the source is.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_media::{Cover, Limits, Picture, TranscodeError, cover, cover_plan};

use crate::snapshots::noise;
use crate::support::{ENGINE, RUNNER, RUNTIME, clip, facts, first_gray, generate};

/// The cover of a source and its mean luma; none of what has no moving pictures.
fn try_cover(source: &Path) -> Option<Result<(Picture, f64), TranscodeError>> {
    let facts = facts(source).unwrap();
    let plan = cover_plan(&facts, ENGINE.capabilities()).unwrap()?;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let job = Cover {
        plan: &plan,
        name: "cover of it.jpg",
        input: source,
        dir: folder.path(),
        limits: &limits,
    };
    let made = RUNTIME.block_on(cover(&RUNNER, &ENGINE, job, std::future::pending()));
    Some(made.map(|picture| {
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        let path = folder.path().join("cover of it.jpg");
        assert_eq!(path.metadata().unwrap().len(), picture.bytes);
        let luma = first_gray(&path);
        assert_eq!(luma.len() as u32, picture.width * picture.height);
        let mean = luma.iter().map(|it| f64::from(*it)).sum::<f64>() / luma.len() as f64;
        (picture, mean)
    }))
}

fn made(source: &Path) -> (Picture, f64) {
    try_cover(source).unwrap().unwrap()
}

fn film(folder: &Path, name: &str, parts: &[(&str, u32)]) -> std::path::PathBuf {
    let inputs: Vec<String> = parts
        .iter()
        .map(|(what, seconds)| {
            let joiner = if what.contains('=') { ':' } else { '=' };
            format!("-f lavfi -i {what}{joiner}s=160x90:r=25:d={seconds}")
        })
        .collect();
    let args = format!(
        "{} -filter_complex concat=n={} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25",
        inputs.join(" "),
        parts.len()
    );
    generate(folder, name, &args)
}

#[test]
fn a_cover_is_a_frame_of_the_clip() {
    for (name, size) in [
        ("bbb_720p25_aac51.mp4", (1280, 720)),
        ("phone_vfr_hevc_rot90_2video.mp4", (1080, 1440)),
        ("hdr10_av1_vertical_720x1280.mp4", (720, 1280)),
    ] {
        let (picture, mean) = made(&clip(name));
        assert_eq!((picture.width, picture.height), size, "{name}");
        assert!(mean > 30.0, "{name}: {mean}");
    }
}

#[test]
fn what_starts_black_or_white_has_a_cover_that_is_neither() {
    let folder = tempfile::tempdir().unwrap();
    for (name, color) in [("a.mp4", "color=black"), ("b.ts", "color=white")] {
        let source = film(folder.path(), name, &[(color, 3), ("testsrc2", 2)]);
        let (picture, mean) = made(&source);
        assert!(picture.at_ms >= 3000, "{name}: {}", picture.at_ms);
        assert!((50.0..200.0).contains(&mean), "{name}: {mean}");
    }
}

#[test]
fn a_short_scene_between_black_ones_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let parts = [("color=black", 13), ("testsrc2", 2), ("color=black", 25)];
    let source = film(folder.path(), "film.mp4", &parts);
    let (picture, mean) = made(&source);
    assert!(
        (13_000..15_000).contains(&picture.at_ms),
        "{}",
        picture.at_ms
    );
    assert!(mean > 50.0, "{mean}");
}

#[test]
fn of_an_all_black_film_it_is_the_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "film.mp4", &[("color=black", 12)]);
    let (picture, mean) = made(&source);
    assert_eq!(picture.at_ms, 0);
    assert!(mean < 5.0, "{mean}");
}

#[test]
fn sound_has_no_cover_and_what_cannot_be_decoded_a_fault() {
    assert!(try_cover(&clip("speech_libri_5703.ogg")).is_none());
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    match try_cover(&source).unwrap() {
        Err(TranscodeError::Fault(fault)) => assert_eq!(fault.code, FaultCode::SourceUnreadable),
        other => panic!("{other:?}"),
    }
}
