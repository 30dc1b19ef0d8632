//! Tests of the server over real sockets.

use axum::routing::{any, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Drained>,
}

async fn start(router: Router, options: ServeOptions) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve(listener, router, options, async {
        let _ = stopped.await;
    }));
    Server {
        address,
        stop,
        ended,
    }
}

impl Server {
    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Connects as another address of this machine.
    async fn connect_from(&self, address: &str) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        socket.connect(self.address).await.unwrap()
    }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

const GET_AND_CLOSE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const GET_AND_KEEP: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Routes whose only handler says that it was entered, then waits to be let out.
fn gated() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (entering, leaving) = (Arc::clone(&entered), Arc::clone(&leave));
    let handler = async move || {
        entering.notify_one();
        leaving.notified().await;
        "done"
    };
    let router = Router::new().route("/", get(handler));
    (router, entered, leave)
}

#[tokio::test]
async fn handlers_see_the_peer_address() {
    let handler = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
    let server = start(
        Router::new().route("/", get(handler)),
        ServeOptions::default(),
    )
    .await;

    let stream = server.send(GET_AND_CLOSE).await;
    let local = stream.local_addr().unwrap().to_string();

    assert!(rest(stream).await.ends_with(&local));
}

/// All clients of a proxy had its address, and none a secured connection.
#[tokio::test]
async fn a_trusted_proxy_names_its_client_and_nobody_else_does() {
    let handler = async |request: axum::extract::Request| {
        let client: &Transport = request.extensions().get().unwrap();
        let connection: &ConnectInfo<SocketAddr> = request.extensions().get().unwrap();
        format!("{} {} {}", client.peer, client.secure, connection.ip())
    };
    let options = ServeOptions {
        trusted_proxies: TrustedProxies::from_iter(["127.0.0.2".parse().unwrap()]),
        ..ServeOptions::default()
    };
    let server = start(Router::new().route("/", get(handler)), options).await;
    let request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: 1.1.1.1\r\n\
                   x-forwarded-for: 198.51.100.7, 127.0.0.2\r\nX-Forwarded-Proto: https\r\n\r\n";

    let mut trusted = server.connect_from("127.0.0.2:0").await;
    trusted.write_all(request.as_bytes()).await.unwrap();
    let answer = rest(trusted).await;
    assert!(
        answer.ends_with("198.51.100.7:0 true 127.0.0.2"),
        "{answer}"
    );

    let stranger = server.send(request).await;
    let local = stranger.local_addr().unwrap();
    let answer = rest(stranger).await;
    assert!(
        answer.ends_with(&format!("{local} false 127.0.0.1")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_head_of_128_kib_with_a_request_line_of_64_kib_is_served() {
    let handler = async |request: axum::extract::Request| {
        let headers: usize = request.headers().values().map(|value| value.len()).sum();
        format!("{} {headers}", request.uri().query().map_or(0, str::len))
    };
    let server = start(
        Router::new().route("/", any(handler)),
        ServeOptions::default(),
    )
    .await;
    let query = "q".repeat(65_536 - "POST /? HTTP/1.1\r\n".len());
    let header = "h".repeat(64 * 1024);
    let head = format!("POST /?{query} HTTP/1.1\r\nConnection: close\r\nx: {header}\r\n\r\n");
    assert!(head.len() >= 128 * 1024);

    let answer = rest(server.send(&head).await).await;

    let expected = format!("{} {}", query.len(), header.len() + "close".len());
    assert!(answer.ends_with(&expected), "{answer}");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let options = ServeOptions {
        header_read_timeout: Duration::from_millis(20),
        ..ServeOptions::default()
    };
    let server = start(gated().0, options).await;

    let answer = rest(server.send("GET / HTTP/1.1\r\nHost: ").await).await;

    assert!(!answer.contains("200 OK"), "{answer}");
}

/// Its client used the connection again and found it closed, without a word.
#[tokio::test]
async fn an_answer_to_a_body_that_nobody_has_read_says_that_the_connection_ends() {
    let routes = Router::new()
        .route("/unread", any(async || "no"))
        .route("/read", any(async |body: String| body));
    let server = start(routes, ServeOptions::default()).await;
    let ask = async |path: &str, more: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{more}Content-Length: 4\r\n\r\n");
        rest(server.send(&(head + "body")).await).await
    };

    let unread = ask("/unread", "").await;
    assert!(unread.contains("connection: close"), "{unread}");
    let read = ask("/read", "Connection: close\r\n").await;
    assert!(read.ends_with("body"), "{read}");
    let bodiless = "GET /unread HTTP/1.1\r\nHost: a\r\n\r\n";
    let both = format!("{bodiless}GET /unread HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let twice = rest(server.send(&both).await).await;
    assert_eq!(twice.matches("200 OK").count(), 2, "{twice}");
}

/// A body of which nobody can buffer all.
fn endless() -> Router {
    struct Zeros;

    impl hyper::body::Body for Zeros {
        type Data = bytes::Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Infallible>>> {
            static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
            let frame = hyper::body::Frame::data(bytes::Bytes::from_static(&ZEROS));
            std::task::Poll::Ready(Some(Ok(frame)))
        }
    }

    Router::new().route("/", get(async || Response::new(Body::new(Zeros))))
}

/// A client that stopped reading a large object held its connection and the open file for ever.
#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let options = ServeOptions {
        write_stall_timeout: Duration::from_millis(100),
        max_connections: 1,
        ..ServeOptions::default()
    };
    let server = start(endless(), options).await;
    let stalled = server.send(GET_AND_KEEP).await;
    // The only slot is free again once the stalled client's connection has ended.
    let mut next = server.send(GET_AND_KEEP).await;
    let mut status = [0; 12];
    next.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    drop(stalled);
}

/// Each piece that is taken starts the time anew.
#[tokio::test]
async fn a_client_that_reads_slowly_is_served_on() {
    let patience = Duration::from_secs(4);
    let options = ServeOptions {
        write_stall_timeout: patience,
        ..ServeOptions::default()
    };
    let server = start(endless(), options).await;
    let mut slow = server.send(GET_AND_KEEP).await;
    let begun = std::time::Instant::now();
    let mut piece = vec![0; 4 * 1024 * 1024];
    while begun.elapsed() < patience + patience / 4 {
        slow.read_exact(&mut piece).await.unwrap();
        tokio::time::sleep(patience / 100).await;
    }
}

/// The connection was reset while they still sent, and what the client saw was an error of its system.
#[tokio::test]
async fn clients_that_send_too_much_get_to_read_the_refusal() {
    let refuse = Router::new().route("/", any(async || http::StatusCode::IM_A_TEAPOT));
    let server = start(refuse, ServeOptions::default()).await;
    let long = "x".repeat(10 * 1024 * 1024);
    let length = long.len();
    for (request, status) in [
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", &long[..100_000]),
            "HTTP/1.1 414",
        ),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), "HTTP/1.1 431"),
        (
            format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"),
            "HTTP/1.1 431",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{long}"),
            "HTTP/1.1 418",
        ),
    ] {
        let answer = rest(server.send(&request).await).await;
        assert!(answer.starts_with(status), "{answer}");
    }
}

/// Also behind an answer on the same connection, and to clients that still send.
#[tokio::test]
async fn heads_that_cannot_be_read_are_refused_in_given_words() {
    fn refuse(head_start: &[u8], status: http::StatusCode) -> Response<Vec<u8>> {
        let path = head_start.split(|byte| *byte == b'?').next().unwrap();
        let mut response = Response::new([b"no: ", path].concat());
        *response.status_mut() = status;
        response
    }
    let options = ServeOptions {
        refuse: Some(refuse),
        ..ServeOptions::default()
    };
    let handler = async || (http::StatusCode::BAD_REQUEST, "done");
    let server = start(Router::new().route("/", get(handler)), options).await;
    let long = "x".repeat(10 * 1024 * 1024);
    for (request, status, words) in [
        (
            format!("GET /a?{} HTTP/1.1\r\n\r\n", &long[..100_000]),
            414,
            "no: GET /a",
        ),
        (format!("GET /b?{long} HTTP/1.1\r\n\r\n"), 431, "no: GET /b"),
        (
            format!("PUT /c? HTTP/1.1\r\nX: {long}\r\n\r\n"),
            431,
            "no: PUT /c",
        ),
        ("GET /d? HTTP/9\r\n\r\n".to_owned(), 400, "no: GET /d"),
    ] {
        let mut stream = server.send(GET_AND_KEEP).await;
        let mut first = vec![0; 256];
        let mut filled = 0;
        while !first[..filled].ends_with(b"done") {
            filled += stream.read(&mut first[filled..]).await.unwrap();
        }
        // The server may close before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = rest(stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.ends_with(words), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let options = ServeOptions {
        header_read_timeout: Duration::from_secs(1),
        ..ServeOptions::default()
    };
    let server = start(endless(), options).await;
    let unfinished = server.send("GET / HTTP/1.1\r\nHost: h\r\nX-Half: ").await;
    assert_eq!(rest(unfinished).await, "");
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_a_free_slot() {
    let (router, entered, leave) = gated();
    let options = ServeOptions {
        max_connections: 1,
        ..ServeOptions::default()
    };
    let server = start(router, options).await;

    let first = server.send(GET_AND_CLOSE).await;
    entered.notified().await;
    let second = server.send(GET_AND_CLOSE).await;
    let too_early = tokio::time::timeout(Duration::from_millis(50), entered.notified()).await;
    assert!(
        too_early.is_err(),
        "the second connection was served beside the first"
    );

    leave.notify_one();
    assert!(rest(first).await.ends_with("done"));
    entered.notified().await;
    leave.notify_one();
    assert!(rest(second).await.ends_with("done"));
}

#[tokio::test]
async fn a_drain_finishes_requests_in_flight_and_closes_idle_connections() {
    let (router, entered, leave) = gated();
    let server = start(router, ServeOptions::default()).await;
    let idle = server.send("").await;
    let busy = server.send(GET_AND_KEEP).await;
    entered.notified().await;

    server.stop.send(()).unwrap();
    assert_eq!(rest(idle).await, "");
    leave.notify_one();

    assert!(rest(busy).await.ends_with("done"));
    assert_eq!(server.ended.await.unwrap(), Drained { cut_off: 0 });
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_drain_cuts_off_what_outlives_the_grace_time() {
    let (router, entered, _leave) = gated();
    let options = ServeOptions {
        drain_grace: Duration::from_millis(20),
        ..ServeOptions::default()
    };
    let server = start(router, options).await;
    let busy = server.send(GET_AND_KEEP).await;
    entered.notified().await;

    server.stop.send(()).unwrap();

    assert_eq!(server.ended.await.unwrap(), Drained { cut_off: 1 });
    assert_eq!(rest(busy).await, "");
}

#[tokio::test]
async fn a_panicking_handler_takes_only_its_own_connection_along() {
    let handler = async |request: axum::extract::Request| {
        assert!(request.uri().query().is_none(), "told to panic");
        "fine"
    };
    let server = start(
        Router::new().route("/", get(handler)),
        ServeOptions::default(),
    )
    .await;

    let mut broken = server.send("GET /?now HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = broken.read_to_end(&mut answer).await;
    assert!(answer.is_empty());

    assert!(
        rest(server.send(GET_AND_CLOSE).await)
            .await
            .ends_with("fine")
    );
}

#[test]
fn only_errors_of_one_connection_are_passed_over_without_a_pause() {
    assert!(concerns_one_connection(&io::Error::from(
        io::ErrorKind::ConnectionAborted
    )));
    const EMFILE: i32 = 24;
    assert!(!concerns_one_connection(&io::Error::from_raw_os_error(
        EMFILE
    )));
}

/// One address could take every slot, and with them everybody's service.
#[tokio::test]
async fn an_address_that_has_enough_connections_leaves_slots_to_others() {
    let options = ServeOptions {
        max_connections_per_address: 2,
        ..ServeOptions::default()
    };
    let handler = async || "fine";
    let server = start(Router::new().route("/", get(handler)), options).await;
    let held = [server.send("").await, server.send("").await];

    let mut third = server.send("").await;
    assert_eq!(third.read(&mut [0; 1]).await.unwrap_or(0), 0);

    let mut stream = server.connect_from("127.0.0.2:0").await;
    stream.write_all(GET_AND_CLOSE.as_bytes()).await.unwrap();
    assert!(rest(stream).await.ends_with("fine"));

    // Each connection that ends makes room for another.
    for stream in held {
        drop(stream);
    }
    let answered = async {
        loop {
            let mut stream = server.send(GET_AND_CLOSE).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            if answer.ends_with(b"fine") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered)
        .await
        .expect("there is room");
}

mod tls;
