//! What holds of both signature versions whatever is signed: a request still verifies when it is written in another way,
//! and does not when one bit of what is signed is another.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::v3::sha256_hex;
use super::{Claims, Scheme, Signed, sign_v1, sign_v3};
use crate::rpc::Params;
use crate::rpc::encoding::encode;

const SECRET: &str = "SKEXAMPLEsecret0001";

/// A request on the wire.
#[derive(Clone, Debug)]
struct Wire {
    scheme: Scheme,
    method: String,
    query: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Wire {
    /// Whether it verifies; what cannot even be read does not.
    fn verifies(&self) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) else {
                return false;
            };
            headers.append(name, value);
        }
        let form = headers.contains_key("content-type").then_some(&*self.body);
        let Ok(params) = Params::parse(&self.query, form) else {
            return false;
        };
        let signed = Signed {
            method: &self.method,
            params: &params,
            headers: &headers,
            body: &self.body,
        };
        let claims = Claims::read(self.scheme, &signed);
        claims.is_ok_and(|claims| claims.verify(&signed, SECRET).is_ok())
    }
}

type Pairs = Vec<(String, String)>;

fn query(pairs: &Pairs, write: impl Fn(&str) -> String) -> Vec<u8> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", write(name), write(value)));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// A V1 request with business parameters, some of which go into a form.
fn first(business: &Pairs, in_form: usize) -> Wire {
    let common = [
        ("Action", "CancelJob"),
        ("AccessKeyId", "AKID"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "0123456789abcdef"),
        ("Timestamp", "2026-01-02T03:04:05Z"),
        ("Version", "2014-06-18"),
    ];
    let mut pairs: Pairs = business.clone();
    pairs.extend(common.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let all = pairs.iter().map(|(name, value)| (&**name, &**value));
    let signature = sign_v1("POST", &Params::from_pairs(all).unwrap(), SECRET).unwrap();
    let form = pairs.split_off(pairs.len() - in_form.min(pairs.len()));
    pairs.push(("Signature".to_owned(), signature));
    Wire {
        scheme: Scheme::V1,
        method: "POST".to_owned(),
        query: query(&pairs, encode),
        headers: vec![("content-type".to_owned(), b"form".to_vec())],
        body: query(&form, encode),
    }
}

/// A V3 request with business parameters, a header of its own and a body.
fn third(business: &Pairs, header: &str, body: &[u8]) -> Wire {
    let params = Params::from_pairs(business.iter().map(|(name, value)| (&**name, &**value)));
    let headers: Vec<(String, Vec<u8>)> = [
        ("host", "127.0.0.1:8080"),
        ("user-agent", header),
        ("x-acs-action", "CancelJob"),
        ("x-acs-content-sha256", &sha256_hex(body)),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "0123456789abcdef"),
        ("x-acs-version", "2014-06-18"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec();
    let map = headers.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_bytes(value).unwrap())
    });
    let authorization = sign_v3("POST", &params.unwrap(), &map.collect(), "AKID", SECRET);
    let mut wire = Wire {
        scheme: Scheme::V3,
        method: "POST".to_owned(),
        query: query(business, encode),
        headers,
        body: body.to_vec(),
    };
    let authorization = authorization.unwrap().into_bytes();
    wire.headers
        .push((AUTHORIZATION.to_string(), authorization));
    wire
}

fn business() -> impl Strategy<Value = Pairs> {
    // Names of the protocol begin with capitals.
    let pairs = btree_map("[a-z*~ é+%&=.]{1,8}", any::<String>(), 1..6);
    pairs.prop_map(|pairs| pairs.into_iter().collect())
}

fn header() -> impl Strategy<Value = String> {
    "[!-~]([ -~]{0,20}[!-~])?"
}

/// Everything escaped, in lower case, but spaces as pluses.
fn loudly(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(escape).collect()
}

/// Another way to write the same parameters.
fn rewritten(encoded: &[u8]) -> Vec<u8> {
    let params = Params::parse(encoded, None).unwrap();
    let mut pairs: Pairs = params
        .query()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    pairs.reverse();
    query(&pairs, loudly)
}

/// The same bytes with one bit turned, `None` for no bytes.
fn with_other_bit(bytes: &[u8], at: prop::sample::Index, bit: u32) -> Option<Vec<u8>> {
    let mut changed = bytes.to_vec();
    let at = (!bytes.is_empty()).then(|| at.index(bytes.len()))?;
    changed[at] ^= 1 << bit;
    Some(changed)
}

proptest! {
    #[test]
    fn a_v1_request_verifies_in_every_spelling(pairs in business(), in_form in 0_usize..8) {
        let sent = first(&pairs, in_form);
        prop_assert!(sent.verifies());
        let again = Wire { query: rewritten(&sent.query), body: rewritten(&sent.body), ..sent.clone() };
        prop_assert!(again.verifies());
        let whole = [&sent.query[..], b"&", &sent.body].concat();
        let in_query = Wire { query: whole, body: Vec::new(), ..sent };
        prop_assert!(in_query.verifies());
    }

    #[test]
    fn a_v1_request_with_another_bit_does_not(
        pairs in business(),
        in_form in 0_usize..8,
        place in 0..3,
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let sent = first(&pairs, in_form);
        let mut changed = sent.clone();
        // In decoded text, so that another escape for the same byte is no change.
        match place {
            0 => changed.method = String::from_utf8_lossy(&with_other_bit(b"POST", at, bit).unwrap()).into_owned(),
            1 => changed.query = with_other_parameter(&sent.query, at, bit),
            _ if sent.body.is_empty() => changed.body = b"a=b".to_vec(),
            _ => changed.body = with_other_parameter(&sent.body, at, bit),
        }
        prop_assert!(!changed.verifies(), "{changed:?}");
    }

    #[test]
    fn a_v3_request_verifies_in_every_spelling(
        pairs in business(),
        header in header(),
        body in vec(any::<u8>(), 0..40),
    ) {
        let sent = third(&pairs, &header, &body);
        prop_assert!(sent.verifies());
        let mut again = Wire { query: rewritten(&sent.query), ..sent };
        again.headers.reverse();
        for (name, value) in &mut again.headers {
            *name = name.to_ascii_uppercase();
            *value = [b"  ", &value[..], b" "].concat();
        }
        // The HTTP library hands values over without the blanks around them.
        let of_library = again.headers.iter_mut().find(|(name, _)| name == "AUTHORIZATION");
        let value = &mut of_library.unwrap().1;
        *value = value.trim_ascii().to_vec();
        prop_assert!(again.verifies());
    }

    #[test]
    fn a_v3_request_with_another_bit_does_not(
        pairs in business(),
        header in header(),
        body in vec(any::<u8>(), 0..40),
        place in 0..10_usize,
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let sent = third(&pairs, &header, &body);
        let mut changed = sent.clone();
        match place {
            0 => changed.method = String::from_utf8_lossy(&with_other_bit(b"POST", at, bit).unwrap()).into_owned(),
            1 => changed.query = with_other_parameter(&sent.query, at, bit),
            2 => changed.body = with_other_bit(&sent.body, at, bit).unwrap_or_else(|| b"x".to_vec()),
            place => {
                let value = &mut changed.headers[place - 3].1;
                *value = with_other_bit(value, at, bit).unwrap();
                // A tab in front of a blank is still a blank.
                prop_assume!(value.trim_ascii() != sent.headers[place - 3].1.trim_ascii());
            }
        }
        prop_assert!(!changed.verifies(), "{changed:?}");
    }
}

/// One bit turned in a name or value; what is no text any more is sent as it is.
fn with_other_parameter(encoded: &[u8], at: prop::sample::Index, bit: u32) -> Vec<u8> {
    let params = Params::parse(encoded, None).unwrap();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = params
        .query()
        .filter(|(name, _)| *name != "Signature")
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let bytes: usize = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    let mut at = at.index(bytes);
    for (name, value) in &mut pairs {
        for text in [name, value] {
            if at < text.len() {
                text[at] ^= 1 << bit;
                at = usize::MAX;
            } else if at != usize::MAX {
                at -= text.len();
            }
        }
    }
    if let Some(signature) = params.get("Signature") {
        pairs.push((b"Signature".to_vec(), signature.as_bytes().to_vec()));
    }
    let escape =
        |text: &[u8]| -> String { text.iter().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}
