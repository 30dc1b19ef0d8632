//! Animated GIF and WebP: pictures, their times, how often they are shown, and their colours.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use crate::support::{Made, clip, entries, generate, likeness, make, mean, spec, try_make};

fn animation(container: Value, video: Value) -> OutputSpec {
    let name = format!("a.{}", container["format"].as_str().unwrap());
    let mut spec = spec(&name, json!({"container": container, "video": video}));
    spec.clip = Some(serde_json::from_value(json!({"length": {"duration_ms": 1000}})).unwrap());
    spec
}

fn gif(container: Value, video: Value) -> OutputSpec {
    let (mut whole, mut picture) = (json!({"format": "gif"}), json!({"codec": "gif"}));
    for (into, own) in [(&mut whole, container), (&mut picture, video)] {
        for (name, value) in own.as_object().unwrap() {
            into[name] = value.clone();
        }
    }
    animation(whole, picture)
}

/// What the file says of being shown again; nothing where it is shown once.
fn shown_again(file: &Path) -> Option<u16> {
    let bytes = std::fs::read(file).unwrap();
    let name = b"NETSCAPE2.0\x03\x01";
    let at = bytes.windows(name.len()).position(|it| it == name)? + name.len();
    Some(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn delays(file: &Path) -> Vec<f64> {
    let shown = entries(file, "v", "packet=duration_time");
    shown.iter().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn a_gif_has_the_pictures_and_times_of_its_source() {
    let source = clip("bbb_720p25_aac51.mp4");
    let video = json!({"width": 160, "fps": 10.0});
    let made = make(
        &source,
        &gif(json!({"plays": 3, "final_delay_cs": 70}), video),
    );
    let (stream, picture) = made.video();
    assert_eq!((picture.width, picture.height), (160, 90));
    assert_eq!(stream.frames, Some(10));
    let delays = delays(&made.main());
    assert_eq!(delays[..9], [0.1; 9]);
    assert!((delays[9] - 0.7).abs() < 0.001, "{delays:?}");
    assert_eq!(shown_again(&made.main()), Some(2));
    // Few colours, and no wrong ones.
    let alike = likeness(&made.main(), &source, &["-t", "1"], "fps=10,scale=160:90");
    assert!(alike > 0.9, "{alike}");
}

#[test]
fn a_gif_is_shown_for_ever_or_once() {
    let source = clip("bbb_720p25_aac51.mp4");
    let again = |plays: u32| {
        let made = make(
            &source,
            &gif(json!({"plays": plays}), json!({"width": 64, "fps": 5.0})),
        );
        shown_again(&made.main())
    };
    assert_eq!([again(0), again(1), again(2)], [Some(0), None, Some(1)]);
}

/// The colours of a card that is tagged as high definition are, and those of one that is not tagged and large is taken
/// for.
fn card(folder: &Path, name: &str, tags: &str) -> std::path::PathBuf {
    let args = format!(
        "-f lavfi -i color=0x20c040:s=1280x720:r=5:d=1,format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p \
         -c:v ffv1 {tags}"
    );
    generate(folder, name, args.trim_end())
}

fn is_green(made: &Made) {
    let found = mean(&made.main(), 0.0, (20, 20, 60, 60));
    for (found, wanted) in found.iter().zip([32.0, 192.0, 64.0]) {
        assert!((found - wanted).abs() < 6.0, "{found} {wanted}");
    }
}

#[test]
fn colours_of_a_gif_are_those_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    for (name, tags) in [("plain.mkv", ""), ("tagged.mkv", "-colorspace bt709")] {
        let source = card(folder.path(), name, tags);
        for colours in ["sierra", "bayer"] {
            let video = json!({"width": 320});
            is_green(&make(&source, &gif(json!({"colours": colours}), video)));
        }
    }
    // A scale of gray that has no more colours than a GIF: palettes of their own take all of them.
    let ramp = generate(
        folder.path(),
        "ramp.mkv",
        "-f lavfi -i nullsrc=s=224x64:r=5:d=1,format=yuv420p,geq=lum=X+16:cb=128:cr=128 -c:v ffv1",
    );
    let shades = |colours: &str| {
        let made = make(&ramp, &gif(json!({"colours": colours}), json!({})));
        likeness(&made.main(), &ramp, &[], "format=yuv444p")
    };
    let (own, general) = (shades("sierra"), shades("general"));
    assert!(own > 0.98 && own > general, "{own} {general}");
}

#[test]
fn a_gif_is_no_faster_than_viewers_are() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i testsrc2=s=64x64:r=60:d=1 -c:v ffv1";
    let source = generate(folder.path(), "fast.mkv", args);
    let made = make(&source, &gif(json!({}), json!({})));
    assert_eq!(made.video().0.frames, Some(50));
    assert!(delays(&made.main()).iter().all(|delay| *delay > 0.0199));
}

/// FFmpeg of the oldest release that is served reads no animated WebP; the chunks are read here, frame by frame.
fn frames_of_webp(file: &Path) -> (u16, Vec<u32>) {
    let bytes = std::fs::read(file).unwrap();
    let number = |at: usize, length: usize| {
        let bytes = bytes[at..at + length].iter().rev();
        bytes.fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte))
    };
    let (mut at, mut plays, mut delays) = (12, 0, Vec::new());
    while at < bytes.len() {
        match &bytes[at..at + 4] {
            b"ANIM" => plays = number(at + 12, 2) as u16,
            b"ANMF" => delays.push(number(at + 8 + 12, 3)),
            _ => {}
        }
        at += 8 + (number(at + 4, 4) as usize).next_multiple_of(2);
    }
    (plays, delays)
}

#[test]
fn a_webp_has_the_pictures_and_times_of_its_source() {
    let source = clip("bbb_720p25_aac51.mp4");
    let container = json!({"format": "webp", "plays": 4});
    let video = json!({"codec": "webp", "width": 160, "fps": 10.0});
    let made = make(&source, &animation(container, video));
    let (stream, picture) = made.video();
    assert_eq!((picture.width, picture.height), (160, 90));
    assert_eq!(made.facts.format.duration_seconds, Some(1.0));
    let (plays, delays) = frames_of_webp(&made.main());
    assert_eq!(plays, 4);
    assert_eq!(Some(delays.len() as u64), stream.frames);
    assert_eq!(delays, [100; 10]);
}

/// Of pictures that never change a still one is made, which every FFmpeg reads.
#[test]
fn colours_of_a_webp_are_those_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    for (name, tags) in [("plain.mkv", ""), ("tagged.mkv", "-colorspace bt709")] {
        let source = card(folder.path(), name, tags);
        let container = json!({"format": "webp"});
        let video = json!({"codec": "webp", "width": 320});
        let made = make(&source, &animation(container, video));
        assert_eq!(made.facts.format.duration_seconds, None);
        is_green(&made);
    }
}

#[test]
fn a_film_is_no_animation() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i color=black:s=32x32:r=50:d=400 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "long.mp4", args);
    let mut spec = gif(json!({}), json!({}));
    spec.clip = None;
    let fault = try_make(&source, &spec).map(|_| ()).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    assert!(
        fault.message.contains("15000 pictures"),
        "{}",
        fault.message
    );
}
