//! Signed requests: `SDK-HMAC-SHA256` and, with a key derived for one day, region and service, `V11-HMAC-SHA256`.
//!
//! Pure functions over the parts of a request. Signing (for clients) and verifying share the canonical request.

mod authorization;
mod canonical;
mod date;
mod encoding;
mod key;

use http::HeaderMap;
use ring::{digest, hmac};

use authorization::{Authorization, Scheme};
pub use canonical::sha256_hex;
use canonical::{canonical_request, payload, request_sha256_hex, shown, value_of};
pub use date::{WINDOW_MS, check_date, format_date, parse_date};
pub use encoding::decode;

pub(crate) const DATE: &str = "x-sdk-date";
pub(crate) const SECURITY_TOKEN: &str = "x-security-token";

/// The parts of a request that a signature covers, as they are on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Without the question mark.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Why a signed request is not taken for its caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The path or the query is no percent-encoded text, so that nothing can be said about it.
    #[error("a percent sign is not followed by two hex digits")]
    Malformed,
    #[error("the algorithm {0} is not supported")]
    Algorithm(String),
    /// A part is absent or not usable, with the reason.
    #[error("{0}")]
    Unusable(String),
    #[error("signature expired, signature time:{signed_at},server time:{server_time}")]
    Expired {
        signed_at: String,
        server_time: String,
    },
    /// The signature of something else, or of somebody else.
    #[error("verify aksk signature fail")]
    Mismatch {
        /// What was verified, with `|` for each newline and without secrets.
        canonical: String,
    },
}

impl SignatureError {
    fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable(reason.into())
    }
}

/// Who a request claims to come from, with the proof still to be verified.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    pub key_id: &'a str,
    /// Belongs to temporary keys. Whether it is this key's is for whoever knows the key; it need not be signed.
    pub security_token: Option<&'a str>,
    /// When the request says it was signed, in the spelling of the wire.
    pub date: &'a str,
    authorization: Authorization<'a>,
}

impl<'a> Claims<'a> {
    /// Reads the claims; all parts have to be there and the algorithm has to be known.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, SignatureError> {
        let authorization = Authorization::parse(text_of(headers, "authorization")?)?;
        if !authorization.signs(DATE) {
            return Err(SignatureError::unusable(
                "SignedHeaders does not name x-sdk-date",
            ));
        }
        let date = text_of(headers, DATE)?;
        if let Scheme::Derived { scope } = authorization.scheme
            && scope.split('/').next() != date.get(..8)
        {
            return Err(SignatureError::unusable(
                "Credential names another day than X-Sdk-Date",
            ));
        }
        let security_token = match headers.contains_key(SECURITY_TOKEN) {
            true => Some(text_of(headers, SECURITY_TOKEN)?),
            false => None,
        };
        Ok(Self {
            key_id: authorization.key_id,
            security_token,
            date,
            authorization,
        })
    }

    /// Verifies the proof in constant time.
    pub fn verify(&self, signed: &Signed<'_>, secret: &str) -> Result<(), SignatureError> {
        let Authorization {
            scheme,
            signed_headers,
            signature,
            ..
        } = self.authorization;
        let tag = tag_of(signature)?;
        let canonical = canonical_request(signed, signed_headers)?;
        let payload = payload(signed)?;
        let key = key::of(scheme, self.key_id, secret);
        let is_proven = |payload_hash: &str| {
            let hash = request_sha256_hex(&canonical, payload_hash);
            let text = string_to_sign(scheme, self.date, &hash);
            hmac::verify(&key, text.as_bytes(), &tag).is_ok()
        };
        if is_proven(&payload.hash) || payload.without_header.is_some_and(is_proven) {
            return Ok(());
        }
        Err(SignatureError::Mismatch {
            canonical: shown(signed, signed_headers, &payload)?,
        })
    }
}

/// Signs a request with all its headers whose names have no underscore, `X-Sdk-Date` among them; returns the value of
/// `Authorization`.
pub fn sign(signed: &Signed<'_>, key_id: &str, secret: &str) -> Result<String, SignatureError> {
    let (signed_headers, signature) = signature_of(signed, Scheme::Direct, key_id, secret)?;
    Ok(format!(
        "SDK-HMAC-SHA256 Access={key_id}, SignedHeaders={signed_headers}, Signature={signature}"
    ))
}

/// As [`sign`], with a key that is good for the day of `X-Sdk-Date` and this region and service.
pub fn sign_derived(
    signed: &Signed<'_>,
    key_id: &str,
    secret: &str,
    region: &str,
    service: &str,
) -> Result<String, SignatureError> {
    let day = text_of(signed.headers, DATE)?
        .split('T')
        .next()
        .unwrap_or_default();
    let scope = format!("{day}/{region}/{service}");
    let scheme = Scheme::Derived { scope: &scope };
    let (signed_headers, signature) = signature_of(signed, scheme, key_id, secret)?;
    Ok(format!(
        "V11-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
    ))
}

fn signature_of(
    signed: &Signed<'_>,
    scheme: Scheme<'_>,
    key_id: &str,
    secret: &str,
) -> Result<(String, String), SignatureError> {
    let mut names: Vec<_> = signed
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.retain(|name| !name.contains('_') && *name != "authorization");
    names.sort_unstable();
    let signed_headers = names.join(";");
    let canonical = canonical_request(signed, &signed_headers)?;
    let hash = request_sha256_hex(&canonical, &payload(signed)?.hash);
    let text = string_to_sign(scheme, text_of(signed.headers, DATE)?, &hash);
    let tag = hmac::sign(&key::of(scheme, key_id, secret), text.as_bytes());
    Ok((signed_headers, hex::encode(tag)))
}

fn string_to_sign(scheme: Scheme<'_>, date: &str, canonical_sha256: &str) -> String {
    match scheme {
        Scheme::Direct => ["SDK-HMAC-SHA256", date, canonical_sha256].join("\n"),
        Scheme::Derived { scope } => ["V11-HMAC-SHA256", date, scope, canonical_sha256].join("\n"),
    }
}

/// The bytes of a signature: 64 lower-case hex digits, so that each has one spelling only.
fn tag_of(signature: &str) -> Result<[u8; digest::SHA256_OUTPUT_LEN], SignatureError> {
    let mut tag = [0; digest::SHA256_OUTPUT_LEN];
    let is_lower = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode_to_slice(signature, &mut tag) {
        Ok(()) if is_lower => Ok(tag),
        _ => Err(SignatureError::unusable(
            "Signature is not 64 lower-case hex digits",
        )),
    }
}

/// The text of a header that is needed: there once, and readable.
fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SignatureError> {
    std::str::from_utf8(value_of(headers, name)?)
        .map_err(|_invalid| SignatureError::Unusable(format!("the header {name} is not text")))
}

#[cfg(test)]
mod tests;
