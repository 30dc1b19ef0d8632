//! Samples of other forms, and high dynamic range.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{ENGINE, Made, clip, first_gray, generate, make, mp4, run};

fn sampled(source: &Path, settings: Value) -> Made {
    let mut video = json!({"height": 144, "preset": "veryfast"});
    for (name, value) in settings.as_object().unwrap() {
        video[name] = value.clone();
    }
    let mut spec = mp4(video);
    spec.settings.audio = None;
    spec.clip = Some(serde_json::from_value(json!({"length": {"duration_ms": 400}})).unwrap());
    make(source, &spec)
}

#[test]
fn samples_have_the_form_that_is_asked_for() {
    let source = clip("bbb_720p25_aac51.mp4");
    for (format, profile) in [
        ("yuvj420p", "High"),
        ("yuv422p", "High 4:2:2"),
        ("yuv444p", "High 4:4:4 Predictive"),
    ] {
        let made = sampled(&source, json!({"pixel_format": format}));
        let (stream, video) = made.video();
        assert_eq!(video.pixel_format.as_deref(), Some(format));
        assert_eq!(stream.profile.as_deref(), Some(profile));
    }
}

/// How much colour differs from each pixel to the one beside it, and to the one below, in a file of 256x144 pixels.
fn steps_of_colour(file: &Path) -> [f64; 2] {
    let path = file.to_str().unwrap();
    let head = ["-v", "error", "-i", path, "-frames:v", "1"];
    let planes = [
        "-vf",
        "format=yuv444p,extractplanes=u",
        "-f",
        "rawvideo",
        "-",
    ];
    let bytes = run(ENGINE.ffmpeg(), &[&head[..], &planes].concat());
    let (width, height) = (256, 144);
    assert_eq!(bytes.len(), width * height);
    [1, width].map(|away| {
        let pairs = bytes.iter().zip(&bytes[away..]);
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / (bytes.len() - away) as f64
    })
}

/// The labels of samples say what was asked for whatever is in them.
#[test]
fn samples_have_room_for_the_colours_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (name, pattern) in [("columns.mkv", r"mod(X\,2)"), ("lines.mkv", r"mod(Y\,2)")] {
        let args = format!(
            "-f lavfi -i nullsrc=s=256x144:d=0.4,format=yuv444p,geq=lum=128:cb=64+128*{pattern}:cr=128 -c:v ffv1"
        );
        let source = generate(folder.path(), name, &args);
        let steps = |format: &str| {
            let made = sampled(&source, json!({"pixel_format": format}));
            steps_of_colour(&made.main())
        };
        let place = usize::from(name == "lines.mkv");
        // One colour for each pixel, for two beside each other, and for four.
        let [all, half, quarter] = ["yuv444p", "yuv422p", "yuv420p"].map(|it| steps(it)[place]);
        assert!(all > 80.0 && quarter < 20.0, "{name}: {all} {quarter}");
        let is_kept = half > 80.0;
        assert_eq!(is_kept, name == "lines.mkv", "{name}: {half}");
    }
}

#[test]
fn full_range_is_made_of_limited() {
    let folder = tempfile::tempdir().unwrap();
    let white = generate(
        folder.path(),
        "white.mkv",
        "-f lavfi -i color=white:s=256x144:d=0.4,format=yuv420p -c:v ffv1",
    );
    assert!((234..=236).contains(&first_gray(&white)[0]));
    let made = sampled(&white, json!({"pixel_format": "yuvj420p"}));
    let luma = first_gray(&made.main())[0];
    assert!(luma >= 253, "{luma}");
    assert_eq!(made.video().1.color_range.as_deref(), Some("pc"));
}

#[test]
fn colours_keep_their_tags() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "tagged.mkv",
        "-f lavfi -i testsrc2=s=256x144:d=0.4,format=yuv420p -c:v ffv1 -color_primaries bt470bg \
         -color_trc gamma28 -colorspace bt470bg",
    );
    let made = sampled(&source, json!({}));
    let (_, video) = made.video();
    assert_eq!(video.color_space.as_deref(), Some("bt470bg"));
    assert_eq!(video.color_transfer.as_deref(), Some("bt470bg"));
    assert_eq!(video.color_primaries.as_deref(), Some("bt470bg"));
}

/// One shade of gray in 10 bits, tagged as high dynamic range.
fn card(folder: &Path, luma: u32, transfer: &str) -> PathBuf {
    let args = format!(
        "-f lavfi -i color=black:s=256x144:d=0.4,format=yuv420p10le,geq=lum={luma}:cb=512:cr=512 \
         -c:v ffv1 -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc -color_range tv"
    );
    generate(folder, &format!("{transfer}{luma}.mkv"), &args)
}

#[test]
fn high_dynamic_range_is_brought_down_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // The white of graphics, 203 cd/m2, and a tenth of it.
    for (transfer, white, dark) in [("smpte2084", 573, 400), ("arib-std-b67", 721, 287)] {
        let luma = |level: u32| {
            let made = sampled(&card(folder.path(), level, transfer), json!({}));
            let (_, video) = made.video();
            assert_eq!(video.pixel_format.as_deref(), Some("yuv420p"));
            for tag in [
                &video.color_primaries,
                &video.color_transfer,
                &video.color_space,
            ] {
                assert_eq!(tag.as_deref(), Some("bt709"), "{transfer}");
            }
            first_gray(&made.main())[0]
        };
        let (white, dark) = (luma(white), luma(dark));
        assert!((170..=235).contains(&white), "{transfer} {white}");
        assert!((60..=110).contains(&dark), "{transfer} {dark}");
    }
}

#[test]
fn high_dynamic_range_is_kept_where_there_is_room() {
    let source = clip("hdr10_av1_vertical_720x1280.mp4");
    let deep = json!({"codec": "h265", "profile": "main", "pixel_format": "yuv420p10"});
    let made = sampled(&source, deep.clone());
    let (stream, video) = made.video();
    assert_eq!(stream.profile.as_deref(), Some("Main 10"));
    assert_eq!(video.pixel_format.as_deref(), Some("yuv420p10le"));
    assert_eq!(video.color_space.as_deref(), Some("bt2020nc"));
    assert_eq!(video.color_transfer.as_deref(), Some("smpte2084"));
    assert_eq!(video.color_primaries.as_deref(), Some("bt2020"));
    let mut standard = deep;
    standard["hdr_to_sdr"] = json!(true);
    let made = sampled(&source, standard);
    assert_eq!(made.video().1.color_transfer.as_deref(), Some("bt709"));
    assert_eq!(made.video().1.pixel_format.as_deref(), Some("yuv420p10le"));
}
