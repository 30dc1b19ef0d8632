//! Signed requests under construction: each test changes what it is about.

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

use super::{Answer, HOST, Key, World};
use crate::rpc::encoding::encode;
use crate::rpc::signature::v3::sha256_hex;
use crate::rpc::{Params, sign_v1, sign_v3};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const MTS: &str = "2014-06-18";
pub(crate) const STS: &str = "2015-04-01";

/// A request of signature version 1.
#[derive(Clone)]
pub(crate) struct V1 {
    pub(crate) method: Method,
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) secret: String,
}

impl V1 {
    pub(crate) fn new(world: &World, key: &Key, version: &str, action: &str) -> Self {
        let nonce = world.nonce();
        let pairs = [
            ("Action", action),
            ("Version", version),
            ("AccessKeyId", &key.id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &world.now()),
        ];
        let token = key.token.as_deref().map(|token| ("SecurityToken", token));
        let pairs = pairs.into_iter().chain(token);
        Self {
            method: Method::GET,
            pairs: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            secret: key.secret.clone(),
        }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn json(self) -> Self {
        self.set("Format", "JSON")
    }

    pub(crate) fn post(self) -> Self {
        let method = Method::POST;
        Self { method, ..self }
    }

    pub(crate) fn signed(self) -> Self {
        let this = self.without("Signature");
        let pairs = this
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let params = Params::from_pairs(pairs).unwrap();
        let signature = sign_v1(this.method.as_str(), &params, &this.secret).unwrap();
        this.set("Signature", &signature)
    }

    /// The parameters that `in_body` names in a form body, the others in the query.
    pub(crate) fn split(&self, in_body: impl Fn(&str) -> bool) -> Request<Body> {
        let text = |wanted: bool| {
            let pairs = self
                .pairs
                .iter()
                .filter(|(name, _)| in_body(name) == wanted);
            let encoded = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            encoded.collect::<Vec<_>>().join("&")
        };
        let body = text(true).replace("%20", "+");
        let mut request = bare(self.method.clone(), &text(false));
        if !body.is_empty() {
            let form = format!("{FORM}; charset=utf-8");
            let headers = request.headers_mut();
            headers.insert(CONTENT_TYPE, form.parse().unwrap());
        }
        *request.body_mut() = Body::from(body);
        request
    }

    pub(crate) async fn send(&self, world: &World) -> Answer {
        world.send(self.split(|_| false)).await
    }

    /// Signs, sends and summarises.
    pub(crate) async fn summary(self, world: &World) -> String {
        self.signed().send(world).await.summary()
    }
}

/// A request without a signature. Every V1 client sends the headers as well; they must not count there.
pub(crate) fn bare(method: Method, query: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/?{query}"))
        .header("host", format!("{HOST}:8080"))
        .header("x-acs-action", "CancelJob")
        .header("x-acs-version", MTS)
        .body(Body::empty())
        .unwrap()
}

/// A request of signature version 3.
#[derive(Clone)]
pub(crate) struct V3 {
    pub(crate) method: Method,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) key: Key,
}

impl V3 {
    pub(crate) fn new(world: &World, key: &Key, version: &str, action: &str, query: &str) -> Self {
        let this = Self {
            method: Method::POST,
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            key: key.clone(),
        };
        let this = this
            .header("host", &format!("{HOST}:8080"))
            .header("x-acs-action", action)
            .header("x-acs-version", version)
            .header("x-acs-date", &world.now())
            .header("x-acs-signature-nonce", &world.nonce())
            .header("x-acs-content-sha256", &sha256_hex(b""));
        match &key.token {
            Some(token) => this
                .header("x-acs-security-token", token)
                .header("x-acs-accesskey-id", &key.id),
            None => this,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn form(self, body: &str) -> Self {
        let hash = sha256_hex(body.as_bytes());
        let mut form = self
            .header("content-type", FORM)
            .header("x-acs-content-sha256", &hash);
        form.body = body.as_bytes().to_vec();
        form
    }

    pub(crate) fn signed(mut self) -> Self {
        let query = Params::parse(self.query.as_bytes(), None).unwrap();
        self.headers.remove(AUTHORIZATION);
        let method = self.method.as_str();
        let (id, secret) = (&self.key.id, &self.key.secret);
        let authorization = sign_v3(method, &query, &self.headers, id, secret).unwrap();
        self.header("authorization", &authorization)
    }

    pub(crate) async fn send(&self, world: &World) -> Answer {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = format!("/?{}", self.query).parse().unwrap();
        *request.headers_mut() = self.headers.clone();
        world.send(request).await
    }

    /// Signs, sends and summarises.
    pub(crate) async fn summary(self, world: &World) -> String {
        self.signed().send(world).await.summary()
    }
}
