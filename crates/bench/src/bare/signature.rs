//! The check of a V1 signature the plain way: a sorted list of texts, each encoded by the general
//! library, joined and encoded again.

use base64::Engine;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(crate) fn is_genuine(method: &str, query: &str, secret: &str) -> bool {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut params: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    params.sort();
    let mut canonical = String::with_capacity(1024);
    let mut signature = "";
    for (name, value) in &params {
        if name == "Signature" {
            signature = value;
            continue;
        }
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.extend([encode(name), "=".to_owned(), encode(value)]);
    }
    let to_sign = format!("{method}&%2F&{}", encode(&canonical));
    let key = format!("{secret}&");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let Ok(signature) = base64::engine::general_purpose::STANDARD.decode(signature) else {
        return false;
    };
    hmac::verify(&key, to_sign.as_bytes(), &signature).is_ok()
}
