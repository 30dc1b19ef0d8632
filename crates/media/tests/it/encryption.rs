//! Encrypted segments: players with the key see what they would see without, and nobody else sees anything.

use std::path::Path;

use reelgate_domain::job::kind::transcode::{Encryption, OutputSpec, SegmentTags};
use serde_json::json;

use crate::support::{ENGINE, Made, clip, command, hls, make, run, small};

const KEYS: [&str; 2] = ["AAECAwQFBgcICQoLDA0ODw==", "/////////////////////w=="];

/// What FFmpeg decodes of a playlist: a digest of each frame of picture and sound.
fn frames(playlist: &Path) -> Vec<u8> {
    let mut args = vec!["-v", "error", "-xerror", "-allowed_extensions", "ALL"];
    args.extend(["-protocol_whitelist", "file,crypto,data"]);
    args.extend(["-i", playlist.to_str().unwrap(), "-f", "framemd5", "-"]);
    run(ENGINE.ffmpeg(), &args)
}

/// The output with keys beside it, as a server of keys would hand them out.
fn encrypted(spec: &OutputSpec, encryption: serde_json::Value) -> Made {
    let mut spec = spec.clone();
    spec.encryption = Some(serde_json::from_value(encryption).unwrap());
    let made = make(&clip("bbb_720p25_aac51.mp4"), &spec);
    let keys: [Vec<u8>; 2] = [(0..16).collect(), vec![255; 16]];
    for (number, key) in keys.iter().enumerate() {
        std::fs::write(made.out_dir.join(format!("key{number}")), key).unwrap();
    }
    made
}

fn key(number: usize) -> serde_json::Value {
    json!({"key": KEYS[number], "uri": format!("key{number}")})
}

fn key_lines(made: &Made) -> Vec<String> {
    let text = std::fs::read_to_string(made.main()).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("#EXT-X-KEY"));
    lines.map(str::to_owned).collect()
}

#[test]
fn with_the_key_the_same_is_seen_and_without_nothing() {
    for segments in ["ts", "fmp4"] {
        let spec = hls(segments, 2, small());
        let plain = make(&clip("bbb_720p25_aac51.mp4"), &spec);
        let made = encrypted(&spec, json!({"keys": [key(0)]}));
        let expected = frames(&plain.main());
        assert!(expected.len() > 1000);
        assert_eq!(frames(&made.main()), expected, "{segments}");
        let lines = key_lines(&made);
        assert_eq!(lines, ["#EXT-X-KEY:METHOD=AES-128,URI=\"key0\""]);
        for (open, sealed) in plain
            .playlist()
            .segments
            .iter()
            .zip(made.playlist().segments)
        {
            let read = |made: &Made, name: &str| std::fs::read(made.out_dir.join(name)).unwrap();
            let (open, sealed) = (read(&plain, &open.uri), read(&made, &sealed.uri));
            assert_eq!(sealed.len(), open.len() / 16 * 16 + 16);
            let same = open.iter().zip(&sealed).filter(|(a, b)| a == b).count();
            assert!(same < open.len() / 50, "{same} bytes of {}", open.len());
        }
        let listed: u64 = made.names.iter().map(|name| size(&made, name)).sum();
        assert_eq!(made.facts.format.size_bytes, listed);
        // Another key opens nothing.
        std::fs::write(made.out_dir.join("key0"), [1; 16]).unwrap();
        assert!(!plays(&made.main()), "{segments}");
    }
}

fn size(made: &Made, name: &str) -> u64 {
    std::fs::metadata(made.out_dir.join(name)).unwrap().len()
}

fn plays(playlist: &Path) -> bool {
    let mut args = vec!["-v", "error", "-xerror", "-allowed_extensions", "ALL"];
    args.extend(["-protocol_whitelist", "file,crypto,data"]);
    args.extend(["-i", playlist.to_str().unwrap(), "-f", "null", "-"]);
    let output = command(ENGINE.ffmpeg()).args(&args).output().unwrap();
    output.status.success()
}

#[test]
fn keys_take_turns_and_vectors_are_those_that_are_given() {
    let spec = hls("ts", 1, small());
    let plain = frames(&make(&clip("bbb_720p25_aac51.mp4"), &spec).main());
    let mut first = key(0);
    first["iv"] = json!("0123456789abcdef0123456789ABCDEF");
    let made = encrypted(
        &spec,
        json!({"keys": [first, key(1)], "segments_per_key": 2}),
    );
    assert_eq!(frames(&made.main()), plain);
    let one = "#EXT-X-KEY:METHOD=AES-128,URI=\"key0\",IV=0x0123456789abcdef0123456789abcdef";
    let other = "#EXT-X-KEY:METHOD=AES-128,URI=\"key1\"";
    assert_eq!(made.playlist().segments.len(), 6);
    assert_eq!(key_lines(&made), [one, other, one]);
}

#[test]
fn playlists_say_what_bytes_their_segments_have() {
    let mut spec = hls("ts", 2, small());
    spec.segment_tags = SegmentTags {
        md5: true,
        size: true,
    };
    spec.encryption = Some(Encryption::with([3; 16], "https://keys.example/a?b=c"));
    let made = make(&clip("bbb_720p25_aac51.mp4"), &spec);
    let text = std::fs::read_to_string(made.main()).unwrap();
    let told = |tag: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(tag));
        lines.map(str::to_owned).collect()
    };
    let playlist = made.playlist();
    assert_eq!(told("#EXT-X-SIZE:").len(), 3);
    for (segment, (size, md5)) in playlist
        .segments
        .iter()
        .zip(told("#EXT-X-SIZE:").iter().zip(told("#EXT-X-MD5:")))
    {
        let path = made.out_dir.join(&segment.uri);
        assert_eq!(*size, path.metadata().unwrap().len().to_string());
        let mut args = vec!["-v", "error", "-f", "data", "-i", path.to_str().unwrap()];
        args.extend(["-map", "0", "-c", "copy", "-f", "md5", "-"]);
        let found = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
        assert_eq!(found.trim(), format!("MD5={md5}"));
    }
}
