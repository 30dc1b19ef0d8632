//! Sources made to take all the memory or all the time there is: small files that claim enormous
//! pictures, and such as never seem to end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_media::Limits;
use serde_json::{Value, json};

use crate::support::{IN_TIME, facts, generate, make, mp4, small, spec, try_make_within};

/// What the hostile get here; every job has such bounds.
fn bounds() -> Limits {
    Limits {
        max_run_time: IN_TIME / 2,
        stall: Some(Duration::from_secs(10)),
        resident_bytes: Some(1 << 30),
        address_space_bytes: Some(8 << 30),
        file_bytes: Some(64 << 20),
        ..Limits::default()
    }
}

/// A fault long before it would have taken what its source asks for.
fn fault_of(source: &Path) -> Fault {
    fault_within(&bounds(), source, small())
}

fn fault_within(limits: &Limits, source: &Path, video: Value) -> Fault {
    let begun = Instant::now();
    let fault = match try_make_within(source, &mp4(video), limits) {
        Ok(made) => panic!("{} became {:?}", source.display(), made.facts),
        Err(fault) => fault,
    };
    assert!(begun.elapsed() < IN_TIME, "{fault:?}");
    let folder = source.parent().unwrap().to_str().unwrap();
    assert!(!format!("{fault:?}").contains(folder), "{fault:?}");
    fault
}

fn picture(folder: &Path, name: &str, options: &str) -> PathBuf {
    let args = format!("-f lavfi -i testsrc2=s=64x64:r=10:d=0.5 {options}");
    generate(folder, name, args.trim_end())
}

/// Replaces what `at` finds from the bytes of `file`, everywhere.
fn patched(file: &Path, replaced: &[u8], by: &[u8]) -> Vec<u8> {
    assert_eq!(replaced.len(), by.len());
    let mut bytes = std::fs::read(file).unwrap();
    let mut found = 0;
    for start in 0..bytes.len().saturating_sub(replaced.len()) {
        if bytes[start..].starts_with(replaced) {
            bytes[start..start + by.len()].copy_from_slice(by);
            found += 1;
        }
    }
    assert!(found > 0, "{} has no such bytes", file.display());
    bytes
}

fn rewrite(file: &Path, replaced: &[u8], by: &[u8]) {
    let bytes = patched(file, replaced, by);
    std::fs::write(file, bytes).unwrap();
}

/// The header of a PNG with sides of `side` pixels.
fn png_header(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    [&b"IHDR"[..], &side, &side].concat()
}

#[test]
fn enormous_pictures_in_small_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let one = "-frames:v 1 -update 1";
    let png = picture(folder, "a.png", one);
    rewrite(&png, &png_header(64), &png_header(16_000));
    // The same in a file of its own and in containers that state a size beside it.
    let png_in = |name: &str| generate(folder, name, &format!("-i {} -c copy", png.display()));
    let apng = picture(folder, "many.png", "-f apng");
    rewrite(&apng, &png_header(64), &png_header(16_000));
    let gif = picture(folder, "a.gif", "");
    rewrite(&gif, b"GIF89a\x40\x00\x40\x00", b"GIF89a\xff\xff\xff\xff");
    // Its dimensions, and those of the track that holds it.
    let jpeg = picture(folder, "a.mp4", "-c:v mjpeg");
    rewrite(
        &jpeg,
        b"\xff\xc0\x00\x11\x08\x00\x40\x00\x40",
        b"\xff\xc0\x00\x11\x08\x3e\x80\x3e\x80",
    );
    let beyond = folder.join("beyond.png");
    std::fs::write(
        &beyond,
        patched(&png, &png_header(16_000), &png_header(u32::MAX / 2)),
    )
    .unwrap();
    for source in [
        png_in("a.mov"),
        png_in("a.mkv"),
        png,
        apng,
        gif,
        jpeg,
        beyond,
    ] {
        let size = std::fs::metadata(&source).unwrap().len();
        assert!(size < 100_000, "{}: {size}", source.display());
        let fault = fault_of(&source);
        assert_eq!(
            fault.code,
            FaultCode::SourceUnreadable,
            "{}: {fault:?}",
            source.display()
        );
    }
}

#[test]
fn a_picture_that_becomes_enormous_midway_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let film = picture(folder.path(), "film.mov", "-c:v png -r 100");
    let (size, enormous) = (png_header(64), png_header(16_000));
    let bytes = std::fs::read(&film).unwrap();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(&size))
        .collect();
    assert!(places.len() > 40, "{}", places.len());
    let mut one = bytes.clone();
    one[places[30]..][..size.len()].copy_from_slice(&enormous);
    std::fs::write(&film, &one).unwrap();
    let limits = Limits {
        address_space_bytes: Some(2 << 30),
        ..bounds()
    };
    let made = try_make_within(&film, &mp4(small()), &limits).unwrap();
    assert_eq!(made.video().1.height, 144);
    // And nothing is left when all of them are.
    let mut most = bytes;
    for &place in &places[10..] {
        most[place..][..size.len()].copy_from_slice(&enormous);
    }
    std::fs::write(&film, &most).unwrap();
    let fault = fault_of(&film);
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
    let log = fault.log_tail.unwrap();
    assert!(log.contains("max pixel count"), "{log}");
}

#[test]
fn pictures_that_play_for_ever_play_once() {
    let folder = tempfile::tempdir().unwrap();
    let gif = picture(folder.path(), "a.gif", "-loop 0");
    let apng = picture(folder.path(), "a.png", "-f apng -plays 0");
    for source in [gif, apng] {
        let made = make(
            &source,
            &spec(
                "a.mp4",
                json!({"container": {"format": "mp4"}, "video": small()}),
            ),
        );
        let frames = made.video().0.frames.unwrap();
        assert!((4..=6).contains(&frames), "{}: {frames}", source.display());
    }
}

/// A film whose pictures from the fourth on come `seconds` later.
fn interrupted(folder: &Path, name: &str, seconds: u64) -> PathBuf {
    let args = format!(
        "-f lavfi -i testsrc2=s=64x64:r=1:d=9 -vf setpts=N/TB+if(gt(N\\,3)\\,{seconds}/TB) \
         -fps_mode passthrough -c:v libx264 -bf 0"
    );
    generate(folder, name, &args)
}

#[test]
fn a_length_that_no_output_may_have_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = interrupted(folder.path(), "years.mkv", 100_000_000);
    let fault = fault_of(&source);
    assert_eq!(fault.code, FaultCode::SpecUnfit, "{fault:?}");
    assert!(fault.message.contains("172800"), "{fault:?}");
}

#[test]
fn a_gap_of_hours_is_not_filled() {
    let folder = tempfile::tempdir().unwrap();
    let source = interrupted(folder.path(), "hours.mkv", 20 * 3600);
    let fault = fault_of(&source);
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
    assert!(fault.message.contains("ends early"), "{fault:?}");
}

#[test]
fn a_gap_of_a_minute_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let source = interrupted(folder.path(), "minute.mkv", 60);
    let video = json!({"height": 144, "preset": "veryfast", "fps": 25.0});
    let settings = json!({"container": {"format": "mp4"}, "video": video});
    let made = make(&source, &spec("a.mp4", settings));
    let frames = made.video().0.frames.unwrap();
    assert!((68 * 25..=70 * 25).contains(&frames), "{frames}");
}

/// A film of one picture, and a way to change its tables: four bytes at a distance from the name of
/// a box.
fn one_picture(folder: &Path, changes: &[(&[u8; 4], usize, u32)]) -> PathBuf {
    let options = "-frames:v 1 -c:v png -use_editlist 0 -video_track_timescale 10";
    let source = picture(folder, "a.mov", options);
    let mut bytes = std::fs::read(&source).unwrap();
    for (name, distance, value) in changes {
        let at = bytes.windows(4).position(|window| window == *name).unwrap() + distance;
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    std::fs::write(&source, bytes).unwrap();
    source
}

#[test]
fn one_picture_that_is_shown_for_a_day_ends_without_filling_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let day = 24 * 3600 * 10;
    let source = one_picture(folder.path(), &[(b"stts", 16, day), (b"mdhd", 20, day)]);
    // At its own rate this is one picture.
    make(&source, &mp4(small()));
    let limits = Limits {
        stall: Some(Duration::from_secs(3)),
        ..bounds()
    };
    let fault = fault_within(&limits, &source, json!({"height": 144, "fps": 25.0}));
    // All of its repetitions are made before the first is encoded.
    let bounded = [FaultCode::Stalled, FaultCode::OverBudget];
    assert!(bounded.contains(&fault.code), "{fault:?}");
}

#[test]
fn an_index_of_a_million_pictures_with_one_behind_it_is_the_sources_fault() {
    let folder = tempfile::tempdir().unwrap();
    let million = 1_000_000;
    let source = one_picture(
        folder.path(),
        &[
            (b"stts", 12, million),
            (b"stsc", 16, million),
            (b"stsz", 12, million),
            (b"mdhd", 20, million),
        ],
    );
    let claimed = facts(&source).unwrap();
    assert_eq!(claimed.streams[0].frames, Some(u64::from(million)));
    let fault = fault_of(&source);
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
}

#[test]
fn an_index_that_would_fill_the_memory_is_the_sources_fault() {
    // 24 bytes are kept for each of them.
    let folder = tempfile::tempdir().unwrap();
    let most = 170_000_000;
    let tables = [
        (b"stts", 12, most),
        (b"stsc", 16, most),
        (b"stsz", 12, most),
    ];
    let source = one_picture(folder.path(), &tables);
    let fault = fault_of(&source);
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
}
