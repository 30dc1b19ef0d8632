//! Finding the server and the key that a client command is for.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reelgate_client::{Client, Trust};
use rustls::CertificateError;
use serde::Deserialize;

use crate::config::{self, ClientArgs};

#[derive(Deserialize)]
struct ServerFile {
    address: String,
    /// The server speaks TLS with this certificate. The file is its owner's alone, so whoever is told apart by it is the
    /// server that wrote it, whatever names the certificate has.
    certificate_sha256: Option<String>,
}

#[derive(Deserialize)]
struct CredentialsFile {
    api_key: String,
}

/// The server that `--server` names, or that runs on `--data`.
pub(super) fn connect(args: &ClientArgs) -> Result<Client> {
    if let Some(server) = &args.server {
        let Some(key) = &args.api_key else {
            bail!("no API key for {server}: set REELGATE_API_KEY");
        };
        let trust = match &args.ca_file {
            None => Trust::default(),
            Some(file) => authorities(file)?,
        };
        return Ok(Client::trusting(server, key, trust)?);
    }
    let data = &args.data;
    let Some(server) = read::<ServerFile>(&config::server_file(data))? else {
        bail!("no server runs on {}: {}", data.display(), advice(args));
    };
    let credentials = config::credentials_file(data);
    let key = match read::<CredentialsFile>(&credentials)?.map(|found| found.api_key) {
        Some(found) => found,
        // A node that was not the store's first has none.
        None => match &args.api_key {
            Some(key) => key.clone(),
            None => bail!(
                "there is no {}: set REELGATE_API_KEY",
                credentials.display()
            ),
        },
    };
    let Some(sha256) = server.certificate_sha256 else {
        return Ok(Client::new(&format!("http://{}", server.address), key)?);
    };
    let mut certificate = [0; 32];
    hex::decode_to_slice(&sha256, &mut certificate)
        .with_context(|| format!("{} is damaged", config::server_file(data).display()))?;
    let url = format!("https://{}", server.address);
    Ok(Client::trusting(&url, key, Trust::only(certificate))?)
}

fn authorities(file: &Path) -> Result<Trust> {
    let name = file.display();
    let pem = fs::read(file).with_context(|| format!("{name} cannot be read"))?;
    Trust::with_authorities(&pem).with_context(|| format!("{name} cannot be used"))
}

/// What to do when nobody answers.
pub(super) fn advice(args: &ClientArgs) -> String {
    match &args.server {
        Some(_) => "check --server, and that a server runs there".to_owned(),
        None => format!(
            "start one with `reelgate serve --data {}`, or name one with --data or --server",
            args.data.display()
        ),
    }
}

/// What to do when a server that speaks TLS cannot be told from another, to be put behind the error.
pub(super) fn tls_advice(args: &ClientArgs, error: &rustls::Error) -> &'static str {
    let is_unknown = *error == CertificateError::UnknownIssuer.into();
    match &args.server {
        Some(_) if is_unknown => ": name its authority's certificate with --ca-file",
        None if is_unknown => {
            ": another program may listen there, or the certificate was just replaced: try again"
        }
        _ => "",
    }
}

/// What to do when the server does not know the key.
pub(super) fn key_advice(args: &ClientArgs) -> String {
    let credentials = config::credentials_file(&args.data);
    match &args.server {
        None if credentials.exists() => {
            format!("{} belongs to another server", credentials.display())
        }
        _ => "set REELGATE_API_KEY to a key of that server".to_owned(),
    }
}

/// A file of the data directory, if it exists.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let parsed = serde_json::from_str(&text);
    parsed
        .map(Some)
        .with_context(|| format!("{} is damaged", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes that were not the first of their store have no credentials, and the key was not looked at.
    #[test]
    fn a_node_without_credentials_takes_the_key_of_the_environment() {
        let data = tempfile::tempdir().unwrap();
        let server = r#"{"address": "127.0.0.1:1", "certificate_sha256": null}"#;
        fs::write(config::server_file(data.path()), server).unwrap();
        let mut args = ClientArgs {
            data: data.path().to_owned(),
            server: None,
            ca_file: None,
            api_key: None,
        };
        let refused = connect(&args).map(drop).unwrap_err().to_string();
        assert!(refused.contains("set REELGATE_API_KEY"), "{refused}");
        args.api_key = Some("rgk_key".to_owned());
        connect(&args).unwrap();
        assert!(key_advice(&args).contains("REELGATE_API_KEY"));
    }
}
