//! Signatures of the Huawei dialect: what is signed verifies, however it is encoded, and no change to it does.
//!
//! Lines: path, query, a header `name: value` to sign with the others, change to the path, change to the query, change to
//! that header's value, an `Authorization` header for a request of its own, then the body.
#![no_main]

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reelgate_api_huawei::signature::{Claims, SignatureError, Signed, decode, sign, sign_derived};
use reelgate_fuzz::{lines, tampered};

const KEY: &str = "AKEXAMPLE0000000001";
const SECRET: &str = "SKexample0000000000000000000000000000001";

fuzz_target!(|data: &[u8]| {
    let [
        path,
        query,
        header,
        path_change,
        query_change,
        header_change,
        authorization,
        body,
    ] = lines(data);
    let (Ok(path), Ok(query)) = (std::str::from_utf8(path), std::str::from_utf8(query)) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("mpc.example.com"));
    headers.insert("x-sdk-date", HeaderValue::from_static("20260115T083000Z"));
    let own = own_header(header);
    if let Some((name, value)) = &own {
        headers.insert(name.clone(), value.clone());
    }
    let signed = Signed {
        method: "POST",
        path,
        query,
        headers: &headers,
        body,
    };
    // Whatever a stranger may claim.
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        let outcome = verify(&signed, &value);
        assert!(outcome.is_err(), "a guessed signature verifies");
    }
    let is_readable = decode(path.as_bytes()).is_some() && pairs(query).is_some();
    let Ok(first) = sign(&signed, KEY, SECRET) else {
        return;
    };
    assert!(is_readable, "what cannot be decoded cannot be signed");
    for authorization in [
        first,
        sign_derived(&signed, KEY, SECRET, "local", "mpc").expect("what signs once signs twice"),
    ] {
        let authorization: HeaderValue = authorization.parse().expect("a header value");
        assert_eq!(
            verify(&signed, &authorization),
            Ok(()),
            "what is signed verifies"
        );
        let otherwise = spelled_out(query);
        let respelled = Signed {
            path: &escaped(path),
            query: &otherwise,
            ..signed
        };
        assert_eq!(
            verify(&respelled, &authorization),
            Ok(()),
            "encodings say nothing"
        );
        let put = Signed {
            method: "PUT",
            ..signed
        };
        assert!(
            verify(&put, &authorization).is_err(),
            "the method is signed"
        );
        let longer = [body, b"x"].concat();
        let longer = Signed {
            body: &longer,
            ..signed
        };
        // A body of a type that nothing reads may be declared unsigned.
        if headers.get("x-sdk-content-sha256").is_none() {
            assert!(
                verify(&longer, &authorization).is_err(),
                "the body is signed"
            );
        }
        if let Some(other) = changed(path, path_change)
            && verify(
                &Signed {
                    path: &other,
                    ..signed
                },
                &authorization,
            )
            .is_ok()
        {
            let meant = |path: &str| decode(path.as_bytes()).map(|path| without_slash(&path));
            assert_eq!(meant(&other), meant(path), "a tampered path verifies");
        }
        if let Some(other) = changed(query, query_change)
            && verify(
                &Signed {
                    query: &other,
                    ..signed
                },
                &authorization,
            )
            .is_ok()
        {
            assert_eq!(pairs(&other), pairs(query), "a tampered query verifies");
        }
        if let Some((name, value)) = &own
            && let Some(other) = tampered(value.as_bytes(), header_change)
            && let Ok(other) = HeaderValue::from_bytes(&other)
        {
            let mut headers = headers.clone();
            headers.insert(name.clone(), other.clone());
            let is_signed = !name.as_str().contains('_');
            let other_signed = Signed {
                headers: &headers,
                ..signed
            };
            if is_signed && verify(&other_signed, &authorization).is_ok() {
                let text = |value: &HeaderValue| value.as_bytes().trim_ascii().to_vec();
                assert_eq!(text(&other), text(value), "a tampered header verifies");
            }
        }
    }
});

fn verify(signed: &Signed<'_>, authorization: &HeaderValue) -> Result<(), SignatureError> {
    let mut headers = signed.headers.clone();
    headers.insert(AUTHORIZATION, authorization.clone());
    let signed = Signed {
        headers: &headers,
        ..*signed
    };
    Claims::read(&headers)?.verify(&signed, SECRET)
}

/// A header of the caller's; none that replaces the claims themselves.
fn own_header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    let is_claim = name == AUTHORIZATION || name == "x-sdk-date";
    // A token that is no text is nobody's.
    let is_no_token = name == "x-security-token" && std::str::from_utf8(value.as_bytes()).is_err();
    (!is_claim && !is_no_token).then_some((name, value))
}

fn changed(text: &str, change: &[u8]) -> Option<String> {
    String::from_utf8(tampered(text.as_bytes(), change)?).ok()
}

/// A slash at the end is signed whether it is there or not.
fn without_slash(path: &[u8]) -> Vec<u8> {
    path.strip_suffix(b"/").unwrap_or(path).to_vec()
}

/// What a query says: its pairs by key, those of one key in their order.
fn pairs(query: &str) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let parts = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decode(key.as_bytes())?, decode(value.as_bytes())?))
    };
    let mut pairs: Vec<_> = parts.map(pair).collect::<Option<_>>()?;
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    Some(pairs)
}

/// Every byte that is not part of an escape as an escape, the slashes of the path excepted.
fn escaped(text: &str) -> String {
    let bytes = decode(text.as_bytes()).unwrap_or_default();
    let escape = |byte: &u8| match byte {
        b'/' => "/".to_owned(),
        byte => format!("%{byte:02x}"),
    };
    bytes.iter().map(escape).collect()
}

/// The query with all its bytes escaped.
fn spelled_out(query: &str) -> String {
    let escape =
        |bytes: Vec<u8>| -> String { bytes.iter().map(|byte| format!("%{byte:02x}")).collect() };
    let pairs = pairs(query).unwrap_or_default().into_iter();
    let pairs: Vec<_> = pairs
        .map(|(key, value)| format!("{}={}", escape(key), escape(value)))
        .collect();
    pairs.join("&")
}
