//! Signature version 3 (`ACS3-HMAC-SHA256`): an HMAC over a canonical request, carried by the `Authorization` header.

use hex::FromHexError;
use http::HeaderMap;
use http::header::AUTHORIZATION;
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    signed_headers: &'a str,
    signature: &'a str,
}

/// Reads the claims from the headers.
pub(super) fn claims(headers: &HeaderMap) -> Result<Claims<'_>, ApiError> {
    let text = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Authorization { key_id, proof } = Authorization::parse(text.unwrap_or_default())?;
    let names = signed_names(proof.signed_headers)?;
    let token_is_sent = headers.contains_key(SECURITY_TOKEN);
    let mut needed = ALWAYS_SIGNED
        .into_iter()
        .chain(token_is_sent.then_some(SECURITY_TOKEN));
    if let Some(name) = needed.find(|name| names.binary_search(name).is_err()) {
        return Err(unusable(&format!("SignedHeaders lacks {name}")));
    }
    let security_token = match token_is_sent {
        true => Some(signed_header(headers, SECURITY_TOKEN)?),
        false => None,
    };
    Ok(Claims {
        key_id,
        security_token,
        timestamp: signed_header(headers, DATE)?,
        nonce: signed_header(headers, NONCE)?,
        proof: super::Proof::V3(proof),
    })
}

/// The names of the signed headers, sorted. All SDKs write each once and in lower case; without that rule a short list
/// could make the canonical request repeat a long header thousands of times.
fn signed_names(signed_headers: &str) -> Result<Vec<&str>, ApiError> {
    let mut names: Vec<_> = signed_headers.split(';').collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(unusable("SignedHeaders repeats a name"));
    }
    if signed_headers.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(unusable("SignedHeaders is not in lower case"));
    }
    Ok(names)
}

/// `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`
struct Authorization<'a> {
    key_id: &'a str,
    proof: Proof<'a>,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Result<Self, ApiError> {
        let (algorithm, parts) = text.split_once(' ').unwrap_or((text, ""));
        // SM3 and RSA variants exist in the SDKs' configuration; nobody can have a key for them here.
        if algorithm != ALGORITHM {
            return Err(CommonError::InvalidSignatureMethod.into());
        }
        let part = |name: &str| {
            let values = parts
                .split(',')
                .filter_map(|part| part.trim().split_once('='));
            let value = values
                .into_iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value);
            value
                .filter(|value| !value.is_empty())
                .ok_or_else(|| unusable(&format!("the Authorization header lacks {name}")))
        };
        let key_id = part("Credential")?;
        let proof = Proof {
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        };
        Ok(Self { key_id, proof })
    }
}

/// There is no string to sign to show, so the reason takes its place in the message.
fn unusable(reason: &str) -> ApiError {
    CommonError::IncompleteSignature(&format!("none, {reason}")).into()
}

/// The canonical request: method, path, query, headers, their names, and the hash of the body.
pub fn canonical_request(
    method: &str,
    query: &Params,
    headers: &HeaderMap,
    signed_headers: &str,
    body_sha256: &str,
) -> Result<String, ApiError> {
    let mut out = String::with_capacity(1536);
    out.push_str(method);
    out.push_str("\n/\n");
    write_pairs(&mut out, query.query(), encode_into, "=", "&");
    out.push('\n');
    for name in signed_headers.split(';') {
        let value = signed_header(headers, name)?;
        out.extend([name, ":", value, "\n"]);
    }
    out.extend(["\n", signed_headers, "\n", body_sha256]);
    Ok(out)
}

/// Value of a header that the signature covers. A second header of the name would leave open which one is meant.
fn signed_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unusable(&format!(
            "the header {name} does not occur exactly once"
        )));
    };
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(text.trim()),
        Err(_invalid) => Err(unusable(&format!("the header {name} is not text"))),
    }
}

/// The string to sign for a canonical request.
pub fn string_to_sign(canonical_request: &str) -> String {
    [ALGORITHM, "\n", &sha256_hex(canonical_request.as_bytes())].concat()
}

/// Hash of a body as the header `x-acs-content-sha256` carries it.
pub fn sha256_hex(bytes: &[u8]) -> String {
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
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let signed_headers = names.join(";");
    let body_sha256 = signed_header(headers, CONTENT_SHA256)?;
    let canonical = canonical_request(method, query, headers, &signed_headers, body_sha256)?;
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
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Proof<'_> {
    pub(super) fn verify(&self, signed: &Signed<'_>, secret: &str) -> Result<(), ApiError> {
        let body_sha256 = sha256_hex(signed.body);
        let Signed {
            method,
            params,
            headers,
            ..
        } = signed;
        let canonical =
            canonical_request(method, params, headers, self.signed_headers, &body_sha256)?;
        let string_to_sign = string_to_sign(&canonical);
        let mut tag = [0; digest::SHA256_OUTPUT_LEN];
        let is_proven = match hex::decode_to_slice(self.signature, &mut tag) {
            Ok(()) => hmac::verify(&key(secret), string_to_sign.as_bytes(), &tag).is_ok(),
            // Too short or too long to be one.
            Err(FromHexError::InvalidStringLength) if is_hex(self.signature) => false,
            Err(_) => return Err(CommonError::IncompleteSignature(&string_to_sign).into()),
        };
        // A signature over another body's hash may be genuine; it does not belong to this body.
        if !is_proven || signed_header(headers, CONTENT_SHA256)? != body_sha256 {
            return Err(CommonError::SignatureDoesNotMatch(&string_to_sign).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
