//! Segments, playlists and renditions that fit together.

use std::path::Path;

use reelgate_media::playlist::{
    MediaPlaylist, Rendition, codecs, master_playlist, rates, segments_align,
};
use serde_json::json;

use crate::support::{
    ENGINE, Made, clip, close, entries, generate, hls, key_frames, make, mp4, run, small, spec,
};

/// 10 s at 29.97, where no boundary falls on a frame.
fn film(folder: &Path) -> std::path::PathBuf {
    generate(
        folder,
        "film.mp4",
        "-f lavfi -i testsrc2=s=192x108:r=30000/1001:d=10 -f lavfi -i sine=d=10 \
         -c:v libx264 -preset ultrafast -c:a aac",
    )
}

fn rungs(source: &Path, segments: &str) -> Vec<Made> {
    [
        json!({"height": 160, "preset": "fast", "gop": {"seconds": 2.0}}),
        json!({"height": 144, "preset": "veryfast", "gop": {"seconds": 2.0}, "profile": "baseline"}),
        json!({"height": 128, "preset": "veryfast", "gop": {"seconds": 2.0}, "profile": "main",
            "rate": {"mode": "constant", "kbps": 100}}),
    ]
    .into_iter()
    .map(|video| make(source, &hls(segments, 4, video)))
    .collect()
}

#[test]
fn renditions_change_at_the_same_moments() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path());
    for segments in ["ts", "fmp4"] {
        let rungs = rungs(&source, segments);
        let keys: Vec<Vec<f64>> = rungs.iter().map(|rung| key_frames(&rung.main())).collect();
        assert_eq!(keys[0].len(), 5);
        assert!(keys[0].iter().enumerate().all(|(n, time)| {
            let behind = time - 2.0 * n as f64;
            (-0.0001..1001.0 / 30_000.0).contains(&behind)
        }));
        for other in &keys[1..] {
            assert_eq!(&keys[0], other);
        }
        let playlists: Vec<MediaPlaylist> = rungs.iter().map(Made::playlist).collect();
        assert_eq!(playlists[0].segments.len(), 3);
        for other in &playlists[1..] {
            segments_align(
                ("first", &playlists[0]),
                ("other", other),
                1001.0 / 30_000.0,
            )
            .unwrap();
        }
        // Timestamps agree as well, or players would jump when they change.
        let first = |rung: &Made| entries(&rung.main(), "v", "stream=start_time").remove(0);
        assert_eq!(first(&rungs[0]), first(&rungs[1]));
        assert_eq!(first(&rungs[0]), first(&rungs[2]));
    }
}

#[test]
fn renditions_agree_with_and_without_sound_and_at_half_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "film.mp4",
        "-f lavfi -i testsrc2=s=192x108:r=25:d=9 -f lavfi -i sine=d=9 -c:v libx264 \
         -preset ultrafast -c:a aac",
    );
    // Groups of 1.9 s leave a key frame just before each boundary.
    let video = json!({"height": 128, "preset": "veryfast", "gop": {"seconds": 1.9}, "profile": "baseline"});
    let with_sound = make(&source, &hls("ts", 2, video.clone()));
    let container = json!({"format": "hls", "segment_seconds": 2});
    let silent = json!({"container": container, "video": video});
    let without = make(&source, &spec("a.m3u8", silent));
    let mut slow = video;
    slow["fps"] = json!(12.5);
    let slow = make(&source, &hls("fmp4", 2, slow));
    for other in [&without, &slow] {
        segments_align(
            ("a", &with_sound.playlist()),
            ("b", &other.playlist()),
            0.04,
        )
        .unwrap();
    }
}

#[test]
fn long_films_at_cinema_rate_keep_their_boundaries() {
    // 24000/1001 meets a whole multiple of 2 s only every 1001 frames; rounding errors showed there.
    let folder = tempfile::tempdir().unwrap();
    let source = generate(
        folder.path(),
        "film.mp4",
        "-f lavfi -i testsrc=s=128x72:r=24000/1001:d=180 -c:v libx264 -preset ultrafast",
    );
    let video = json!({"height": 128, "preset": "veryfast", "gop": {"seconds": 2.0}});
    let made = make(&source, &hls("ts", 2, video));
    let playlist = made.playlist();
    assert_eq!(playlist.segments.len(), 90);
    let mut at = 0.0;
    for (index, segment) in playlist.segments.iter().enumerate() {
        let behind: f64 = at - 2.0 * index as f64;
        assert!(
            (-0.001..0.042).contains(&behind),
            "segment {index} starts at {at}"
        );
        at += segment.seconds;
    }
}

#[test]
fn every_segment_decodes_on_its_own() {
    let source = clip("bbb_720p25_aac51.mp4");
    for segments in ["ts", "fmp4"] {
        let made = make(&source, &hls(segments, 2, small()));
        let playlist = made.playlist();
        let init = playlist.init.as_ref().map_or(Vec::new(), |name| {
            std::fs::read(made.out_dir.join(name)).unwrap()
        });
        assert_eq!(playlist.segments.len(), 3);
        for segment in &playlist.segments {
            let media = std::fs::read(made.out_dir.join(&segment.uri)).unwrap();
            let alone = made.out_dir.join("alone");
            std::fs::write(&alone, [init.clone(), media].concat()).unwrap();
            let frames = entries(&alone, "v", "frame=key_frame").len() as f64;
            assert!(close(frames, segment.seconds * 25.0, 0.01), "{frames}");
            let args = [
                "-v",
                "error",
                "-xerror",
                "-i",
                alone.to_str().unwrap(),
                "-f",
                "null",
                "-",
            ];
            run(ENGINE.ffmpeg(), &args);
        }
    }
}

#[test]
fn names_are_those_of_the_key_whatever_it_holds() {
    let source = clip("broken_mdat_too_long.mp4");
    let video = json!({"height": 128, "preset": "veryfast"});
    for (stem, segments, suffix) in [
        ("film", "fmp4", "m4s"),
        ("-x:y", "ts", "ts"),
        ("50%d a b#c?", "fmp4", "m4s"),
        ("電影 %05d'\"\\", "ts", "ts"),
        ("out", "ts", "ts"),
    ] {
        let mut spec = hls(segments, 2, video.clone());
        spec.object.key = format!("folder/{stem}.m3u8").parse().unwrap();
        let made = make(&source, &spec);
        let mut expected = vec![format!("{stem}-00001.{suffix}"), format!("{stem}.m3u8")];
        if segments == "fmp4" {
            expected.insert(0, format!("{stem}-init.mp4"));
        }
        assert_eq!(made.names, expected);
        let mut found: Vec<String> = std::fs::read_dir(&made.out_dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
    let mut spec = mp4(video);
    spec.object.key = "folder/-50%d:#.mp4".parse().unwrap();
    assert_eq!(make(&source, &spec).names, ["-50%d:#.mp4"]);
}

#[test]
fn a_master_playlist_plays() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path());
    let renditions: Vec<Rendition> = rungs(&source, "ts")
        .iter()
        .enumerate()
        .map(|(index, rung)| {
            let name = format!("rung{index}");
            std::fs::rename(&rung.out_dir, folder.path().join(&name)).unwrap();
            let at = folder.path().join(&name);
            let text = std::fs::read_to_string(at.join("film.m3u8")).unwrap();
            let playlist = MediaPlaylist::parse(&text).unwrap();
            let size = |uri: &str| std::fs::metadata(at.join(uri)).unwrap().len();
            let sizes: Vec<u64> = playlist.segments.iter().map(|s| size(&s.uri)).collect();
            let rates = rates(&playlist, &sizes).unwrap();
            assert!(rates.peak >= rates.average);
            let (_, video) = rung.video();
            Rendition {
                uri: format!("{name}/film.m3u8"),
                bandwidth: rates.peak,
                average_bandwidth: rates.average,
                resolution: Some((video.width, video.height)),
                fps: Some(30_000.0 / 1001.0),
                codecs: codecs(&rung.facts).unwrap(),
                fragmented: false,
            }
        })
        .collect();
    let master = folder.path().join("master.m3u8");
    std::fs::write(&master, master_playlist(&renditions, &[])).unwrap();
    let codecs: Vec<&str> = renditions.iter().map(|r| r.codecs.as_str()).collect();
    assert!(codecs[0].starts_with("avc1.6400"), "{codecs:?}");
    assert!(codecs[1].starts_with("avc1.42C0"), "{codecs:?}");
    assert!(codecs[2].starts_with("avc1.4D40"), "{codecs:?}");
    let args = [
        "-v",
        "error",
        "-i",
        master.to_str().unwrap(),
        "-map",
        "0:v",
        "-t",
        "1",
        "-f",
        "null",
        "-",
    ];
    run(ENGINE.ffmpeg(), &args);
}
