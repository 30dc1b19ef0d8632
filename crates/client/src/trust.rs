//! Whom a client believes to be the server it means, where that speaks TLS.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::error::Error;

/// What a server's certificate has to be. There is no choice that takes any.
///
/// By default an authority that this machine knows vouches for the server's name: the certificates that its operator
/// keeps up, or the ones that SSL_CERT_FILE and SSL_CERT_DIR name.
#[derive(Clone, Debug)]
pub struct Trust(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Authorities(Vec<CertificateDer<'static>>),
    Only([u8; 32]),
}

impl Default for Trust {
    fn default() -> Self {
        Self(Kind::Authorities(Vec::new()))
    }
}

impl Trust {
    /// Takes the authorities of this machine, and these: one certificate or more in PEM.
    pub fn with_authorities(pem: &[u8]) -> Result<Self, Error> {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let more = parsed.map_err(|error| Error::Authorities(error.to_string()))?;
        if more.is_empty() {
            return Err(Error::Authorities("there is none in PEM".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &more {
            let added = roots.add(certificate.clone());
            added.map_err(|error| Error::Authorities(error.to_string()))?;
        }
        Ok(Self(Kind::Authorities(more)))
    }

    /// Takes the certificate with this SHA-256 and no other, whatever its names and dates. For those who have that from
    /// the server itself, by a way that nobody else can write to.
    pub fn only(certificate_sha256: [u8; 32]) -> Self {
        Self(Kind::Only(certificate_sha256))
    }

    pub(crate) fn config(self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(provider::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let mut config = match self.0 {
            Kind::Authorities(more) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(more);
                // What cannot be read vouches for nobody, and that is then said of the server's certificate.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                builder.with_root_certificates(roots).with_no_client_auth()
            }
            Kind::Only(sha256) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Only { sha256, provider }))
                .with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// For a server without TLS; the HTTP library wants a configuration all the same.
pub(crate) fn unused_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(provider::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13])?;
    Ok(builder
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// Compares certificates. That the server has the key as well is seen from its signature, as always.
#[derive(Debug)]
struct Only {
    sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if digest(&SHA256, end_entity).as_ref() == self.sha256 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
