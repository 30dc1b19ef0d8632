//! The addresses a server listens on, and the rule that other machines reach it by TLS.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};

use crate::config::NetworkArgs;

/// All that the setting names. Fails if other machines would reach one of them without TLS, unless that is wanted:
/// the first request already carries a key.
pub(super) async fn addresses(args: &NetworkArgs) -> Result<Vec<SocketAddr>> {
    let listen = &args.listen;
    let found = tokio::net::lookup_host(listen).await;
    let addresses: Vec<_> = found
        .with_context(|| format!("finding the address {listen}"))?
        .collect();
    let is_secured = args.tls.tls_cert.is_some();
    let Some(open) = addresses.iter().find(|address| !is_loopback(address)) else {
        return Ok(addresses);
    };
    if is_secured {
        return Ok(addresses);
    }
    let ip = open.ip();
    if !args.insecure_http {
        bail!(
            "other machines reach {listen} ({ip}), where keys and media would be sent in the clear: give --tls-cert \
             and --tls-key, or listen on 127.0.0.1 behind a reverse proxy that speaks TLS, or accept it with \
             --insecure-http (REELGATE_INSECURE_HTTP=1)"
        );
    }
    tracing::warn!("listening on {ip} without TLS: keys and media can be read on the way");
    Ok(addresses)
}

/// What addresses of media in answers begin with, on a server that has this address.
pub(super) fn public_url(args: &NetworkArgs, address: SocketAddr) -> String {
    if let Some(url) = &args.public_url {
        return url.clone();
    }
    let is_secured = args.tls.tls_cert.is_some();
    let scheme = if is_secured { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    if address.ip().to_canonical().is_unspecified() {
        tracing::warn!(
            "play links begin with {url}, which leads nowhere from other machines: say by --public-url \
             (REELGATE_PUBLIC_URL) how callers reach this server"
        );
    }
    url
}

/// Only this machine itself reaches it.
pub(super) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn outcome(listen: &str, change: impl FnOnce(&mut NetworkArgs)) -> Result<usize, String> {
        let mut args = NetworkArgs::loopback(listen);
        change(&mut args);
        let addresses = addresses(&args).await;
        addresses
            .map(|addresses| addresses.len())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn without_tls_only_this_machine_is_listened_to() {
        for loopback in [
            "127.0.0.1:0",
            "127.3.2.1:0",
            "[::1]:0",
            "[::ffff:127.0.0.1]:0",
        ] {
            assert_eq!(outcome(loopback, |_| ()).await, Ok(1), "{loopback}");
        }
        assert!(outcome("localhost:0", |_| ()).await.is_ok());
        for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"] {
            let refused = outcome(open, |_| ()).await.unwrap_err();
            for fix in ["--tls-cert", "reverse proxy", "--insecure-http"] {
                assert!(refused.contains(fix), "{refused}");
            }
        }
    }

    #[tokio::test]
    async fn with_tls_or_when_told_so_all_are_listened_to() {
        let tls = |args: &mut NetworkArgs| args.tls.tls_cert = Some("cert.pem".into());
        assert_eq!(outcome("0.0.0.0:0", tls).await, Ok(1));
        let insecure = |args: &mut NetworkArgs| args.insecure_http = true;
        assert_eq!(outcome("[::]:0", insecure).await, Ok(1));
    }

    /// The URL, and what is logged about it.
    fn of(listened: &str, given: Option<&str>) -> (String, String) {
        let (log, lines) = std::sync::mpsc::channel();
        let writer = move || Sender(log.clone());
        let logged = tracing_subscriber::fmt().with_writer(writer).finish();
        let mut args = NetworkArgs::loopback(listened);
        args.public_url = given.map(str::to_owned);
        let address = listened.parse().unwrap();
        let url = tracing::subscriber::with_default(logged, || public_url(&args, address));
        (url, lines.try_iter().collect())
    }

    struct Sender(std::sync::mpsc::Sender<String>);

    impl std::io::Write for Sender {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            let text = String::from_utf8_lossy(line).into_owned();
            self.0.send(text).map_err(std::io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_warned_of() {
        for listened in ["0.0.0.0:8470", "[::]:8470"] {
            let (url, log) = of(listened, None);
            assert_eq!(url, format!("http://{listened}"));
            assert!(log.contains(&url) && log.contains("--public-url"), "{log}");
            let given = "https://media.example.com";
            assert_eq!(of(listened, Some(given)), (given.to_owned(), String::new()));
        }
        let known = of("192.0.2.1:8470", None);
        assert_eq!(known, ("http://192.0.2.1:8470".to_owned(), String::new()));
    }

    #[tokio::test]
    async fn what_names_no_address_is_named() {
        let error = outcome("127.0.0.1", |_| ()).await.unwrap_err();
        assert_eq!(error, "finding the address 127.0.0.1");
    }
}
