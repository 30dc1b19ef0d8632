//! The published vectors of signature V3, and requests that have to be refused.

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::super::Scheme;
use super::*;

/// What one vector sends and what has to come out.
struct Vector {
    key_id: &'static str,
    secret: &'static str,
    query: &'static [u8],
    body: &'static [u8],
    headers: HeaderMap,
    canonical_sha256: &'static str,
    signature: &'static str,
}

fn headers(own: &[(&'static str, &'static str)]) -> HeaderMap {
    let shared = [
        ("accept", "application/json"),
        ("host", "127.0.0.1:8080"),
        ("user-agent", "sdk-test/1.0"),
        ("x-acs-action", "CancelJob"),
        ("x-acs-content-sha256", EMPTY_SHA256),
        ("x-acs-credentials-provider", "static_ak"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "0123456789abcdef0123456789abcdef"),
        ("x-acs-version", "2014-06-18"),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in shared.iter().chain(own) {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
}

fn vector_6() -> Vector {
    Vector {
        key_id: "AKIDEXAMPLE0001",
        secret: "SKEXAMPLEsecret0001",
        query: b"JobId=j+1%2B%2A~%2F%C3%A9",
        body: b"",
        headers: headers(&[]),
        canonical_sha256: "5207f9805a34b9d947b27835adb997d929d4dc1233e6a75a5473e2eff6787341",
        signature: "a1b63bf677efd92340b6255c2f2cd4c6dbb7d7e8bdb4ec1ac35fc450c0d116a9",
    }
}

fn vector_7() -> Vector {
    Vector {
        key_id: "STS.EXAMPLE",
        secret: "stssecret",
        query: b"ClusterId=c-1&JobId=job-1",
        headers: headers(&[
            ("x-acs-accesskey-id", "STS.EXAMPLE"),
            ("x-acs-action", "StopEdgeTranscodeJob"),
            ("x-acs-credentials-provider", "static_sts"),
            ("x-acs-security-token", "tok+/="),
            ("x-acs-version", "2016-11-01"),
        ]),
        canonical_sha256: "d922f10ce2d9569cde0c5d51c290b62cd262e2c9fe132ab10470a2fcdb783bcd",
        signature: "80ec728d781634d32f44fadf99a948f62537ae66c139628d024b54980a9d79d2",
        ..vector_6()
    }
}

fn vector_8() -> Vector {
    Vector {
        query: b"",
        body: b"JobId=j%201",
        headers: headers(&[
            ("content-type", "application/x-www-form-urlencoded"),
            (
                "x-acs-content-sha256",
                "0a846426129dc65d0accaf91218f5fad59825258e1e89fa0a8c9d88e21dc52a9",
            ),
        ]),
        canonical_sha256: "4f1714f29dd2523cb4f8500ad4a8ab3ccd5d6df6cc3b896e9fe8d514a2d11e2b",
        signature: "bdfa3c6d08fc64d4f7a15664af0d8b6517c87677f8192dc84c7477900d030ecd",
        ..vector_6()
    }
}

impl Vector {
    fn params(&self) -> Params {
        Params::parse(self.query, Some(self.body)).unwrap()
    }

    fn sign(&self) -> String {
        sign_v3(
            "POST",
            &self.params(),
            &self.headers,
            self.key_id,
            self.secret,
        )
        .unwrap()
    }

    /// The request with an `Authorization`, after `change` has had its way with the headers.
    fn verify(
        &self,
        authorization: &str,
        change: impl FnOnce(&mut HeaderMap),
    ) -> Result<(), ApiError> {
        let mut headers = self.headers.clone();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        change(&mut headers);
        let params = self.params();
        let signed = Signed {
            method: "POST",
            params: &params,
            headers: &headers,
            body: self.body,
        };
        Claims::read(Scheme::V3, &signed)?.verify(&signed, self.secret)
    }

    fn code(&self, authorization: &str, change: impl FnOnce(&mut HeaderMap)) -> String {
        self.verify(authorization, change)
            .unwrap_err()
            .code
            .into_owned()
    }

    fn check(&self) {
        let authorization = self.sign();
        let signed_headers = {
            let mut names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            names.join(";")
        };
        let expected = format!(
            "ACS3-HMAC-SHA256 Credential={},SignedHeaders={signed_headers},Signature={}",
            self.key_id, self.signature
        );
        assert_eq!(authorization, expected);
        let hash = sha256_hex(self.body);
        let canonical = canonical_request(
            "POST",
            &self.params(),
            &self.headers,
            &signed_headers,
            &hash,
        );
        assert_eq!(
            sha256_hex(canonical.unwrap().as_bytes()),
            self.canonical_sha256
        );
        assert!(self.verify(&authorization, |_| ()).is_ok());
    }
}

#[test]
fn vector_6_empty_body() {
    let vector = vector_6();
    vector.check();
    let canonical =
        canonical_request("POST", &vector.params(), &vector.headers, "host", "hash").unwrap();
    let expected = "POST\n/\nJobId=j%201%2B%2A~%2F%C3%A9\nhost:127.0.0.1:8080\n\nhost\nhash";
    assert_eq!(canonical, expected);
}

#[test]
fn vector_7_security_token() {
    let vector = vector_7();
    vector.check();
    let mut headers = vector.headers.clone();
    headers.insert(
        AUTHORIZATION,
        HeaderValue::from_str(&vector.sign()).unwrap(),
    );
    let claims = claims(&headers, b"").unwrap();
    assert_eq!(claims.key_id, "STS.EXAMPLE");
    assert_eq!(claims.security_token, Some("tok+/="));
    assert_eq!(claims.timestamp, "2026-01-02T03:04:05Z");
    assert_eq!(claims.nonce, "0123456789abcdef0123456789abcdef");
}

#[test]
fn vector_8_form_body() {
    let vector = vector_8();
    let declared = vector.headers[CONTENT_SHA256].to_str().unwrap();
    assert_eq!(sha256_hex(vector.body), declared);
    vector.check();
}

#[test]
fn a_changed_request_does_not_match() {
    let vector = vector_6();
    let authorization = vector.sign();
    for name in [
        "host",
        "accept",
        "x-acs-action",
        "x-acs-date",
        CONTENT_SHA256,
    ] {
        let change = |headers: &mut HeaderMap| {
            headers.insert(name, HeaderValue::from_static("other"));
        };
        assert_eq!(
            vector.code(&authorization, change),
            "SignatureDoesNotMatch",
            "{name}"
        );
    }
    let other_query = Vector {
        query: b"JobId=2",
        ..vector_6()
    };
    assert_eq!(
        other_query.code(&authorization, |_| ()),
        "SignatureDoesNotMatch"
    );
    let other_body = Vector {
        body: b"x",
        ..vector_6()
    };
    assert_eq!(
        other_body.code(&authorization, |_| ()),
        "SignatureDoesNotMatch"
    );
}

#[test]
fn a_wrong_body_hash_does_not_match_although_it_is_signed() {
    let lying = Vector {
        body: b"JobId=other",
        ..vector_8()
    };
    assert_eq!(lying.code(&lying.sign(), |_| ()), "SignatureDoesNotMatch");
}

#[test]
fn a_header_with_another_hash_than_the_bodys_is_refused_although_both_are_signed() {
    let vector = vector_6();
    let mut headers = vector.headers.clone();
    let other = HeaderValue::from_str(&sha256_hex(b"other")).unwrap();
    headers.insert(CONTENT_SHA256, other);
    let names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;\
                 x-acs-version";
    let canonical = canonical_request("POST", &vector.params(), &headers, names, EMPTY_SHA256);
    let to_sign = string_to_sign(&canonical.unwrap());
    let signature = hex::encode(hmac::sign(&key(vector.secret), to_sign.as_bytes()));
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}",
        vector.key_id
    );
    let lying = Vector { headers, ..vector };
    let code = lying.code(&authorization, |_| ());
    assert_eq!(code, "SignatureDoesNotMatch");
}

#[test]
fn signed_headers_have_to_be_complete_and_present() {
    let vector = vector_7();
    let authorization = vector.sign();
    for name in ALWAYS_SIGNED.into_iter().chain([SECURITY_TOKEN]) {
        let without = authorization
            .replace(&format!("{name};"), "")
            .replace(&format!(";{name},"), ",");
        assert_ne!(without, authorization);
        let error = vector.verify(&without, |_| ()).unwrap_err();
        assert_eq!(error.code, "IncompleteSignature");
        assert!(
            error
                .message
                .ends_with(&format!("SignedHeaders lacks {name}"))
        );
    }
    for name in ["accept", "host", DATE] {
        let remove = |headers: &mut HeaderMap| drop(headers.remove(name));
        assert_eq!(
            vector.code(&authorization, remove),
            "IncompleteSignature",
            "{name}"
        );
    }
    let repeat = |headers: &mut HeaderMap| {
        headers.append("x-acs-action", HeaderValue::from_static("DeletePipeline"));
    };
    assert_eq!(vector.code(&authorization, repeat), "IncompleteSignature");
}

#[test]
fn unusable_authorizations_are_told_apart() {
    let vector = vector_6();
    let good = vector.sign();
    for (authorization, expected) in [
        (
            good.replace("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
            "InvalidSignatureMethod",
        ),
        (
            good.replace("ACS3-HMAC-SHA256", "ACS3-RSA-SHA256"),
            "InvalidSignatureMethod",
        ),
        ("ACS3-HMAC-SHA256".to_owned(), "IncompleteSignature"),
        (good.replace("Credential", "Key"), "IncompleteSignature"),
        (good.replace(";host;", ";host;host;"), "IncompleteSignature"),
        (good.replace(";host;", ";Host;"), "IncompleteSignature"),
        (good.replace(";host;", ";;host;"), "IncompleteSignature"),
        (good.replace("AKIDEXAMPLE0001", ""), "IncompleteSignature"),
        (
            good.replace(",Signature=", ",Signature=zz"),
            "IncompleteSignature",
        ),
        (
            good.replace(",Signature=a1", ",Signature="),
            "SignatureDoesNotMatch",
        ),
        (
            good.replace(",Signature=a1", ",Signature=a2"),
            "SignatureDoesNotMatch",
        ),
    ] {
        assert_eq!(
            vector.code(&authorization, |_| ()),
            expected,
            "{authorization}"
        );
    }
    assert!(vector.verify(&good.replace(',', ", "), |_| ()).is_ok());
}

proptest! {
    #[test]
    fn reading_an_authorization_never_panics(parts in "[a-zA-Z;=, -]{0,60}") {
        let _ = vector_6().verify(&format!("ACS3-HMAC-SHA256 {parts}"), |_| ());
    }

    #[test]
    fn what_is_signed_verifies(secret in "[ -~]{0,64}", value in any::<String>()) {
        let pairs = [("JobId", value.as_str())];
        let params = Params::from_pairs(pairs).unwrap();
        let mut headers = headers(&[]);
        let authorization = sign_v3("GET", &params, &headers, "key", &secret).unwrap();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization).unwrap());
        let signed = Signed { method: "GET", params: &params, headers: &headers, body: b"" };
        let claims = Claims::read(Scheme::V3, &signed).unwrap();
        prop_assert!(claims.verify(&signed, &secret).is_ok());
    }
}
