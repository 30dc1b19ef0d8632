//! Whom a stream's FFmpeg reaches, and whom it does not.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reelgate_media::Stopped;
use reelgate_media::live::{LiveCause, LiveEnd, LiveSign, PeerError, Peers, Side};
use reelgate_testkit::Misbehaviour;

use crate::guard::stand_in;
use crate::peers::{Source, SrtSink, SrtSource};
use crate::support::{Case, ENGINE, RUNTIME, copy, probe, push, recording, small};

const GRACE: Duration = Duration::from_secs(20);

/// A web server that answers every request with what `answer` makes of its path, and counts them.
struct Web {
    address: SocketAddr,
    served: Arc<AtomicUsize>,
}

impl Web {
    fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        // It lives as long as the test program.
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines
                    .next()
                    .and_then(Result::ok)
                    .is_some_and(|line| !line.is_empty())
                {}
                count.fetch_add(1, Ordering::SeqCst);
                let path = first.split(' ').nth(1).unwrap_or_default();
                let _ = socket.write_all(&answer(path));
            }
        });
        Self { address, served }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

fn body(kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A second of pictures and sound as a segment of HLS.
fn segment() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ts");
    #[expect(clippy::disallowed_methods, reason = "the source of a test")]
    let status = std::process::Command::new(ENGINE.ffmpeg())
        .args("-v error -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine -t 2".split(' '))
        .args("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac".split(' '))
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(file).unwrap()
}

#[test]
fn the_names_of_a_streams_hosts_are_known_and_no_others() {
    let source = Source::start();
    let by_name = format!("http://localhost:{}/live.flv", source.port);
    let case = Case::new(&by_name, &[(recording(), copy())]);
    let ended = RUNTIME.block_on(async {
        let mut stream = case.start().await;
        stream.frames(10).await;
        stream.process.stop(GRACE).await
    });
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));

    // The same name, which the machine knows, where it is not one of the stream's.
    let ended = RUNTIME.block_on(async {
        let nobody = Peers::default();
        case.start_to(&ENGINE, &nobody).await.ended().await
    });
    assert_eq!(
        ended.cause,
        Some(LiveCause::Unknown(Side::Source)),
        "{ended:?}"
    );
}

#[test]
fn addresses_that_are_not_allowed_are_no_peers() {
    let case = Case::new("http://localhost:9/live.flv", &[(recording(), copy())]);
    let found = RUNTIME.block_on(Peers::of(&case.plan, |_| false));
    let host = "localhost".to_owned();
    assert_eq!(found, Err(PeerError::Forbidden { host }));
}

#[test]
fn another_port_of_the_same_host_is_refused() {
    let other = Web::start(|_| body("text/plain", b"reached"));
    let location = format!("http://{}/secret", other.address);
    let source = Web::start(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nConnection: close\r\n\r\n").into()
    });
    let address = format!("http://{}/live.flv", source.address);
    let case = Case::new(&address, &[(recording(), copy())]);
    RUNTIME.block_on(async {
        let mut stream = case.start().await;
        let refused = stream
            .until(|sign| match sign {
                LiveSign::Forbidden(address) => Some(*address),
                _ => None,
            })
            .await;
        assert_eq!(refused, other.address);
        let ended = stream.ended().await;
        assert!(matches!(ended.how, LiveEnd::Exited(1..)), "{ended:?}");
    });
    assert_eq!((source.served(), other.served()), (1, 0));
}

#[test]
fn a_playlist_reaches_other_hosts_only_where_they_are_allowed() {
    let segment = segment();
    let other = Web::start(move |_| body("video/mp2t", &segment));
    // A name that the machine knows stands for the other host.
    let uri = format!("http://localhost:{}/a.ts", other.address.port());
    let playlist = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{uri}\n#EXT-X-ENDLIST\n"
    );
    let source = Web::start(move |_| body("application/x-mpegurl", playlist.as_bytes()));
    let address = format!("http://{}/live.m3u8", source.address);
    let case = Case::new(&address, &[(recording(), copy())]);
    let ended = RUNTIME.block_on(async { case.start().await.ended().await });
    assert!(ended.cause.is_some(), "{ended:?}");
    assert_eq!(other.served(), 0);

    let ended = RUNTIME.block_on(async {
        let mut peers = Peers::of(&case.plan, |_| true).await.unwrap();
        let port = other.address.port();
        peers.add_host("localhost", port, &|_| true).await.unwrap();
        case.start_to(&ENGINE, &peers).await.ended().await
    });
    assert_eq!(ended.how, LiveEnd::Exited(0), "{ended:?}");
    assert!(other.served() > 0);
}

/// A shell in the place of FFmpeg that says by its exit code what it could reach.
fn reached(case: &Case, attempt: &str) -> LiveEnd {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("exec bash -c '({attempt}) 2>/dev/null && exit 40; exit 41'");
    let engine = stand_in(folder.path(), Misbehaviour::Script(&script));
    RUNTIME
        .block_on(async { case.start_with(&engine).await.ended().await })
        .how
}

#[test]
fn datagrams_go_to_the_peers_of_srt_only() {
    let heard = UdpSocket::bind("127.0.0.1:0").unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |socket: &UdpSocket| {
        let port = socket.local_addr().unwrap().port();
        format!("echo x >/dev/udp/127.0.0.1/{port}")
    };
    let without_srt = Case::new("http://127.0.0.1:9/live.flv", &[(recording(), copy())]);
    assert_eq!(reached(&without_srt, &send(&heard)), LiveEnd::Exited(41));
    let address = format!("srt://{}", heard.local_addr().unwrap());
    let with_srt = Case::new(&address, &[(recording(), copy())]);
    assert_eq!(reached(&with_srt, &send(&other)), LiveEnd::Exited(41));
    assert_eq!(reached(&with_srt, &send(&heard)), LiveEnd::Exited(40));
    let mut bytes = [0; 8];
    assert_eq!(heard.recv(&mut bytes).unwrap(), 2);
    other.set_nonblocking(true).unwrap();
    assert!(other.recv(&mut bytes).is_err(), "something came through");
}

#[test]
fn nobody_is_listened_to_and_local_sockets_are_out_of_reach() {
    let case = Case::new("http://127.0.0.1:9/live.flv", &[(recording(), copy())]);
    // Reading what the machine's files say of names is no way out either.
    let hosts = "grep -q . /etc/hosts";
    assert_eq!(reached(&case, &format!("! {hosts}")), LiveEnd::Exited(40));
    assert_eq!(reached(&case, "cat /etc/passwd"), LiveEnd::Exited(41));
    assert_eq!(
        reached(&case, "echo >/dev/tcp/127.0.0.1/22"),
        LiveEnd::Exited(41)
    );
}

#[test]
fn srt_is_called_and_sent_to_under_supervision() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (SrtSource::start(), SrtSink::start(folder.path()));
    let case = Case::new(&source.address(), &[(push(&sink.address()), small())]);
    let ended = RUNTIME.block_on(async {
        let mut stream = case.start().await;
        let sent = stream
            .until(|sign| match sign {
                LiveSign::Progress(progress) if progress.frames > 50 => Some(progress.sent_bytes),
                _ => None,
            })
            .await;
        assert!(sent > 10_000, "{sent}");
        stream.process.stop(GRACE).await
    });
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));
    assert!(sink.peer.wait());
    assert_eq!(probe(&sink.file).height, 120);
}
