//! A signature check as served, and the same written the plain way: a map of texts, each encoded by
//! the general library, joined and encoded again.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reelgate_api_aliyun::rpc::Params;
use reelgate_api_aliyun::rpc::signature::{Claims, Scheme, Signed};
use ring::hmac;

/// The check as the server makes it, parsing included.
pub(super) fn ours(query: &str, secret: &str) -> Result<bool> {
    let params = Params::parse(query.as_bytes(), None)?;
    let headers = HeaderMap::new();
    let signed = Signed {
        method: "GET",
        params: &params,
        headers: &headers,
        body: b"",
    };
    let claims = Claims::read(Scheme::V1, &signed).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(claims.verify(&signed, secret).is_ok())
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The same answer in as few lines as it takes.
pub(super) fn plainly(query: &str, secret: &str) -> bool {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut params: BTreeMap<String, String> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let Some(signature) = params.remove("Signature") else {
        return false;
    };
    let canonical: Vec<_> = params
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let to_sign = format!("GET&%2F&{}", encode(&canonical.join("&")));
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        format!("{secret}&").as_bytes(),
    );
    let Ok(signature) = base64::engine::general_purpose::STANDARD.decode(signature) else {
        return false;
    };
    hmac::verify(&key, to_sign.as_bytes(), &signature).is_ok()
}
