//! The canonical request, which is what both sides of a signature hash.

use http::HeaderMap;
use ring::digest;

use super::encoding::{Place, decoded, recode};
use super::{SignatureError, Signed};

const CONTENT_SHA256: &str = "x-sdk-content-sha256";
/// In place of a body's hash: the caller signs no body.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Words in the names of headers whose values are shown to nobody.
const SECRET_WORDS: [&str; 5] = ["token", "secret", "password", "cookie", "authorization"];

/// What may stand in the last line of a canonical request.
pub(super) struct Payload {
    pub(super) hash: String,
    /// One SDK forgets the header with the hash where there is no body.
    pub(super) without_header: Option<&'static str>,
}

/// Method, path, query, headers and their names: all lines but the last, the body's hash. In bytes, because the value
/// of a header may be anything.
pub(super) fn canonical_request(
    signed: &Signed<'_>,
    signed_headers: &str,
) -> Result<Vec<u8>, SignatureError> {
    write(signed, signed_headers, |_name, value| value)
}

/// The whole request as its caller is shown it: with `|` for each newline and without secrets.
pub(super) fn shown(
    signed: &Signed<'_>,
    signed_headers: &str,
    payload: &Payload,
) -> Result<String, SignatureError> {
    let text = write(signed, signed_headers, |name, value| {
        match SECRET_WORDS.iter().any(|word| name.contains(word)) {
            true => b"***",
            false => value,
        }
    })?;
    Ok((String::from_utf8_lossy(&text) + payload.hash.as_str()).replace('\n', "|"))
}

fn write(
    signed: &Signed<'_>,
    signed_headers: &str,
    show: for<'a> fn(&str, &'a [u8]) -> &'a [u8],
) -> Result<Vec<u8>, SignatureError> {
    let Signed {
        method,
        path,
        query,
        headers,
        ..
    } = signed;
    let mut out = Vec::with_capacity(512 + path.len() + 2 * query.len());
    out.extend_from_slice(method.as_bytes());
    out.push(b'\n');
    recode(&mut out, path.as_bytes(), Place::Path)?;
    if !out.ends_with(b"/") {
        out.push(b'/');
    }
    out.push(b'\n');
    write_query(&mut out, query)?;
    out.push(b'\n');
    let mut before = "";
    for name in signed_headers.split(';') {
        // That each stands there once also keeps a short list from repeating a long header thousands of times.
        if name <= before || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(SignatureError::unusable(
                "SignedHeaders is not in lower case and ascending order",
            ));
        }
        before = name;
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(show(name, value_of(headers, name)?));
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    Ok(out)
}

/// A pair in the canonical text: where its key, its value and it end. Each begins where the one before ended.
struct Pair {
    start: usize,
    key_end: usize,
    end: usize,
}

/// Pairs in the order of their keys, those of one key as they came. They are written as they come, which is in order
/// already from most clients.
fn write_query(out: &mut Vec<u8>, query: &str) -> Result<(), SignatureError> {
    let begin = out.len();
    let mut pairs: Vec<Pair> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !pairs.is_empty() {
            out.push(b'&');
        }
        let start = out.len();
        recode(out, key.as_bytes(), Place::Query)?;
        let key_end = out.len();
        out.push(b'=');
        recode(out, value.as_bytes(), Place::Query)?;
        let end = out.len();
        pairs.push(Pair {
            start,
            key_end,
            end,
        });
    }
    let key = |pair: &Pair| decoded(&out[pair.start..pair.key_end]);
    if pairs.is_sorted_by(|a, b| key(a).le(key(b))) {
        return Ok(());
    }
    pairs.sort_by(|a, b| key(a).cmp(key(b)));
    let parts: Vec<_> = pairs
        .iter()
        .map(|pair| &out[pair.start..pair.end])
        .collect();
    let ordered = parts.join(&b'&');
    out.truncate(begin);
    out.extend_from_slice(&ordered);
    Ok(())
}

/// The value of a header that is needed. A second one of the name would leave open which is meant.
pub(super) fn value_of<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes().trim_ascii()),
        _ => Err(SignatureError::Unusable(format!(
            "the header {name} does not occur exactly once"
        ))),
    }
}

/// The last line: the body's hash, unless `X-Sdk-Content-Sha256` is sent.
pub(super) fn payload(signed: &Signed<'_>) -> Result<Payload, SignatureError> {
    let hash = sha256_hex(signed.body);
    if !signed.headers.contains_key(CONTENT_SHA256) {
        return Ok(Payload {
            hash,
            without_header: None,
        });
    }
    let declared = value_of(signed.headers, CONTENT_SHA256)?;
    let is_believed = match declared == UNSIGNED.as_bytes() {
        true => signed.body.is_empty() || may_be_unsigned(signed.headers),
        // A signature over another body's hash may be genuine; it does not belong to this body.
        false => declared.eq_ignore_ascii_case(hash.as_bytes()),
    };
    match std::str::from_utf8(declared) {
        Ok(declared) if is_believed => Ok(Payload {
            hash: declared.to_owned(),
            without_header: signed.body.is_empty().then_some(EMPTY_SHA256),
        }),
        _ => Err(SignatureError::unusable(
            "X-Sdk-Content-Sha256 is not the hash of the body",
        )),
    }
}

/// SDKs leave bodies unsigned that are neither JSON nor BSON; no operation takes such a body.
fn may_be_unsigned(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|value| {
            let value = value.as_bytes().to_ascii_lowercase();
            !value.starts_with(b"application/json") && !value.starts_with(b"application/bson")
        })
}

/// The hash of a body in 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex_of(&digest::digest(&digest::SHA256, bytes))
}

/// The hash of a canonical request that ends with this line.
pub(super) fn request_sha256_hex(canonical: &[u8], payload_hash: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(canonical);
    context.update(payload_hash.as_bytes());
    hex_of(&context.finish())
}

fn hex_of(hash: &digest::Digest) -> String {
    // Into an array first: the library makes a string character by character.
    let mut digits = [0; 2 * digest::SHA256_OUTPUT_LEN];
    hex::encode_to_slice(hash, &mut digits).expect("a byte has two digits");
    std::str::from_utf8(&digits)
        .expect("hex digits are text")
        .to_owned()
}
