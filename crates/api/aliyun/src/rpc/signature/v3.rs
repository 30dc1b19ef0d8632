//! Signature version 3 (`ACS3-HMAC-SHA256`): an HMAC over a canonical request, carried by the `Authorization` header.

use hex::FromHexError;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use ring::{digest, hmac};

use super::{Claims, Signed, write_pairs};
use crate::rpc::encoding::encode_into;
use crate::rpc::errors::{ApiError, CommonError};
use crate::rpc::params::Params;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

pub(super) const DATE: &str = "x-acs-date";
pub(super) const NONCE: &str = "x-acs-signature-nonce";
pub(super) const SECURITY_TOKEN: &str = "x-acs-security-token";
const CONTENT_SHA256: &str = "x-acs-content-sha256";
const SECURITY_TOKEN_HEADER: HeaderName = HeaderName::from_static(SECURITY_TOKEN);

/// Hash of a body of no bytes, which most requests have.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Headers that every V3 signature has to cover.
const ALWAYS_SIGNED: [&str; 6] = [
    "host",
    "x-acs-action",
    CONTENT_SHA256,
    DATE,
    NONCE,
    "x-acs-version",
];

/// What a V3 request has to prove.
#[derive(Debug, Clone)]
pub(super) struct Proof<'a> {
    covered: Covered<'a>,
    signature: &'a str,
}

/// Reads the claims from the headers.
pub(super) fn claims<'a>(headers: &'a HeaderMap, body: &[u8]) -> Result<Claims<'a>, ApiError> {
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Err(not_once("authorization"));
    }
    let text = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let authorization = Authorization::parse(text.unwrap_or_default())?;
    let covered = Covered::read(headers, authorization.signed_headers)?;
    let token_is_sent = headers.contains_key(SECURITY_TOKEN_HEADER);
    // It decides whether the body is parameters. All SDKs sign it.
    let body_is_typed = !body.is_empty() && headers.contains_key(CONTENT_TYPE);
    let mut needed = ALWAYS_SIGNED
        .into_iter()
        .chain(token_is_sent.then_some(SECURITY_TOKEN))
        .chain(body_is_typed.then_some(CONTENT_TYPE.as_str()));
    if let Some(name) = needed.find(|name| covered.get(name).is_none()) {
        return Err(unusable(&format!("SignedHeaders lacks {name}")));
    }
    let value = |name| covered.get(name).unwrap_or_default();
    if value(NONCE).is_empty() {
        return Err(unusable(&format!("{NONCE} is empty")));
    }
    Ok(Claims {
        key_id: authorization.key_id,
        // Clients that have none may send an empty one.
        security_token: Some(value(SECURITY_TOKEN)).filter(|token| !token.is_empty()),
        timestamp: value(DATE),
        nonce: value(NONCE),
        proof: super::Proof::V3(Proof {
            signature: authorization.signature,
            covered,
        }),
    })
}

/// The headers that a signature covers.
#[derive(Debug, Clone)]
struct Covered<'a> {
    /// The list as it was sent, whose order counts.
    signed_headers: &'a str,
    /// Names and values, sorted by name. No value is absent once they are read.
    headers: Vec<(&'a str, Option<&'a str>)>,
    /// Whether the list has the same order, as that of every SDK.
    is_sorted: bool,
}

impl<'a> Covered<'a> {
    /// Finds the value of each header of the list. A second header of a name would leave open which one is meant.
    ///
    /// All SDKs write each name once and in lower case; without that rule a short list could make the canonical request
    /// repeat a long header thousands of times.
    fn read(headers: &'a HeaderMap, signed_headers: &'a str) -> Result<Self, ApiError> {
        if signed_headers.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(unusable("SignedHeaders is not in lower case"));
        }
        let mut found: Vec<(&str, Option<&str>)> = Vec::with_capacity(16);
        found.extend(signed_headers.split(';').map(|name| (name, None)));
        let is_sorted = found.is_sorted();
        if !is_sorted {
            found.sort_unstable();
        }
        if found.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(unusable("SignedHeaders repeats a name"));
        }
        // Going once through what came is cheaper than looking up each name.
        for (name, value) in headers {
            let at = found.binary_search_by(|(signed, _)| (*signed).cmp(name.as_str()));
            let Ok(at) = at else { continue };
            let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
                return Err(unusable(&format!("the header {name} is not text")));
            };
            if found[at].1.replace(value.trim()).is_some() {
                return Err(not_once(name.as_str()));
            }
        }
        if let Some((name, _)) = found.iter().find(|(_, value)| value.is_none()) {
            return Err(not_once(name));
        }
        Ok(Self {
            signed_headers,
            headers: found,
            is_sorted,
        })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self
            .headers
            .binary_search_by(|(other, _)| (*other).cmp(name));
        self.headers.get(found.ok()?)?.1
    }

    /// The canonical request: method, path, query, headers, their names, and the hash of the body.
    fn canonical_request(&self, method: &str, query: &Params, body_sha256: &str) -> String {
        let mut out = String::with_capacity(1536);
        out.push_str(method);
        out.push_str("\n/\n");
        write_pairs(&mut out, query.query(), encode_into, "=", "&");
        out.push('\n');
        let mut write = |name, value: Option<&str>| {
            out.extend([name, ":", value.unwrap_or_default(), "\n"]);
        };
        if self.is_sorted {
            self.headers
                .iter()
                .for_each(|(name, value)| write(name, *value));
        } else {
            let names = self.signed_headers.split(';');
            names.for_each(|name| write(name, self.get(name)));
        }
        out.extend(["\n", self.signed_headers, "\n", body_sha256]);
        out
    }
}

fn not_once(name: &str) -> ApiError {
    unusable(&format!("the header {name} does not occur exactly once"))
}

/// `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`
struct Authorization<'a> {
    key_id: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Result<Self, ApiError> {
        let (algorithm, parts) = text.split_once(' ').unwrap_or((text, ""));
        // SM3 and RSA variants exist in the SDKs' configuration; nobody can have a key for them here.
        if algorithm != ALGORITHM {
            return Err(CommonError::InvalidSignatureMethod.into());
        }
        let (mut key_id, mut signed_headers, mut signature) = ("", "", "");
        for part in parts.split(',') {
            let Some((name, value)) = part.trim().split_once('=') else {
                continue;
            };
            let found = match name {
                "Credential" => &mut key_id,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => continue,
            };
            if !std::mem::replace(found, value).is_empty() {
                return Err(unusable(&format!(
                    "the Authorization header repeats {name}"
                )));
            }
        }
        for (name, value) in [
            ("Credential", key_id),
            ("SignedHeaders", signed_headers),
            ("Signature", signature),
        ] {
            if value.is_empty() {
                return Err(unusable(&format!("the Authorization header lacks {name}")));
            }
        }
        Ok(Self {
            key_id,
            signed_headers,
            signature,
        })
    }
}

/// There is no string to sign to show, so the reason takes its place in the message.
fn unusable(reason: &str) -> ApiError {
    CommonError::IncompleteSignature(&format!("none, {reason}")).into()
}

/// The canonical request of a request whose signature covers the headers of the list.
pub fn canonical_request(
    method: &str,
    query: &Params,
    headers: &HeaderMap,
    signed_headers: &str,
    body_sha256: &str,
) -> Result<String, ApiError> {
    let covered = Covered::read(headers, signed_headers)?;
    Ok(covered.canonical_request(method, query, body_sha256))
}

/// The string to sign for a canonical request.
pub fn string_to_sign(canonical_request: &str) -> String {
    [ALGORITHM, "\n", &sha256_hex(canonical_request.as_bytes())].concat()
}

/// Hash of a body as the header `x-acs-content-sha256` carries it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return EMPTY_SHA256.to_owned();
    }
    // Into an array first: the library makes a string character by character.
    let mut digits = [0; 2 * digest::SHA256_OUTPUT_LEN];
    let hash = digest::digest(&digest::SHA256, bytes);
    hex::encode_to_slice(hash, &mut digits).expect("a byte has two digits");
    std::str::from_utf8(&digits)
        .expect("hex digits are text")
        .to_owned()
}

/// Signs a request with all the headers given, `x-acs-content-sha256` among them; returns the value of `Authorization`.
pub fn sign_v3(
    method: &str,
    query: &Params,
    headers: &HeaderMap,
    key_id: &str,
    secret: &str,
) -> Result<String, ApiError> {
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let signed_headers = names.join(";");
    let covered = Covered::read(headers, &signed_headers)?;
    let body_sha256 = covered
        .get(CONTENT_SHA256)
        .ok_or_else(|| not_once(CONTENT_SHA256))?;
    let canonical = covered.canonical_request(method, query, body_sha256);
    let tag = hmac::sign(&key(secret), string_to_sign(&canonical).as_bytes());
    let signature = hex::encode(tag);
    Ok(format!(
        "{ALGORITHM} Credential={key_id},SignedHeaders={signed_headers},Signature={signature}"
    ))
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Proof<'_> {
    pub(super) fn verify(&self, signed: &Signed<'_>, secret: &str) -> Result<(), ApiError> {
        let body_sha256 = sha256_hex(signed.body);
        let canonical = self
            .covered
            .canonical_request(signed.method, signed.params, &body_sha256);
        let string_to_sign = string_to_sign(&canonical);
        let mut tag = [0; digest::SHA256_OUTPUT_LEN];
        let is_proven = match hex::decode_to_slice(self.signature, &mut tag) {
            // One signature has one spelling.
            Ok(()) => {
                is_hex(self.signature)
                    && hmac::verify(&key(secret), string_to_sign.as_bytes(), &tag).is_ok()
            }
            // Too short or too long to be one.
            Err(FromHexError::InvalidStringLength) if is_hex(self.signature) => false,
            Err(_) => return Err(CommonError::IncompleteSignature(&string_to_sign).into()),
        };
        // A signature over another body's hash may be genuine; it does not belong to this body.
        if !is_proven || self.covered.get(CONTENT_SHA256) != Some(&*body_sha256) {
            return Err(CommonError::SignatureDoesNotMatch(&string_to_sign).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
