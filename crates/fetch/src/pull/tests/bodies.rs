//! What servers send instead of what they said, or of what one wants.

use super::server::{Step, answer, bytes, content, with_body};
use super::*;
use crate::pull::{Head, Kind};

#[tokio::test]
async fn a_file_is_fetched_with_one_request_and_nothing_else_is_left() {
    let file = File::of(3 * MIB + 17);
    let server = Server::start(move |request| file.serve(request)).await;
    let place = Place::new();
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    assert_eq!(pulled.fetched, file.total);
    assert_eq!(pulled.kind, Kind::Media);
    assert_eq!(pulled.file_name.as_deref(), Some("clip.mp4"));
    assert_eq!(pulled.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(pulled.validators.etag.as_deref(), Some("\"v1\""));
    assert_eq!(place.left().await, ["pulled"]);
    let [request] = &server.seen()[..] else {
        panic!("{:?}", server.seen());
    };
    assert!(
        request.head.contains("accept-encoding: identity\r\n"),
        "{}",
        request.head
    );
    assert!(!request.head.to_lowercase().contains("referer"));
}

#[tokio::test]
async fn progress_comes_to_the_end_and_never_goes_back() {
    let file = File::of(5 * MIB);
    let server = Server::start(move |request| file.serve(request)).await;
    let (place, url) = (Place::new(), SourceUrl::read(&server.url()).unwrap());
    let told = std::sync::Mutex::new(Vec::new());
    let pull = Pull {
        progress: &|progress| told.lock().unwrap().push(progress),
        ..Pull::new(&url, &place.path)
    };
    puller().pull(pull).await.unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted_by_key(|progress| progress.bytes));
    assert!(
        told.iter()
            .all(|progress| progress.total == Some(file.total))
    );
    assert_eq!(told.last().unwrap().bytes, file.total);
}

#[tokio::test]
async fn a_file_without_length_is_fetched_to_its_end() {
    let file = File::of(2 * MIB + 1);
    let server = Server::start(move |request| {
        let mut steps = answer("200 OK", "transfer-encoding: chunked\r\n", []);
        if request.path.contains("/old") {
            return vec![
                bytes("HTTP/1.0 200 OK\r\n\r\n"),
                Step::Content(0..file.total),
                Step::Close,
            ];
        }
        for at in (0..file.total).step_by(100_000) {
            let end = file.total.min(at + 100_000);
            steps.push(bytes(format!("{:x}\r\n", end - at)));
            steps.extend([Step::Content(at..end), bytes("\r\n")]);
        }
        steps.push(bytes("0\r\n\r\n"));
        steps
    })
    .await;
    for path in ["chunked", "old"] {
        let url = format!("http://127.0.0.1:{}/{path}", server.port);
        let place = Place::new();
        let pulled = pull_from(&puller(), &url, &place).await.unwrap();
        assert_is(&pulled, file);
        assert_eq!(place.left().await, ["pulled"]);
    }
    // What was told of it beforehand is held against it.
    let url = format!("http://127.0.0.1:{}/old", server.port);
    for (bytes, name) in [(file.total + 1, "size_differs"), (1000, "longer")] {
        let (place, bytes) = (Place::new(), Some(bytes));
        let expect = Expected {
            bytes,
            ..Expected::default()
        };
        let fault = pull_expecting(&puller(), &url, &place, expect).await;
        assert_eq!(fault.unwrap_err().name(), name);
        assert!(place.left().await.is_empty());
    }
}

#[tokio::test]
async fn a_file_may_come_a_byte_at_a_time() {
    let file = File::of(50_000);
    let server = Server::start(move |_| {
        let chunk = |byte: &u8| [b"1\r\n", &[*byte][..], b"\r\n"].concat();
        let mut body: Vec<u8> = file.bytes().iter().flat_map(chunk).collect();
        body.extend_from_slice(b"0\r\n\r\n");
        answer(
            "200 OK",
            "transfer-encoding: chunked\r\n",
            [Step::Send(body)],
        )
    })
    .await;
    pull_whole(&puller(), &server.url(), file).await;
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_is_cut_short() {
    let server = Server::start(|_| {
        let part = [Step::Content(0..MIB), Step::Close];
        answer("200 OK", "content-length: 2097152\r\n", part)
    })
    .await;
    let fault = fault_of(&puller(), &server).await;
    let PullFault::CutShort { came, said, .. } = fault else {
        panic!("{fault:?}");
    };
    assert_eq!((came, said), (MIB, Some(2 * MIB)));
    // Once, and two times anew.
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_body_in_chunks_that_breaks_off_is_cut_short() {
    let server = Server::start(|_| {
        let part = [bytes("10000\r\n"), Step::Content(0..0x8000), Step::Close];
        answer("200 OK", "transfer-encoding: chunked\r\n", part)
    })
    .await;
    let fault = fault_of(&puller(), &server).await;
    assert!(
        matches!(fault, PullFault::CutShort { said: None, .. }),
        "{fault:?}"
    );
}

#[tokio::test]
async fn more_than_was_said_is_not_taken() {
    let server = Server::start(|_| {
        let more = [Step::Content(0..2 * MIB), Step::Close];
        answer("200 OK", "content-length: 1048576\r\n", more)
    })
    .await;
    pull_whole(&puller(), &server.url(), File::of(MIB)).await;

    let server = Server::start(|_| {
        let headers = "content-range: bytes 0-9999/10000\r\netag: \"v1\"\r\n\
                       transfer-encoding: chunked\r\n";
        let body = [
            bytes("2711\r\n"),
            Step::Content(0..10_001),
            bytes("\r\n0\r\n\r\n"),
        ];
        answer("206 Partial Content", headers, body)
    })
    .await;
    let fault = fault_of(&puller(), &server).await;
    assert!(
        matches!(fault, PullFault::Longer { said: 10_000, .. }),
        "{fault:?}"
    );
}

#[tokio::test]
async fn what_was_expected_is_compared() {
    let file = File::of(MIB);
    let server = Server::start(move |request| file.serve(request)).await;
    let place = Place::new();
    let other_size = Expected {
        bytes: Some(MIB - 1),
        ..Expected::default()
    };
    let fault = pull_expecting(&puller(), &server.url(), &place, other_size).await;
    assert_eq!(fault.unwrap_err().name(), "size_differs");
    let other_sum = Expected {
        sha256: Some([7; 32]),
        ..Expected::default()
    };
    let fault = pull_expecting(&puller(), &server.url(), &place, other_sum).await;
    let fault = fault.unwrap_err();
    assert!(
        matches!(&fault, PullFault::ChecksumDiffers { expected, found, .. }
        if expected.starts_with("0707") && *found == hex::encode(sha256(&file.bytes())))
    );
    assert!(!fault.is_transient());
    assert!(place.left().await.is_empty());
    let as_it_is = Expected {
        bytes: Some(MIB),
        sha256: Some(sha256(&file.bytes())),
        most_bytes: Some(MIB),
    };
    let pulled = pull_expecting(&puller(), &server.url(), &place, as_it_is).await;
    assert_is(&pulled.unwrap(), file);
}

#[tokio::test]
async fn what_is_too_large_is_not_fetched() {
    let server = Server::start(|request| match request.path.as_str() {
        "/endless" => answer("200 OK", "", [Step::Endless]),
        _ => File::of(5 * MIB).serve(request),
    })
    .await;
    let small = puller_with(|limits| limits.largest = 4 * MIB);
    for path in ["endless", "large"] {
        let fault = fault_at(&small, &format!("http://127.0.0.1:{}/{path}", server.port)).await;
        assert!(
            matches!(fault, PullFault::TooLarge { most, .. } if most == 4 * MIB),
            "{fault:?}"
        );
    }
    let place = Place::new();
    let expect = Expected {
        most_bytes: Some(10),
        ..Expected::default()
    };
    let fault = pull_expecting(&small, &server.url(), &place, expect).await;
    assert!(
        matches!(fault, Err(PullFault::TooLarge { most: 10, .. })),
        "{fault:?}"
    );
}

#[tokio::test]
async fn what_is_empty_is_a_fault() {
    let server = Server::start(|request| match request.path.as_str() {
        "/length" => with_body("200 OK", "", b""),
        "/chunked" => answer(
            "200 OK",
            "transfer-encoding: chunked\r\n",
            [bytes("0\r\n\r\n")],
        ),
        "/closed" => answer("200 OK", "", [Step::Close]),
        "/none" => answer("204 No Content", "", []),
        _ => with_body(
            "416 Range Not Satisfiable",
            "content-range: bytes */0\r\n",
            b"",
        ),
    })
    .await;
    for path in ["length", "chunked", "closed", "none", "range"] {
        let fault = fault_at(
            &puller(),
            &format!("http://127.0.0.1:{}/{path}", server.port),
        )
        .await;
        assert!(
            matches!(fault, PullFault::Empty { .. }),
            "{path}: {fault:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_media_fails_early() {
    let server = Server::start(|request| match request.path.as_str() {
        "/page" => with_body(
            "200 OK",
            "content-type: text/html\r\n",
            b"<!doctype html><p>Sorry",
        ),
        "/error" => with_body("200 OK", "", b"{\"error\": \"expired\"}"),
        // The rest of it is not waited for.
        "/archive" => {
            let mut head = b"PK\x03\x04".to_vec();
            head.extend(content(100..5000));
            let steps = [Step::Send(head), Step::Hang];
            answer("200 OK", "content-length: 100000000\r\n", steps)
        }
        _ => with_body("200 OK", "", b"#EXTM3U\n"),
    })
    .await;
    for (path, kind) in [
        ("page", Kind::Html),
        ("error", Kind::Json),
        ("archive", Kind::Archive),
        ("playlist", Kind::Playlist),
    ] {
        let fault = fault_at(
            &puller(),
            &format!("http://127.0.0.1:{}/{path}", server.port),
        )
        .await;
        assert!(
            matches!(&fault, PullFault::NotMedia { kind: found, .. } if *found == kind),
            "{fault:?}"
        );
        assert!(!fault.is_transient());
    }
}

#[tokio::test]
async fn a_caller_may_judge_the_head_itself() {
    let server = Server::start(|_| with_body("200 OK", "content-type: text/vtt\r\n", b"WEBVTT\n"));
    let server = server.await;
    let (place, url) = (Place::new(), SourceUrl::read(&server.url()).unwrap());
    let pull = |judge| Pull {
        judge,
        ..Pull::new(&url, &place.path)
    };
    let judge = |head: &Head<'_>| {
        assert_eq!((head.bytes, head.kind), (&b"WEBVTT\n"[..], Kind::Text));
        assert_eq!(head.content_type, Some("text/vtt"));
        Err("no subtitles".to_owned())
    };
    let fault = puller().pull(pull(Judge::Own(&judge))).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the content from 127.0.0.1 is not wanted: no subtitles"
    );
    assert!(place.left().await.is_empty());
    let pulled = puller().pull(pull(Judge::Anything)).await.unwrap();
    assert_eq!(pulled.bytes, 7);
}

/// What is small on the way may be large when it is unpacked, and nobody asked for it to be packed.
#[tokio::test]
async fn an_encoded_answer_is_refused() {
    let server = Server::start(|request| match request.path.as_str() {
        "/content" => with_body("200 OK", "content-encoding: gzip\r\n", b"\x1f\x8b\x08"),
        _ => answer(
            "200 OK",
            "transfer-encoding: gzip, chunked\r\n",
            [bytes("3\r\n\x1f\x0b\x08\r\n0\r\n\r\n")],
        ),
    })
    .await;
    for path in ["content", "transfer"] {
        let fault = fault_at(
            &puller(),
            &format!("http://127.0.0.1:{}/{path}", server.port),
        )
        .await;
        assert!(
            matches!(&fault, PullFault::Encoded { encoding, .. } if encoding == "gzip"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_byte_now_and_then_is_too_slow() {
    let server = Server::start(|_| {
        let pause = Duration::from_millis(5);
        answer(
            "200 OK",
            "content-length: 100000\r\n",
            [Step::Trickle(pause)],
        )
    })
    .await;
    let impatient = puller_with(|limits| limits.slow_after = Duration::from_millis(100));
    let fault = fault_of(&impatient, &server).await;
    assert!(
        matches!(fault, PullFault::TooSlow { slowest: 4096, .. }),
        "{fault:?}"
    );
    let hurried = puller_with(|limits| limits.total = Duration::from_millis(100));
    let fault = fault_of(&hurried, &server).await;
    assert!(matches!(fault, PullFault::TimedOut { .. }), "{fault:?}");
}

#[tokio::test]
async fn silence_is_a_stall() {
    let server = Server::start(|request| match request.path.as_str() {
        "/nothing" => vec![Step::Hang],
        _ => answer(
            "200 OK",
            "content-length: 100000\r\n",
            [Step::Content(0..9000), Step::Hang],
        ),
    })
    .await;
    let impatient = puller_with(|limits| {
        limits.stall = Duration::from_millis(50);
        limits.connect = Duration::from_millis(50);
        limits.retries = 1;
    });
    for path in ["nothing", "some"] {
        let url = format!("http://127.0.0.1:{}/{path}", server.port);
        let fault = fault_at(&impatient, &url).await;
        assert!(matches!(fault, PullFault::Stalled { .. }), "{fault:?}");
        assert!(fault.is_transient());
    }
    assert_eq!(server.seen().len(), 4, "each was tried twice");
}

#[tokio::test]
async fn room_is_asked_for_before_and_during() {
    let server = Server::start(|request| match request.path.as_str() {
        "/endless" => answer("200 OK", "", [Step::Endless]),
        _ => File::of(5 * MIB).serve(request),
    })
    .await;
    let room = |more| match more > 4 * MIB {
        true => Err(format!("{more} bytes are too many")),
        false => Ok(()),
    };
    for path in ["endless", "large"] {
        let url = SourceUrl::read(&format!("http://127.0.0.1:{}/{path}", server.port)).unwrap();
        let place = Place::new();
        let pull = Pull {
            room: &room,
            ..Pull::new(&url, &place.path)
        };
        let fault = puller().pull(pull).await.unwrap_err();
        assert!(matches!(fault, PullFault::NoRoom { .. }), "{fault:?}");
        assert!(fault.is_transient());
        assert!(place.left().await.is_empty());
    }
}
