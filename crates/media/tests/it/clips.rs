//! Every clip into every form.

use serde_json::json;

use crate::support::{clip, close, entries, hls, key_frames, make, mp4, small, spec};

/// Pictures that an output of `name` has, give or take what a container's rounding leaves open.
fn check(name: &str, pictures: std::ops::RangeInclusive<u64>, has_sound: bool) {
    let source = clip(name);
    for spec in [mp4(small()), hls("ts", 1, small()), hls("fmp4", 1, small())] {
        let made = make(&source, &spec);
        let (stream, video) = made.video();
        let frames = stream.frames.unwrap();
        assert!(pictures.contains(&frames), "{name}: {frames} frames");
        assert_eq!(video.height, 144, "{name}");
        assert_eq!(made.facts.audio().is_some(), has_sound, "{name}");
        assert_eq!(
            made.facts.streams.len(),
            1 + usize::from(has_sound),
            "{name}"
        );
        assert!(made.facts.format.size_bytes > 1000);
        // Frames lie at exact multiples of their period, from the first moment on.
        let mut times: Vec<f64> = entries(&made.main(), "v", "packet=pts_time")
            .iter()
            .map(|time| time.parse().unwrap())
            .collect();
        times.sort_by(f64::total_cmp);
        let period = made.plan.video.as_ref().unwrap().fps.frame_seconds();
        for (index, time) in times.iter().enumerate() {
            let wanted = times[0] + index as f64 * period;
            assert!(
                close(*time, wanted, 0.0011),
                "{name}: {time} is not {wanted}"
            );
        }
        assert_eq!(key_frames(&made.main())[0], 0.0);
    }
}

#[test]
fn cartoon_with_six_channels() {
    check("bbb_720p25_aac51.mp4", 132..=132, true);
}

#[test]
fn wide_pixels_and_pyramids() {
    check("bbb_sar64x45_bpyramid.mp4", 120..=120, false);
}

#[test]
fn phone_with_two_tracks_at_a_variable_rate() {
    // 1.774 s at 29.97.
    check("phone_vfr_hevc_rot90_2video.mp4", 53..=54, false);
}

#[test]
fn high_dynamic_range() {
    check("hdr10_av1_vertical_720x1280.mp4", 127..=127, true);
}

#[test]
fn subtitles_and_odd_rates() {
    // 30 pictures in 0.967 s, at a base rate of 60.
    check("subs_ssa_overlap.mkv", 57..=60, true);
}

#[test]
fn an_index_that_keeps_its_promise_beside_a_wrong_box_size() {
    check("broken_mdat_too_long.mp4", 30..=30, true);
}

#[test]
fn speech_without_pictures() {
    let source = clip("speech_libri_5703.ogg");
    let containers = [
        json!({"format": "mp4"}),
        json!({"format": "hls", "segments": "ts", "segment_seconds": 5}),
        json!({"format": "hls", "segments": "fmp4", "segment_seconds": 5}),
    ];
    for (container, key) in containers.into_iter().zip(["a.mp4", "a.m3u8", "a.m3u8"]) {
        let made = make(
            &source,
            &spec(key, json!({"container": container, "audio": {}})),
        );
        assert!(made.facts.video().is_none());
        let seconds = made.facts.format.duration_seconds.unwrap();
        assert!(close(seconds, 14.84, 0.05), "{key}: {seconds}");
    }
}
