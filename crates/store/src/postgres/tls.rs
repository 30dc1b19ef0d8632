//! TLS to the database, on rustls, as the URL's `sslmode` and `sslrootcert` ask for it.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::contract::{Result, StoreError};

/// What the URL asks for. Each one is at least as strong as PostgreSQL's own clients take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never.
    Disable,
    /// If the server has it; whoever it is.
    Prefer,
    /// Always; whoever it is, unless there are authorities to tell.
    Require,
    /// Always, with a certificate that an authority vouches for, for whatever name.
    VerifyCa,
    /// Always, with a certificate that an authority vouches for, for the host's name.
    VerifyFull,
}

impl SslMode {
    pub(super) fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            // `allow` would start without TLS and use it only if the server insists.
            _ => {
                let why = "sslmode is one of disable, prefer, require, verify-ca and verify-full";
                return Err(StoreError::Unavailable(why.into()));
            }
        })
    }
}

/// Makes TLS connections of one kind.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// `authorities` is a file of certificates in PEM, or `system`; without it those of the system
    /// count.
    pub(super) fn new(mode: SslMode, authorities: Option<&str>) -> Result<Self> {
        let checks = match (mode, authorities) {
            (SslMode::Disable | SslMode::Prefer, Some(_)) => {
                let why = "sslrootcert asks to verify the server, which needs sslmode=verify-full";
                return Err(StoreError::Unavailable(why.into()));
            }
            (SslMode::Disable | SslMode::Prefer, None) | (SslMode::Require, None) => None,
            // As PostgreSQL's clients do, where authorities are given.
            (SslMode::Require | SslMode::VerifyCa, _) => Some(false),
            (SslMode::VerifyFull, _) => Some(true),
        };
        let (roots, known) = match checks {
            None => (RootCertStore::empty(), Vec::new()),
            Some(_) => read(authorities)?,
        };
        let provider = Arc::new(provider::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| StoreError::Unavailable(format!("TLS: {error}")))?;
        let verifier = Verifier {
            provider,
            checks: checks.map(|name| Checks { roots, known, name }),
        };
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        // What servers want to see that negotiate nothing before.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// The authorities, and the certificates that are one of them themselves.
fn read(authorities: Option<&str>) -> Result<(RootCertStore, Vec<CertificateDer<'static>>)> {
    let mut roots = RootCertStore::empty();
    let path = match authorities {
        None | Some("system") => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return match roots.is_empty() {
                true => {
                    let why = "this system has no certificates of authorities; name a file of them \
                               with sslrootcert";
                    Err(StoreError::Unavailable(why.into()))
                }
                false => Ok((roots, Vec::new())),
            };
        }
        Some(path) => Path::new(path),
    };
    let failed = |why: String| StoreError::Unavailable(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let known: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let known = known.map_err(|error| failed(error.to_string()))?;
    if known.is_empty() {
        return Err(failed("there is no certificate in PEM".into()));
    }
    for certificate in &known {
        let added = roots.add(certificate.clone());
        added.map_err(|error| failed(error.to_string()))?;
    }
    Ok((roots, known))
}

/// Looks at the server's certificate as far as the mode asks for it. That the server has its key is
/// always seen from its signature.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    checks: Option<Checks>,
}

#[derive(Debug)]
struct Checks {
    roots: RootCertStore,
    known: Vec<CertificateDer<'static>>,
    /// Whether the name counts.
    name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(checks) = &self.checks else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        // A server whose own certificate is the one that was named, as self-made ones are: nothing
        // has to vouch for that.
        if !checks.known.iter().any(|known| known == end_entity) {
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &checks.roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        if checks.name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake {
            connector: TlsConnector::from(Arc::clone(&self.0)),
            host: host.to_owned(),
        })
    }
}

/// One connection that is about to speak TLS.
pub(super) struct Handshake {
    connector: TlsConnector,
    host: String,
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            // Here and not before, because a socket in the file system has no name to check.
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(Stream(self.connector.connect(name, stream).await?))
        })
    }
}

/// A connection that speaks TLS.
pub(super) struct Stream<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // A URL with channel_binding=require is then refused by the driver.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
