//! Pictures that are cropped, turned, fitted and padded.

use reelgate_domain::job::FaultCode;
use serde_json::{Value, json};

use crate::support::{Made, clip, first_gray, likeness, make, mp4, try_make};

fn made(settings: Value) -> Made {
    let mut video = json!({"preset": "veryfast", "rate": {"mode": "crf", "crf": 16.0}});
    for (name, value) in settings.as_object().unwrap() {
        video[name] = value.clone();
    }
    let mut spec = mp4(video);
    spec.settings.audio = None;
    spec.clip = Some(serde_json::from_value(json!({"length": {"duration_ms": 400}})).unwrap());
    make(&clip("bbb_720p25_aac51.mp4"), &spec)
}

/// Whether the output is what these filters make of the source.
fn check(settings: Value, size: (u32, u32), filter: &str) -> Made {
    let made = made(settings.clone());
    let (_, video) = made.video();
    assert_eq!((video.width, video.height), size, "{settings}");
    assert_eq!(video.sar.as_deref(), Some("1:1"));
    let like = likeness(&made.main(), &clip("bbb_720p25_aac51.mp4"), &[], filter);
    assert!(like > 0.95, "{settings}: {like}");
    made
}

#[test]
fn a_crop_shows_its_part_of_the_source() {
    let crop = json!({"crop": {"width": 640, "height": 480, "left": 401, "top": 99}});
    let cropped = check(crop, (640, 480), "crop=640:480:401:99:exact=1");
    // A few pixels beside it is something else.
    let source = clip("bbb_720p25_aac51.mp4");
    let beside = likeness(&cropped.main(), &source, &[], "crop=640:480:391:109");
    assert!(beside < 0.9, "{beside}");
    check(
        json!({"crop": {"width": 640, "height": 480, "left": 400, "top": 100}, "width": 320}),
        (320, 240),
        "crop=640:480:400:100,scale=320:240:flags=bicubic",
    );
}

#[test]
fn a_crop_beyond_the_picture_is_refused() {
    let spec = mp4(json!({"crop": {"width": 1280, "height": 600, "left": 2, "top": 0}}));
    let fault = try_make(&clip("bbb_720p25_aac51.mp4"), &spec)
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn turned_pictures_are_turned_clockwise() {
    check(json!({"rotate": 90}), (720, 1280), "transpose=clock");
    check(json!({"rotate": 180}), (1280, 720), "hflip,vflip");
    check(
        json!({"rotate": 270, "height": 640}),
        (360, 640),
        "transpose=cclock,scale=360:640:flags=bicubic",
    );
    let between = check(
        json!({"rotate": 30}),
        (1470, 1264),
        "rotate=PI/6:ow=1470:oh=1264",
    );
    // All of the picture is there, and nothing in the corners.
    assert!(first_gray(&between.main())[0] < 20);
}

#[test]
fn sizes_are_filled_and_held() {
    check(
        json!({"width": 360, "height": 360, "fit": "crop"}),
        (360, 360),
        "scale=640:360:flags=bicubic,crop=360:360",
    );
    let held = check(
        json!({"width": 360, "height": 360, "fit": "pad"}),
        (360, 360),
        "scale=360:202:flags=bicubic,pad=360:360:0:78",
    );
    let gray = first_gray(&held.main());
    assert!(gray[..360 * 76].iter().all(|luma| *luma < 20));
    let white = made(json!({"width": 360, "height": 360, "fit": "pad", "fill": "white"}));
    assert!(
        first_gray(&white.main())[..360 * 76]
            .iter()
            .all(|luma| *luma > 230)
    );
    check(
        json!({"width": 320, "pad": {"width": 640, "height": 360, "left": 100, "top": 60}}),
        (640, 360),
        "scale=320:180:flags=bicubic,pad=640:360:100:60",
    );
}

#[test]
fn a_source_that_is_too_small_is_kept_or_refused() {
    let kept = made(json!({"height": 1080, "upscale": "keep_size"}));
    assert_eq!((kept.video().1.width, kept.video().1.height), (1280, 720));
    let spec = mp4(json!({"height": 1080, "upscale": "fail"}));
    let fault = try_make(&clip("bbb_720p25_aac51.mp4"), &spec)
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn a_frame_rate_is_bounded() {
    let bounded = made(json!({"height": 144, "max_fps": 12.5}));
    let (stream, video) = bounded.video();
    assert_eq!(
        (stream.frames, video.average_rate.as_deref()),
        (Some(5), Some("25/2"))
    );
    let unbounded = made(json!({"height": 144, "max_fps": 50}));
    assert_eq!(unbounded.video().0.frames, Some(10));
}
