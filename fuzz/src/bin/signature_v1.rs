//! Signature V1: what is signed verifies, and no change to it does.
//!
//! Lines: query, form body, change to the query, change to the body. Or anything at all, as a query that claims to be
//! signed.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::encoding::encode;
use reelgate_api_aliyun::rpc::signature::{Claims, Scheme, Signed};
use reelgate_api_aliyun::rpc::{Params, sign_v1};
use reelgate_fuzz::{lines, tampered};

const SECRET: &str = "SKEXAMPLEsecret0001";
/// What each signed request claims, before its own parameters.
const CLAIMS: &str = "AccessKeyId=AKID&SignatureMethod=HMAC-SHA1&SignatureNonce=n-1&SignatureVersion=1.0\
                      &Timestamp=2026-01-02T03%3A04%3A05Z";

fuzz_target!(|data: &[u8]| {
    let [query, form, query_change, form_change] = lines(data);
    if let Ok(params) = Params::parse(query, Some(form)) {
        let _ = verified("GET", &params);
    }
    let query = [CLAIMS.as_bytes(), b"&", query].concat();
    let Ok(unsigned) = Params::parse(&query, Some(form)) else {
        return;
    };
    // Its own claims may stand in the body, where they count; a signature may not.
    if unsigned.get("Signature").is_some() {
        return;
    }
    let Ok(signature) = sign_v1("POST", &unsigned, SECRET) else {
        return;
    };
    let query = [&query[..], b"&Signature=", encode(&signature).as_bytes()].concat();
    let signed = Params::parse(&query, Some(form)).expect("one more parameter");
    let claims_fit = signed.get("SignatureVersion") == Some("1.0");
    assert_eq!(
        verified("POST", &signed),
        claims_fit,
        "what is signed verifies"
    );
    assert!(!verified("GET", &signed), "the method is signed");

    let other_query = tampered(&query, query_change).unwrap_or_else(|| query.clone());
    let other_form = tampered(form, form_change).unwrap_or_else(|| form.to_vec());
    if let Ok(other) = Params::parse(&other_query, Some(&other_form))
        && verified("POST", &other)
    {
        assert!(
            content(&other).eq(content(&signed)),
            "a tampered request verifies"
        );
        let bytes = |params: &Params| BASE64.decode(params.get("Signature").unwrap_or_default());
        assert_eq!(bytes(&other), bytes(&signed));
    }
});

fn verified(method: &str, params: &Params) -> bool {
    let headers = HeaderMap::new();
    let signed = Signed {
        method,
        params,
        headers: &headers,
        body: b"",
    };
    Claims::read(Scheme::V1, &signed).is_ok_and(|claims| claims.verify(&signed, SECRET).is_ok())
}

/// All that counts for the operation.
fn content(params: &Params) -> impl Iterator<Item = (&str, &str)> {
    params.iter().filter(|(name, _)| *name != "Signature")
}
