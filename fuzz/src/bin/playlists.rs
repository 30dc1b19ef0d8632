//! Media playlists, two in one input, the second after a NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_media::playlist::{MediaPlaylist, Rendition, master_playlist, rates, segments_align};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (first, second) = text.split_once('\0').unwrap_or((text, text));
    let (Ok(first), Ok(second)) = (MediaPlaylist::parse(first), MediaPlaylist::parse(second))
    else {
        return;
    };
    check(&first);
    assert_eq!(segments_align(("a", &first), ("b", &first), 0.04), Ok(()));
    let there = segments_align(("a", &first), ("b", &second), 0.04).is_ok();
    let back = segments_align(("b", &second), ("a", &first), 0.04).is_ok();
    assert_eq!(
        there, back,
        "whether two align does not depend on their order"
    );
});

fn check(playlist: &MediaPlaylist) {
    assert!(!playlist.segments.is_empty());
    for segment in &playlist.segments {
        assert!(
            segment.seconds.is_finite() && segment.seconds >= 0.0,
            "{}",
            segment.seconds
        );
        assert!(!segment.uri.is_empty());
    }
    assert!(playlist.seconds().is_finite());
    let bytes = vec![1_000_000; playlist.segments.len()];
    let measured = rates(playlist, &bytes).expect("a size for each segment");
    assert!(measured.peak >= measured.average);
    let rendition = Rendition {
        uri: "a.m3u8".to_owned(),
        bandwidth: measured.peak,
        average_bandwidth: measured.average,
        resolution: Some((2, 2)),
        fps: Some(25.0),
        codecs: "mp4a.40.2".to_owned(),
        fragmented: playlist.init.is_some(),
    };
    assert_eq!(master_playlist(&[rendition]).lines().count(), 5);
}
