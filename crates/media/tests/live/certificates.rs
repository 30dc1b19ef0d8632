//! Servers whose certificate no authority knows.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use reelgate_media::live::{LiveCause, LiveSign, Side};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::peers::Source;
use crate::support::{Case, RUNTIME, copy, push, recording};

/// A server with a certificate of its own making, which answers as the one behind it does, if there is one.
struct Server {
    port: u16,
    certificate: String,
}

fn server(behind: Option<u16>) -> Server {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, stream) = (Arc::clone(&config), stream.unwrap());
            std::thread::spawn(move || {
                let tls = ServerConnection::new(config).unwrap();
                // Those who refuse the certificate break it off.
                let _ = answer(StreamOwned::new(tls, stream), behind);
            });
        }
    });
    Server {
        port,
        certificate: made.cert.pem(),
    }
}

fn answer(
    mut tls: StreamOwned<ServerConnection, TcpStream>,
    behind: Option<u16>,
) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let Some(port) = behind else { return Ok(()) };
    let mut behind = TcpStream::connect(("127.0.0.1", port))?;
    behind.write_all(&request)?;
    io::copy(&mut behind, &mut tls)?;
    Ok(())
}

/// The cause of the end of a stream that cannot begin.
fn cause(input: &str, output: &serde_json::Value) -> LiveCause {
    let case = Case::new(input, &[(output.clone(), copy())]);
    RUNTIME.block_on(async {
        let mut started = case.start().await;
        let ended = started.ended().await;
        assert!(ended.text.contains("SSL_CERT_FILE"), "{}", ended.text);
        ended.cause.unwrap()
    })
}

#[test]
fn a_source_without_a_trusted_certificate_is_refused() {
    let Server { port, .. } = server(None);
    for input in [
        format!("https://127.0.0.1:{port}/live.flv"),
        format!("https://127.0.0.1:{port}/live.m3u8"),
        format!("rtmps://127.0.0.1:{port}/live/key"),
    ] {
        assert_eq!(
            cause(&input, &recording()),
            LiveCause::Untrusted(Side::Source),
            "{input}"
        );
    }
}

#[test]
fn a_target_without_a_trusted_certificate_is_refused() {
    let source = Source::start();
    let target = push(&format!("rtmps://127.0.0.1:{}/live/key", server(None).port));
    assert_eq!(
        cause(&source.address(), &target),
        LiveCause::Untrusted(Side::Output)
    );
}

#[test]
fn one_target_of_several_is_refused_by_itself() {
    let source = Source::start();
    let target = push(&format!("rtmps://127.0.0.1:{}/live/key", server(None).port));
    let case = Case::new(
        &source.address(),
        &[(target, copy()), (recording(), copy())],
    );
    RUNTIME.block_on(async {
        let mut started = case.start().await;
        let lost = started.until(|sign| match sign {
            LiveSign::Output(sign) if sign.lost => Some(sign.clone()),
            _ => None,
        });
        let lost = lost.await;
        assert_eq!(lost.output, Some(0));
        assert!(lost.text.contains("SSL_CERT_FILE"), "{}", lost.text);
        started.frames(50).await;
    });
}

/// Trusted authorities are the environment's, so that this runs itself in another one.
#[test]
fn a_source_of_a_named_authority_is_taken() {
    const ADDRESS: &str = "REELGATE_TEST_TRUSTED_SOURCE";
    #[expect(
        clippy::disallowed_methods,
        reason = "what the outer run of the test tells the inner one"
    )]
    let told = std::env::var(ADDRESS);
    if let Ok(address) = told {
        let case = Case::new(&address, &[(recording(), copy())]);
        return RUNTIME.block_on(async { case.start().await.frames(25).await });
    }
    let source = Source::start();
    let server = server(Some(source.port));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.pem");
    std::fs::write(&file, &server.certificate).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the test itself is no process of the crate's"
    )]
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let status = again
        .args([
            "--exact",
            "certificates::a_source_of_a_named_authority_is_taken",
        ])
        .env(
            ADDRESS,
            format!("https://127.0.0.1:{}/live.flv", server.port),
        )
        .env("SSL_CERT_FILE", &file)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
