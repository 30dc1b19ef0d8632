//! Times of fragmented MP4 as players of HLS and DASH see them, who take no notice of lists of edits.

use std::path::Path;

use reelgate_media::mp4::{Fragment, Track, TrackKind, fragments, tracks};
use serde_json::{Value, json};

use crate::support::{Made, clip, entries, generate, hls, make, small, spec};

/// The tracks of an output, and when each is shown in each segment.
fn read(made: &Made) -> (Vec<Track>, Vec<Vec<Fragment>>) {
    let playlist = made.playlist();
    let bytes = |name: &str| std::fs::read(made.out_dir.join(name)).unwrap();
    let known = tracks(&bytes(playlist.init.as_ref().unwrap())).unwrap();
    let each = playlist.segments.iter();
    let found = each.map(|segment| fragments(&bytes(&segment.uri), &known).unwrap());
    let found = found.collect();
    (known, found)
}

/// When the track of this kind starts in each segment, in seconds.
fn starts((known, found): &(Vec<Track>, Vec<Vec<Fragment>>), kind: TrackKind) -> Vec<f64> {
    let track = known.iter().find(|track| track.kind == kind).unwrap();
    let of = |each: &Vec<Fragment>| {
        let own = each.iter().find(|it| it.track == track.id).unwrap();
        own.start as f64 / f64::from(track.timescale)
    };
    found.iter().map(of).collect()
}

/// Pictures of B-frames were 80 ms late and sound came at once, wherever either was to start.
#[test]
fn pictures_and_sound_start_when_they_do_without_any_edit() {
    let b_frames = json!({"height": 144, "preset": "fast", "gop": {"seconds": 2.0}, "b_frames": 2});
    let h265 = json!({"codec": "h265", "profile": "main", "height": 144, "preset": "veryfast"});
    // How much later than the picture the sound of each clip starts.
    for (name, video, late) in [
        ("bbb_720p25_aac51.mp4", b_frames.clone(), 0.0),
        ("bbb_720p25_aac51.mp4", h265, 0.0),
        ("subs_ssa_overlap.mkv", b_frames, 0.062),
    ] {
        let made = make(&clip(name), &hls("fmp4", 2, video));
        let read = read(&made);
        assert!(read.0.iter().all(|track| !track.is_edited), "{name}");
        let (pictures, sounds) = (
            starts(&read, TrackKind::Video),
            starts(&read, TrackKind::Audio),
        );
        let rate = f64::from(made.audio().1.sample_rate.unwrap());
        // A packet that decoders need to begin with stands before what is heard.
        let early = pictures[0] - sounds[0] + late;
        assert!((pictures[0] - 10.0).abs() < 0.021, "{name}: {pictures:?}");
        assert!((early - 1024.0 / rate).abs() < 0.012, "{name}: {early}");
        let mut at = pictures[0];
        for (start, segment) in pictures.iter().zip(&made.playlist().segments) {
            assert!((start - at).abs() < 1e-4, "{name}: {start} for {at}");
            at += segment.seconds;
        }
        // FFmpeg sees the same times.
        let times = entries(&made.main(), "v", "stream=start_time");
        assert!(
            (times[0].parse::<f64>().unwrap() - pictures[0]).abs() < 1e-4,
            "{times:?}"
        );
    }
}

/// Times of decoding below 0 cannot be written.
#[test]
fn the_slowest_pictures_have_room_before_them() {
    let folder = tempfile::tempdir().unwrap();
    let source = slow(folder.path());
    for (fps, start) in [(0.1, 40.0), (0.5, 10.0)] {
        let video = json!({"height": 64, "fps": fps, "preset": "medium", "b_frames": 3});
        let made = make(&source, &hls("fmp4", 60, video));
        let found = starts(&read(&made), TrackKind::Video);
        assert!((found[0] - start).abs() < 1e-4, "{fps}: {found:?}");
    }
}

fn slow(folder: &Path) -> std::path::PathBuf {
    let args = "-f lavfi -i testsrc2=s=96x64:r=1:d=60 -c:v libx264 -preset ultrafast";
    generate(folder, "slow.mp4", args)
}

#[test]
fn codecs_are_named_from_what_was_written() {
    let source = clip("bbb_720p25_aac51.mp4");
    let of = |settings: Value| {
        let made = make(&source, &spec("film.m3u8", settings));
        let (known, _) = read(&made);
        let facts = reelgate_media::playlist::codecs(&made.facts);
        (reelgate_media::mp4::codecs(&known).unwrap(), facts)
    };
    let with = |video: Value| {
        let container = json!({"format": "hls", "segments": "fmp4", "segment_seconds": 2});
        json!({"container": container, "video": video, "audio": {"channels": 2}})
    };
    let (named, told) = of(with(small()));
    assert_eq!(Some(&named), told.as_ref());
    let (named, told) = of(with(
        json!({"codec": "h265", "profile": "main", "height": 144, "preset": "veryfast"}),
    ));
    // Main profile and tier, the level as a multiple of 30, and that frames are whole.
    assert_eq!(named, "hvc1.1.6.L60.90,mp4a.40.2");
    assert_eq!(told, None);
}
