//! The signature check, parameters parsed, beside nothing but the hashes over the same bytes.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use http::{HeaderMap, HeaderName, HeaderValue};
use reelgate_api_aliyun::rpc::signature::{Claims, Scheme, Signed, v1, v3};
use reelgate_api_aliyun::rpc::{Params, encoding, sign_v3};
use ring::{digest, hmac};

use crate::figure::{Figure, Goal};
use crate::rounds::in_turns;

const CHECKS: u32 = 2_000;
const ROUNDS: usize = 50;
const KEY_ID: &str = "RGAK0123456789abcdef";
const SECRET: &str = "0123456789abcdefghijklmnopqrst";

/// Business parameters of a submit; with those of the protocol a query gets about 750 bytes.
const BUSINESS: [(&str, &str); 4] = [
    (
        "Input",
        r#"{"Bucket":"example-bucket","Location":"oss-cn-hangzhou","Object":"example/a b.flv"}"#,
    ),
    (
        "Outputs",
        r#"[{"OutputObject":"out%2Fa.mp4","TemplateId":"S00000001-200010","Video":{"Width":"1280","Bitrate":"1500"},"UserData":"order 17"}]"#,
    ),
    ("OutputBucket", "example-bucket"),
    ("PipelineId", "88c6ca184c0e47098a5b665e2a126797"),
];

pub(crate) fn figures(tell: &mut dyn FnMut(Figure)) -> Result<()> {
    tell(first_version()?);
    tell(third_version()?);
    Ok(())
}

/// One check of a V1 request as the server makes it.
pub(crate) fn check(query: &str, secret: &str) -> Result<()> {
    verify(Scheme::V1, "GET", query, &HeaderMap::new(), secret)
}

fn verify(
    scheme: Scheme,
    method: &str,
    query: &str,
    headers: &HeaderMap,
    secret: &str,
) -> Result<()> {
    let params = Params::parse(query.as_bytes(), None)?;
    let signed = Signed {
        method,
        params: &params,
        headers,
        body: b"",
    };
    let claims = Claims::read(scheme, &signed).map_err(|error| anyhow!("{error}"))?;
    let verdict = claims.verify(&signed, secret);
    verdict.map_err(|error| anyhow!("{error}"))
}

/// A V1 submit, signed.
pub(crate) fn signed_query(key_id: &str, secret: &str) -> Result<String> {
    let pairs = pairs(key_id);
    let params = Params::from_pairs(pairs.iter().copied())?;
    let signature = v1::sign_v1("GET", &params, secret).map_err(|error| anyhow!("{error}"))?;
    Ok(text(pairs.into_iter().chain([("Signature", &*signature)])))
}

fn pairs(key_id: &str) -> Vec<(&str, &str)> {
    let protocol = [
        ("Action", "SubmitJobs"),
        ("Version", "2014-06-18"),
        ("Format", "JSON"),
        ("AccessKeyId", key_id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "0123456789abcdef0123456789abcdef"),
        ("Timestamp", "2026-01-02T03:04:05Z"),
    ];
    protocol.into_iter().chain(BUSINESS).collect()
}

fn first_version() -> Result<Figure> {
    let params = Params::from_pairs(pairs(KEY_ID))?;
    let to_sign = v1::string_to_sign("GET", &params);
    let key = format!("{SECRET}&");
    let bare = || {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        black_box(hmac::sign(&key, black_box(to_sign.as_bytes())));
        Ok(())
    };
    let query = signed_query(KEY_ID, SECRET)?;
    let pair = in_turns(
        ROUNDS,
        || micros(|| check(black_box(&query), SECRET)),
        || micros(bare),
    )?;
    let name = format!("V1 check, query of {} bytes / bare HMAC-SHA1", query.len());
    Ok(Figure::beside(name, "us", pair, Goal::Most(4.0)))
}

fn third_version() -> Result<Figure> {
    let query = text(BUSINESS.into_iter());
    let params = Params::parse(query.as_bytes(), None)?;
    let body_hash = v3::sha256_hex(b"");
    let mut headers: HeaderMap = [
        ("host", "mts.cn-hangzhou.aliyuncs.com"),
        ("x-acs-action", "SubmitJobs"),
        ("x-acs-version", "2014-06-18"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "0123456789abcdef0123456789abcdef"),
        ("x-acs-content-sha256", &body_hash),
    ]
    .into_iter()
    .map(|(name, value)| Ok((name.parse::<HeaderName>()?, HeaderValue::from_str(value)?)))
    .collect::<Result<_>>()?;
    let authorization =
        sign_v3("POST", &params, &headers, KEY_ID, SECRET).map_err(|error| anyhow!("{error}"))?;
    let names =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    ensure!(authorization.contains(names), "the signed headers differ");
    let canonical = v3::canonical_request("POST", &params, &headers, names, &body_hash)
        .map_err(|error| anyhow!("{error}"))?;
    let to_sign = v3::string_to_sign(&canonical);
    headers.insert("authorization", authorization.parse()?);

    let bare = || {
        black_box(digest::digest(&digest::SHA256, black_box(b"")));
        black_box(digest::digest(
            &digest::SHA256,
            black_box(canonical.as_bytes()),
        ));
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        black_box(hmac::sign(&key, black_box(to_sign.as_bytes())));
        Ok(())
    };
    let ours = || verify(Scheme::V3, "POST", black_box(&query), &headers, SECRET);
    let pair = in_turns(ROUNDS, || micros(ours), || micros(bare))?;
    let name = format!(
        "V3 check, query of {} bytes / bare SHA-256 and HMAC",
        query.len()
    );
    Ok(Figure::beside(name, "us", pair, Goal::Most(4.0)))
}

fn text<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = pairs.map(|(name, value)| format!("{name}={}", encoding::encode(value)));
    encoded.collect::<Vec<_>>().join("&")
}

fn micros(check: impl Fn() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    for _ in 0..CHECKS {
        check()?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(CHECKS))
}
