//! The gateway as SDKs see it: here a fake product and requests under construction, below the tests.

use async_trait::async_trait;
use axum::body::Body;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::rpc::encoding::encode;
use crate::rpc::received::MAX_BODY_BYTES;
use crate::rpc::signature::v3::sha256_hex;
use crate::rpc::{sign_v1, sign_v3};

const KEY: &str = "AKIDEXAMPLE0001";
const SECRET: &str = "SKEXAMPLEsecret0001";
const ACCOUNT: u64 = 1_234_567_890_123_456;
const SENT: &str = "2026-01-02T03:04:05Z";
const SENT_MS: i64 = 1_767_323_045_000;
const FORM: &str = "application/x-www-form-urlencoded";

mod answers;
mod order;

struct Mts;

#[async_trait]
impl Product for Mts {
    fn name(&self) -> &'static str {
        "Mts"
    }

    fn version(&self) -> &'static str {
        "2014-06-18"
    }

    fn operation(&self, action: &str) -> Operation {
        match action {
            "CancelJob" | "Break" | "AnswerNothing" => Operation::Served,
            "PlayInfo" => Operation::Refused("playback is not part of Reelgate"),
            _ => Operation::Unknown,
        }
    }

    async fn call(
        &self,
        caller: &Caller,
        action: &str,
        params: &Params,
    ) -> Result<Value, ApiError> {
        match action {
            "Break" => Err(ApiError::internal("disk on fire")),
            "AnswerNothing" => Ok(Value::Null),
            _ => Ok(json!({
                "JobId": params.required("JobId")?,
                "Account": caller.account,
                "Nonce": caller.nonce,
                "NonExistJobIds": {"String": ["a", "b"]},
            })),
        }
    }
}

struct Keys;

#[async_trait]
impl Credentials for Keys {
    async fn find(
        &self,
        key_id: &str,
        security_token: Option<&str>,
    ) -> Result<Option<Credential>, ApiError> {
        if security_token.is_some() {
            return Err(CommonError::SecurityTokenMalformed.into());
        }
        let active = match key_id {
            KEY => true,
            "disabled" => false,
            "broken" => return Err(ApiError::unavailable("no connection")),
            _ => return Ok(None),
        };
        Ok(Some(Credential {
            account: ACCOUNT,
            secret: SECRET.to_owned(),
            active,
        }))
    }
}

/// One answer, taken apart.
struct Answer {
    status: StatusCode,
    content_type: String,
    body: String,
}

impl Answer {
    /// Text of a top-level member, in whichever format the answer is.
    fn member(&self, name: &str) -> String {
        if self.content_type.contains("json") {
            let body: Value = serde_json::from_str(&self.body).unwrap();
            return body[name].as_str().unwrap_or_default().to_owned();
        }
        let after = self
            .body
            .split(&format!("<{name}>"))
            .nth(1)
            .unwrap_or_default();
        after.split('<').next().unwrap().replace("&amp;", "&")
    }

    fn summary(&self) -> String {
        let id = self.member("RequestId");
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{}", self.body);
        assert!(!id.contains(|c: char| c.is_ascii_lowercase()));
        if self.status.is_success() {
            assert_eq!(self.member("Code"), "");
            return "200".to_owned();
        }
        assert_eq!(self.member("HostId"), "mts.example.com");
        assert_ne!(self.member("Message"), "");
        format!("{} {}", self.status.as_u16(), self.member("Code"))
    }
}

async fn send(request: http::Request<Body>) -> Answer {
    let gateway = Gateway::new(vec![Arc::new(Mts)], Arc::new(Keys), Arc::new(|| SENT_MS));
    let response = Arc::new(gateway).routes().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: head.status,
        content_type: head.headers[CONTENT_TYPE].to_str().unwrap().to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A V1 request under construction: each test changes what it is about.
struct V1 {
    method: Method,
    pairs: Vec<(&'static str, String)>,
    secret: &'static str,
}

fn v1() -> V1 {
    let pairs = [
        ("Action", "CancelJob"),
        ("Version", "2014-06-18"),
        ("JobId", "j 1+*~/é"),
        ("AccessKeyId", KEY),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "n1"),
        ("Timestamp", SENT),
    ];
    let pairs = pairs.map(|(name, value)| (name, value.to_owned())).to_vec();
    V1 {
        method: Method::GET,
        pairs,
        secret: SECRET,
    }
}

impl V1 {
    fn set(mut self, name: &'static str, value: &str) -> Self {
        self = self.without(name);
        self.pairs.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| *other != name);
        self
    }

    fn signed(self) -> Self {
        let pairs = self
            .pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let params = Params::from_pairs(pairs).unwrap();
        let signature = sign_v1(self.method.as_str(), &params, self.secret).unwrap();
        self.set("Signature", &signature)
    }

    /// Sends the parameters that `in_body` names in a form body, the others in the query.
    async fn send_split(self, in_body: impl Fn(&str) -> bool) -> Answer {
        let text = |wanted: bool| {
            let pairs = self
                .pairs
                .iter()
                .filter(|(name, _)| in_body(name) == wanted);
            let encoded = pairs.map(|(name, value)| format!("{name}={}", encode(value)));
            encoded.collect::<Vec<_>>().join("&")
        };
        let body = text(true).replace("%20", "+");
        let mut request = request(self.method.clone(), &text(false));
        if !body.is_empty() {
            let form = format!("{FORM}; charset=utf-8");
            request
                .headers_mut()
                .insert(CONTENT_TYPE, form.parse().unwrap());
        }
        *request.body_mut() = Body::from(body);
        send(request).await
    }

    async fn send(self) -> Answer {
        self.send_split(|_| false).await
    }

    async fn check(self, expected: &str) {
        assert_eq!(self.signed().send().await.summary(), expected);
    }
}

fn request(method: Method, query: &str) -> http::Request<Body> {
    let mut request = http::Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = format!("/?{query}").parse().unwrap();
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("mts.example.com:8080"));
    // Every V1 client sends these as well; they must not count there.
    request
        .headers_mut()
        .insert("x-acs-action", HeaderValue::from_static("CancelJob"));
    request
        .headers_mut()
        .insert("x-acs-version", HeaderValue::from_static("2014-06-18"));
    request
}

/// A V3 request under construction.
struct V3 {
    request: http::Request<Body>,
    query: &'static str,
    body: &'static str,
    key_id: &'static str,
    secret: &'static str,
}

fn v3(query: &'static str) -> V3 {
    let unsigned = V3 {
        request: request(Method::POST, query),
        query,
        body: "",
        key_id: KEY,
        secret: SECRET,
    };
    unsigned
        .header("x-acs-date", SENT)
        .header("x-acs-signature-nonce", "n3")
        .header("x-acs-content-sha256", &sha256_hex(b""))
}

impl V3 {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    fn form(self, body: &'static str) -> Self {
        let hash = sha256_hex(body.as_bytes());
        let form = self
            .header("content-type", FORM)
            .header("x-acs-content-sha256", &hash);
        V3 { body, ..form }
    }

    fn signed(mut self) -> Self {
        let query = Params::parse(self.query.as_bytes(), None).unwrap();
        let headers = self.request.headers_mut();
        headers.remove(AUTHORIZATION);
        let authorization = sign_v3("POST", &query, headers, self.key_id, self.secret).unwrap();
        self.header("authorization", &authorization)
    }

    async fn send(mut self) -> Answer {
        *self.request.body_mut() = Body::from(self.body);
        send(self.request).await
    }

    async fn check(self, expected: &str) {
        let answer = self.signed().send().await;
        assert_eq!(answer.content_type, "application/json;charset=utf-8");
        assert_eq!(answer.summary(), expected);
    }
}
