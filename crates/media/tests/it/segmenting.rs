//! Segments that begin at chosen moments.

use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::json;

use crate::support::{Made, clip, close, entries, hls, make, small, spec};

fn at(mut spec: OutputSpec, moments: &[u64]) -> OutputSpec {
    spec.segment_at_ms = moments.to_vec();
    spec
}

/// When segments begin by the playlist, and the first times of stream `stream` in each of them.
fn begun(made: &Made, stream: &str) -> (Vec<f64>, Vec<f64>) {
    let playlist = made.playlist();
    let mut starts = vec![0.0];
    let mut packets = Vec::new();
    for segment in &playlist.segments {
        starts.push(starts.last().unwrap() + segment.seconds);
        let file = made.out_dir.join(&segment.uri);
        let lines = entries(&file, stream, "packet=pts_time,flags");
        let (time, flags) = lines[0].split_once(',').unwrap();
        assert!(flags.starts_with('K'), "{}: {flags}", segment.uri);
        packets.push(time.parse::<f64>().unwrap());
    }
    let first = packets[0];
    (starts, packets.iter().map(|time| time - first).collect())
}

#[test]
fn segments_begin_where_they_are_to() {
    let source = clip("bbb_720p25_aac51.mp4");
    let mut video = small();
    video["gop"] = json!({"seconds": 0.5});
    let made = make(&source, &at(hls("ts", 2, video.clone()), &[1010, 3333]));
    // The first frames at or after each moment, of 25 a second.
    let wanted = [0.0, 1.04, 2.0, 3.36, 4.0];
    let (told, found) = begun(&made, "v");
    for (place, wanted) in wanted.into_iter().enumerate() {
        assert!(close(told[place], wanted, 0.001), "{told:?}");
        assert!(close(found[place], wanted, 0.001), "{found:?}");
    }
    assert_eq!(found.len(), wanted.len());
    let text = std::fs::read_to_string(made.main()).unwrap();
    for tag in [
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-MEDIA-SEQUENCE:1",
    ] {
        assert!(text.contains(tag), "{text}");
    }
    // All is there, as in the same without chosen moments, and starts at the same time.
    let plain = make(&source, &hls("ts", 2, video));
    for stream in ["v", "a"] {
        let of = |made: &Made| entries(&made.main(), stream, "packet=pts_time");
        let (own, other) = (of(&made), of(&plain));
        assert_eq!((own.len(), &own[0]), (other.len(), &other[0]), "{stream}");
    }
}

#[test]
fn sound_alone_is_cut_at_its_packets() {
    let source = clip("bbb_720p25_aac51.mp4");
    let settings = json!({"container": {"format": "hls", "segment_seconds": 4}, "audio": {}});
    let made = make(&source, &at(spec("a.m3u8", settings), &[1500]));
    let (told, found) = begun(&made, "a");
    for (place, wanted) in [0.0, 1.5, 4.0].into_iter().enumerate() {
        assert!(close(told[place], wanted, 0.05), "{told:?}");
        assert!(close(found[place], wanted, 0.05), "{found:?}");
    }
}
