//! Several connections at once: of one pull, and of many.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::server::{Step, bytes, with_body};
use super::*;

/// Adds connections as fast as can be.
fn eager() -> Puller {
    puller_with(|limits| limits.parallel_after = Duration::ZERO)
}

/// The first connection gets stuck until others have been answered.
fn stuck(file: File, request: &server::Request, go: &Arc<Semaphore>) -> server::Answer {
    let (head, range) = file.head(request);
    vec![
        bytes(head),
        Step::Content(0..MIB),
        Step::Wait(Arc::clone(go)),
        Step::Content(MIB..range.end),
    ]
}

#[tokio::test]
async fn a_slow_connection_is_helped_by_others() {
    let file = File::of(100 * MIB);
    let go = Arc::new(Semaphore::new(0));
    let server = Server::start(move |request| match request.number {
        0 => stuck(file, request, &go),
        number => {
            if number == 3 {
                go.add_permits(1);
            }
            file.serve(request)
        }
    })
    .await;
    let place = Place::new();
    let pulled = pull_from(&eager(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    assert!(server.most_at_once.load(Ordering::SeqCst) <= 4);
    let seen = server.seen();
    assert!(seen.len() >= 4, "{seen:?}");
    for request in &seen[1..] {
        let range = request.range.clone().unwrap();
        assert!(
            range.start >= 16 * MIB && range.end <= file.total,
            "{range:?}"
        );
        assert_eq!(request.if_range.as_deref(), Some(file.etag));
    }
    assert_eq!(place.left().await, ["pulled", "pulled.state"]);
}

#[tokio::test]
async fn helpers_that_are_turned_away_leave_the_first_connection_to_it() {
    let file = File::of(64 * MIB);
    for status in ["503 Busy", "403 Once Only", "200 OK"] {
        let go = Arc::new(Semaphore::new(0));
        let server = Server::start(move |request| match request.number {
            0 => stuck(file, request, &go),
            _ => {
                go.add_permits(1);
                match status {
                    "200 OK" => file.serve_whole(),
                    _ => with_body(status, "", b""),
                }
            }
        })
        .await;
        pull_whole(&eager(), &server.url(), file).await;
        // As many as may be at once, if all are sent before the first is known to be turned away; none a second time.
        let asked = server.seen().len();
        assert!((2..=4).contains(&asked), "{status}: {asked}");
    }
}

/// What was asked for by others came to be asked for again, when the first connection had brought all else.
#[tokio::test]
async fn helpers_that_get_no_answer_are_not_waited_for() {
    let file = File::of(64 * MIB);
    let go = Arc::new(Semaphore::new(0));
    let server = Server::start(move |request| match request.number {
        0 => stuck(file, request, &go),
        _ => {
            go.add_permits(1);
            vec![Step::Hang]
        }
    })
    .await;
    pull_whole(&eager(), &server.url(), file).await;
    let asked = server.seen().len();
    assert!((2..=4).contains(&asked), "{asked}");
}

#[tokio::test]
async fn another_version_in_one_of_the_parts_spoils_them_all() {
    let (old, new) = (
        File::of(64 * MIB),
        File {
            total: 64 * MIB,
            etag: "\"v2\"",
        },
    );
    let go = Arc::new(Semaphore::new(0));
    let server = Server::start(move |request| match request.number {
        0 => stuck(old, request, &go),
        _ => new.serve(request),
    })
    .await;
    let pulled = pull_whole(&eager(), &server.url(), new).await;
    assert_eq!(pulled.validators.etag.as_deref(), Some("\"v2\""));
}

#[tokio::test]
async fn a_small_file_is_left_to_one_connection() {
    let file = File::of(20 * MIB);
    let server = Server::start(move |request| file.serve(request)).await;
    pull_whole(&eager(), &server.url(), file).await;
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_host_gets_no_more_connections_than_it_may() {
    let file = File::of(MIB);
    let server = Server::start(move |request| file.serve(request)).await;
    let puller = puller_with(|limits| limits.connections_per_host = 2);
    let mut pulls = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (puller, url) = (puller.clone(), server.url());
        pulls.spawn(async move {
            let pulled = pull_from(&puller, &url, &Place::new()).await.unwrap();
            assert_eq!(pulled.bytes, file.total);
        });
    }
    while let Some(ended) = pulls.join_next().await {
        ended.unwrap();
    }
    assert_eq!(server.seen().len(), 12);
    assert!(server.most_at_once.load(Ordering::SeqCst) <= 2);
}

/// A limit of bandwidth is no reason to add connections.
#[tokio::test]
async fn bandwidth_is_limited() {
    let file = File::of(MIB);
    let server = Server::start(move |request| file.serve(request)).await;
    let puller = puller_with(|limits| {
        limits.bytes_per_second = Some(2 * MIB);
        limits.parallel_bytes = 0;
        limits.parallel_after = Duration::ZERO;
    });
    let start = std::time::Instant::now();
    pull_whole(&puller, &server.url(), file).await;
    assert!(
        start.elapsed() >= Duration::from_millis(350),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.seen().len(), 1);
}

/// Whoever drops a pull may start another one in the same directory at once.
#[tokio::test]
async fn pulls_in_one_directory_take_turns() {
    let file = File::of(30 * MIB);
    let begun = Arc::new(Semaphore::new(0));
    let answered = Arc::clone(&begun);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        answered.add_permits(1);
        file.serve(request)
    })
    .await;
    let place = Place::new();
    for _ in 0..10 {
        tokio::select! {
            ended = async { pull_from(&puller(), &server.url(), &place).await } => {
                assert_is(&ended.unwrap(), file);
                break;
            }
            begun = begun.acquire() => begun.unwrap().forget(),
        }
    }
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
}
