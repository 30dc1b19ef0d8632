//! The authorities whose certificates are trusted, as FFmpeg takes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Those that this machine knows, or that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, in PEM: the same as all else that
/// is fetched by TLS goes by. FFmpeg reads a copy, because the machine's own file is replaced while streams run.
pub(crate) fn authorities() -> String {
    let mut text = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = BASE64_STANDARD.encode(&certificate);
        for (index, letter) in encoded.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                text.push('\n');
            }
            text.push(letter);
        }
        text.push_str("\n-----END CERTIFICATE-----\n");
    }
    text
}
