//! The `Authorization` header: the algorithm, whose key, which headers are signed, and the signature.

use super::SignatureError;

/// How the key for the HMAC comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme<'a> {
    /// `SDK-HMAC-SHA256`: it is the secret.
    Direct,
    /// `V11-HMAC-SHA256`: derived from the secret for the scope, `YYYYMMDD/region/service`.
    Derived { scope: &'a str },
}

/// `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`, or `V11-HMAC-SHA256 Credential=…/scope, …`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authorization<'a> {
    pub(super) scheme: Scheme<'a>,
    pub(super) key_id: &'a str,
    pub(super) signed_headers: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, SignatureError> {
        let (algorithm, parts) = text.split_once(' ').unwrap_or((text, ""));
        let part = |name: &str| {
            let mut values = parts
                .split(',')
                .filter_map(|part| part.trim().split_once('='))
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value);
            match (values.next(), values.next()) {
                (Some(value), None) if !value.is_empty() => Ok(value),
                _ => Err(SignatureError::Unusable(format!(
                    "the header Authorization does not have {name} once"
                ))),
            }
        };
        let (scheme, key_id) = match algorithm {
            "SDK-HMAC-SHA256" => (Scheme::Direct, part("Access")?),
            "V11-HMAC-SHA256" => credential(part("Credential")?)?,
            // SM3, SM2 and P-256 can be configured in the SDKs; nobody can have a key for them here.
            other => return Err(SignatureError::Algorithm(other.to_owned())),
        };
        Ok(Self {
            scheme,
            key_id,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }

    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

fn credential(text: &str) -> Result<(Scheme<'_>, &str), SignatureError> {
    let is_scope = |scope: &str| {
        let mut parts = scope.split('/');
        let day = parts.next().unwrap_or_default();
        let is_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
        is_day && parts.clone().count() == 2 && parts.all(|part| !part.is_empty())
    };
    match text.split_once('/') {
        Some((key_id, scope)) if !key_id.is_empty() && is_scope(scope) => {
            Ok((Scheme::Derived { scope }, key_id))
        }
        _ => Err(SignatureError::unusable(
            "Credential is not of the form key/YYYYMMDD/region/service",
        )),
    }
}
