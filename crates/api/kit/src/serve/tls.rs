//! TLS below HTTP: what connections are secured with, and the handshake before the first request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::client_stream::ClientStream;
use super::exchange::Exchange;
use super::patience::Patience;

/// What new connections are secured with; those that are open keep what they began with.
pub type TlsSettings = watch::Receiver<Arc<ServerConfig>>;

/// The answer to HTTP where TLS is spoken, which browsers and curl show as it is.
const WORDS: &str = "this port speaks TLS: write https:// in place of http://\n";

/// Serves this certificate, its issuers behind it, by TLS 1.2 and 1.3. Fails if the key is not the certificate's.
///
/// Sessions are resumed only under the configuration they began with, so a certificate that is replaced is not in use
/// any more for whoever connects after that.
pub fn tls_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Ready when the client may send requests. One that says nothing is waited for up to the `limit`.
pub(super) async fn shake_hands(
    stream: TcpStream,
    settings: TlsSettings,
    limit: Duration,
    write_patience: Duration,
) -> io::Result<TlsStream<Patience<TcpStream>>> {
    let hands = async {
        let mut first = [0];
        let read = stream.peek(&mut first).await?;
        let stream = Patience::new(stream, write_patience);
        // HTTP begins with a method's name, a TLS record with 22.
        if read == 1 && first[0].is_ascii_uppercase() {
            refuse_http(stream).await?;
            let why = "the client speaks HTTP without TLS";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let config = Arc::clone(&settings.borrow());
        TlsAcceptor::from(config).accept(stream).await
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake in time");
    tokio::time::timeout(limit, hands).await.map_err(late)?
}

async fn refuse_http(stream: Patience<TcpStream>) -> io::Result<()> {
    let length = WORDS.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{WORDS}"
    );
    let mut stream = ClientStream::new(stream, Exchange::default(), None);
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
