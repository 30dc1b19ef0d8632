//! Sources that are damaged, cut off, hostile, or no media at all.

use std::path::{Path, PathBuf};
use std::time::Instant;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_media::ProbeError;
use serde_json::json;

use crate::support::{IN_TIME, clip, facts, generate, hls, make, mp4, small, try_make};

/// A fault in good time.
fn fault_of(source: &Path) -> Fault {
    let begun = Instant::now();
    let fault = match try_make(source, &mp4(small())) {
        Ok(made) => panic!("{} became {:?}", source.display(), made.facts),
        Err(fault) => fault,
    };
    assert!(begun.elapsed() < IN_TIME);
    let shown = format!("{fault:?}");
    let folder = source.parent().unwrap().to_str().unwrap();
    assert!(!shown.contains(folder), "a path is shown: {shown}");
    fault
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Ten seconds of picture and sound.
fn film(folder: &Path, name: &str, options: &str) -> Vec<u8> {
    let args = format!(
        "-f lavfi -i testsrc2=s=192x108:r=25:d=10 -f lavfi -i sine=d=10 -c:v libx264 \
         -preset ultrafast -g 25 -c:a aac {options}"
    );
    std::fs::read(generate(folder, name, args.trim_end())).unwrap()
}

#[test]
fn what_is_no_media_is_told_apart_from_trouble_with_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for (name, bytes) in [
        ("empty.mp4", &b""[..]),
        ("text.mp4", &b"This is not a film.\n"[..]),
        ("noise.mp4", &noise[..]),
    ] {
        let begun = Instant::now();
        let error = facts(&written(folder.path(), name, bytes)).unwrap_err();
        assert!(
            matches!(error, ProbeError::NotMedia { .. }),
            "{name}: {error:?}"
        );
        assert!(begun.elapsed() < IN_TIME);
        let path = folder.path().to_str().unwrap();
        assert!(!error.to_string().contains(path), "{error}");
    }
}

#[test]
fn a_stream_without_codec_is_the_sources_fault() {
    let fault = fault_of(&clip("broken_missing_stsd.mp4"));
    assert_eq!(fault.code, FaultCode::SourceUnreadable);
    assert!(
        fault.message.contains("audio stream 1"),
        "{}",
        fault.message
    );
}

#[test]
fn a_source_cut_off_in_the_middle_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let cut = |name: &str, options: &str, share: f64| {
        let whole = film(folder.path(), name, options);
        let kept = (whole.len() as f64 * share) as usize;
        written(folder.path(), &format!("cut-{name}"), &whole[..kept])
    };
    for source in [
        cut("a.mp4", "-movflags +faststart", 0.5),
        cut("b.mp4", "-movflags +faststart", 0.9),
        cut("c.mkv", "", 0.5),
        cut("d.flv", "-ar 44100", 0.5),
    ] {
        let fault = fault_of(&source);
        assert_eq!(
            fault.code,
            FaultCode::SourceUnreadable,
            "{}: {fault:?}",
            source.display()
        );
        for segments in ["ts", "fmp4"] {
            let fault = try_make(&source, &hls(segments, 2, small())).err().unwrap();
            assert_eq!(
                fault.code,
                FaultCode::SourceUnreadable,
                "{}: {fault:?}",
                source.display()
            );
        }
    }
}

#[test]
fn a_source_whose_index_is_cut_off_is_not_media() {
    let folder = tempfile::tempdir().unwrap();
    let whole = film(folder.path(), "whole.mp4", "");
    let source = written(folder.path(), "cut.mp4", &whole[..whole.len() / 2]);
    assert!(matches!(facts(&source), Err(ProbeError::NotMedia { .. })));
}

#[test]
fn slight_damage_does_not_end_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = film(folder.path(), "whole.mp4", "-movflags +faststart");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 200].fill(0x55);
    let source = written(folder.path(), "scratched.mp4", &bytes);
    let made = make(&source, &mp4(small()));
    assert_eq!(made.video().0.frames, Some(250));
}

#[test]
fn media_that_is_gone_behind_an_intact_index_is_the_sources_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = film(folder.path(), "whole.mp4", "-movflags +faststart");
    let start = bytes.len() / 4;
    bytes[start..].fill(0xA5);
    let source = written(folder.path(), "wiped.mp4", &bytes);
    assert_eq!(fault_of(&source).code, FaultCode::SourceUnreadable);
    for segments in ["ts", "fmp4"] {
        let fault = try_make(&source, &hls(segments, 2, small())).err().unwrap();
        assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
    }
}

#[test]
fn a_damaged_header_ends_in_a_fault_or_in_what_the_plan_promised() {
    let folder = tempfile::tempdir().unwrap();
    let whole = film(folder.path(), "whole.mp4", "-movflags +faststart");
    let moov = whole.windows(4).position(|name| name == b"moov").unwrap();
    let mdat = whole.windows(4).position(|name| name == b"mdat").unwrap();
    let mut readable = 0;
    for round in 0..6 {
        let mut bytes = whole.clone();
        let at = moov + 8 + (mdat - moov - 20) * round / 6;
        bytes[at..at + 8].fill(0xFF);
        let source = written(folder.path(), "damaged.mp4", &bytes);
        let begun = Instant::now();
        match facts(&source) {
            Ok(_) => {
                readable += 1;
                if let Err(fault) = try_make(&source, &mp4(small())) {
                    let blamed = [
                        FaultCode::SourceUnreadable,
                        FaultCode::NoVideoStream,
                        FaultCode::SpecUnfit,
                    ];
                    assert!(blamed.contains(&fault.code), "at {at}: {fault:?}");
                }
            }
            Err(error) => {
                assert!(
                    matches!(error, ProbeError::NotMedia { .. }),
                    "at {at}: {error:?}"
                );
            }
        }
        assert!(begun.elapsed() < IN_TIME, "at {at}");
    }
    assert!(readable > 0);
}

/// Texts of the kinds that name media elsewhere, each naming `address`.
fn references(address: &str) -> [(&'static str, String); 10] {
    let playlist =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n");
    let master = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{address}\n");
    let script = format!("ffconcat version 1.0\nfile '{address}'\n");
    let manifest = format!(
        "<?xml version=\"1.0\"?><MPD type=\"static\" xmlns=\"urn:mpeg:dash:schema:mpd:2011\" \
         mediaPresentationDuration=\"PT9S\"><Period><AdaptationSet mimeType=\"video/mp4\">\
         <Representation id=\"0\" bandwidth=\"1\"><BaseURL>{address}</BaseURL>\
         </Representation></AdaptationSet></Period></MPD>"
    );
    let drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"64\" height=\"64\"><image xlink:href=\"{address}\" width=\"64\" height=\"64\"/></svg>"
    );
    let session = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n\
                   m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n";
    [
        ("a.m3u8", playlist.clone()),
        ("b.mp4", playlist),
        ("c.m3u8", master),
        ("d.ffconcat", script.clone()),
        ("e.mp4", script),
        ("f.mpd", manifest),
        ("g.svg", drawing.clone()),
        ("g.SVGZ", drawing.clone()),
        ("h.png", drawing),
        ("i.sdp", session.to_owned()),
    ]
}

#[test]
fn a_source_that_names_other_files_or_addresses_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    film(folder.path(), "secret.mp4", "");
    let secret = folder.path().join("secret.mp4");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for address in [
        secret.to_str().unwrap().to_owned(),
        "secret.mp4".to_owned(),
        format!("http://127.0.0.1:{port}/secret.mp4"),
        format!("tcp://127.0.0.1:{port}"),
    ] {
        for (name, text) in references(&address) {
            let source = written(folder.path(), name, text.as_bytes());
            match facts(&source) {
                Err(ProbeError::NotMedia { .. }) => {}
                Err(other) => panic!("{name} {address}: {other}"),
                // Taken for a picture for its name, and found to be none.
                Ok(_) => assert_eq!(fault_of(&source).code, FaultCode::SourceUnreadable),
            }
        }
    }
    let call = listener.accept().map(|(_, from)| from);
    assert_eq!(call.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn names_of_sources_are_never_options_patterns_or_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(clip("broken_mdat_too_long.mp4")).unwrap();
    for name in ["-i", "http:x", "%03d.mp4", "a b'c.mp4", "電影"] {
        let source = written(folder.path(), name, &bytes);
        make(&source, &mp4(json!({"height": 128, "preset": "veryfast"})));
    }
}
