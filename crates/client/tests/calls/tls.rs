//! Servers that speak TLS, with certificates made on the spot.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, Issuer, KeyPair};
use reelgate_client::{Client, Error, Trust};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{CertificateError, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Answers every connection's first request with readiness; returns `HOST:PORT`.
async fn server(certificate: CertificateDer<'static>, key: &KeyPair) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let body = r#"{"ready": true, "checks": []}"#;
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// As `openssl req -x509` makes it: for a name, and an authority's at the same time.
fn self_signed(name: &str) -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().unwrap();
    let cert = authority_of(name).self_signed(&signing_key).unwrap();
    CertifiedKey { cert, signing_key }
}

fn authority_of(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn sha256(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    digest.as_ref().try_into().unwrap()
}

#[tokio::test]
async fn a_server_whose_authority_was_given_is_trusted_under_its_name_only() {
    let authority = self_signed("authority");
    let issuer = Issuer::new(authority_of("authority"), &authority.signing_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let address = server(certificate.der().clone(), &key).await;
    let trust = Trust::with_authorities(authority.cert.pem().as_bytes()).unwrap();

    let url = format!("https://{address}");
    let client = Client::trusting(&url, "key", trust.clone()).unwrap();
    assert!(client.ready().await.unwrap().ready);

    let elsewhere = url.replace("127.0.0.1", "localhost");
    let client = Client::trusting(&elsewhere, "key", trust).unwrap();
    let error = client.ready().await.unwrap_err();
    let expected = "is not trusted: it is for other names";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let made = self_signed("127.0.0.1");
    let address = server(made.cert.der().clone(), &made.signing_key).await;
    let client = Client::new(&format!("https://{address}"), "key").unwrap();
    let error = client.ready().await.unwrap_err();
    let refused = matches!(
        error,
        Error::Tls {
            source: rustls::Error::InvalidCertificate(_),
            ..
        }
    );
    assert!(refused, "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_is_known_is_taken_whatever_it_says_and_no_other_is() {
    let made = self_signed("some.where.else");
    let address = server(made.cert.der().clone(), &made.signing_key).await;
    let url = format!("https://{address}");
    let only = Trust::only(sha256(made.cert.der()));
    let client = Client::trusting(&url, "key", only).unwrap();
    assert!(client.ready().await.unwrap().ready);

    let other = Trust::only(sha256(self_signed("some.where.else").cert.der()));
    let client = Client::trusting(&url, "key", other).unwrap();
    let Err(Error::Tls { source, .. }) = client.ready().await else {
        panic!("another's certificate was taken")
    };
    assert_eq!(source, CertificateError::UnknownIssuer.into());
}

/// `openssl req -x509` makes nothing else unless it is told to.
#[tokio::test]
async fn an_authority_that_serves_itself_is_told_what_is_wrong() {
    let made = self_signed("127.0.0.1");
    let address = server(made.cert.der().clone(), &made.signing_key).await;
    let trust = Trust::with_authorities(made.cert.pem().as_bytes()).unwrap();
    let client = Client::trusting(&format!("https://{address}"), "key", trust).unwrap();
    let error = client.ready().await.unwrap_err();
    assert!(error.to_string().contains("CA:FALSE"), "{error}");
}

/// Whoever has seen a certificate can show it.
#[tokio::test]
async fn a_certificate_without_its_key_is_not_taken() {
    let made = self_signed("127.0.0.1");
    let shown = made.cert.der().clone();
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shown(shown.clone())));
    config.alpn_protocols.clear();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = acceptor.accept(stream).await;
    });
    let only = Trust::only(sha256(&shown));
    let client = Client::trusting(&format!("https://{address}"), "key", only).unwrap();
    let Err(Error::Tls { source, .. }) = client.ready().await else {
        panic!("a stolen certificate was taken")
    };
    assert_eq!(source, CertificateError::BadSignature.into());
}

/// Shows this certificate, and signs with another key.
#[derive(Debug)]
struct Shown(CertificateDer<'static>);

impl rustls::server::ResolvesServerCert for Shown {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        let key = PrivatePkcs8KeyDer::from(KeyPair::generate().unwrap().serialize_der());
        let key = rustls::crypto::ring::sign::any_supported_type(&key.into()).unwrap();
        let shown = vec![self.0.clone()];
        Some(Arc::new(rustls::sign::CertifiedKey::new(shown, key)))
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let client = Client::new(&url, "key").unwrap();
    let error = client.ready().await.unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    let error = client.ready().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[test]
fn what_is_no_certificate_makes_no_authority() {
    for wrong in [
        &b"not PEM"[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
    ] {
        let refused = Trust::with_authorities(wrong);
        assert!(matches!(refused, Err(Error::Authorities(_))), "{refused:?}");
    }
}
