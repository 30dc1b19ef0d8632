//! What settings ask for is what comes out.

use std::path::Path;

use reelgate_domain::job::kind::transcode::{Clip, ClipLength};
use serde_json::json;

use crate::support::{
    ENGINE, RUNNER, RUNTIME, clip, close, entries, first_gray, generate, hls, key_frames, likeness,
    make, mean, mp4, small, spec,
};

#[test]
fn a_turned_picture_is_turned_once() {
    let source = clip("phone_vfr_hevc_rot90_2video.mp4");
    let made = make(&source, &mp4(json!({"width": 270, "preset": "veryfast"})));
    let (_, video) = made.video();
    assert_eq!((video.width, video.height, video.rotation), (270, 360, 0));
    let like = |transpose: &str| {
        let filter = format!("transpose={transpose},scale=270:360:out_range=tv,format=yuv420p");
        likeness(&made.main(), &source, &["-noautorotate"], &filter)
    };
    let (right, wrong) = (like("cclock"), like("clock"));
    assert!(right > 0.9, "{right}");
    assert!(wrong < 0.8, "{wrong}");
}

#[test]
fn the_likeness_of_an_output_is_measured() {
    let ssim = |source: &Path, output: &Path, part: Option<&Clip>| {
        RUNTIME
            .block_on(reelgate_media::ssim(&RUNNER, &ENGINE, source, output, part))
            .unwrap()
    };
    // Turned, with wide pixels, and cut.
    let phone = clip("phone_vfr_hevc_rot90_2video.mp4");
    let made = make(
        &phone,
        &mp4(json!({"width": 540, "preset": "veryfast", "rate": {"mode": "crf", "crf": 18.0}})),
    );
    assert!(ssim(&phone, &made.main(), None) > 0.9);
    let wide = clip("bbb_sar64x45_bpyramid.mp4");
    let part = Clip {
        start_ms: 1000,
        length: Some(ClipLength::DurationMs(1000)),
    };
    let mut cut = mp4(json!({"height": 480, "preset": "veryfast"}));
    cut.clip = Some(part);
    let made = make(&wide, &cut);
    let aligned = ssim(&wide, &made.main(), Some(&part));
    assert!(aligned > 0.95, "{aligned}");
    let elsewhere = ssim(&wide, &made.main(), None);
    assert!(elsewhere < aligned - 0.05, "{elsewhere} {aligned}");
    // Of a playlist its segments are looked at.
    let mut ladder = hls("ts", 4, json!({"height": 480, "preset": "veryfast"}));
    ladder.clip = Some(part);
    let made = make(&wide, &ladder);
    let segmented = ssim(&wide, &made.main(), Some(&part));
    assert!(segmented > 0.95, "{segmented}");
}

#[test]
fn pixels_are_square_and_sizes_even() {
    let source = clip("bbb_sar64x45_bpyramid.mp4");
    let made = make(&source, &mp4(json!({"preset": "veryfast"})));
    let (_, video) = made.video();
    assert_eq!((video.width, video.height), (1138, 640));
    assert_eq!(video.sar.as_deref(), Some("1:1"));
}

#[test]
fn full_range_becomes_limited() {
    let folder = tempfile::tempdir().unwrap();
    let white = generate(
        folder.path(),
        "white.mp4",
        "-f lavfi -i color=white:s=128x128:d=0.4,format=yuvj420p -c:v libx264 -preset veryfast",
    );
    assert!(first_gray(&white)[0] > 250);
    let made = make(&white, &mp4(json!({"preset": "veryfast"})));
    let luma = first_gray(&made.main())[0];
    assert!((233..=237).contains(&luma), "{luma}");
    assert_eq!(made.video().1.pixel_format.as_deref(), Some("yuv420p"));
}

#[test]
fn rgb_sources_get_a_matrix_and_say_which() {
    let folder = tempfile::tempdir().unwrap();
    let red = generate(
        folder.path(),
        "red.mkv",
        "-f lavfi -i color=red:s=640x360:d=0.4,format=gbrp -c:v ffv1",
    );
    let made = make(&red, &mp4(json!({"width": 1280, "preset": "veryfast"})));
    // Red is 63 in BT.709 and 81 in BT.601.
    let luma = first_gray(&made.main())[0];
    assert!((61..=65).contains(&luma), "{luma}");
    assert_eq!(made.video().1.color_space.as_deref(), Some("bt709"));
}

#[test]
fn the_index_comes_before_the_media() {
    let made = make(&clip("bbb_sar64x45_bpyramid.mp4"), &mp4(small()));
    let bytes = std::fs::read(made.main()).unwrap();
    let (mut at, mut boxes) = (0, Vec::new());
    while let Some(header) = bytes.get(at..at + 8) {
        let size = u32::from_be_bytes(header[..4].try_into().unwrap()) as usize;
        boxes.push(String::from_utf8_lossy(&header[4..]).into_owned());
        at += size.max(8);
    }
    let place = |name: &str| boxes.iter().position(|found| found == name).unwrap();
    assert!(place("moov") < place("mdat"), "{boxes:?}");
}

/// Bits a second of video over the whole, and the most kbit in any 2 s.
fn spending(file: &Path) -> (f64, f64) {
    let packets: Vec<(f64, f64)> = entries(file, "v", "packet=dts_time,size")
        .iter()
        .map(|line| {
            let (time, size) = line.split_once(',').unwrap();
            (
                time.parse().unwrap(),
                size.parse::<f64>().unwrap() * 8.0 / 1000.0,
            )
        })
        .collect();
    let total: f64 = packets.iter().map(|(_, kbit)| kbit).sum();
    let window = |start: f64| -> f64 {
        let inside = packets
            .iter()
            .filter(|(time, _)| (start..start + 2.0).contains(time));
        inside.map(|(_, kbit)| kbit).sum()
    };
    let most = packets
        .iter()
        .map(|(time, _)| window(*time))
        .fold(0.0, f64::max);
    (total, most)
}

#[test]
fn a_constant_rate_is_constant() {
    let video =
        json!({"height": 360, "preset": "veryfast", "rate": {"mode": "constant", "kbps": 800}});
    let made = make(&clip("bbb_720p25_aac51.mp4"), &mp4(video));
    let (total, most) = spending(&made.main());
    let average = total / 5.28;
    assert!(close(average, 800.0, 40.0), "{average}");
    // The buffer holds one second.
    assert!(most < 800.0 * 3.0, "{most}");
}

#[test]
fn an_average_rate_is_met() {
    let video =
        json!({"height": 360, "preset": "veryfast", "rate": {"mode": "average", "kbps": 500}});
    let made = make(&clip("bbb_720p25_aac51.mp4"), &mp4(video));
    let average = spending(&made.main()).0 / 5.28;
    // The encoder needs longer than this clip to settle.
    assert!(close(average, 500.0, 125.0), "{average}");
}

#[test]
fn a_cap_holds_where_quality_alone_would_not() {
    let video = |cap: bool| {
        let mut rate = json!({"mode": "crf", "crf": 12.0});
        if cap {
            rate["cap"] = json!({"maxrate_kbps": 400, "bufsize_kbit": 1000});
        }
        json!({"height": 240, "preset": "veryfast", "rate": rate})
    };
    let source = clip("bbb_720p25_aac51.mp4");
    let (free, _) = spending(&make(&source, &mp4(video(false))).main());
    let (capped, most) = spending(&make(&source, &mp4(video(true))).main());
    assert!(free > 1.5 * capped, "{free} {capped}");
    assert!(most <= 2.0 * 400.0 + 1000.0, "{most}");
}

#[test]
fn a_clip_has_exactly_its_frames() {
    let source = clip("bbb_720p25_aac51.mp4");
    let folder = tempfile::tempdir().unwrap();
    // Broadcast form has no index to seek by, and starts at 1.4 s.
    let broadcast = folder.path().join("source.ts");
    let copy = ["-v", "error", "-i", source.to_str().unwrap(), "-c", "copy"];
    crate::support::run(
        ENGINE.ffmpeg(),
        &[&copy[..], &[broadcast.to_str().unwrap()]].concat(),
    );
    for (source, start_ms, length, frames) in [
        (&source, 0, Some(ClipLength::DurationMs(1000)), 25),
        (&source, 1500, Some(ClipLength::DurationMs(2000)), 50),
        (&source, 1490, Some(ClipLength::CutTailMs(1822)), 50),
        (&broadcast, 1500, Some(ClipLength::DurationMs(2000)), 50),
    ] {
        let mut cut = mp4(json!({"height": 180, "preset": "veryfast"}));
        cut.clip = Some(Clip { start_ms, length });
        let made = make(source, &cut);
        let case = format!("{start_ms} {length:?} {}", source.display());
        assert_eq!(made.video().0.frames, Some(frames), "{case}");
        let sound = made.audio().0.duration_seconds.unwrap();
        assert!(close(sound, frames as f64 / 25.0, 0.03), "{sound} {case}");
        // The first picture is the source's first at or after the start.
        let first = start_ms.div_ceil(40);
        let like = |picture: u64| {
            let filter = format!("select=gte(n\\,{picture}),scale=320:180");
            likeness(&made.main(), source, &[], &filter)
        };
        let (right, later) = (like(first), like(first + 5));
        assert!(right > 0.9 && right > later, "{right} {later} {case}");
    }
}

#[test]
fn sound_has_the_form_asked_for() {
    let source = clip("bbb_720p25_aac51.mp4");
    for (channels, sample_rate, kbps) in [
        (1, 22_050, 48),
        (2, 48_000, 192),
        (4, 44_100, 256),
        (5, 48_000, 320),
        (6, 48_000, 384),
        (8, 96_000, 512),
        (2, 32_000, 96),
    ] {
        let audio = json!({"kbps": kbps, "sample_rate": sample_rate, "channels": channels});
        let settings = json!({"container": {"format": "mp4"}, "audio": audio});
        let mut spec = spec("a.mp4", settings);
        spec.clip = Some(Clip {
            start_ms: 0,
            length: Some(ClipLength::DurationMs(2500)),
        });
        let made = make(&source, &spec);
        let (stream, audio) = made.audio();
        assert_eq!(audio.sample_rate, Some(sample_rate));
        assert_eq!(audio.channels, Some(channels));
        assert_eq!(stream.profile.as_deref(), Some("LC"));
        let rate = stream.bit_rate.unwrap() as f64 / 1000.0;
        let wanted = f64::from(kbps);
        assert!(
            close(rate, wanted, wanted * 0.15),
            "{rate} of {wanted} with {channels}"
        );
    }
}

#[test]
fn groups_have_the_length_asked_for() {
    let source = clip("bbb_720p25_aac51.mp4");
    for (gop, distance) in [
        (json!({"frames": 30}), 1.2),
        (json!({"seconds": 1.5}), 1.5),
        (json!({"frames": 1}), 0.04),
    ] {
        let made = make(
            &source,
            &mp4(json!({"height": 180, "preset": "veryfast", "gop": gop})),
        );
        let keys = key_frames(&made.main());
        assert!(keys.len() >= 4, "{gop}: {keys:?}");
        for (index, time) in keys.iter().enumerate() {
            let wanted = index as f64 * distance;
            // The first frame at or after the moment, as frames lie 0.04 s apart.
            assert!(
                *time >= wanted - 0.001 && *time < wanted + 0.04,
                "{gop}: {keys:?}"
            );
        }
    }
}

#[test]
fn every_profile_and_rate_is_what_the_output_says() {
    let source = clip("bbb_sar64x45_bpyramid.mp4");
    for (profile, fps, named) in [
        ("baseline", 15.0, "Constrained Baseline"),
        ("main", 29.97, "Main"),
        ("high", 60.0, "High"),
    ] {
        let video = json!({"height": 180, "preset": "veryfast", "profile": profile, "fps": fps});
        let made = make(&source, &mp4(video));
        let (stream, _) = made.video();
        assert_eq!(stream.profile.as_deref(), Some(named));
        let frames = stream.frames.unwrap() as f64;
        assert!(close(frames, fps * 4.0, 1.0), "{frames} at {fps}");
        assert!(reelgate_media::playlist::codecs(&made.facts).is_some());
    }
}

#[test]
fn sound_that_starts_late_stays_late() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "late.mkv",
        "-f lavfi -i testsrc2=s=128x128:r=25:d=2 -itsoffset 0.6 -f lavfi -i sine=d=1.4 \
         -c:v libx264 -preset veryfast -c:a aac",
    );
    let made = make(&source, &mp4(json!({"preset": "veryfast"})));
    let main = made.main();
    let samples = crate::support::run(
        ENGINE.ffmpeg(),
        &[
            "-v",
            "error",
            "-i",
            main.to_str().unwrap(),
            "-map",
            "0:a",
            "-af",
            "aresample=8000:async=1:first_pts=0",
            "-ac",
            "1",
            "-f",
            "s16le",
            "-",
        ],
    );
    let loud = samples
        .chunks_exact(2)
        .position(|sample| i16::from_le_bytes([sample[0], sample[1]]).abs() > 1000)
        .unwrap();
    let seconds = loud as f64 / 8000.0;
    assert!(close(seconds, 0.6, 0.03), "{seconds}");
}

#[test]
fn pictures_that_start_late_are_held_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "late.mkv",
        "-f lavfi -i sine=d=2 -itsoffset 0.5 -f lavfi -i testsrc2=s=128x128:r=25:d=1.5 \
         -c:v libx264 -preset veryfast -c:a aac",
    );
    let made = make(&source, &mp4(json!({"preset": "veryfast"})));
    let frames = made.video().0.frames.unwrap();
    // The source's container moves its start by the delay of the encoders.
    assert!((49..=52).contains(&frames), "{frames}");
}

#[test]
fn a_size_that_changes_midway_does_not_start_time_anew() {
    // Each part restarted the output's clock and doubled its length.
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, size: &str, start: &str| {
        let args = format!(
            "-f lavfi -i testsrc2=s={size}:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 \
             -preset veryfast -c:a aac -output_ts_offset {start} -muxdelay 0"
        );
        std::fs::read(generate(folder.path(), name, &args)).unwrap()
    };
    let both = [part("a.ts", "320x180", "0"), part("b.ts", "160x120", "1")].concat();
    let source = folder.path().join("both.ts");
    std::fs::write(&source, both).unwrap();
    let made = make(&source, &mp4(json!({"preset": "veryfast"})));
    let frames = made.video().0.frames.unwrap();
    assert!((49..=52).contains(&frames), "{frames}");
    assert_eq!((made.video().1.width, made.video().1.height), (320, 180));
}

#[test]
fn a_picture_that_turns_upright_midway_fills_the_frame_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let part = |colour: &str, size: &str, start: &str| {
        let args = format!(
            "-f lavfi -i color={colour}:s={size}:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 \
             -preset veryfast -pix_fmt yuv420p -c:a aac -output_ts_offset {start} -muxdelay 0"
        );
        std::fs::read(generate(folder.path(), &format!("{colour}.ts"), &args)).unwrap()
    };
    let both = [part("red", "160x96", "0"), part("blue", "96x160", "1")].concat();
    let source = folder.path().join("both.ts");
    std::fs::write(&source, both).unwrap();
    let made = make(&source, &mp4(json!({"preset": "veryfast"})));
    let frames = made.video().0.frames.unwrap();
    // The last two of the first part and the first two of the second are shown at once.
    assert!((48..=52).contains(&frames), "{frames}");
    assert_eq!((made.video().1.width, made.video().1.height), (160, 96));
    // Up to the edges, as bars would not be.
    for area in [(0, 0, 8, 96), (76, 44, 8, 8), (152, 0, 8, 96)] {
        let [red, _, blue] = mean(&made.main(), 0.5, area);
        assert!(red > 200.0 && blue < 60.0, "{red} {blue}");
        let [red, _, blue] = mean(&made.main(), 1.5, area);
        assert!(blue > 200.0 && red < 60.0, "{red} {blue}");
    }
}
