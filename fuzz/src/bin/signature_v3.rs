//! Signature V3: what is signed verifies, and no change to it does.
//!
//! Lines: query, a header `name: value` to sign with the others, change to the query, change to that header's value,
//! an `Authorization` header for a request of its own, then the body. The first byte of the body's own change follows
//! from the length of the body.
#![no_main]

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::signature::v3::sha256_hex;
use reelgate_api_aliyun::rpc::signature::{Claims, Scheme, Signed};
use reelgate_api_aliyun::rpc::{Params, sign_v3};
use reelgate_fuzz::{lines, tampered};

const SECRET: &str = "SKEXAMPLEsecret0001";
const HEADERS: [(&str, &str); 5] = [
    ("host", "mts.example.com"),
    ("x-acs-action", "CancelJob"),
    ("x-acs-date", "2026-01-02T03:04:05Z"),
    ("x-acs-signature-nonce", "n-1"),
    ("x-acs-version", "2014-06-18"),
];

fuzz_target!(|data: &[u8]| {
    let [
        query,
        header,
        query_change,
        header_change,
        authorization,
        body,
    ] = lines(data);
    let Ok(params) = Params::parse(query, None) else {
        return;
    };
    let mut headers: HeaderMap = HEADERS
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    headers.insert(
        "x-acs-content-sha256",
        sha256_hex(body).parse().expect("hex digits"),
    );
    let own = own_header(header);
    if let Some((name, value)) = &own {
        headers.insert(name.clone(), value.clone());
    }
    // Whatever a stranger may claim.
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        let mut theirs = headers.clone();
        theirs.insert(AUTHORIZATION, value);
        assert!(
            !verified("POST", &params, &theirs, body),
            "a guessed signature verifies"
        );
    }

    let Ok(signature) = sign_v3("POST", &params, &headers, "AKID", SECRET) else {
        return;
    };
    let mut signed = headers.clone();
    signed.insert(AUTHORIZATION, signature.parse().expect("a header value"));
    // The header may take the place of the body's hash, which then is not this body's.
    let hash_fits = headers["x-acs-content-sha256"] == sha256_hex(body);
    assert_eq!(
        verified("POST", &params, &signed, body),
        hash_fits,
        "what is signed verifies"
    );
    assert!(
        !verified("PUT", &params, &signed, body),
        "the method is signed"
    );
    let longer = [body, b"x"].concat();
    assert!(
        !verified("POST", &params, &signed, &longer),
        "the body is signed"
    );

    if let Some(other) = tampered(query, query_change)
        && let Ok(other) = Params::parse(&other, None)
        && verified("POST", &other, &signed, body)
    {
        assert!(
            other.query().eq(params.query()),
            "a tampered query verifies"
        );
    }
    if let Some((name, value)) = own
        && let Some(other) = tampered(value.as_bytes(), header_change)
        && let Ok(other) = HeaderValue::from_bytes(&other)
    {
        let mut headers = signed.clone();
        headers.insert(name, other.clone());
        if verified("POST", &params, &headers, body) {
            let text =
                |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
            assert_eq!(text(&other), text(&value), "a tampered header verifies");
        }
    }
});

/// A header of the caller's; none that replaces the claims themselves.
fn own_header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    (name != AUTHORIZATION).then_some((name, value))
}

fn verified(method: &str, params: &Params, headers: &HeaderMap, body: &[u8]) -> bool {
    let signed = Signed {
        method,
        params,
        headers,
        body,
    };
    Claims::read(Scheme::V3, &signed).is_ok_and(|claims| claims.verify(&signed, SECRET).is_ok())
}
