//! Pulls that go on after something has broken off, and ones that must not.

use std::sync::atomic::{AtomicBool, Ordering};

use std::ops::Range;

use tokio::sync::Semaphore;

use super::server::{Step, answer, bytes, with_body};
use super::*;

#[tokio::test]
async fn a_connection_that_breaks_is_gone_on_with_where_it_broke() {
    let file = File::of(9 * MIB);
    let cut = 2 * MIB + 12_345;
    let server = Server::start(move |request| {
        let start = request.range.as_ref().unwrap().start;
        file.serve_until(request, start + cut)
    })
    .await;
    let pulled = pull_whole(&puller(), &server.url(), file).await;
    assert_eq!(pulled.fetched, file.total, "no byte came twice");
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    for (number, request) in seen.iter().enumerate().skip(1) {
        assert_eq!(request.range, Some(number as u64 * cut..file.total));
        assert_eq!(request.if_range.as_deref(), Some(file.etag));
    }
}

/// What has come is kept although each answer brings less than is written at once.
#[tokio::test]
async fn a_server_that_dribbles_comes_to_the_end() {
    let file = File::of(5 * MIB);
    let server = Server::start(move |request| {
        let start = request.range.as_ref().unwrap().start;
        file.serve_until(request, start + 200_000)
    })
    .await;
    let pulled = pull_whole(&puller(), &server.url(), file).await;
    assert_eq!(pulled.fetched, file.total);
}

#[tokio::test]
async fn what_changes_is_fetched_anew() {
    let (old, new) = (
        File::of(9 * MIB),
        File {
            total: 7 * MIB,
            etag: "\"v2\"",
        },
    );
    let server = Server::start(move |request| match request.number {
        0 => old.serve_until(request, 6 * MIB),
        _ => new.serve(request),
    })
    .await;
    let place = Place::new();
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, new);
    assert_eq!(pulled.validators.etag.as_deref(), Some("\"v2\""));
    assert_eq!(place.left().await, ["pulled", "pulled.state"]);
}

#[tokio::test]
async fn what_keeps_changing_is_given_up() {
    // Answers with another version each time; the second time it has also become shorter.
    static TAGS: [&str; 8] = [
        "\"0\"", "\"1\"", "\"2\"", "\"3\"", "\"4\"", "\"5\"", "\"6\"", "\"7\"",
    ];
    let server = Server::start(|request| {
        let file = File {
            total: 9 * MIB - request.number as u64,
            etag: TAGS[request.number],
        };
        file.serve_until(request, 6 * MIB)
    })
    .await;
    let fault = fault_of(&puller(), &server).await;
    assert!(matches!(fault, PullFault::Changed { .. }), "{fault:?}");
    assert!(!fault.is_transient());
}

#[tokio::test]
async fn what_shrinks_behind_its_tag_is_noticed() {
    for shrunk in ["416 Range Not Satisfiable", "206 Partial Content"] {
        let file = File::of(9 * MIB);
        let server = Server::start(move |request| match request.range.clone().unwrap() {
            range if range.start == 0 => file.serve_until(request, 6 * MIB),
            _ if shrunk.starts_with("416") => {
                with_body(shrunk, "content-range: bytes */5\r\n", b"")
            }
            range => {
                let headers = format!(
                    "content-range: bytes {0}-{0}/{1}\r\n",
                    range.start,
                    range.start + 1
                );
                with_body(shrunk, &headers, b"x")
            }
        })
        .await;
        let fault = fault_of(&puller(), &server).await;
        assert!(
            matches!(fault, PullFault::Changed { .. }),
            "{shrunk}: {fault:?}"
        );
    }
}

#[tokio::test]
async fn another_range_than_was_asked_for_is_refused() {
    let file = File::of(9 * MIB);
    let server = Server::start(move |request| match request.range.clone().unwrap() {
        range if range.start == 0 => file.serve_until(request, 6 * MIB),
        range => {
            let mut shifted = request.clone();
            shifted.range = Some(range.start - 1..range.end);
            file.serve(&shifted)
        }
    })
    .await;
    let fault = fault_of(&puller(), &server).await;
    let PullFault::WrongRange { asked, said, .. } = &fault else {
        panic!("{fault:?}");
    };
    assert_eq!(
        (&**asked, &**said),
        ("6291456-9437183", "bytes 6291455-9437183/9437184")
    );

    let from_elsewhere = Server::start(|_| {
        with_body(
            "206 Partial Content",
            "content-range: bytes 5-9/10\r\n",
            b"12345",
        )
    });
    let fault = fault_of(&puller(), &from_elsewhere.await).await;
    assert!(matches!(fault, PullFault::WrongRange { .. }), "{fault:?}");
    let in_pieces = Server::start(|_| {
        with_body(
            "206 Partial Content",
            "content-type: multipart/byteranges; boundary=x\r\n",
            b"--x",
        )
    });
    let fault = fault_of(&puller(), &in_pieces.await).await;
    assert!(matches!(fault, PullFault::WrongRange { .. }), "{fault:?}");
}

/// Too little of it came to be written, and what the first answer had said was held against every further one.
#[tokio::test]
async fn what_changes_before_anything_is_written_is_fetched_anew() {
    let old = File::of(9 * MIB);
    let new = File {
        total: 7 * MIB,
        etag: "\"v2\"",
    };
    let server = Server::start(move |request| match request.number {
        0 => old.serve_until(request, 1000),
        _ => new.serve(request),
    })
    .await;
    let pulled = pull_whole(&puller(), &server.url(), new).await;
    assert_eq!(pulled.validators.etag.as_deref(), Some("\"v2\""));
    let forgets_ranges = Server::start(move |request| match request.number {
        0 => old.serve_until(request, 1000),
        _ => old.serve_whole(),
    })
    .await;
    pull_whole(&puller(), &forgets_ranges.url(), old).await;
    let asked = forgets_ranges.seen();
    let ranges: Vec<bool> = asked.iter().map(|it| it.range.is_some()).collect();
    assert_eq!(ranges, [true, true, false]);
}

/// The first answer promised ranges, and then there are none.
#[tokio::test]
async fn a_server_that_forgets_its_ranges_is_asked_for_everything() {
    let file = File::of(9 * MIB);
    let server = Server::start(move |request| match request.number {
        0 => file.serve_until(request, 6 * MIB),
        _ => file.serve_whole(),
    })
    .await;
    pull_whole(&puller(), &server.url(), file).await;
    let ranges: Vec<bool> = server.seen().iter().map(|it| it.range.is_some()).collect();
    assert_eq!(ranges, [true, true, false]);
}

#[tokio::test]
async fn a_server_that_dislikes_ranges_is_asked_without() {
    let file = File::of(MIB);
    let server = Server::start(move |request| match &request.range {
        Some(_) => with_body("416 Range Not Satisfiable", "", b""),
        None => file.serve_whole(),
    })
    .await;
    pull_whole(&puller(), &server.url(), file).await;
    assert_eq!(server.seen().len(), 2);
}

/// It is the same each time, but nothing says so.
#[tokio::test]
async fn what_nothing_identifies_is_fetched_from_the_start() {
    let file = File {
        total: 9 * MIB,
        etag: "W/\"v1\"",
    };
    let server = Server::start(move |request| match request.number {
        0 | 1 => file.serve_until(request, 6 * MIB),
        _ => file.serve(request),
    })
    .await;
    let place = Place::new();
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    assert_eq!(pulled.fetched, 2 * 6 * MIB + file.total);
    // Once it is complete there is nothing to be told apart any more.
    let asked = server.seen().len();
    let again = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&again, file);
    assert_eq!((again.fetched, server.seen().len()), (0, asked));
    assert!(
        server
            .seen()
            .iter()
            .all(|request| request.range == Some(0..u64::MAX))
    );
}

/// A date tells versions apart if it was long before the answer.
#[tokio::test]
async fn a_date_identifies_what_has_no_tag() {
    let file = File::of(9 * MIB);
    let dates =
        "last-modified: Sat, 21 Nov 2026 10:00:00 GMT\r\ndate: Sat, 21 Nov 2026 11:00:00 GMT\r\n";
    let server = Server::start(move |request| {
        let Range { start, .. } = request.range.clone().unwrap();
        let end = if start == 0 { 6 * MIB } else { file.total };
        let headers = format!(
            "{dates}content-length: {}\r\ncontent-range: bytes {start}-{}/{}\r\n",
            file.total - start,
            file.total - 1,
            file.total
        );
        answer(
            "206 Partial Content",
            &headers,
            [Step::Content(start..end), Step::Close],
        )
    })
    .await;
    let pulled = pull_whole(&puller(), &server.url(), file).await;
    assert_eq!(pulled.fetched, file.total);
    let condition = server.seen()[1].if_range.clone();
    assert_eq!(condition.as_deref(), Some("Sat, 21 Nov 2026 10:00:00 GMT"));
}

/// Starts a pull that gets stuck after so many bytes, waits until all of them have been noted, and drops it.
async fn drop_after(came: u64, place: &Place, file: File) -> Server {
    let server = Server::start(move |request| {
        let (head, range) = file.head(request);
        match request.number {
            0 => vec![bytes(head), Step::Content(0..came), Step::Hang],
            _ => vec![bytes(head), Step::Content(range)],
        }
    })
    .await;
    let url = SourceUrl::read(&server.url()).unwrap();
    let arrived = Semaphore::new(0);
    let pull = Pull {
        progress: &|progress| {
            if progress.bytes == came {
                arrived.add_permits(1);
            }
        },
        ..Pull::new(&url, &place.path)
    };
    let puller = puller();
    tokio::select! {
        ended = puller.pull(pull) => panic!("{ended:?}"),
        _ = arrived.acquire() => {}
    }
    server
}

#[tokio::test]
async fn a_pull_that_was_dropped_is_gone_on_with() {
    let file = File::of(40 * MIB);
    let place = Place::new();
    let server = drop_after(30 * MIB, &place, file).await;
    assert_eq!(place.left().await, ["pulled.part", "pulled.state"]);
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    // All but what waited to be written when it was dropped.
    let twice = 30 * MIB + pulled.fetched - file.total;
    assert!(twice <= 8 * MIB, "{twice} bytes came twice");
    assert_eq!(place.left().await, ["pulled", "pulled.state"]);
    // Once more, and nobody is asked.
    let requests = server.seen().len();
    let again = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&again, file);
    assert_eq!((again.fetched, server.seen().len()), (0, requests));
    let expect = Expected {
        sha256: Some([0; 32]),
        ..Expected::default()
    };
    let fault = pull_expecting(&puller(), &server.url(), &place, expect).await;
    assert_eq!(fault.unwrap_err().name(), "checksum_differs");
    assert!(place.left().await.is_empty());
}

#[tokio::test]
async fn what_another_address_or_a_broken_state_has_left_is_not_gone_on_with() {
    let file = File::of(20 * MIB);
    for breaks_state in [false, true] {
        let place = Place::new();
        let server = drop_after(12 * MIB, &place, file).await;
        place.left().await;
        let mut url = server.url();
        if breaks_state {
            let state = place.path.join("pulled.state");
            let length = std::fs::metadata(&state).unwrap().len();
            std::fs::write(&state, vec![b'x'; length as usize]).unwrap();
        } else {
            url.push_str("&other");
        }
        let pulled = pull_from(&puller(), &url, &place).await.unwrap();
        assert_is(&pulled, file);
        assert_eq!(pulled.fetched, file.total);
    }
}

/// The state speaks of more than there is.
#[tokio::test]
async fn a_part_that_has_lost_its_end_is_not_gone_on_with() {
    let file = File::of(20 * MIB);
    let place = Place::new();
    let server = drop_after(12 * MIB, &place, file).await;
    place.left().await;
    let part = std::fs::File::options()
        .write(true)
        .open(place.path.join("pulled.part"));
    part.unwrap().set_len(MIB).unwrap();
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    assert_eq!(pulled.fetched, file.total);
}

#[tokio::test]
async fn discard_removes_what_was_left() {
    let place = Place::new();
    drop_after(12 * MIB, &place, File::of(20 * MIB)).await;
    let dir = place.path.clone();
    tokio::task::spawn_blocking(move || discard(&dir))
        .await
        .unwrap()
        .unwrap();
    assert!(place.left().await.is_empty());
    discard(&place.path.join("nothing here")).unwrap();
}

/// A transient fault leaves the resumable pair, and the next pull goes on.
#[tokio::test]
async fn a_pull_that_was_given_up_is_gone_on_with() {
    let file = File::of(9 * MIB);
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let server = Server::start(move |request| match request.number {
        0 => file.serve_until(request, 6 * MIB),
        _ if well.load(Ordering::SeqCst) => file.serve(request),
        _ => with_body("500 Broken", "", b""),
    })
    .await;
    let place = Place::new();
    let fault = pull_from(&puller(), &server.url(), &place)
        .await
        .unwrap_err();
    assert!(matches!(fault, PullFault::Status { .. }), "{fault:?}");
    assert_eq!(place.left().await, ["pulled.part", "pulled.state"]);
    is_well.store(true, Ordering::SeqCst);
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    assert_eq!(pulled.fetched, 3 * MIB);
}

/// Addresses that one is sent to are signed for a while only; the one that was named holds.
#[tokio::test]
async fn an_address_that_has_run_out_is_asked_for_again() {
    let file = File::of(9 * MIB);
    let server = Server::start(move |request| match request.path.as_str() {
        "/signed?1" if request.range.as_ref().unwrap().start == 0 => {
            file.serve_until(request, 6 * MIB)
        }
        "/signed?1" => with_body("403 Expired", "", b""),
        "/signed?2" => file.serve(request),
        _ => {
            let location = format!(
                "location: /signed?{}\r\n",
                if request.number == 0 { 1 } else { 2 }
            );
            with_body("302 Found", &location, b"")
        }
    })
    .await;
    let pulled = pull_whole(&puller(), &server.url(), file).await;
    assert_eq!(pulled.fetched, file.total);
    let paths: Vec<String> = server.seen().into_iter().map(|it| it.path).collect();
    let named = "/hush/clip.mp4?sign=hush";
    assert_eq!(paths, [named, "/signed?1", "/signed?1", named, "/signed?2"]);
}
