//! Tests of TLS below the server, with certificates made on the spot.

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, ServerConfig};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

type Secured = TlsStream<TcpStream>;

/// A certificate for localhost, and what serves it.
struct Identity {
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Identity {
    fn new() -> Self {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let CertifiedKey { cert, signing_key } = made;
        let certificate = cert.der().clone();
        let config = tls_config(vec![certificate.clone()], key(&signing_key)).unwrap();
        Self {
            certificate,
            config,
        }
    }

    /// Greets a server as one who trusts this certificate and no other.
    async fn greet(&self, server: &Server) -> io::Result<Secured> {
        self.greet_by(server, rustls::ALL_VERSIONS).await
    }

    async fn greet_by(
        &self,
        server: &Server,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> io::Result<Secured> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(server.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }
}

fn key(pair: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(pair.serialize_der()).into()
}

/// What the handler saw of the connection, as text.
fn transport() -> Router {
    let handler = async |request: axum::extract::Request| {
        let Transport { peer, secure } = request.extensions().get().unwrap();
        let ConnectInfo(known) = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .unwrap();
        format!("{} {secure}", peer == known)
    };
    Router::new().route("/", get(handler))
}

struct Secure {
    server: Server,
    identity: Identity,
    settings: watch::Sender<Arc<ServerConfig>>,
}

async fn secure(router: Router, options: ServeOptions) -> Secure {
    let identity = Identity::new();
    let settings = watch::Sender::new(Arc::clone(&identity.config));
    let options = ServeOptions {
        tls: Some(settings.subscribe()),
        ..options
    };
    Secure {
        server: start(router, options).await,
        identity,
        settings,
    }
}

/// Sends a request on a connection that stays open; the answer to it ends with `end`.
async fn ask(stream: &mut Secured, end: &str) {
    stream.write_all(GET_AND_KEEP.as_bytes()).await.unwrap();
    let (mut answer, mut filled) = (vec![0; 4096], 0);
    while !answer[..filled].ends_with(end.as_bytes()) {
        let read = stream.read(&mut answer[filled..]).await.unwrap();
        assert_ne!(read, 0, "{}", answer[..filled].escape_ascii());
        filled += read;
    }
}

#[tokio::test]
async fn handlers_see_whether_a_connection_is_secured() {
    let Secure {
        server, identity, ..
    } = secure(transport(), ServeOptions::default()).await;
    for (version, expected) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let mut stream = identity.greet_by(&server, &[version]).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        ask(&mut stream, "true true").await;
        ask(&mut stream, "true true").await;
    }

    let plain = start(transport(), ServeOptions::default()).await;
    let answer = rest(plain.send(GET_AND_CLOSE).await).await;
    assert!(answer.ends_with("true false"), "{answer}");
}

#[tokio::test]
async fn an_open_connection_goes_on_while_new_ones_see_the_new_certificate() {
    let Secure {
        server,
        identity,
        settings,
    } = secure(transport(), ServeOptions::default()).await;
    let mut old = identity.greet(&server).await.unwrap();
    ask(&mut old, "true true").await;

    let next = Identity::new();
    settings.send_replace(Arc::clone(&next.config));

    assert!(identity.greet(&server).await.is_err());
    let mut new = next.greet(&server).await.unwrap();
    ask(&mut new, "true true").await;
    ask(&mut old, "true true").await;
}

/// Neither nothing nor half a greeting holds a slot for longer than the limit.
#[tokio::test]
async fn a_client_that_does_not_finish_its_handshake_is_cut_off() {
    let options = ServeOptions {
        handshake_timeout: Duration::from_millis(100),
        max_connections: 1,
        ..ServeOptions::default()
    };
    let Secure {
        server, identity, ..
    } = secure(transport(), options).await;
    for said in ["", "\x16\x03\x01\x02\x00\x01"] {
        let mut silent = server.send(said).await;
        let mut nothing = Vec::new();
        // The end comes as a reset where something was left unread.
        let _ = silent.read_to_end(&mut nothing).await;
        assert_eq!(nothing, b"");
    }
    ask(&mut identity.greet(&server).await.unwrap(), "true true").await;
}

#[tokio::test]
async fn clients_that_say_nothing_hold_up_nobody() {
    let Secure {
        server, identity, ..
    } = secure(transport(), ServeOptions::default()).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(server.send("").await);
    }
    ask(&mut identity.greet(&server).await.unwrap(), "true true").await;
}

#[tokio::test]
async fn http_without_tls_gets_to_read_what_to_do() {
    let Secure { server, .. } = secure(transport(), ServeOptions::default()).await;
    let long = "x".repeat(1024 * 1024);
    for request in [
        GET_AND_KEEP.to_owned(),
        format!(
            "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{long}",
            long.len()
        ),
    ] {
        let answer = rest(server.send(&request).await).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("https://"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_by_tls_is_cut_off() {
    let options = ServeOptions {
        write_stall_timeout: Duration::from_millis(100),
        max_connections: 1,
        ..ServeOptions::default()
    };
    let Secure {
        server, identity, ..
    } = secure(endless(), options).await;
    let mut stalled = identity.greet(&server).await.unwrap();
    stalled.write_all(GET_AND_KEEP.as_bytes()).await.unwrap();
    // The only slot is free again once the stalled client's connection has ended.
    identity.greet(&server).await.unwrap();
    drop(stalled);
}

#[tokio::test]
async fn heads_that_cannot_be_read_are_refused_in_given_words_by_tls() {
    let options = ServeOptions {
        refuse: Some(|_, status| {
            let mut response = Response::new(b"no".to_vec());
            *response.status_mut() = status;
            response
        }),
        ..ServeOptions::default()
    };
    let Secure {
        server, identity, ..
    } = secure(transport(), options).await;
    let mut stream = identity.greet(&server).await.unwrap();
    ask(&mut stream, "true true").await;
    let long = "x".repeat(1024 * 1024);
    let request = format!("GET /?{long} HTTP/1.1\r\n\r\n");
    let (mut read, mut write) = tokio::io::split(stream);
    let mut answer = String::new();
    // The server may close before it has read everything, but not before its answer is read.
    let (_, seen) = tokio::join!(
        write.write_all(request.as_bytes()),
        read.read_to_string(&mut answer)
    );
    seen.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.ends_with("no"), "{answer}");
}

#[tokio::test]
async fn a_drain_gives_up_handshakes_at_once() {
    let Secure {
        server, identity, ..
    } = secure(transport(), ServeOptions::default()).await;
    let silent = server.send("").await;
    // Connections are accepted in order, so the silent one is there.
    ask(&mut identity.greet(&server).await.unwrap(), "true true").await;

    let begun = std::time::Instant::now();
    server.stop.send(()).unwrap();

    assert_eq!(server.ended.await.unwrap(), Drained { cut_off: 0 });
    assert!(begun.elapsed() < ServeOptions::default().handshake_timeout);
    assert_eq!(rest(silent).await, "");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = KeyPair::generate().unwrap();
    let refused = tls_config(vec![made.cert.der().clone()], key(&other));
    let inconsistent = rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch);
    assert_eq!(refused.unwrap_err(), inconsistent);
}
