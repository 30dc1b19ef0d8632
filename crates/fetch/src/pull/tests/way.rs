//! The way to a server: names, addresses, redirects, TLS, and servers that want to be left alone.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::server::with_body;
use super::*;
use crate::Refused;

fn sent_to(location: &str) -> server::Answer {
    with_body(
        "302 Found",
        &format!("location: {location}\r\n"),
        b"over there",
    )
}

#[tokio::test]
async fn redirects_are_followed_to_the_file() {
    let file = File::of(MIB);
    let server = Server::start(move |request| match request.path.as_str() {
        "/hush/clip.mp4?sign=hush" => sent_to("next?x=1#top"),
        "/hush/next?x=1" => sent_to("/file.mp4"),
        "/file.mp4" => file.serve(request),
        path => panic!("{path}"),
    })
    .await;
    let place = Place::new();
    let pulled = pull_from(&puller(), &server.url(), &place).await.unwrap();
    assert_is(&pulled, file);
    // The address that was named names the file.
    assert_eq!(pulled.file_name.as_deref(), Some("clip.mp4"));
}

#[tokio::test]
async fn redirects_that_lead_nowhere_end() {
    let server = Server::start(|request| {
        let hops = request.path.len();
        match request.path.as_str() {
            "/loop" => sent_to("/pool"),
            "/pool" => sent_to("/loop"),
            "/self" => sent_to("/self"),
            "/blank" => with_body("302 Found", "", b""),
            "/strange" => sent_to("http://[1/"),
            _ => sent_to(&format!("/{}", "x".repeat(hops))),
        }
    })
    .await;
    for (path, name) in [
        ("loop", "redirect_loop"),
        ("self", "redirect_loop"),
        ("blank", "bad_redirect"),
        ("strange", "bad_redirect"),
    ] {
        let fault = fault_at(
            &puller(),
            &format!("http://127.0.0.1:{}/{path}", server.port),
        )
        .await;
        assert_eq!(fault.name(), name, "{path}: {fault}");
    }
    let before = server.seen().len();
    let fault = fault_of(&puller(), &server).await;
    assert!(
        matches!(fault, PullFault::TooManyRedirects { most: 8, .. }),
        "{fault:?}"
    );
    assert_eq!(server.seen().len() - before, 9);
}

/// The server may be fetched from; what it sends on to may not, however it is written.
#[tokio::test]
async fn redirects_to_addresses_inside_are_refused() {
    let server = Server::start(|request| {
        let (_, to) = request.path.split_once("to=").unwrap();
        sent_to(
            &percent_encoding::percent_decode_str(to)
                .decode_utf8()
                .unwrap(),
        )
    })
    .await;
    for to in [
        "http://127.0.0.2/hush",
        "http://2130706434/hush",
        "http://0x7f.2/hush",
        "//127.0.0.2/hush",
        "http://localhost.inside/hush",
        "http://169.254.169.254/latest/meta-data/hush",
        "http://100.100.100.200/hush",
        "http://metadata.inside/hush",
        "http://10.0.0.1/hush",
        "http://100.64.1.1/hush",
        "http://[::1]/hush",
        "http://[::ffff:127.0.0.2]/hush",
        "http://[64:ff9b::7f00:2]/hush",
        "http://[64:ff9b:1::a00:1]/hush",
        "http://[fd00::1]/hush",
        "http://[fe80::1]/hush",
        "http://user:hush@127.0.0.1/hush",
        "file:///hush",
        "ftp://127.0.0.1/hush",
    ] {
        let lookup: Lookup = Arc::new(|name| {
            let inside = match name {
                "localhost.inside" => "127.0.0.2:0",
                "metadata.inside" => "169.254.169.254:0",
                other => panic!("{other}"),
            };
            Ok(vec![inside.parse().unwrap()])
        });
        let encoded = percent_encoding::utf8_percent_encode(to, percent_encoding::NON_ALPHANUMERIC);
        let url = format!("http://127.0.0.1:{}/?to={encoded}", server.port);
        let fault = fault_at(&puller_at(|_| {}, lookup), &url).await;
        assert!(
            matches!(fault, PullFault::Address { .. }),
            "{to}: {fault:?}"
        );
        assert!(!fault.is_transient());
    }
}

/// What a name says the second time is judged as what it said the first time.
#[tokio::test]
async fn a_name_that_changes_its_address_is_judged_again() {
    let file = File::of(12 * MIB);
    let server = Server::start(move |request| file.serve_until(request, 6 * MIB)).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |name| {
        assert_eq!(name, "rebound.example");
        let address: SocketAddr = match counted.fetch_add(1, Ordering::SeqCst) {
            0 => "127.0.0.1:0".parse().unwrap(),
            _ => "127.0.0.2:0".parse().unwrap(),
        };
        Ok(vec![address])
    });
    let url = format!("http://rebound.example:{}/hush", server.port);
    let fault = fault_at(&puller_at(|_| {}, lookup), &url).await;
    let PullFault::Address { host, refused } = &fault else {
        panic!("{fault:?}");
    };
    assert_eq!(host, "rebound.example");
    assert_eq!(*refused, Refused::Internal("127.0.0.2".parse().unwrap()));
    // What a network's own names stand for is not for those who guess them.
    assert!(!fault.to_string().contains("127.0"), "{fault}");
    assert_eq!((asked.load(Ordering::SeqCst), server.seen().len()), (2, 1));
}

#[tokio::test]
async fn only_good_addresses_of_a_name_are_connected_to() {
    let file = File::of(1000);
    let server = Server::start(move |request| file.serve(request)).await;
    let lookup: Lookup = Arc::new(|_| {
        let addresses = ["10.0.0.1:0", "169.254.169.254:0", "127.0.0.1:0", "[::1]:0"];
        Ok(addresses.map(|address| address.parse().unwrap()).to_vec())
    });
    let url = format!("http://mixed.example:{}/a", server.port);
    pull_whole(&puller_at(|_| {}, lookup), &url, file).await;
}

#[tokio::test]
async fn a_name_that_is_unknown_differs_from_one_that_cannot_be_asked_for() {
    for (why, is_transient) in [
        (
            "failed to lookup address information: Name or service not known",
            false,
        ),
        (
            "failed to lookup address information: Temporary failure in name resolution",
            true,
        ),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(io::Error::other(why))
        });
        let puller = puller_at(|limits| limits.retries = 2, lookup);
        let fault = fault_at(&puller, "http://nowhere.example/hush").await;
        assert!(matches!(fault, PullFault::Unresolved { .. }), "{fault:?}");
        assert_eq!(fault.is_transient(), is_transient);
        let times = if is_transient { 3 } else { 1 };
        assert_eq!(asked.load(Ordering::SeqCst), times, "{why}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let puller = puller_with(|limits| limits.retries = 1);
    let fault = fault_at(&puller, &format!("http://127.0.0.1:{port}/hush")).await;
    assert!(matches!(fault, PullFault::Unreachable { .. }), "{fault:?}");
    assert!(fault.is_transient());
}

#[tokio::test]
async fn a_status_is_told_and_tried_again_if_it_may_pass() {
    let server = Server::start(|request| {
        let status = request.path.trim_start_matches('/');
        with_body(&format!("{status} Sorry"), "", b"no")
    })
    .await;
    let puller = puller_with(|limits| limits.retries = 2);
    for (status, times) in [
        (404, 1),
        (403, 1),
        (410, 1),
        (400, 1),
        (304, 1),
        (500, 3),
        (502, 3),
    ] {
        let before = server.seen().len();
        let url = format!("http://127.0.0.1:{}/{status}", server.port);
        let fault = fault_at(&puller, &url).await;
        assert!(
            matches!(&fault, PullFault::Status { status: found, .. } if found.as_u16() == status),
            "{fault:?}"
        );
        assert_eq!(fault.is_transient(), times > 1);
        assert_eq!(server.seen().len() - before, times, "{status}");
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let file = File::of(1000);
    let server = Server::start(move |request| match request.number {
        0 => with_body("503 Busy", "retry-after: 1\r\n", b""),
        1 => with_body("429 Too Many Requests", "retry-after: 0\r\n", b""),
        _ => file.serve(request),
    })
    .await;
    let start = Instant::now();
    pull_whole(&puller(), &server.url(), file).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_that_wants_too_long_a_rest_is_not_waited_for() {
    let server = Server::start(|_| with_body("503 Busy", "retry-after: 3600\r\n", b"")).await;
    let fault = fault_of(&puller(), &server).await;
    let PullFault::Status { retry_after, .. } = &fault else {
        panic!("{fault:?}");
    };
    assert_eq!(*retry_after, Some(Duration::from_secs(3600)));
    assert!(fault.is_transient());
    assert_eq!(server.seen().len(), 1);
}

/// A certificate for `localhost`, by nobody who is known.
fn self_signed() -> (TlsAcceptor, RootCertStore) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), roots)
}

#[tokio::test]
async fn a_certificate_has_to_be_of_an_authority_and_for_the_name() {
    let file = File::of(MIB);
    let (acceptor, roots) = self_signed();
    let server = Server::start_tls(acceptor, move |request| file.serve(request)).await;
    let lookup: Lookup = Arc::new(|_| Ok(vec!["127.0.0.1:0".parse().unwrap()]));
    let url = |name: &str| format!("https://{name}:{}/hush", server.port);
    let fault = fault_at(&puller_at(|_| {}, Arc::clone(&lookup)), &url("localhost")).await;
    assert!(matches!(fault, PullFault::Tls { .. }), "{fault:?}");
    assert!(!fault.is_transient());

    let limits = PullLimits::default();
    let mut trusting = tls().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    trusting.dangerous().set_certificate_verifier(verifier);
    let trusting = Puller::with(guard(), limits, trusting, lookup).unwrap();
    let fault = fault_at(&trusting, &url("other.example")).await;
    assert!(matches!(fault, PullFault::Tls { .. }), "{fault:?}");
    pull_whole(&trusting, &url("localhost"), file).await;
}

#[tokio::test]
async fn a_server_without_tls_is_no_secure_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    });
    let puller = puller_with(|limits| limits.retries = 0);
    let fault = fault_at(&puller, &format!("https://127.0.0.1:{port}/hush")).await;
    plain.await.unwrap();
    assert!(matches!(fault, PullFault::Tls { .. }), "{fault:?}");
}

/// Answers each greeting with this alert; tells how many there were.
async fn alerts(alert: u8) -> (u16, Arc<AtomicUsize>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&greeted);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut greeting = [0; 5];
            stream.read_exact(&mut greeting).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let fatal = [0x15, 3, 3, 0, 2, 2, alert];
            stream.write_all(&fatal).await.unwrap();
            // It goes away by itself.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    (port, greeted)
}

/// A server that is in trouble for a moment ended jobs for good, and what they had fetched was removed.
#[tokio::test]
async fn a_server_in_trouble_differs_from_one_that_does_not_want_to_talk() {
    let puller = puller_with(|limits| limits.retries = 2);
    for (alert, name, times) in [(80, "broken", 3), (20, "broken", 3), (40, "tls", 1)] {
        let (port, greeted) = alerts(alert).await;
        let fault = fault_at(&puller, &format!("https://127.0.0.1:{port}/hush")).await;
        assert_eq!(fault.name(), name, "{fault}");
        assert_eq!(fault.is_transient(), times > 1);
        assert_eq!(greeted.load(Ordering::SeqCst), times, "{fault}");
    }
}

#[tokio::test]
async fn a_look_takes_nothing_and_tells_versions_apart() {
    let server = Server::start(|request| match request.path.as_str() {
        "/none" => with_body("404 Not Found", "", b""),
        "/unranged" if request.range.is_some() => with_body("416 No", "", b""),
        "/unranged" => File::of(3 * MIB).serve_whole(),
        _ => File::of(300 * MIB).serve(request),
    })
    .await;
    let at = |path: &str| {
        let url = format!("http://127.0.0.1:{}/{path}", server.port);
        SourceUrl::read(&url).unwrap()
    };
    let look = puller().look(&at("a.mp4")).await.unwrap();
    assert_eq!((look.bytes, look.resumable), (Some(300 * MIB), true));
    assert_eq!(look.file_name.as_deref(), Some("a.mp4"));
    let again = puller().look(&at("a.mp4")).await.unwrap();
    assert!(look.validators.same_as(&again.validators));
    let unranged = puller().look(&at("unranged")).await.unwrap();
    assert_eq!((unranged.bytes, unranged.resumable), (Some(3 * MIB), false));
    let fault = puller().look(&at("none")).await.unwrap_err();
    assert!(matches!(fault, PullFault::Status { .. }), "{fault:?}");
}
