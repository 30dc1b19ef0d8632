//! Tests of reading bodies, and of who has to wait for whom.

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::post;
use futures_util::{FutureExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::*;
use crate::serve::{ServeOptions, Transport, serve};

const PATIENCE: Duration = Duration::from_secs(60);
const ROOM_PIECES: u32 = 16;
/// Two of these are an address's share.
const LONG: usize = PIECE_BYTES + 1;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn read(body: Body, limit_bytes: usize, limit: Duration) -> Result<Bytes, BodyError> {
    read_in(
        &Room::new(ROOM_PIECES),
        body,
        address("10.0.0.1"),
        limit_bytes,
        limit,
    )
    .await
}

/// A body of unknown length that never ends.
fn silent() -> Body {
    Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())
}

/// A body of unknown length.
fn chunked(bytes: usize) -> Body {
    let piece = Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]));
    Body::from_stream(stream::iter([piece]))
}

#[tokio::test]
async fn accepts_exactly_the_limit_and_refuses_one_byte_more() {
    for limit_bytes in [4, PIECE_BYTES + 4] {
        for body in [|bytes| Body::from(vec![b'x'; bytes]), chunked] {
            let whole = read(body(limit_bytes), limit_bytes, PATIENCE)
                .await
                .unwrap();
            assert_eq!(whole.len(), limit_bytes);

            let error = read(body(limit_bytes + 1), limit_bytes, PATIENCE)
                .await
                .unwrap_err();
            assert!(
                matches!(error, BodyError::TooLarge { limit_bytes: told } if told == limit_bytes),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn gives_up_on_a_body_that_never_ends() {
    for limit_bytes in [4, LONG] {
        let error = read(silent(), limit_bytes, Duration::from_millis(1))
            .await
            .unwrap_err();
        assert!(matches!(error, BodyError::TooSlow { .. }), "{error}");
    }
}

/// A few slow bodies of one stranger held up every other large one.
#[tokio::test]
async fn an_address_with_many_slow_bodies_stops_no_other_address() {
    let room = Room::new(ROOM_PIECES);
    let mut slow: Vec<_> = (0..50)
        .map(|_| {
            Box::pin(read_in(
                &room,
                silent(),
                address("10.0.0.1"),
                LONG,
                PATIENCE,
            ))
        })
        .collect();
    for reading in &mut slow {
        assert!(reading.now_or_never().is_none());
    }
    let short = Duration::from_millis(20);
    let more = |from| read_in(&room, chunked(LONG), address(from), LONG, short);
    let refused = more("10.0.0.1").await.unwrap_err();
    assert!(matches!(refused, BodyError::Busy { .. }), "{refused}");
    let refused = more("::ffff:10.0.0.1").await.unwrap_err();
    assert!(matches!(refused, BodyError::Busy { .. }), "{refused}");
    for other in ["10.0.0.2", "2001:db8::1"] {
        assert_eq!(more(other).await.unwrap().len(), LONG);
    }
    // What fits into one piece waits for nobody.
    let small = read_in(&room, chunked(5), address("10.0.0.1"), PIECE_BYTES, short).await;
    assert_eq!(small.unwrap().len(), 5);
    let small = Body::from(vec![b'x'; PIECE_BYTES]);
    let small = read_in(&room, small, address("10.0.0.1"), LONG, short).await;
    assert_eq!(small.unwrap().len(), PIECE_BYTES);

    drop(slow);
    assert!(room.is_empty(ROOM_PIECES));
    assert_eq!(more("10.0.0.1").await.unwrap().len(), LONG);
}

#[tokio::test]
async fn the_room_of_all_is_limited_and_its_wait_too() {
    let room = Room::new(ROOM_PIECES);
    let mut slow: Vec<_> = (1..=4)
        .flat_map(|host| [host, host])
        .map(|host| IpAddr::from([10, 0, 0, host]))
        .map(|from| Box::pin(read_in(&room, silent(), from, LONG, PATIENCE)))
        .collect();
    for reading in &mut slow {
        assert!(reading.now_or_never().is_none());
    }
    let short = Duration::from_millis(20);
    let refused = read_in(&room, silent(), address("10.0.0.9"), LONG, short).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, BodyError::Busy { .. }), "{refused}");

    let waiting = read_in(&room, chunked(9), address("10.0.0.9"), LONG, PATIENCE);
    let mut waiting = Box::pin(waiting);
    assert!((&mut waiting).now_or_never().is_none());
    slow.pop();
    assert_eq!(waiting.await.unwrap().len(), 9);
}

/// A body is in memory for as long as somebody has it, not only while it is read.
#[tokio::test]
async fn room_is_taken_by_length_until_the_last_clone_is_dropped() {
    let room = Room::new(ROOM_PIECES);
    let from = address("10.0.0.1");
    let body = Body::from(vec![b'x'; 4 * PIECE_BYTES]);
    let whole = read_in(&room, body, from, usize::MAX, PATIENCE)
        .await
        .unwrap();
    let part = whole.slice(1..2);
    drop(whole);
    let short = Duration::from_millis(20);
    let refused = read_in(&room, silent(), from, LONG, short).await;
    assert!(matches!(refused.unwrap_err(), BodyError::Busy { .. }));
    drop(part);
    assert!(room.is_empty(ROOM_PIECES));
}

/// Nobody would wait for ever, nor take more than there is.
#[tokio::test]
async fn a_body_above_an_addresss_share_takes_all_of_it() {
    let room = Room::new(ROOM_PIECES);
    let length = 100 * PIECE_BYTES;
    let body = read_in(
        &room,
        chunked(length),
        address("10.0.0.1"),
        usize::MAX,
        PATIENCE,
    )
    .await;
    assert_eq!(body.unwrap().len(), length);
    assert!(room.is_empty(ROOM_PIECES));
}

/// Answers with the length of the body, or what is wrong with it.
async fn measure(State(room): State<Arc<Room>>, request: Request) -> String {
    let from = request.extensions().get::<Transport>().unwrap().peer.ip();
    match read_in(&room, request.into_body(), from, LONG, PATIENCE).await {
        Ok(body) => body.len().to_string(),
        Err(error) => error.to_string(),
    }
}

async fn connect_from(own: &str, server: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(own.parse().unwrap()).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn clients_that_go_away_leave_nothing_behind() {
    let room = Room::new(ROOM_PIECES);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/", post(measure))
        .with_state(Arc::clone(&room));
    tokio::spawn(serve(
        listener,
        routes,
        ServeOptions::default(),
        std::future::pending(),
    ));

    let mut slow = Vec::new();
    for _ in 0..12 {
        slow.push(connect_from("127.0.0.1:0", server).await);
    }
    let mut other = connect_from("127.0.0.2:0", server).await;
    other.write_all(b"12345\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n5"), "{answer}");
    assert!(!room.is_empty(ROOM_PIECES));

    drop(slow);
    let emptied = async {
        while !room.is_empty(ROOM_PIECES) {
            tokio::task::yield_now().await;
        }
    };
    let emptied = tokio::time::timeout(PATIENCE, emptied).await;
    emptied.expect("all room is free again");
}
