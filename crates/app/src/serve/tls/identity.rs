//! The server's certificate and key: read from their files, checked, and looked at for what clients will not like.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use reelgate_api_kit::serve::tls_config;
use reelgate_api_kit::time::format_utc;
use reelgate_domain::Timestamp;
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};

use crate::config::TlsArgs;

/// More than any chain; a device that is named by mistake must not be read for ever.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How long before a certificate's end it is time to replace it.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Others may do nothing with a key's file, and its group only read it, which lets a service have it that is not root.
const TOO_OPEN: u32 = 0o027;

/// Where certificate and key are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What the files hold.
pub(super) struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate that a server can show, with its key.
pub(crate) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    /// Of the certificate itself, without its issuers.
    pub(super) sha256: [u8; 32],
    pub(crate) facts: Facts,
}

/// What a certificate says of itself.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Names and addresses under which clients may call the server.
    names: Vec<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    is_authority: bool,
}

impl Files {
    /// `None` if no TLS is configured.
    pub(crate) fn of(args: &TlsArgs) -> Option<Self> {
        let (certificate, key) = args.tls_cert.clone().zip(args.tls_key.clone())?;
        Some(Self { certificate, key })
    }

    pub(super) fn read(&self) -> Result<Content> {
        let (certificate, _) = read(&self.certificate, "the certificate")?;
        let (key, mode) = read(&self.key, "the key")?;
        if mode & TOO_OPEN != 0 {
            let mode = mode & 0o777;
            let name = self.key.display();
            bail!("the key {name} is open to others (mode {mode:04o}): run `chmod 600 {name}`");
        }
        Ok(Content { certificate, key })
    }

    /// Reads and checks both.
    pub(crate) fn identity(&self) -> Result<Identity> {
        self.identity_of(&self.read()?)
    }

    pub(super) fn identity_of(&self, content: &Content) -> Result<Identity> {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(&content.certificate).collect();
        let chain = chain.map_err(|error| anyhow!("{certificate} is damaged: {error}"))?;
        let Some(own) = chain.first() else {
            bail!("{certificate} has no certificate in PEM");
        };
        let facts = Facts::of(own).with_context(|| format!("{certificate} is damaged"))?;
        let sha256 = digest(&SHA256, own).as_ref().try_into();
        let sha256 = sha256.expect("SHA-256 has 32 bytes");
        let secret = PrivateKeyDer::from_pem_slice(&content.key).map_err(|error| {
            let is_encrypted = content.key.windows(9).any(|word| word == b"ENCRYPTED");
            match (error, is_encrypted) {
                (_, true) => anyhow!("the key {key} is encrypted: give one that is not"),
                (rustls::pki_types::pem::Error::NoItemsFound, _) => {
                    anyhow!("{key} has no private key in PEM (PKCS#8, PKCS#1 or SEC1)")
                }
                (error, _) => anyhow!("the key {key} is damaged: {error}"),
            }
        })?;
        let config = tls_config(chain, secret).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                anyhow!("the key {key} is not that of the certificate {certificate}")
            }
            error => anyhow!("the key {key} cannot be used with {certificate}: {error}"),
        })?;
        Ok(Identity {
            config,
            sha256,
            facts,
        })
    }
}

impl Content {
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut context = ring::digest::Context::new(&SHA256);
        // Their own digests, so that a byte that moves from one file to the other shows.
        context.update(digest(&SHA256, &self.certificate).as_ref());
        context.update(digest(&SHA256, &self.key).as_ref());
        let digest = context.finish().as_ref().try_into();
        digest.expect("SHA-256 has 32 bytes")
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.key.fill(0);
    }
}

/// The content of a file and its mode.
fn read(path: &Path, what: &str) -> Result<(Vec<u8>, u32)> {
    let read = || -> std::io::Result<_> {
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        let mut content = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut content)?;
        Ok((content, mode))
    };
    read().with_context(|| format!("{what} {} cannot be read", path.display()))
}

impl Facts {
    fn of(certificate: &CertificateDer<'_>) -> Result<Self, x509_cert::der::Error> {
        let certificate = Certificate::from_der(certificate)?;
        let signed = certificate.tbs_certificate();
        let validity = signed.validity();
        let at =
            |time: x509_cert::time::Time| Timestamp::from_millis(0).after(time.to_unix_duration());
        let names = signed.get_extension::<SubjectAltName>()?;
        let names = names.map(|(_, names)| names.0).unwrap_or_default();
        let constraints = signed.get_extension::<BasicConstraints>()?;
        Ok(Self {
            names: names.iter().filter_map(name).collect(),
            not_before: at(validity.not_before),
            not_after: at(validity.not_after),
            is_authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
        })
    }

    pub(crate) fn names(&self) -> String {
        match self.names.is_empty() {
            true => "no name".to_owned(),
            false => self.names.join(", "),
        }
    }

    pub(crate) fn valid_until(&self) -> String {
        format_utc(self.not_after.as_millis())
    }

    /// Whether clients take it at this time.
    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// What clients will not like, now or soon, and what to do.
    pub(crate) fn advice(&self, now: Timestamp) -> Vec<String> {
        let mut advice = Vec::new();
        if now < self.not_before {
            let from = format_utc(self.not_before.as_millis());
            advice.push(format!(
                "the certificate is valid from {from} only: check the clock"
            ));
        }
        let until = self.valid_until();
        if now > self.not_after {
            advice.push(format!("the certificate ended at {until}: replace it"));
        } else if self.not_after.since(now) < SOON {
            advice.push(format!(
                "the certificate ends at {until}: replace it before"
            ));
        }
        if self.names.is_empty() {
            advice.push("the certificate has no subjectAltName, which clients ask for".to_owned());
        }
        if self.is_authority {
            advice.push(
                "the certificate is an authority's, which many clients refuse from a server: make one with \
                 basicConstraints CA:FALSE"
                    .to_owned(),
            );
        }
        advice
    }
}

/// Those of a kind that servers are called by.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
