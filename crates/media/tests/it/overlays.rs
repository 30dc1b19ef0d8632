//! What is laid over a picture is where it was asked for, as large, and when.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::{Value, json};

use crate::support::{self, Made, clip, close, generate, make_with, mp4};

const LOGO: &str = "logo.png";

fn with_overlays(video: Value, overlays: Value) -> OutputSpec {
    let mut spec = mp4(video);
    spec.overlays = serde_json::from_value(overlays).unwrap();
    spec
}

fn logo(place: Value) -> Value {
    let mut overlay = json!({"mark": {"picture": {"object": {"bucket": "media", "key": LOGO}}}});
    let members = overlay.as_object_mut().unwrap();
    members.extend(place.as_object().unwrap().clone());
    overlay
}

/// A gray film of three seconds.
fn gray(folder: &Path) -> std::path::PathBuf {
    let args = "-f lavfi -i color=gray:s=640x360:r=25:d=3 -f lavfi -i sine=d=3 -c:v libx264 \
                -preset ultrafast -c:a aac";
    generate(folder, "gray.mp4", args)
}

fn mean(made: &Made, at: f64, area: (u32, u32, u32, u32)) -> [f64; 3] {
    support::mean(&made.main(), at, area)
}

fn is_red([red, green, blue]: [f64; 3]) -> bool {
    red > 200.0 && green < 60.0 && blue < 60.0
}

fn is_gray(color: [f64; 3]) -> bool {
    color.iter().all(|value| close(*value, 128.0, 12.0))
}

#[test]
fn a_picture_stands_in_its_corner_with_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    // Where 100x50 pixels, 20 and 10 from the corner, are in 640x360.
    let cases = [
        ("top_right", (520, 10)),
        ("top_left", (20, 10)),
        ("bottom_right", (520, 300)),
        ("bottom_left", (20, 300)),
    ];
    for (corner, (x, y)) in cases {
        let mut overlay = logo(json!({"corner": corner, "dx": {"px": 20}, "dy": {"px": 10}}));
        overlay["mark"]["picture"]["width"] = json!({"px": 100});
        let spec = with_overlays(json!({"preset": "veryfast"}), json!([overlay]));
        let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
        let inside = mean(&made, 1.0, (x + 6, y + 6, 88, 38));
        assert!(is_red(inside), "{corner}: {inside:?}");
        for beside in [(x - 16, y, 10, 50), (x + 106, y, 10, 50)] {
            let color = mean(&made, 1.0, beside);
            assert!(is_gray(color), "{corner}: {color:?}");
        }
        let below = if y < 100 { y + 56 } else { y - 16 };
        assert!(is_gray(mean(&made, 1.0, (x, below, 100, 10))), "{corner}");
    }
}

#[test]
fn ratios_are_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let mut overlay =
        logo(json!({"corner": "top_left", "dx": {"ratio": 0.5}, "dy": {"ratio": 0.5}}));
    overlay["mark"]["picture"]["width"] = json!({"ratio": 0.25});
    overlay["mark"]["picture"]["height"] = json!({"ratio": 0.5});
    let spec = with_overlays(
        json!({"height": 180, "preset": "veryfast"}),
        json!([overlay]),
    );
    let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
    assert!(is_red(mean(&made, 1.0, (164, 94, 72, 82))));
    assert!(is_gray(mean(&made, 1.0, (244, 94, 70, 80))));
    assert!(is_gray(mean(&made, 1.0, (0, 0, 150, 180))));
}

#[test]
fn a_mark_is_seen_from_its_start_for_its_duration_even_over_a_still_source() {
    let folder = tempfile::tempdir().unwrap();
    // One frame a second: what is laid over has the output's rate.
    let slow = "-f lavfi -i color=gray:s=320x180:r=1:d=4 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "slow.mp4", slow);
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let overlay = logo(json!({"corner": "top_left", "start_ms": 1400, "duration_ms": 1000}));
    let video = json!({"preset": "veryfast", "fps": 25.0});
    let spec = with_overlays(video, json!([overlay]));
    let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
    let at = |second: f64| mean(&made, second, (4, 4, 72, 32));
    for (second, seen) in [
        (0.0, false),
        (1.34, false),
        (1.42, true),
        (2.34, true),
        (2.42, false),
    ] {
        assert_eq!(is_red(at(second)), seen, "{second}: {:?}", at(second));
        assert_eq!(is_gray(at(second)), !seen, "{second}: {:?}", at(second));
    }
}

#[test]
fn a_picture_that_moves_starts_when_it_appears_and_goes_on_till_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    // Half a second of red, half a second of blue.
    let graph = "-f lavfi -i color=red:s=64x64:r=10:d=0.5 -f lavfi -i color=blue:s=64x64:r=10:d=0.5 \
                 -filter_complex [0][1]concat=n=2";
    for (name, codec) in [("turns.gif", ""), ("turns.mov", " -c:v qtrle")] {
        let moving = generate(folder.path(), name, &format!("{graph}{codec}"));
        let mut overlay = logo(json!({"corner": "top_left", "start_ms": 1000}));
        overlay["mark"]["picture"]["object"]["key"] = json!(name);
        let spec = with_overlays(json!({"preset": "veryfast"}), json!([overlay]));
        let made = make_with(&source, &[(name, &moving)], &spec).unwrap();
        let at = |second: f64| mean(&made, second, (4, 4, 56, 56));
        assert!(is_gray(at(0.8)), "{name}");
        for (second, red) in [(1.2, true), (1.72, false), (2.2, true), (2.72, false)] {
            let color = at(second);
            assert_eq!(is_red(color), red, "{name} at {second}: {color:?}");
            assert_eq!(color[2] > 200.0, !red, "{name} at {second}: {color:?}");
        }
        let seconds = made.facts.format.duration_seconds.unwrap();
        assert!(close(seconds, 3.0, 0.1), "{seconds}");
    }
}

#[test]
fn what_lets_through_lets_through_and_the_last_is_on_top() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let clear = "-f lavfi -i color=red:s=80x40,format=rgba,colorchannelmixer=aa=0.5 -frames:v 1";
    let half = generate(folder.path(), LOGO, clear);
    let blue = generate(
        folder.path(),
        "blue.png",
        "-f lavfi -i color=blue:s=20x20 -frames:v 1",
    );
    let place = json!({"corner": "top_left"});
    let mut above = logo(place.clone());
    above["mark"]["picture"]["object"]["key"] = json!("blue.png");
    let further = [(LOGO, half.as_path()), ("blue.png", blue.as_path())];
    let spec = with_overlays(json!({"preset": "veryfast"}), json!([logo(place), above]));
    let made = make_with(&source, &further, &spec).unwrap();
    let [red, green, _] = mean(&made, 1.0, (30, 6, 40, 28));
    assert!(
        close(red, 191.0, 12.0) && close(green, 64.0, 12.0),
        "{red} {green}"
    );
    let [_, _, blue] = mean(&made, 1.0, (4, 4, 12, 12));
    assert!(blue > 200.0, "{blue}");
}

#[test]
fn gray_marks_have_no_colour() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let mut overlay = logo(json!({"corner": "top_left"}));
    overlay["mark"]["picture"]["gray"] = json!(true);
    let spec = with_overlays(json!({"preset": "veryfast"}), json!([overlay]));
    let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
    let [red, green, blue] = mean(&made, 1.0, (6, 6, 68, 28));
    assert!(
        close(red, green, 8.0) && close(green, blue, 8.0) && red < 110.0,
        "{red} {green} {blue}"
    );
}

fn text(text: Value) -> Value {
    json!([{"mark": {"text": text}, "corner": "top_left", "dx": {"px": 20}, "dy": {"px": 20}}])
}

#[test]
fn a_text_is_drawn_as_it_is_whatever_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let written = |content: &str, alpha: f64| {
        let mark = json!({"text": content, "font": "DejaVu Sans", "size": 40, "color": "#ff0000",
            "alpha": alpha});
        let spec = with_overlays(json!({"preset": "veryfast"}), text(mark));
        make_with(&source, &[], &spec).unwrap()
    };
    let red_in = |made: &Made| {
        let [red, green, _] = mean(made, 1.0, (20, 20, 600, 50));
        red - green
    };
    // A full block fills its cell.
    let plain = red_in(&written("\u{2588}\u{2588}\u{2588}\u{2588}", 1.0));
    assert!(plain > 20.0, "{plain}");
    let faint = red_in(&written("\u{2588}\u{2588}\u{2588}\u{2588}", 0.5));
    assert!(close(faint / plain, 0.5, 0.08), "{faint} of {plain}");
    // What means something to the filter is text like any other, and takes its room.
    let odd = red_in(&written("%{localtime}:'[v0]\\;,=", 1.0));
    let usual = red_in(&written("AbcdefghijABcVvwIIIij-", 1.0));
    assert!(odd > 0.5 * usual && odd < 1.6 * usual, "{odd} and {usual}");
}

#[test]
fn what_cannot_be_laid_over_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let source = gray(folder.path());
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let sound = generate(folder.path(), "sound.wav", "-f lavfi -i sine=d=1");
    let refused = |further: &[(&str, &Path)], overlays: Value| {
        let spec = with_overlays(json!({"preset": "veryfast"}), overlays);
        let fault = make_with(&source, further, &spec).err().unwrap();
        (fault.code, fault.message)
    };
    let outside = logo(json!({"dx": {"px": 640}}));
    let (code, message) = refused(&[(LOGO, &red)], json!([outside]));
    assert_eq!(code, FaultCode::SpecUnfit, "{message}");
    assert!(message.contains("outside"), "{message}");
    let (code, message) = refused(&[(LOGO, &sound)], json!([logo(json!({}))]));
    assert_eq!(code, FaultCode::NoVideoStream, "{message}");
    assert!(message.contains("media/logo.png"), "{message}");
    let (code, _) = refused(&[], json!([logo(json!({}))]));
    assert_eq!(code, FaultCode::SourceMissing);
    let unknown = json!({"text": "a", "size": 20, "font": "SimSun of nowhere"});
    let (code, message) = refused(&[], text(unknown));
    assert_eq!(code, FaultCode::EngineLacks, "{message}");
    assert!(message.contains("DejaVu Sans"), "{message}");
}

#[test]
fn a_source_that_is_turned_is_turned_before_anything_is_laid_over() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("phone_vfr_hevc_rot90_2video.mp4");
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let overlay = logo(json!({"corner": "bottom_right", "start_ms": 200}));
    let mut spec = with_overlays(
        json!({"width": 180, "preset": "veryfast"}),
        json!([overlay]),
    );
    spec.clip = serde_json::from_value(json!({"length": {"duration_ms": 1000}})).unwrap();
    let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
    let (_, video) = made.video();
    assert!(video.height > video.width && video.rotation == 0);
    assert!(is_red(mean(&made, 0.6, (106, video.height - 36, 68, 30))));
}

// Behind what is laid over, FFmpeg 5.1 loses the last picture of a source.
#[test]
fn what_is_always_there_costs_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let slow = "-f lavfi -i color=gray:s=320x180:r=1:d=4 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "slow.mp4", slow);
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let text = json!({"mark": {"text": {"text": "a", "size": 20}}});
    for overlay in [logo(json!({})), text] {
        let video = json!({"preset": "veryfast", "fps": 25.0});
        let spec = with_overlays(video, json!([overlay]));
        let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
        let frames = support::entries(&made.main(), "v:0", "packet=pts").len();
        assert_eq!(frames, 100, "{overlay}");
    }
}

/// Luma of a pixel on the middle of the left edge, where the overlays of these tests are.
fn luma(made: &Made, width: usize, height: usize) -> u8 {
    let frame = support::first_gray(&made.main());
    frame[height / 2 * width + 8]
}

#[test]
fn overlays_have_the_output_s_range_and_matrix() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "hd.mkv",
        "-f lavfi -i color=gray:s=1280x720:r=25:d=0.2,format=yuv420p -c:v ffv1",
    );
    let plain = |color: &str| format!("-f lavfi -i color={color}:s=1280x720 -frames:v 1");
    let white = generate(folder.path(), "white.png", &plain("white"));
    let green = generate(folder.path(), "green.png", &plain("0x00ff00"));
    let rate = json!({"mode": "crf", "crf": 10.0});
    let made = |format: &str, picture: &Path, mark: Value| {
        let video = json!({"preset": "veryfast", "pixel_format": format, "rate": rate});
        let mut spec = with_overlays(video, json!([mark]));
        spec.settings.audio = None;
        make_with(&source, &[(LOGO, picture)], &spec).unwrap()
    };
    let mark = || logo(json!({"corner": "top_left"}));
    let full = luma(&made("yuvj420p", &white, mark()), 1280, 720);
    assert!(full >= 252, "{full}");
    // Green is 173 by BT.709 and 145 by BT.601.
    let drawn = json!({"mark": {"text": {"text": "\u{2588}\u{2588}", "font": "DejaVu Sans", "size": 900,
                       "color": "#00ff00"}}, "corner": "top_left"});
    for (name, made) in [
        ("picture", made("yuv420p", &green, mark())),
        ("text", made("yuv420p", &green, drawn)),
    ] {
        let found = luma(&made, 1280, 720);
        assert!((170..=176).contains(&found), "{name}: {found}");
    }
}

#[test]
fn colours_beside_overlays_keep_their_samples() {
    let folder = tempfile::tempdir().unwrap();
    // Each column of pixels has another colour, which nothing but 4:4:4 keeps apart.
    let source = generate(
        folder.path(),
        "columns.mkv",
        "-f lavfi -i color=gray:s=320x180:r=25:d=0.2,format=yuv444p,geq=lum=128:cb=128+60*(2*mod(X\\,2)-1):cr=128 -c:v ffv1",
    );
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=40x20 -frames:v 1",
    );
    let video = json!({"preset": "veryfast", "pixel_format": "yuv444p", "rate": {"mode": "crf", "crf": 8.0}});
    let mut spec = with_overlays(video, json!([logo(json!({}))]));
    spec.settings.audio = None;
    let made = make_with(&source, &[(LOGO, &red)], &spec).unwrap();
    let blue = support::run(
        Path::new("ffmpeg"),
        &[
            "-v",
            "error",
            "-i",
            made.main().to_str().unwrap(),
            "-vf",
            "extractplanes=u",
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-",
        ],
    );
    let (even, odd) = (blue[90 * 320 + 100], blue[90 * 320 + 101]);
    assert!(odd > even + 80, "{even} and {odd}");
}

#[test]
fn nothing_is_laid_over_high_dynamic_range_that_is_kept() {
    let source = clip("hdr10_av1_vertical_720x1280.mp4");
    let folder = tempfile::tempdir().unwrap();
    let red = generate(
        folder.path(),
        LOGO,
        "-f lavfi -i color=red:s=80x40 -frames:v 1",
    );
    let video = json!({"codec": "h265", "profile": "main", "pixel_format": "yuv420p10", "height": 160, "preset": "veryfast"});
    let mut spec = with_overlays(video, json!([logo(json!({}))]));
    spec.settings.audio = None;
    let fault = make_with(&source, &[(LOGO, &red)], &spec).err().unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    assert!(fault.message.contains("hdr_to_sdr"), "{}", fault.message);
}
