//! Telling the signature schemes apart, and what both claim: a key, a time, a nonce and a proof.
//!
//! The schemes are pure functions over strings and bytes. Signing (for clients) and verifying share the canonicalisers.

use http::HeaderMap;

use super::errors::ApiError;
use super::params::Params;

#[cfg(test)]
mod properties;
pub mod v1;
pub mod v3;

pub use v1::sign_v1;
pub use v3::sign_v3;

/// Signature scheme of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Everything in parameters, `Signature` among them. Also what an unsigned request is taken for.
    V1,
    /// Everything in headers, `Authorization: ACS3-…` among them.
    V3,
}

impl Scheme {
    /// Recognises the scheme. V1 clients send `x-acs-action` and `x-acs-version` as well, so these tell nothing.
    pub fn of(headers: &HeaderMap) -> Self {
        let authorization = headers.get(http::header::AUTHORIZATION);
        if authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-")) {
            Self::V3
        } else {
            Self::V1
        }
    }
}

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The real HTTP method.
    pub method: &'a str,
    pub params: &'a Params,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Who a request claims to come from, with the proof still to be verified.
#[derive(Debug, Clone)]
pub struct Claims<'a> {
    pub key_id: &'a str,
    /// Token of temporary credentials.
    pub security_token: Option<&'a str>,
    /// When the request says it was signed, in the spelling of the wire.
    pub timestamp: &'a str,
    pub nonce: &'a str,
    proof: Proof<'a>,
}

#[derive(Debug, Clone)]
enum Proof<'a> {
    V1(v1::Proof<'a>),
    V3(v3::Proof<'a>),
}

impl<'a> Claims<'a> {
    /// Reads the claims; all parts have to be there and the algorithm has to be known.
    pub fn read(scheme: Scheme, signed: &Signed<'a>) -> Result<Self, ApiError> {
        match scheme {
            Scheme::V1 => v1::claims(signed.params, signed.headers),
            Scheme::V3 => v3::claims(signed.headers, signed.body),
        }
    }

    /// Verifies the proof in constant time.
    pub fn verify(&self, signed: &Signed<'_>, secret: &str) -> Result<(), ApiError> {
        match &self.proof {
            Proof::V1(proof) => proof.verify(signed, secret),
            Proof::V3(proof) => proof.verify(signed, secret),
        }
    }
}

/// Appends `name=value&…` in the order given, each text written by `encode`.
fn write_pairs<'a>(
    out: &mut String,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    encode: fn(&mut String, &str),
    equals: &str,
    and: &str,
) {
    for (at, (name, value)) in pairs.enumerate() {
        if at > 0 {
            out.push_str(and);
        }
        encode(out, name);
        out.push_str(equals);
        encode(out, value);
    }
}
