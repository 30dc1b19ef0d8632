//! Streams from and to real peers.

use std::time::Duration;

use reelgate_media::Stopped;
use reelgate_media::live::{LiveCause, LiveEnd, LiveSign, PLAYLIST, RECORDING, Side, THUMBNAIL};

use crate::peers::{Sink, Source};
use crate::support::{Case, RUNTIME, copy, free_port, hls, probe, push, recording, small};

const GRACE: Duration = Duration::from_secs(20);

#[test]
fn a_stream_is_pulled_encoded_pushed_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (Source::start(), Sink::start(folder.path()));
    let mut case = Case::new(&source.address(), &[(push(&sink.address()), small())]);
    case.thumbnail_every = Some(Duration::from_secs(1));
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(async {
        let facts = stream
            .until(|sign| match sign {
                LiveSign::Source(facts) => Some(facts.clone()),
                _ => None,
            })
            .await;
        let video = facts.video.unwrap();
        assert_eq!((video.width, video.height), (320, 180));
        assert_eq!((&*video.codec, video.milli_fps), ("h264", Some(25_000)));
        assert_eq!(facts.audio.unwrap().codec, "aac");
        let mut keyframes = 0;
        let progress = stream
            .until(|sign| match sign {
                LiveSign::KeyFrame(_) => {
                    keyframes += 1;
                    None
                }
                LiveSign::Progress(progress) if progress.frames > 60 => Some(*progress),
                _ => None,
            })
            .await;
        assert!(keyframes >= 2, "{keyframes}");
        assert!(progress.received_bytes.unwrap() > 50_000, "{progress:?}");
        assert!(progress.sent_bytes > 10_000, "{progress:?}");
        assert!(progress.resident_bytes > 1 << 20, "{progress:?}");
    });
    let thumbnail = std::fs::read(stream.scratch.path().join(THUMBNAIL)).unwrap();
    assert!(thumbnail.starts_with(&[0xff, 0xd8]), "no JPEG");
    let ended = RUNTIME.block_on(stream.process.stop(GRACE));
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));
    assert_eq!(ended.cause, None);
    assert!(ended.peak_bytes > 1 << 20);
    // The target sees the end, and what it got is whole.
    assert!(sink.peer.wait());
    let made = probe(&sink.file);
    assert_eq!(
        made.keys.len(),
        made.keys.iter().filter(|it| it.fract() < 0.1).count()
    );
    assert_eq!((&*made.codec, made.height), ("h264", 120));
    assert!(made.seconds > 2.0, "{made:?}");
    assert!(made.offset.abs() < 0.1, "{made:?}");
}

#[test]
fn a_source_that_ends_is_told_from_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (Source::start(), Sink::start(folder.path()));
    let case = Case::new(&source.address(), &[(push(&sink.address()), copy())]);
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(stream.frames(25));
    drop(source);
    let ended = RUNTIME.block_on(stream.ended());
    assert!(matches!(ended.how, LiveEnd::Exited(_)), "{ended:?}");
    assert_eq!(
        ended.cause,
        Some(LiveCause::Closed(Side::Source)),
        "{ended:?}"
    );
}

#[test]
fn whoever_is_not_there_is_named_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!(
        "rtmp://127.0.0.1:{}/live/secret-key?token=hidden",
        free_port()
    );
    let sink = Sink::start(folder.path());
    let case = Case::new(&nobody, &[(push(&sink.address()), copy())]);
    let ended = RUNTIME.block_on(async { case.start().await.ended().await });
    assert_eq!(
        ended.cause,
        Some(LiveCause::Refused(Side::Source)),
        "{ended:?}"
    );
    assert!(!format!("{ended:?}").contains("secret") && !format!("{ended:?}").contains("hidden"));

    let source = Source::start();
    let case = Case::new(&source.address(), &[(push(&nobody), copy())]);
    let ended = RUNTIME.block_on(async { case.start().await.ended().await });
    assert_eq!(
        ended.cause,
        Some(LiveCause::Refused(Side::Output)),
        "{ended:?}"
    );
    assert!(!format!("{ended:?}").contains("secret") && !format!("{ended:?}").contains("hidden"));
}

#[test]
fn a_frozen_source_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (Source::start(), Sink::start(folder.path()));
    let mut case = Case::new(&source.address(), &[(push(&sink.address()), copy())]);
    case.plan.input.frozen_after_ms = 1500;
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(stream.frames(25));
    source.peer.signal(rustix::process::Signal::STOP);
    let ended = RUNTIME.block_on(stream.ended());
    assert_eq!(
        ended.cause,
        Some(LiveCause::Frozen(Side::Source)),
        "{ended:?}"
    );
}

#[test]
fn garbage_is_no_stream() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(folder.path());
    let port = free_port();
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let serving = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 1024]);
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n");
        let _ = socket.write_all(&[b'x'; 64 << 10]);
    });
    let address = format!("http://127.0.0.1:{port}/live.flv");
    let case = Case::new(&address, &[(push(&sink.address()), copy())]);
    let ended = RUNTIME.block_on(async { case.start().await.ended().await });
    serving.join().unwrap();
    assert_eq!(ended.cause, Some(LiveCause::Garbage), "{ended:?}");
}

#[test]
fn one_broken_target_of_several_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (Source::start(), Sink::start(folder.path()));
    let later = free_port();
    let broken = format!("rtmp://127.0.0.1:{later}/live/secret");
    let outputs = [
        (push(&broken), copy()),
        (push(&sink.address()), small()),
        (recording(), small()),
    ];
    let case = Case::new(&source.address(), &outputs);
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(async {
        let lost = stream
            .until(|sign| match sign {
                LiveSign::Output(sign) => Some(sign.clone()),
                _ => None,
            })
            .await;
        assert_eq!((lost.output, lost.lost), (Some(0), true), "{lost:?}");
        assert!(!lost.text.contains("secret"), "{lost:?}");
        stream.frames(75).await;
    });
    let recorded = stream.scratch.path().join("2").join(RECORDING);
    let ended = RUNTIME.block_on(stream.process.stop(GRACE));
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));
    assert!(sink.peer.wait());
    assert!(probe(&sink.file).seconds > 2.0);
    // It is still there: the test has the directory.
    assert!(probe(&recorded).seconds > 2.0);
}

#[test]
fn segments_are_whole_once_they_have_their_names() {
    let source = Source::start();
    let case = Case::new(
        &source.address(),
        &[(hls(1, 3), copy()), (recording(), copy())],
    );
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(stream.frames(115));
    let folder = stream.scratch.path().join("0");
    let text = std::fs::read_to_string(folder.join(PLAYLIST)).unwrap();
    let segments: Vec<&str> = text.lines().filter(|it| !it.starts_with('#')).collect();
    assert_eq!(segments.len(), 3, "{text}");
    // FFmpeg removes them soon after they have left the playlist, perhaps before they are all measured.
    let kept = tempfile::tempdir().unwrap();
    for segment in &segments {
        std::fs::copy(folder.join(segment), kept.path().join(segment)).unwrap();
    }
    for segment in segments {
        assert!(probe(&kept.path().join(segment)).keys.len() == 1, "{text}");
    }
    let ended = RUNTIME.block_on(stream.process.stop(GRACE));
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));
    let text = std::fs::read_to_string(folder.join(PLAYLIST)).unwrap();
    assert!(text.contains("#EXT-X-ENDLIST"), "{text}");
}
