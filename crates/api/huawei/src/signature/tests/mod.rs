//! The vectors of both schemes, and requests that have to be refused.

mod properties;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const KEY: &str = "AKEXAMPLE0000000001";
const SECRET: &str = "SKexample0000000000000000000000000000001";
const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// What one vector sends and what has to come out; `vector()` is vector 1.
struct Vector {
    method: &'static str,
    path: String,
    query: &'static str,
    headers: HeaderMap,
    body: &'static [u8],
    canonical_sha256: Option<&'static str>,
    signature: &'static str,
}

fn header_map<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    pairs
        .into_iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn headers(own: &[(&str, &str)]) -> HeaderMap {
    let shared = [
        ("Host", "127.0.0.1:18086"),
        ("Content-Type", "application/json"),
        ("X-Project-Id", PROJECT),
        ("X-Sdk-Date", "20260115T083000Z"),
    ];
    header_map(shared.iter().chain(own).copied())
}

fn vector() -> Vector {
    Vector {
        method: "DELETE",
        path: format!("/v1/{PROJECT}/transcodings"),
        query: "task_id=100211",
        headers: headers(&[]),
        body: b"",
        canonical_sha256: Some("8074f88e62574f33d6ec3b6d6d229b25b750629c9046745f39cd27da1836ce71"),
        signature: "4477bd5686fcf351e26d170017a3fc43be28751bbc28057b823651127ba77844",
    }
}

impl Vector {
    fn signed(&self) -> Signed<'_> {
        Signed {
            method: self.method,
            path: &self.path,
            query: self.query,
            headers: &self.headers,
            body: self.body,
        }
    }

    fn sign(&self) -> String {
        sign(&self.signed(), KEY, SECRET).unwrap()
    }

    /// The request with this `Authorization`.
    fn verify(&self, authorization: &str) -> Result<(), SignatureError> {
        let mut headers = self.headers.clone();
        headers.insert(
            http::header::AUTHORIZATION,
            HeaderValue::from_str(authorization).unwrap(),
        );
        let signed = Signed {
            headers: &headers,
            ..self.signed()
        };
        Claims::read(&headers)?.verify(&signed, SECRET)
    }

    fn check(&self, signed_headers: &str) {
        let expected = format!(
            "SDK-HMAC-SHA256 Access={KEY}, SignedHeaders={signed_headers}, Signature={}",
            self.signature
        );
        assert_eq!(self.sign(), expected);
        if let Some(expected) = self.canonical_sha256 {
            let canonical = canonical_request(&self.signed(), signed_headers).unwrap();
            let hash = request_sha256_hex(&canonical, &sha256_hex(self.body));
            assert_eq!(hash, expected);
        }
        assert_eq!(self.verify(&expected), Ok(()));
    }
}

const SIGNED: &str = "content-type;host;x-project-id;x-sdk-date";

#[test]
fn vector_1_no_body() {
    vector().check(SIGNED);
    let canonical = canonical_request(&vector().signed(), SIGNED).unwrap();
    let expected = "DELETE\n\
                    /v1/0123456789abcdef0123456789abcdef/transcodings/\n\
                    task_id=100211\n\
                    content-type:application/json\n\
                    host:127.0.0.1:18086\n\
                    x-project-id:0123456789abcdef0123456789abcdef\n\
                    x-sdk-date:20260115T083000Z\n\
                    \n\
                    content-type;host;x-project-id;x-sdk-date\n";
    assert_eq!(String::from_utf8(canonical).unwrap(), expected);
}

#[test]
fn vector_2_json_body() {
    let vector = Vector {
        method: "POST",
        query: "",
        body: br#"{"input": {"bucket": "in-bucket", "location": "cn-north-4", "object": "in/a.mp4"}, "output": {"bucket": "out-bucket", "location": "cn-north-4", "object": "out"}, "trans_template_id": [7000520]}"#,
        canonical_sha256: Some("aefe791ad5f3e0016487265fa7a760516490b9a0576c43782cec6c6cfc5c4e10"),
        signature: "3169257f7d7581df9c19a31937e8d337f707c564ca0c59f7db730c2b17d7711b",
        ..vector()
    };
    assert_eq!(vector.body.len(), 193);
    assert_eq!(
        sha256_hex(vector.body),
        "e693240c88c6507ecde14414569ec4baa255694b227de403793a95032f58118d"
    );
    vector.check(SIGNED);
}

#[test]
fn vector_3_derived_key() {
    let vector = vector();
    let key = key::derived(KEY, SECRET, "20260115/cn-north-4/mpc");
    assert_eq!(
        std::str::from_utf8(&key).unwrap(),
        "dcdef7014c71e1ffbcdae2eaf6e4ba14bd95e830fc3e44a06a6574411c1e9549"
    );
    let authorization = sign_derived(&vector.signed(), KEY, SECRET, "cn-north-4", "mpc").unwrap();
    let expected = format!(
        "V11-HMAC-SHA256 Credential={KEY}/20260115/cn-north-4/mpc, SignedHeaders={SIGNED}, \
         Signature=4e4e0fd71437dd104576f3e87a778349b8db249638df9725fe34abc1abdc32b8"
    );
    assert_eq!(authorization, expected);
    assert_eq!(vector.verify(&authorization), Ok(()));
    for other in [
        authorization.replace("cn-north-4", "cn-north-5"),
        authorization.replace("/mpc", "/vod"),
        // The key itself was not derived.
        authorization.replace(
            &format!("V11-HMAC-SHA256 Credential={KEY}/20260115/cn-north-4/mpc"),
            &format!("SDK-HMAC-SHA256 Access={KEY}"),
        ),
    ] {
        assert!(
            matches!(vector.verify(&other), Err(SignatureError::Mismatch { .. })),
            "{other}"
        );
    }
    for other in [
        authorization.replace("20260115/", "20260116/"),
        authorization.replace("20260115/", ""),
        authorization.replace("/mpc", ""),
        authorization.replace("/mpc", "/mpc/"),
        authorization.replace("/mpc", "/"),
        authorization.replace(KEY, ""),
        authorization.replace("20260115/", "2026011é/"),
    ] {
        assert!(
            matches!(vector.verify(&other), Err(SignatureError::Unusable(_))),
            "{other}"
        );
    }
}

fn vector_4() -> Vector {
    Vector {
        method: "GET",
        query: "page=0&status=SUCCEEDED&task_id=1&task_id=2&task_id=11",
        headers: headers(&[
            ("User-Agent", "ua/1.0"),
            ("x-language", "en-us"),
            ("X-Security-Token", "STOKEN/abc+="),
        ]),
        canonical_sha256: Some("046c2c9f916961a1d29abbe0a42ca28df6284f46e4202b8eb6fd73631eaddc37"),
        signature: "a34339f367f911670752e35fa2971da8d3759c0ba487ea2fe6bd5db266a4df26",
        ..vector()
    }
}

#[test]
fn vector_4_repeated_keys_and_a_security_token() {
    let vector = vector_4();
    let names = "content-type;host;user-agent;x-language;x-project-id;x-sdk-date;x-security-token";
    vector.check(names);
    let authorization = vector.sign();
    // The other SDK sends the keys as it has them, and signs them sorted.
    let unsorted = Vector {
        query: "task_id=1&task_id=2&task_id=11&status=SUCCEEDED&page=0",
        ..vector_4()
    };
    assert_eq!(unsorted.verify(&authorization), Ok(()));
    let other_order = Vector {
        query: "page=0&status=SUCCEEDED&task_id=1&task_id=11&task_id=2",
        ..vector_4()
    };
    let error = other_order.verify(&authorization).unwrap_err();
    let SignatureError::Mismatch { canonical } = error else {
        panic!("{error}")
    };
    assert!(
        canonical.contains("&task_id=1&task_id=11&task_id=2|"),
        "{canonical}"
    );
}

#[test]
fn vector_5_reserved_characters_and_a_header_with_an_underscore() {
    let vector = Vector {
        method: "GET",
        path: format!("/v1.0-ext/{PROJECT}/objects"),
        query: "bucket=my%20bucket&prefix=a%2Fb~c%20%C3%A9%2A",
        headers: header_map([
            ("Host", "127.0.0.1:18086"),
            ("Content-Type", "application/json"),
            ("X-Project_Id", PROJECT),
            ("X-Sdk-Date", "20260115T083000Z"),
        ]),
        canonical_sha256: None,
        signature: "2e53e52b9f033b4ab985d1a4fd0bd7ce11281ae06ab5c9c454acb120ff535b86",
        ..vector()
    };
    vector.check("content-type;host;x-sdk-date");
    let raw = Vector {
        query: "bucket=my%20bucket&prefix=a/b~c%20é*",
        ..vector
    };
    raw.check("content-type;host;x-sdk-date");
}

#[test]
fn keys_are_ordered_by_what_they_stand_for() {
    let query = |query| {
        let vector = Vector { query, ..vector() };
        let canonical = canonical_request(&vector.signed(), "host").unwrap();
        let text = String::from_utf8(canonical).unwrap();
        text.lines().nth(2).unwrap().to_owned()
    };
    assert_eq!(query(""), "");
    assert_eq!(query("&&"), "");
    assert_eq!(query("b&a"), "a=&b=");
    assert_eq!(query("a=1&a=&a"), "a=1&a=&a=");
    // As text "%5B" stands before "Z".
    assert_eq!(query("%5b=3&Z=1&a=4&[=5"), "Z=1&%5B=3&%5B=5&a=4");
    assert_eq!(query("ab=1&a=2&a%00=3"), "a=2&a%00=3&ab=1");
    assert_eq!(query("a=b=c&+=+"), "%2B=%2B&a=b%3Dc");
}

#[test]
fn claims_are_read_without_a_secret() {
    let mut headers = vector_4().headers;
    let authorization = vector_4().sign();
    headers.insert("authorization", authorization.parse().unwrap());
    let claims = Claims::read(&headers).unwrap();
    assert_eq!(claims.key_id, KEY);
    assert_eq!(claims.security_token, Some("STOKEN/abc+="));
    assert_eq!(claims.date, "20260115T083000Z");
}

#[test]
fn unusable_authorizations_say_what_is_wrong() {
    let vector = vector();
    let good = vector.sign();
    let date_unsigned = good.replace(";x-sdk-date", "");
    for (authorization, expected) in [
        (
            good.replace("SDK-HMAC-SHA256", "SDK-HMAC-SM3"),
            "the algorithm SDK-HMAC-SM3 is not supported",
        ),
        (
            "Bearer x".to_owned(),
            "the algorithm Bearer is not supported",
        ),
        (String::new(), "the algorithm  is not supported"),
        (
            "SDK-HMAC-SHA256".to_owned(),
            "the header Authorization does not have Access once",
        ),
        (
            good.replace(KEY, ""),
            "the header Authorization does not have Access once",
        ),
        (
            format!("{good}, Access=other"),
            "the header Authorization does not have Access once",
        ),
        (
            good.replace("Signature", "Sign"),
            "the header Authorization does not have Signature once",
        ),
        (
            good.replace("SignedHeaders", "Headers"),
            "the header Authorization does not have SignedHeaders once",
        ),
        (date_unsigned, "SignedHeaders does not name x-sdk-date"),
        (
            good.replace(";host;", ";Host;"),
            "SignedHeaders is not in lower case and ascending order",
        ),
        (
            good.replace(";host;", ";host;host;"),
            "SignedHeaders is not in lower case and ascending order",
        ),
        (
            good.replace("content-type;host", "host;content-type"),
            "SignedHeaders is not in lower case and ascending order",
        ),
        (
            good.replace(";host;", ";;host;"),
            "SignedHeaders is not in lower case and ascending order",
        ),
        (
            good.replace(";host;", ";horst;"),
            "the header horst does not occur exactly once",
        ),
        (
            good.replace("Signature=4477", "Signature=zz77"),
            "Signature is not 64 lower-case hex digits",
        ),
        (
            good.replace("Signature=4477bd", "Signature=4477BD"),
            "Signature is not 64 lower-case hex digits",
        ),
        (
            good.replace("Signature=44", "Signature="),
            "Signature is not 64 lower-case hex digits",
        ),
        (
            good.replace("Signature=44", "Signature=45"),
            "verify aksk signature fail",
        ),
    ] {
        let error = vector.verify(&authorization).unwrap_err();
        assert_eq!(error.to_string(), expected, "{authorization}");
    }
    assert_eq!(vector.verify(&good.replace(", ", ",")), Ok(()));
}

#[test]
fn headers_that_matter_are_sent_once() {
    for name in ["x-sdk-date", "host", "authorization", "x-security-token"] {
        let vector = vector_4();
        let mut headers = vector.headers.clone();
        headers.insert("authorization", vector.sign().parse().unwrap());
        headers.append(name, HeaderValue::from_static("another"));
        let signed = Signed {
            headers: &headers,
            ..vector.signed()
        };
        let outcome = Claims::read(&headers).and_then(|claims| claims.verify(&signed, SECRET));
        let expected = format!("the header {name} does not occur exactly once");
        assert_eq!(outcome.unwrap_err().to_string(), expected);
    }
}

#[test]
fn broken_escapes_are_malformed() {
    let authorization = vector().sign();
    let query = Vector {
        query: "task_id=%zz",
        ..vector()
    };
    let path = Vector {
        path: "/v1/%4".to_owned(),
        ..vector()
    };
    for broken in [query, path] {
        assert_eq!(
            broken.verify(&authorization),
            Err(SignatureError::Malformed)
        );
    }
}

/// A request with this `X-Sdk-Content-Sha256` and content type, and how it is taken after it was signed.
fn declared(
    hash: &str,
    content_type: Option<&str>,
    body: &'static [u8],
) -> Result<(), SignatureError> {
    let mut vector = Vector {
        method: "POST",
        body,
        headers: headers(&[("x-sdk-content-sha256", hash)]),
        ..vector()
    };
    match content_type {
        Some(value) => drop(
            vector
                .headers
                .insert("content-type", value.parse().unwrap()),
        ),
        None => drop(vector.headers.remove("content-type")),
    }
    let authorization = sign(&vector.signed(), KEY, SECRET)?;
    vector.verify(&authorization)
}

#[test]
fn a_declared_hash_has_to_be_that_of_the_body() {
    let json = Some("application/json");
    let hash = sha256_hex(b"{}");
    assert_eq!(declared(&hash, json, b"{}"), Ok(()));
    assert_eq!(declared(&hash.to_ascii_uppercase(), json, b"{}"), Ok(()));
    let lie = "X-Sdk-Content-Sha256 is not the hash of the body";
    for (declared_hash, body) in [(hash.as_str(), &b"{ }"[..]), ("", b""), ("x", b"{}")] {
        let error = declared(declared_hash, json, body).unwrap_err();
        assert_eq!(error.to_string(), lie);
    }
}

#[test]
fn a_body_may_be_unsigned_if_its_type_is_one_that_nothing_reads() {
    let unsigned = |content_type, body| declared("UNSIGNED-PAYLOAD", content_type, body);
    assert_eq!(unsigned(Some("text/plain"), b"x"), Ok(()));
    assert_eq!(unsigned(Some("application/json"), b""), Ok(()));
    for content_type in [
        Some("application/json"),
        Some("Application/JSON;charset=UTF-8"),
        Some("application/bson"),
        None,
    ] {
        assert!(unsigned(content_type, b"x").is_err(), "{content_type:?}");
    }
}

#[test]
fn the_sdk_that_forgets_the_hash_of_no_body_is_understood() {
    let header = ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
    let vector = Vector {
        headers: headers(&[header]),
        ..vector()
    };
    let names = "content-type;host;x-project-id;x-sdk-content-sha256;x-sdk-date";
    let canonical = canonical_request(&vector.signed(), names).unwrap();
    let text = string_to_sign(
        Scheme::Direct,
        "20260115T083000Z",
        &request_sha256_hex(&canonical, &sha256_hex(b"")),
    );
    let key = key::of(Scheme::Direct, KEY, SECRET);
    let signature = hex::encode(hmac::sign(&key, text.as_bytes()));
    let authorization =
        format!("SDK-HMAC-SHA256 Access={KEY}, SignedHeaders={names}, Signature={signature}");
    assert_eq!(vector.verify(&authorization), Ok(()));
}

#[test]
fn what_is_shown_of_a_mismatch_has_no_secrets() {
    let mut vector = vector_4();
    for (name, value) in [("x-auth-token", "MIIsecret"), ("cookie", "session=secret")] {
        vector.headers.insert(name, HeaderValue::from_static(value));
    }
    let authorization = vector.sign();
    vector.method = "PUT";
    let error = vector.verify(&authorization).unwrap_err();
    let SignatureError::Mismatch { canonical } = error else {
        panic!("{error}")
    };
    let expected = format!(
        "PUT|/v1/{PROJECT}/transcodings/|page=0&status=SUCCEEDED&task_id=1&task_id=2&task_id=11|\
         content-type:application/json|cookie:***|host:127.0.0.1:18086|user-agent:ua/1.0|\
         x-auth-token:***|x-language:en-us|x-project-id:{PROJECT}|x-sdk-date:20260115T083000Z|\
         x-security-token:***||content-type;cookie;host;user-agent;x-auth-token;x-language;\
         x-project-id;x-sdk-date;x-security-token|\
         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(canonical, expected);
}
